//! The only way by which this server calls a URL.
//!
//! A [`Destination`] says on whose word: the operator may name any address; whoever else gives a URL (a merchant too) could
//! make this server reach what only it can reach. So, for a stranger's URL, the name is looked up here, once, every address
//! found must be public (or of a network that the operator allows), and the connection is made to one of these very
//! addresses. Looking before the call would be of no use: a name may lead elsewhere a moment later. Addresses written as
//! such pass the same check.
//!
//! No redirect is followed, no proxy of the environment is used, and no cookie is kept. Each call has a connection of its own
//! (HTTP/1.1), a time and a limit for the answer. Nothing is logged here: see [`OutboundError`] for what may be.

use std::{convert::Infallible, future::pending, path::PathBuf, sync::Arc, time::Duration};

use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use ipnet::IpNet;
use poem::http::{self, HeaderMap};
use tokio::time::timeout;

mod address;
mod answer;
mod connect;
mod error;
mod request;
mod resolve;
mod tls;
mod url;

pub use address::NotPublic;
pub use error::{OutboundError, OutboundStartError};
pub use request::{Fetched, OutboundRequest};
pub use resolve::{Resolve, SystemResolver};
pub use url::{Destination, OutboundUrl, WrongUrl};

use address::AllowedNetworks;
use answer::WrongAnswer;
use connect::{Connector, Stream, host_of};

/// Most headers of an answer.
const MOST_HEADERS: usize = 100;

/// Longest head of an answer, in bytes.
const LONGEST_HEAD: usize = 64 * 1024;

/// Settings of the client.
#[derive(Debug, Clone)]
pub struct OutboundSettings {
    /// Networks beside the public ones that strangers' URLs may lead to.
    pub allowed_networks: Vec<IpNet>,
    /// A PEM file with certificate authorities that are trusted beside those that browsers trust.
    pub ca_file: Option<PathBuf>,
    /// Longest time for name, connection and TLS session together.
    pub connect_timeout: Duration,
}

impl Default for OutboundSettings {
    fn default() -> Self {
        Self {
            allowed_networks: Vec::new(),
            ca_file: None,
            connect_timeout: Duration::from_secs(10),
        }
    }
}

/// Calls URLs. Clones share all they hold.
#[derive(Clone)]
pub struct OutboundClient {
    connector: Connector,
}

impl OutboundClient {
    /// A client that asks the system for addresses.
    ///
    /// # Errors
    /// When the file of authorities cannot be used.
    pub fn new(settings: &OutboundSettings) -> Result<Self, OutboundStartError> {
        Self::with_resolver(settings, Arc::new(SystemResolver::default()))
    }

    /// A client that asks another resolver.
    ///
    /// # Errors
    /// As [`OutboundClient::new`].
    pub fn with_resolver(
        settings: &OutboundSettings,
        resolver: Arc<dyn Resolve>,
    ) -> Result<Self, OutboundStartError> {
        let connector = Connector {
            allowed: AllowedNetworks::new(&settings.allowed_networks),
            resolver,
            tls: tls::connector(settings.ca_file.as_deref())?,
            connect_timeout: settings.connect_timeout,
        };
        Ok(Self { connector })
    }

    /// Gets a URL, with the usual limits.
    ///
    /// # Errors
    /// When no whole answer came. A status that tells of a failure is none.
    pub async fn get(
        &self,
        destination: &Destination,
        headers: HeaderMap,
    ) -> Result<Fetched, OutboundError> {
        self.send(OutboundRequest::get(destination.clone()).headers(headers))
            .await
    }

    /// Sends a request and reads the answer.
    ///
    /// # Errors
    /// As [`OutboundClient::get`].
    pub async fn send(&self, request: OutboundRequest) -> Result<Fetched, OutboundError> {
        let after = request.timeout;
        let host = host_of(request.destination.url().as_url());
        match timeout(after, self.call(request)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(OutboundError::TimedOut { host, after }),
        }
    }

    async fn call(&self, request: OutboundRequest) -> Result<Fetched, OutboundError> {
        let host = host_of(request.destination.url().as_url());
        let limit_bytes = request.limit_bytes;
        let after = self.connector.connect_timeout;
        let stream = match timeout(after, self.connector.connect(&request.destination)).await {
            Ok(stream) => stream?,
            Err(_) => return Err(OutboundError::TimedOut { host, after }),
        };
        let answer = match request.into_message() {
            Ok(message) => exchange(stream, message, limit_bytes).await,
            Err(wrong) => Err(WrongAnswer::Protocol(wrong.to_string())),
        };
        answer.map_err(|wrong| match wrong {
            WrongAnswer::TooLarge => OutboundError::TooLarge { host, limit_bytes },
            WrongAnswer::Protocol(reason) => OutboundError::Protocol { host, reason },
        })
    }
}

/// Sends a message and reads the answer. The connection ends with this call, however it ends.
async fn exchange(
    stream: Box<dyn Stream>,
    message: http::Request<Full<Bytes>>,
    limit_bytes: usize,
) -> Result<Fetched, WrongAnswer> {
    let protocol = |error: hyper::Error| WrongAnswer::Protocol(error.to_string());
    let (mut sender, connection) = http1::Builder::new()
        .max_headers(MOST_HEADERS)
        .max_buf_size(LONGEST_HEAD)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(protocol)?;
    let drive = async {
        // What fails here is told by the exchange, too; what was received before is still to be read.
        drop(connection.await);
        pending::<Infallible>().await
    };
    let exchange = async {
        let response = sender.send_request(message).await.map_err(protocol)?;
        answer::read(response, limit_bytes).await
    };
    tokio::select! {
        answer = exchange => answer,
        never = drive => match never {},
    }
}
