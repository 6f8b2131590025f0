//! Tests of the access log.

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
    AccessLog::new(
        Arc::clone(metrics),
        Arc::new(SomeRoutes),
        Clock::mock(UnixMicros::new(0)).0,
    )
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
    let event = logged(request("/instances/shop-1/private?secret=1"), || {
        answer_of("getInstance")
    })
    .await;
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
    let event = logged(request("/"), || {
        ApiError::new(ErrorCode::GenericEndpointUnknown).into_response()
    })
    .await;
    assert_eq!(
        (&event["level"], &event["fields"]["error.code"]),
        (&json!("INFO"), &json!(21))
    );
    let fault = || ApiError::new(ErrorCode::GenericInternalInvariantFailure).into_response();
    let event = logged(request("/"), fault).await;
    assert_eq!(
        (&event["level"], &event["fields"]["error.code"]),
        (&json!("ERROR"), &json!(60))
    );
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
    let endpoint = make(|_| std::future::pending::<Response>()).with(log_into(&metrics));
    let given_up =
        tokio::time::timeout(Duration::from_millis(5), endpoint.call(request("/"))).await;
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
