//! Traces of requests: one span for each, with what the access log says of it and nothing more.
//!
//! A span has the target [`TARGET`], which the log leaves out. Without the feature `otel` there are none, and nothing is spent on them.
//! The names of attributes are those of OpenTelemetry's semantic conventions, where it has some.

#[cfg(feature = "otel")]
mod export;
#[cfg(feature = "otel")]
mod send;

use std::net::IpAddr;

#[cfg(feature = "otel")]
pub use export::Traces;
use tracing::{Span, field::display};

/// The target of spans that are for traces alone. A filter takes it for the begin of a name, so that no module may begin so.
pub const TARGET: &str = "kontor::span";

/// What is told of a request.
pub struct Traced<'a> {
    /// As answered in `X-Request-Id`.
    pub request_id: Option<&'a str>,
    /// The client, seen through trusted proxies.
    pub client: Option<IpAddr>,
    /// The method.
    pub method: &'a str,
    /// The path as it may be logged.
    pub path: &'a str,
    /// The status of the answer.
    pub status: u16,
    /// The code of a failure.
    pub code: Option<u16>,
    /// The operation of the document.
    pub operation: Option<&'a str>,
    /// The instance.
    pub instance: Option<&'a str>,
    /// What the client says it is, cut short.
    pub user_agent: Option<&'a str>,
}

/// The span of a request that begins now.
#[cfg(feature = "otel")]
#[must_use]
pub fn begin() -> Span {
    use tracing::field::Empty;

    tracing::info_span!(
        target: TARGET,
        "request",
        otel.kind = "server",
        otel.name = Empty,
        otel.status_code = Empty,
        client.address = Empty,
        error.code = Empty,
        http.request.method = Empty,
        http.response.status_code = Empty,
        instance.id = Empty,
        operation.id = Empty,
        request.id = Empty,
        url.path = Empty,
        user_agent.original = Empty,
    )
}

/// No span: this build sends none.
#[cfg(not(feature = "otel"))]
#[must_use]
pub fn begin() -> Span {
    Span::none()
}

/// Tells a span how its request ended. What does not apply is left out.
pub fn end(span: &Span, traced: &Traced<'_>) {
    let name = traced.operation.unwrap_or(traced.method);
    span.record("otel.name", name);
    span.record("http.request.method", traced.method);
    span.record("url.path", traced.path);
    span.record("http.response.status_code", traced.status);
    span.record("request.id", traced.request_id);
    span.record("client.address", traced.client.map(display));
    span.record("error.code", traced.code);
    span.record("operation.id", traced.operation);
    span.record("instance.id", traced.instance);
    span.record("user_agent.original", traced.user_agent);
    if traced.status >= 500 {
        span.record("otel.status_code", "ERROR");
    }
}
