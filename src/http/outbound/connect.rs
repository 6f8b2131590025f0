//! From a destination to a connection whose address was looked at.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::{TlsConnector, rustls::pki_types::ServerName};
use url::{Host, Url};

use super::{Destination, OutboundError, Resolve, address::AllowedNetworks};

/// Most addresses of one name that are tried.
const MOST_TRIED: usize = 4;

/// A connection, with TLS or without.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// Opens connections. The addresses that are connected to are the very ones that were checked: a name is looked up once.
#[derive(Clone)]
pub(super) struct Connector {
    pub(super) allowed: AllowedNetworks,
    pub(super) resolver: Arc<dyn Resolve>,
    pub(super) tls: TlsConnector,
    pub(super) connect_timeout: Duration,
}

impl Connector {
    pub(super) async fn connect(
        &self,
        destination: &Destination,
    ) -> Result<Box<dyn Stream>, OutboundError> {
        let url = destination.url().as_url();
        let host = || host_of(url);
        let addresses = self.addresses(destination).await?;
        let tcp = self.connect_to_one(url, &addresses).await;
        let tcp = tcp.map_err(|source| OutboundError::NotConnected {
            host: host(),
            source,
        })?;
        if url.scheme() != "https" {
            return Ok(Box::new(tcp));
        }
        let tls_failed = |source| OutboundError::TlsFailed {
            host: host(),
            source,
        };
        let name = server_name(url).map_err(tls_failed)?;
        let tls = self.tls.connect(name, tcp).await.map_err(tls_failed)?;
        Ok(Box::new(tls))
    }

    /// The addresses of the host, all of which may be called. One that must not be forbids all: a name that leads to both
    /// kinds is made for no good purpose.
    async fn addresses(&self, destination: &Destination) -> Result<Vec<IpAddr>, OutboundError> {
        let url = destination.url().as_url();
        let addresses = match url.host() {
            Some(Host::Ipv4(address)) => vec![address.into()],
            Some(Host::Ipv6(address)) => vec![address.into()],
            Some(Host::Domain(name)) => self.look_up(name).await?,
            None => Vec::new(),
        };
        match destination {
            Destination::Operator(_) => {}
            Destination::Stranger(_) => {
                for address in addresses.iter().copied() {
                    let refused = |rule| OutboundError::Refused {
                        host: host_of(url),
                        address,
                        rule,
                    };
                    self.allowed.check(address).map_err(refused)?;
                }
            }
        }
        Ok(addresses)
    }

    async fn look_up(&self, name: &str) -> Result<Vec<IpAddr>, OutboundError> {
        let found = self.resolver.resolve(name).await;
        let found = found.and_then(|addresses| match addresses.is_empty() {
            true => Err(io::Error::from(io::ErrorKind::NotFound)),
            false => Ok(addresses),
        });
        found.map_err(|source| OutboundError::NotResolved {
            host: name.to_owned(),
            source,
        })
    }

    /// Tries one address after the other, each for its share of the time.
    async fn connect_to_one(&self, url: &Url, addresses: &[IpAddr]) -> io::Result<TcpStream> {
        let port = url.port_or_known_default().unwrap_or_default();
        let tried = addresses.len().clamp(1, MOST_TRIED);
        let share = self.connect_timeout / u32::try_from(tried).unwrap_or(u32::MAX);
        let mut failure = io::Error::from(io::ErrorKind::AddrNotAvailable);
        for address in addresses.iter().take(tried) {
            let connecting = TcpStream::connect(SocketAddr::new(*address, port));
            match timeout(share, connecting).await {
                Ok(Ok(stream)) => {
                    stream.set_nodelay(true)?;
                    return Ok(stream);
                }
                Ok(Err(error)) => failure = error,
                Err(_) => failure = io::ErrorKind::TimedOut.into(),
            }
        }
        Err(failure)
    }
}

/// The host for messages.
pub(super) fn host_of(url: &Url) -> String {
    url.host_str().unwrap_or_default().to_owned()
}

/// The name that the certificate must have.
fn server_name(url: &Url) -> io::Result<ServerName<'static>> {
    match url.host() {
        Some(Host::Ipv4(address)) => Ok(ServerName::from(IpAddr::from(address))),
        Some(Host::Ipv6(address)) => Ok(ServerName::from(IpAddr::from(address))),
        Some(Host::Domain(name)) => {
            let name = name.strip_suffix('.').unwrap_or(name).to_owned();
            ServerName::try_from(name).map_err(io::Error::other)
        }
        None => Err(io::ErrorKind::InvalidInput.into()),
    }
}
