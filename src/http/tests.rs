//! Tests of all layers together, around the dispatch of the merchant's document.

use kontor_openapi::{
    dispatch::{Directory, Dispatch},
    merchant::OPERATIONS,
};
use poem::{Request, endpoint::make, http::Method};
use serde_json::{Value, json};

use super::*;
use crate::{
    clock::UnixMicros,
    http::testing::{Events, SomeRoutes, json_of, proxies, request_from},
    metrics::Sources,
};

/// Answers, waits, breaks or fails, by path.
async fn operation(request: Request) -> poem::Result<Response> {
    match request.uri().path() {
        "/config" => Ok(Response::builder()
            .content_type("application/json")
            .body(vec![b' '; 3000])),
        "/terms" => std::future::pending().await,
        "/privacy" => panic!("broken"),
        _ => Err(poem::error::InternalServerError(std::io::Error::other(
            "disk on fire",
        ))),
    }
}

fn service(metrics: &Arc<Metrics>) -> BoxEndpoint<'static, Response> {
    let url = "https://shop.example/";
    let inner = Dispatch::new(
        make(operation)
            .with(body::DecodeBody::new(1024))
            .with(NoteReached),
        Arc::new(Directory::new(OPERATIONS)),
        url,
    );
    let settings = Settings {
        trusted_proxies: proxies(&["10.0.0.0/8"]),
        public_url: url.to_owned(),
        request_timeout: Duration::from_secs(30),
        clock: Clock::mock(UnixMicros::new(0)).0,
        random: Random::seeded(1),
        metrics: Arc::clone(metrics),
        routes: Arc::new(SomeRoutes),
        unauthorized: ErrorCode::MerchantGenericUnauthorized,
        failures: None,
    };
    Layers::new(settings).unwrap().around(inner)
}

struct Seen {
    response: Response,
    log: Value,
    errors: Vec<Value>,
    metrics: String,
}

async fn call(method: Method, path: &str, body: &'static str) -> Seen {
    let events = Events::collect();
    let metrics = Arc::new(Metrics::new(Sources::none()));
    let headers = [
        ("x-forwarded-for", "192.0.2.7"),
        ("x-request-id", "r-1"),
        ("accept-encoding", "gzip"),
    ];
    let mut request = request_from("10.0.0.1:80", &headers);
    request.set_method(method);
    *request.uri_mut() = path.parse().unwrap();
    request.set_body(body);
    let response = service(&metrics).call(request).await.unwrap();
    for (name, value) in [
        ("x-request-id", "r-1"),
        ("access-control-allow-origin", "*"),
        ("x-content-type-options", "nosniff"),
        ("strict-transport-security", "max-age=31536000"),
    ] {
        assert_eq!(response.header(name), Some(value), "{path}");
    }
    let mut log = events.of("kontor::access");
    assert_eq!(log.len(), 1);
    assert_eq!(log[0]["fields"]["client.address"], "192.0.2.7");
    Seen {
        response,
        log: log.remove(0)["fields"].take(),
        errors: events.of("kontor::error"),
        metrics: metrics.render(),
    }
}

async fn failed(seen: Seen, operation: &str) -> (Value, Value) {
    let status = seen.response.status().as_u16();
    let counted =
        format!("kontor_http_requests_total{{operation=\"{operation}\",status=\"{status}\"}} 1");
    assert!(seen.metrics.contains(&counted), "{}", seen.metrics);
    let code = json_of(seen.response).await["code"].clone();
    assert_eq!(seen.log["error.code"], code);
    (status.into(), code)
}

#[tokio::test]
async fn an_answer_is_compressed_logged_and_counted() {
    let seen = call(Method::GET, "/instances/shop/config", "").await;
    assert_eq!(seen.response.header("content-encoding"), Some("gzip"));
    assert_eq!(seen.log["operation.id"], "getConfig");
    assert_eq!(seen.log["instance.id"], "shop");
    assert!(seen.log["response.bytes"].as_u64().unwrap() < 100);
    assert!(
        seen.metrics
            .contains("kontor_http_requests_total{operation=\"getConfig\",status=\"200\"} 1")
    );
    assert_eq!(
        call(Method::GET, "/config", "").await.log["instance.id"],
        "admin"
    );
}

#[tokio::test]
async fn failures_have_all_that_answers_have() {
    let unknown = call(Method::GET, "/nowhere", "").await;
    assert_eq!(failed(unknown, "none").await, (json!(404), json!(21)));
    let method = call(Method::PUT, "/config", "").await;
    assert_eq!(method.response.header("allow"), Some("GET, HEAD, OPTIONS"));
    assert_eq!(failed(method, "none").await, (json!(405), json!(20)));
    let private = call(Method::GET, "/private", "").await;
    assert_eq!(private.response.header("cache-control"), Some("no-store"));
    assert_eq!(private.errors[0]["fields"]["error.cause"], "disk on fire");
    assert_eq!(private.errors[0]["span"]["request.id"], "r-1");
    assert_eq!(
        failed(private, "getOwnInstance").await,
        (json!(500), json!(60))
    );
    let large = "a".repeat(2000).leak();
    assert_eq!(
        failed(
            call(Method::POST, "/management/instances", large).await,
            "createInstance"
        )
        .await,
        (json!(413), json!(32))
    );
}

#[tokio::test(start_paused = true)]
async fn time_outs_and_panics_are_counted_for_their_operation() {
    let late = call(Method::GET, "/terms", "").await;
    assert_eq!(late.response.header("retry-after"), Some("1"));
    assert_eq!(failed(late, "getTerms").await, (json!(503), json!(11)));
    let broken = call(Method::GET, "/privacy", "").await;
    assert_eq!(broken.errors.len(), 1);
    assert_eq!(
        failed(broken, "getPrivacyPolicy").await,
        (json!(500), json!(60))
    );
}

#[tokio::test]
async fn a_preflight_needs_no_operation() {
    let seen = call(Method::OPTIONS, "/known", "").await;
    assert_eq!(seen.response.status(), 204);
}
