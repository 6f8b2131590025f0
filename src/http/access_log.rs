//! One event and one measurement per request.
//!
//! The event has the target `kontor::access`, the level `INFO`, or `ERROR` from status 500 on, and these fields (one
//! that does not apply is left out):
//!
//! | field | meaning |
//! | --- | --- |
//! | `request.id` | as answered in `X-Request-Id` |
//! | `correlation.id` | `Taler-Correlation-Id` of the request, where it is well-formed |
//! | `client.address` | the client, seen through trusted proxies |
//! | `http.method` | |
//! | `url.path` | without the query; the template where the path holds a secret |
//! | `http.status` | 499: the client went away before the answer |
//! | `error.code` | the Taler code of a failure |
//! | `operation.id` | as in the OpenAPI document; absent where no operation was reached |
//! | `instance.id` | the instance that the path names, `admin` for operations at the root |
//! | `duration_ms` | from the head of the request to the head of the answer, in milliseconds |
//! | `request.bytes` | the length that the request announced, as sent (before decoding) |
//! | `response.bytes` | the length of the body as answered, after compression |
//! | `user_agent` | at most 200 bytes |
//!
//! Neither queries nor bodies nor credentials are ever logged.

use std::{borrow::Cow, sync::Arc, time::Duration};

use http_body::Body as _;
use kontor_openapi::ApiError;
use poem::{
    Endpoint, Middleware, Request, Response, Result,
    http::{HeaderValue, Method, StatusCode, Uri, header},
};
use poem_openapi::OperationId;
use tracing::{Instrument as _, Span};

use super::{
    ClientAddress, RequestId, Routes,
    reached::Reached,
    request_id::{TALER_CORRELATION_ID, well_formed},
};
use crate::{
    clock::{Clock, Stopwatch},
    http::body::BoxBody,
    metrics::Metrics,
    traces::{self, Traced},
};

/// Longest text of a client in one field, in bytes.
const LONGEST_FIELD: usize = 200;

/// A path segment longer than this is not shown where no operation vouches that it is no secret.
const LONGEST_PLAIN_SEGMENT: usize = 24;

/// Status of the event when the client went away first; never sent.
const CLIENT_WENT_AWAY: u16 = 499;

/// Middleware that logs and measures each request. Everything inside must answer, not fail.
pub struct AccessLog(Arc<Observer>);

struct Observer {
    metrics: Arc<Metrics>,
    routes: Arc<dyn Routes>,
    clock: Clock,
}

impl AccessLog {
    /// Logs, and counts into these metrics.
    #[must_use]
    pub fn new(metrics: Arc<Metrics>, routes: Arc<dyn Routes>, clock: Clock) -> Self {
        Self(Arc::new(Observer {
            metrics,
            routes,
            clock,
        }))
    }
}

impl<E: Endpoint> Middleware<E> for AccessLog {
    type Output = AccessLogEndpoint<E>;

    fn transform(&self, inner: E) -> Self::Output {
        AccessLogEndpoint {
            inner,
            observer: Arc::clone(&self.0),
        }
    }
}

/// Endpoint of [`AccessLog`].
pub struct AccessLogEndpoint<E> {
    inner: E,
    observer: Arc<Observer>,
}

impl<E: Endpoint> Endpoint for AccessLogEndpoint<E> {
    type Output = Response;

    async fn call(&self, mut request: Request) -> Result<Response> {
        let pending = Pending::new(&self.observer, &mut request);
        let traced = self.inner.get_response(request);
        let mut response = traced.instrument(pending.span.clone()).await;
        let body: BoxBody = response.take_body().into();
        let sent = match pending.method {
            Method::HEAD => Some(0),
            _ => body.size_hint().exact(),
        };
        pending.answered(&response, sent);
        response.set_body(poem::Body::from(body));
        Ok(response)
    }
}

/// A request that is being served; dropped without an answer it is logged as abandoned.
struct Pending<'a> {
    observer: &'a Observer,
    stopwatch: Stopwatch,
    reached: Reached,
    method: Method,
    uri: Uri,
    id: Option<RequestId>,
    client: Option<ClientAddress>,
    correlation_id: Option<HeaderValue>,
    user_agent: Option<HeaderValue>,
    content_length: Option<HeaderValue>,
    /// What a trace tells of it, where there are any.
    span: Span,
    finished: bool,
}

/// What the answer adds.
struct Outcome {
    status: u16,
    operation: Option<&'static str>,
    code: Option<u16>,
    bytes: Option<u64>,
}

impl<'a> Pending<'a> {
    fn new(observer: &'a Observer, request: &mut Request) -> Self {
        observer.metrics.request_begun();
        let reached = Reached::default();
        request.set_data(reached.clone());
        let headers = request.headers();
        Self {
            observer,
            stopwatch: observer.clock.stopwatch(),
            reached,
            method: request.method().clone(),
            uri: request.uri().clone(),
            id: request.data::<RequestId>().cloned(),
            client: request.data::<ClientAddress>().copied(),
            correlation_id: well_formed(headers, &TALER_CORRELATION_ID).cloned(),
            user_agent: headers.get(header::USER_AGENT).cloned(),
            content_length: headers.get(header::CONTENT_LENGTH).cloned(),
            span: traces::begin(),
            finished: false,
        }
    }

    fn answered(mut self, response: &Response, bytes: Option<u64>) {
        self.finish(&Outcome {
            status: response.status().as_u16(),
            operation: self
                .operation()
                .or_else(|| response.data::<OperationId>().map(|id| id.0)),
            code: response
                .data::<ApiError>()
                .map(|error| error.code().number()),
            bytes,
        });
    }

    fn finish(&mut self, outcome: &Outcome) {
        self.finished = true;
        let duration = self.stopwatch.elapsed();
        self.observer
            .metrics
            .request_finished(outcome.operation, outcome.status, duration);
        self.log(outcome, duration);
        self.trace(outcome);
    }

    fn log(&self, outcome: &Outcome, duration: Duration) {
        macro_rules! event {
            ($level:ident) => {
                tracing::event!(
                    target: "kontor::access",
                    tracing::Level::$level,
                    request.id = self.id.as_ref().map(RequestId::as_str),
                    correlation.id = text(&self.correlation_id),
                    client.address = self.client.map(|client| tracing::field::display(client.0)),
                    http.method = self.method.as_str(),
                    url.path = &*self.path(outcome.operation),
                    http.status = outcome.status,
                    error.code = outcome.code,
                    operation.id = outcome.operation,
                    instance.id = self.instance(),
                    duration_ms = milliseconds(duration),
                    request.bytes = text(&self.content_length).and_then(|length| length.parse::<u64>().ok()),
                    response.bytes = outcome.bytes,
                    user_agent = text(&self.user_agent).map(shortened),
                )
            };
        }
        if outcome.status >= StatusCode::INTERNAL_SERVER_ERROR.as_u16() {
            event!(ERROR);
        } else {
            event!(INFO);
        }
    }

    /// Tells the trace what the log is told.
    fn trace(&self, outcome: &Outcome) {
        if self.span.is_disabled() {
            return;
        }
        traces::end(
            &self.span,
            &Traced {
                request_id: self.id.as_ref().map(RequestId::as_str),
                client: self.client.map(|client| client.0),
                method: self.method.as_str(),
                path: &self.path(outcome.operation),
                status: outcome.status,
                code: outcome.code,
                operation: outcome.operation,
                instance: self.instance(),
                user_agent: text(&self.user_agent).map(shortened),
            },
        );
    }

    /// The instance that the path names, or that was reached.
    fn instance(&self) -> Option<&str> {
        instance_of(self.uri.path()).or_else(|| self.reached.instance().map(shortened))
    }

    fn operation(&self) -> Option<&'static str> {
        self.reached.operation().map(|operation| operation.id)
    }

    /// The path as it may be logged.
    fn path(&self, operation: Option<&'static str>) -> Cow<'_, str> {
        let path = shortened(self.uri.path());
        match operation {
            Some(id) => Cow::Borrowed(self.observer.routes.secret_path(id).unwrap_or(path)),
            None => without_long_segments(path),
        }
    }
}

impl Drop for Pending<'_> {
    fn drop(&mut self) {
        if !self.finished {
            let operation = self.operation();
            self.finish(&Outcome {
                status: CLIENT_WENT_AWAY,
                operation,
                code: None,
                bytes: None,
            });
        }
    }
}

fn text(value: &Option<HeaderValue>) -> Option<&str> {
    value.as_ref()?.to_str().ok()
}

fn shortened(text: &str) -> &str {
    &text[..text.floor_char_boundary(LONGEST_FIELD)]
}

/// A request that reached no operation may be a mistyped one with a nonce or challenge id in its path.
fn without_long_segments(path: &str) -> Cow<'_, str> {
    let long = |segment: &str| segment.len() > LONGEST_PLAIN_SEGMENT;
    if !path.split('/').any(long) {
        return Cow::Borrowed(path);
    }
    let shown: Vec<&str> = path
        .split('/')
        .map(|segment| if long(segment) { "*" } else { segment })
        .collect();
    Cow::Owned(shown.join("/"))
}

/// The instance that a path names, as it stands in the path.
fn instance_of(path: &str) -> Option<&str> {
    let rest = path
        .strip_prefix("/management")
        .unwrap_or(path)
        .strip_prefix("/instances/")?;
    let id = rest.split('/').next()?;
    (!id.is_empty()).then(|| shortened(id))
}

/// With microseconds as fraction.
fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}

#[cfg(test)]
mod tests;
