//! How many connections there may be: bounded in all, and for each network, so that one client cannot take every place.

use std::{
    collections::HashMap,
    io,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, ready},
    time::Duration,
};

use poem::{
    Addr,
    listener::Acceptor,
    web::{LocalAddr, RemoteAddr},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    sync::{OwnedSemaphorePermit, Semaphore},
};

use super::TrustedProxies;
use crate::auth::ClientNetwork;

/// Out of file descriptors, an acceptor fails at once, again and again.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_millis(50);

/// An acceptor with a bounded number of places. While all are taken, new connections wait in the operating system.
pub struct BoundedAcceptor<A> {
    inner: A,
    places: Arc<Semaphore>,
    networks: Arc<Networks>,
    trusted_proxies: TrustedProxies,
}

impl<A> BoundedAcceptor<A> {
    /// With so many places, of which one network may have a quarter; a trusted proxy, which speaks for many, all.
    pub fn new(inner: A, places: usize, trusted_proxies: TrustedProxies) -> Self {
        let most = places.div_ceil(4);
        Self {
            inner,
            places: Arc::new(Semaphore::new(places.min(Semaphore::MAX_PERMITS))),
            networks: Arc::new(Networks {
                most,
                taken: Mutex::default(),
            }),
            trusted_proxies,
        }
    }
}

impl<A: Acceptor> Acceptor for BoundedAcceptor<A> {
    type Io = Connection<A::Io>;

    fn local_addr(&self) -> Vec<LocalAddr> {
        self.inner.local_addr()
    }

    async fn accept(
        &mut self,
    ) -> io::Result<(Self::Io, LocalAddr, RemoteAddr, poem::http::uri::Scheme)> {
        let place = Arc::clone(&self.places)
            .acquire_owned()
            .await
            .map_err(io::Error::other)?;
        loop {
            let accepted = self.inner.accept().await;
            if accepted.is_err() {
                tokio::time::sleep(PAUSE_AFTER_FAILURE).await;
            }
            let (stream, local, remote, scheme) = accepted?;
            let address = match &remote.0 {
                Addr::SocketAddr(address) => Some(address.ip().to_canonical()),
                _ => None,
            };
            let counted = address
                .filter(|address| !self.trusted_proxies.contains(*address))
                .map(ClientNetwork::from);
            // One that is too many is closed, by being dropped, and the next one has its turn.
            if let Some(share) = Share::take(&self.networks, counted) {
                return Ok((
                    Connection {
                        stream,
                        _place: place,
                        _share: share,
                    },
                    local,
                    remote,
                    scheme,
                ));
            }
        }
    }
}

struct Networks {
    most: usize,
    taken: Mutex<HashMap<ClientNetwork, usize>>,
}

/// A place of a network, given back when it is dropped; of a trusted proxy, nothing.
struct Share {
    networks: Arc<Networks>,
    network: Option<ClientNetwork>,
}

impl Share {
    fn take(networks: &Arc<Networks>, network: Option<ClientNetwork>) -> Option<Self> {
        if let Some(network) = network {
            let mut taken = networks
                .taken
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            let count = taken.entry(network).or_default();
            if *count >= networks.most {
                return None;
            }
            *count += 1;
        }
        Some(Self {
            networks: Arc::clone(networks),
            network,
        })
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let Some(network) = self.network else { return };
        let mut taken = self
            .networks
            .taken
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = taken.get_mut(&network) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&network);
            }
        }
    }
}

/// A connection that holds its place.
pub struct Connection<S> {
    stream: S,
    _place: OwnedSemaphorePermit,
    _share: Share,
}

impl<S: AsyncRead + Unpin> AsyncRead for Connection<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        if buffer.filled().len() == before && buffer.remaining() > 0 {
            // The HTTP library would go on with a request whose client has closed the connection; an error ends both.
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Connection<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_gives_its_places_back() {
        let networks = Arc::new(Networks {
            most: 2,
            taken: Mutex::default(),
        });
        let network = Some(ClientNetwork::from(std::net::IpAddr::from([192, 0, 2, 1])));
        let first = Share::take(&networks, network).unwrap();
        let _second = Share::take(&networks, network).unwrap();
        assert!(Share::take(&networks, network).is_none());
        assert!(Share::take(&networks, None).is_some());
        drop(first);
        assert!(Share::take(&networks, network).is_some());
    }
}
