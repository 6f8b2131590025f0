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
use kontor_openapi::AnsweredCode;
use poem::{
    Endpoint, Middleware, Request, Response, Result,
    http::{HeaderValue, Method, StatusCode, Uri, header},
};
use poem_openapi::OperationId;

use super::{
    ClientAddress, RequestId, Routes,
    reached::Reached,
    request_id::{TALER_CORRELATION_ID, well_formed},
};
use crate::{
    clock::{Clock, Stopwatch},
    http::body::BoxBody,
    metrics::Metrics,
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
        Self(Arc::new(Observer { metrics, routes, clock }))
    }
}

impl<E: Endpoint> Middleware<E> for AccessLog {
    type Output = AccessLogEndpoint<E>;

    fn transform(&self, inner: E) -> Self::Output {
        AccessLogEndpoint { inner, observer: Arc::clone(&self.0) }
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
        let mut response = self.inner.get_response(request).await;
        let body: BoxBody = response.take_body().into();
        pending.answered(&response, body.size_hint().exact());
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
            finished: false,
        }
    }

    fn answered(mut self, response: &Response, bytes: Option<u64>) {
        self.finish(&Outcome {
            status: response.status().as_u16(),
            operation: self.operation().or_else(|| response.data::<OperationId>().map(|id| id.0)),
            code: response.data::<AnsweredCode>().map(|answered| answered.0.number()),
            bytes,
        });
    }

    fn finish(&mut self, outcome: &Outcome) {
        self.finished = true;
        let duration = self.stopwatch.elapsed();
        self.observer.metrics.request_finished(outcome.operation, outcome.status, duration);
        self.log(outcome, duration);
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
                    instance.id = instance_of(self.uri.path()).or_else(|| self.reached.instance().map(shortened)),
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
            self.finish(&Outcome { status: CLIENT_WENT_AWAY, operation, code: None, bytes: None });
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
    let shown: Vec<&str> = path.split('/').map(|segment| if long(segment) { "*" } else { segment }).collect();
    Cow::Owned(shown.join("/"))
}

/// The instance that a path names, as it stands in the path.
fn instance_of(path: &str) -> Option<&str> {
    let rest = path.strip_prefix("/management").unwrap_or(path).strip_prefix("/instances/")?;
    let id = rest.split('/').next()?;
    (!id.is_empty()).then(|| shortened(id))
}

/// With microseconds as fraction.
fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}

#[cfg(test)]
mod tests {
    use kontor_openapi::{ApiError, ErrorCode};
    use poem::{EndpointExt, IntoResponse, endpoint::make};
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        clock::UnixMicros,
        http::testing::{Events, SomeRoutes, request_from},
        metrics::{Metrics, Sources},
    };

    fn log_into(metrics: &Arc<Metrics>) -> AccessLog {
        AccessLog::new(Arc::clone(metrics), Arc::new(SomeRoutes), Clock::mock(UnixMicros::new(0)).0)
    }

    async fn logged(request: Request, respond: impl Fn() -> Response + Send + Sync) -> Value {
        let events = Events::collect();
        let metrics = Arc::new(Metrics::new(Sources::none()));
        let endpoint = make(|_| async { respond() }).with(log_into(&metrics));
        let mut request = request;
        request.set_data(ClientAddress("192.0.2.1".parse().unwrap()));
        endpoint.call(request).await.unwrap();
        let mut lines = events.of("kontor::access");
        assert_eq!(lines.len(), 1, "{lines:?}");
        lines.remove(0)
    }

    fn request(path: &str) -> Request {
        let headers = [
            ("user-agent", "till/1.0"),
            ("content-length", "17"),
            ("authorization", "Bearer secret-token:CAFE"),
            ("taler-correlation-id", "task7"),
        ];
        let mut request = request_from("192.0.2.1:80", &headers);
        *request.uri_mut() = path.parse().unwrap();
        request
    }

    fn answer_of(operation: &'static str) -> Response {
        let mut response = Response::builder().body("hello");
        response.set_data(OperationId(operation));
        response
    }

    #[tokio::test]
    async fn an_answer_is_logged_with_its_fields() {
        let event = logged(request("/instances/shop-1/private?secret=1"), || answer_of("getInstance")).await;
        assert_eq!(event["level"], "INFO");
        let fields = event["fields"].clone();
        let expected = json!({
            "client.address": "192.0.2.1", "http.method": "GET", "url.path": "/instances/shop-1/private",
            "http.status": 200, "operation.id": "getInstance", "instance.id": "shop-1", "request.bytes": 17,
            "response.bytes": 5, "user_agent": "till/1.0", "correlation.id": "task7", "duration_ms": 0.0,
        });
        assert_eq!(fields, expected);
    }

    #[tokio::test]
    async fn a_failure_names_its_code_and_a_server_fault_is_an_error() {
        let event = logged(request("/"), || ApiError::new(ErrorCode::GenericEndpointUnknown).into_response()).await;
        assert_eq!((&event["level"], &event["fields"]["error.code"]), (&json!("INFO"), &json!(21)));
        let fault = || ApiError::new(ErrorCode::GenericInternalInvariantFailure).into_response();
        let event = logged(request("/"), fault).await;
        assert_eq!((&event["level"], &event["fields"]["error.code"]), (&json!("ERROR"), &json!(60)));
    }

    #[tokio::test]
    async fn secrets_in_paths_are_not_logged() {
        let event = logged(request("/challenge/ABCDEF"), || answer_of("solveChallenge")).await;
        assert_eq!(event["fields"]["url.path"], "/challenge/{challenge_id}");
        let nonce = "0123456789ABCDEFGHJKMNPQRS";
        let event = logged(request(&format!("/challenge/{nonce}/")), Response::default).await;
        assert_eq!(event["fields"]["url.path"], "/challenge/*/");
        assert!(!event.to_string().contains("CAFE"));
    }

    #[tokio::test]
    async fn a_request_that_is_given_up_is_logged_once() {
        let events = Events::collect();
        let metrics = Arc::new(Metrics::new(Sources::none()));
        let endpoint = make(|_| std::future::pending::<Response>())
            .with(log_into(&metrics));
        let given_up = tokio::time::timeout(Duration::from_millis(5), endpoint.call(request("/"))).await;
        assert!(given_up.is_err());
        let lines = events.of("kontor::access");
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0]["fields"]["http.status"], 499);
        let text = metrics.render();
        assert!(text.contains("kontor_http_requests_in_flight 0"), "{text}");
    }

    #[test]
    fn the_instance_is_read_from_the_path() {
        assert_eq!(instance_of("/instances/shop/private"), Some("shop"));
        assert_eq!(instance_of("/management/instances/shop"), Some("shop"));
        assert_eq!(instance_of("/management/instances"), None);
        assert_eq!(instance_of("/private"), None);
    }
}
