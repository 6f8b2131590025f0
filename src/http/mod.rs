//! What every request passes before and after its operation.
//!
//! [`Layers`] composes one middleware per file. From the outside in:
//!
//! 1. [`client_address`]: who calls, and whether a trusted proxy speaks for it;
//! 2. [`request_id`]: the id of the request, answered as `X-Request-Id`;
//! 3. [`access_log`]: one event and one measurement per request;
//! 4. [`security_headers`] and 5. [`cors`]: headers of every answer, and the answers to `OPTIONS`;
//! 6. [`compression`]: the coding of the answer;
//! 7. [`errors`]: from here outwards there are only answers: failures and panics end here;
//! 8. [`timeout`]: the longest life of a request, its upload included;
//! 9. the service, which is the dispatch by path and, right inside it, [`NoteReached`] and [`body`]: the decoded and
//!    bounded request body, of which nothing is read for a request that leads nowhere.
//!
//! Whatever fails inside 7 therefore still has an id, a log line and all headers.
//!
//! The other direction is [`outbound`]: what this server asks of others.

use std::{net::IpAddr, sync::Arc, time::Duration};

use ipnet::IpNet;
use kontor_openapi::ErrorCode;
use poem::{
    Endpoint, EndpointExt, Response,
    endpoint::BoxEndpoint,
    http::{HeaderValue, header::InvalidHeaderValue},
};

use crate::{clock::Clock, metrics::Metrics, random::Random};

pub mod access_log;
pub mod body;
pub mod client_address;
pub mod compression;
pub mod connections;
pub mod cors;
pub mod errors;
pub mod long_poll;
pub mod negotiation;
pub mod outbound;
pub mod quality;
mod reached;
pub mod request_id;
pub mod security_headers;
#[cfg(test)]
pub(crate) mod testing;
pub mod timeout;

pub use client_address::ClientAddress;
pub use long_poll::LongPoll;
pub use reached::{NoteReached, NoteReachedEndpoint};
pub use request_id::RequestId;
pub use timeout::Deadline;

/// What the layers ask about the routes of the service that they surround.
pub trait Routes: Send + Sync + 'static {
    /// The value of `Allow` for this path of a request (prefix included), such as `GET, HEAD, POST`;
    /// `None` where no operation has this path.
    fn allow(&self, path: &str) -> Option<HeaderValue>;

    /// The path template of an operation whose real path holds a secret (a nonce, the id of a challenge) and so
    /// must not be logged; `None` where the real path may be.
    fn secret_path(&self, operation_id: &str) -> Option<&'static str>;
}

/// The proxies whose word about the client and the request id is believed.
#[derive(Debug, Clone, Default)]
pub struct TrustedProxies(Arc<[IpNet]>);

impl TrustedProxies {
    /// Believes peers in these networks.
    #[must_use]
    pub fn new(networks: impl IntoIterator<Item = IpNet>) -> Self {
        Self(networks.into_iter().collect())
    }

    /// Whether this address belongs to a trusted proxy.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }
}

/// Settings of the layers.
pub struct Settings {
    /// The proxies in front of this server.
    pub trusted_proxies: TrustedProxies,
    /// The address under which clients reach the service, such as `https://shop.example/`.
    pub public_url: String,
    /// Longest life of a request that does not ask for more through [`Deadline`].
    pub request_timeout: Duration,
    /// For ids and durations.
    pub clock: Clock,
    /// For ids.
    pub random: Random,
    /// What is counted per request.
    pub metrics: Arc<Metrics>,
    /// The routes inside.
    pub routes: Arc<dyn Routes>,
    /// What a failed authorisation of the framework is reported as; the merchant has a code of its own.
    pub unauthorized: ErrorCode,
    /// How failures are shaped, where they are more than the error object.
    pub failures: Option<Arc<dyn errors::FailureShape>>,
}

/// All layers in their order.
pub struct Layers {
    client_address: client_address::ResolveClientAddress,
    request_id: request_id::AssignRequestId,
    access_log: access_log::AccessLog,
    security_headers: security_headers::SecurityHeaders,
    cors: cors::Cors,
    compression: compression::CompressAnswers,
    errors: errors::ConvertErrors,
    timeout: timeout::LimitTime,
}

impl Layers {
    /// Prepares the layers.
    ///
    /// # Errors
    /// When the public URL cannot stand in a header.
    pub fn new(settings: Settings) -> Result<Self, InvalidHeaderValue> {
        let Settings {
            trusted_proxies,
            public_url,
            request_timeout,
            ..
        } = settings;
        let routes = settings.routes;
        Ok(Self {
            client_address: client_address::ResolveClientAddress::new(trusted_proxies.clone()),
            request_id: request_id::AssignRequestId::new(
                trusted_proxies,
                settings.clock.clone(),
                &settings.random,
            ),
            access_log: access_log::AccessLog::new(
                settings.metrics,
                Arc::clone(&routes),
                settings.clock,
            ),
            security_headers: security_headers::SecurityHeaders::new(&public_url)?,
            cors: cors::Cors::new(Arc::clone(&routes)),
            compression: compression::CompressAnswers,
            errors: errors::ConvertErrors::shaped_by(
                routes,
                settings.unauthorized,
                settings.failures,
            ),
            timeout: timeout::LimitTime::new(request_timeout),
        })
    }

    /// Surrounds a service; what comes out never fails.
    pub fn around<E: Endpoint + 'static>(self, service: E) -> BoxEndpoint<'static, Response> {
        service
            .with(self.timeout)
            .with(self.errors)
            .with(self.compression)
            .with(self.cors)
            .with(self.security_headers)
            .with(self.access_log)
            .with(self.request_id)
            .with(self.client_address)
            .boxed()
    }
}

#[cfg(test)]
mod tests;
