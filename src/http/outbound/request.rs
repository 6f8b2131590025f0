//! What is sent, and what comes back.

use std::{fmt, time::Duration};

use bytes::Bytes;
use http_body_util::Full;
use poem::http::{self, HeaderMap, HeaderValue, Method, StatusCode, header};

use super::{Destination, WrongUrl};

/// Who calls.
const USER_AGENT: &str = concat!("Kontor/", env!("CARGO_PKG_VERSION"));

/// Headers that belong to the connection or to the client, whatever a caller sets.
const OURS: [header::HeaderName; 10] = [
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::COOKIE,
    header::EXPECT,
    header::PROXY_AUTHORIZATION,
    header::REFERER,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// A request to another server, with its limits.
#[derive(Clone)]
pub struct OutboundRequest {
    pub(super) destination: Destination,
    method: Method,
    headers: HeaderMap,
    body: Bytes,
    pub(super) timeout: Duration,
    pub(super) limit_bytes: usize,
}

impl OutboundRequest {
    /// Time for a whole call, unless it says otherwise.
    pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);
    /// Longest body of an answer, decoded, unless a call says otherwise.
    pub const DEFAULT_LIMIT_BYTES: usize = 4 << 20;

    /// A request without headers and body.
    #[must_use]
    pub fn new(method: Method, destination: Destination) -> Self {
        Self {
            destination,
            method,
            headers: HeaderMap::new(),
            body: Bytes::new(),
            timeout: Self::DEFAULT_TIMEOUT,
            limit_bytes: Self::DEFAULT_LIMIT_BYTES,
        }
    }

    /// A `GET`.
    #[must_use]
    pub fn get(destination: Destination) -> Self {
        Self::new(Method::GET, destination)
    }

    /// A `POST` of JSON that is written already.
    #[must_use]
    pub fn post_json(destination: Destination, json: impl Into<Bytes>) -> Self {
        let mut request = Self::new(Method::POST, destination).body(json);
        let json = HeaderValue::from_static("application/json");
        request.headers.insert(header::CONTENT_TYPE, json);
        request
    }

    /// Adds headers; those of the same name are replaced. What concerns the connection or tells of the caller (`Host`,
    /// `User-Agent`, `Cookie`, `Referer` ...) is not taken.
    #[must_use]
    pub fn headers(mut self, headers: HeaderMap) -> Self {
        self.headers.extend(headers);
        self
    }

    /// Sets the body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// Sets the time for the whole call, from the name to the last byte.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets the longest body that is taken, in bytes, as sent and decoded.
    #[must_use]
    pub fn limit_bytes(mut self, limit_bytes: usize) -> Self {
        self.limit_bytes = limit_bytes;
        self
    }

    /// The message as it is sent.
    pub(super) fn into_message(self) -> Result<http::Request<Full<Bytes>>, WrongUrl> {
        let url = self.destination.url();
        let host = HeaderValue::from_str(url.authority()).map_err(|_| WrongUrl::Unsendable)?;
        let mut message = http::Request::new(Full::new(self.body));
        *message.method_mut() = self.method;
        *message.uri_mut() = url.target()?;
        let mut headers = self.headers;
        for name in OURS {
            headers.remove(name);
        }
        headers.insert(header::HOST, host);
        for (name, value) in [
            (header::USER_AGENT, USER_AGENT),
            (header::ACCEPT_ENCODING, "gzip"),
            (header::CONNECTION, "close"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        *message.headers_mut() = headers;
        Ok(message)
    }
}

/// An answer, whatever its status. Redirects are answers like others.
#[derive(Clone)]
pub struct Fetched {
    /// The status.
    pub status: StatusCode,
    /// The headers; those of the content coding are gone where it was undone.
    pub headers: HeaderMap,
    /// The body, decoded.
    pub body: Bytes,
}

/// Status and length alone: headers and body may hold secrets.
impl fmt::Debug for Fetched {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("Fetched");
        shown.field("status", &self.status);
        shown.field("body_bytes", &self.body.len());
        shown.finish_non_exhaustive()
    }
}
