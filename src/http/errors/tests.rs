//! Tests of the conversion of failures.

use std::io;

use kontor_openapi::ApiError;
use poem::{Body, EndpointExt, Route, endpoint::make, get, http::Method, web::Html};
use poem_openapi::{OpenApi, OpenApiService, param::Query, payload::Json};
use serde_json::json;

use super::*;
use crate::http::testing::{Events, SomeRoutes, json_of, request_from};

fn layer() -> ConvertErrors {
    ConvertErrors::new(Arc::new(SomeRoutes), ErrorCode::GenericUnauthorized)
}

async fn converted(respond: impl Fn() -> Result<Response> + Send + Sync) -> Response {
    make(|_| async { respond() })
        .with(layer())
        .call(request_from("192.0.2.1:80", &[]))
        .await
        .unwrap()
}

/// Status and code of a converted failure, whose body must be the error body and nothing else.
async fn outcome(respond: impl Fn() -> Result<Response> + Send + Sync) -> (u16, i64) {
    let response = converted(respond).await;
    let status = response.status().as_u16();
    assert_eq!(response.content_type(), Some("application/json"));
    let answered = response.data::<ApiError>().unwrap().code().number();
    let body = json_of(response).await;
    assert_eq!(body["code"], answered);
    assert!(body["hint"].is_string());
    assert!(!body.to_string().contains("s3cret"));
    (status, body["code"].as_i64().unwrap())
}

fn failing<E: Into<Error>>(
    make: impl Fn() -> E + Send + Sync,
) -> impl Fn() -> Result<Response> + Send + Sync {
    move || Err(make().into())
}

#[tokio::test]
async fn failures_of_the_framework_have_codes() {
    let parameter = |reason: &'static str| {
        failing(move || ParseParamError {
            name: "limit",
            reason: reason.into(),
        })
    };
    assert_eq!(outcome(failing(|| NotFoundError)).await, (404, 21));
    assert_eq!(outcome(failing(|| MethodNotAllowedError)).await, (405, 20));
    assert_eq!(outcome(parameter("`s3cret` is no number")).await, (400, 26));
    assert_eq!(
        outcome(failing(|| ParsePathError {
            name: "param0",
            reason: "s3cret".into()
        }))
        .await,
        (400, 26)
    );
    assert_eq!(
        outcome(failing(|| ParseRequestPayloadError {
            reason: "s3cret".into()
        }))
        .await,
        (400, 22)
    );
    assert_eq!(
        outcome(failing(|| ContentTypeError::ExpectContentType)).await,
        (415, 23)
    );
    assert_eq!(outcome(failing(|| AuthorizationError)).await, (401, 40));
    assert_eq!(
        outcome(failing(|| ReadBodyError::PayloadTooLarge)).await,
        (413, 32)
    );
    assert_eq!(
        outcome(failing(|| ReadBodyError::Io(io::Error::other("s3cret")))).await,
        (400, 22)
    );
    assert_eq!(
        outcome(failing(|| Error::from_string(
            "s3cret",
            StatusCode::CONFLICT
        )))
        .await,
        (409, 23)
    );
    assert_eq!(
        outcome(failing(|| Error::from_status(StatusCode::NOT_ACCEPTABLE))).await,
        (406, 78)
    );
}

#[tokio::test]
async fn our_own_failures_pass_with_their_headers_and_operation() {
    let response = converted(|| {
        let mut error: Error = ApiError::new(ErrorCode::GenericTimeout)
            .with_status(StatusCode::SERVICE_UNAVAILABLE)
            .with_header(header::RETRY_AFTER, HeaderValue::from_static("7"))
            .into();
        error.set_data(OperationId("getConfig"));
        Err(error)
    })
    .await;
    assert_eq!(response.header("retry-after"), Some("7"));
    assert_eq!(response.data::<OperationId>().unwrap().0, "getConfig");
    assert_eq!(response.data::<ApiError>().unwrap().code().number(), 11);
    assert_eq!(json_of(response).await["code"], 11);
}

#[tokio::test]
async fn the_cause_of_a_fault_is_logged_once_with_the_request_and_not_sent() {
    #[derive(Debug, thiserror::Error)]
    #[error("cannot read the order")]
    struct Outer(#[source] io::Error);

    let events = Events::collect();
    let outer = || Outer(io::Error::other("disk s3cret is gone"));
    assert_eq!(
        outcome(failing(move || poem::error::InternalServerError(outer()))).await,
        (500, 60)
    );
    let with_cause = move || {
        let mut error: Error = ApiError::new(ErrorCode::GenericDbFetchFailed).into();
        error.set_data(InternalCause::new(outer()));
        Err(error)
    };
    assert_eq!(outcome(with_cause).await, (500, 53));
    let logged = events.of("kontor::error");
    assert_eq!(logged.len(), 2);
    for event in logged {
        assert_eq!(event["level"], "ERROR");
        assert_eq!(
            event["fields"]["error.cause"],
            "cannot read the order: disk s3cret is gone"
        );
    }
}

#[tokio::test]
async fn a_panic_is_an_answer_and_the_next_request_is_served() {
    let events = Events::collect();
    let endpoint = Route::new()
        .at(
            "/",
            get(make(|_| async {
                if true {
                    panic!("s3cret index {}", 7)
                }
            })),
        )
        .at("/next", get(make(|_| async { "served" })))
        .with(layer());
    let mut request = request_from("192.0.2.1:80", &[]);
    request.set_data(RequestId::for_test("r1"));
    let response = endpoint.call(request).await.unwrap();
    assert_eq!(response.status(), 500);
    let body = json_of(response).await;
    assert_eq!(body["code"], 60);
    assert!(!body.to_string().contains("s3cret"));
    let logged = events.of("kontor::error");
    assert_eq!(logged.len(), 1);
    assert_eq!(logged[0]["fields"]["panic.message"], "s3cret index 7");
    assert_eq!(logged[0]["span"]["request.id"], "r1");

    let mut request = request_from("192.0.2.1:80", &[]);
    *request.uri_mut() = "/next".parse().unwrap();
    assert_eq!(endpoint.call(request).await.unwrap().status(), 200);
}

#[tokio::test]
async fn error_answers_without_a_body_of_their_own_get_one() {
    let bare = |status: StatusCode| move || Ok(status.into_response());
    assert_eq!(outcome(bare(StatusCode::NOT_FOUND)).await, (404, 21));
    assert_eq!(outcome(bare(StatusCode::BAD_GATEWAY)).await, (500, 60));
    assert_eq!(
        outcome(|| Ok("s3cret".with_status(StatusCode::FORBIDDEN).into_response())).await,
        (403, 44)
    );
    let from_response = failing(|| Error::from_response(StatusCode::UNAUTHORIZED.into_response()));
    assert_eq!(outcome(from_response).await, (401, 40));
    let page = converted(|| {
        Ok(Html("<p>gone</p>")
            .with_status(StatusCode::GONE)
            .into_response())
    })
    .await;
    assert_eq!(
        (page.status(), page.content_type()),
        (StatusCode::GONE, Some("text/html; charset=utf-8"))
    );
}

#[tokio::test]
async fn statuses_bring_the_headers_that_they_need() {
    let response = converted(failing(|| AuthorizationError)).await;
    assert_eq!(response.header("www-authenticate"), Some("Bearer"));
    let endpoint = make(|_| async { Err::<(), _>(MethodNotAllowedError) }).with(layer());
    let mut request = request_from("192.0.2.1:80", &[]);
    *request.uri_mut() = "/known".parse().unwrap();
    let response = endpoint.call(request).await.unwrap();
    assert_eq!(response.header("allow"), Some("GET, HEAD, POST"));
}

struct Api;

#[OpenApi]
impl Api {
    #[oai(path = "/orders", method = "get", operation_id = "listOrders")]
    async fn list(&self, limit: Query<i32>) -> Json<i32> {
        Json(limit.0)
    }

    #[oai(path = "/orders", method = "post", operation_id = "createOrder")]
    async fn create(&self, body: Json<i32>) -> Json<i32> {
        body
    }
}

#[tokio::test]
async fn failures_of_real_routes_have_codes() {
    let endpoint = OpenApiService::new(Api, "test", "1").with(layer());
    let call = async |method: Method, uri: &str, content_type: &str, body: &'static str| {
        let mut request = request_from("192.0.2.1:80", &[("content-type", content_type)]);
        request.set_method(method);
        *request.uri_mut() = uri.parse().unwrap();
        request.set_body(Body::from(body));
        let response = endpoint.call(request).await.unwrap();
        let operation = response.data::<OperationId>().map(|id| id.0);
        let status = response.status().as_u16();
        let body = json_of(response).await;
        (
            status,
            body["code"].clone(),
            body["parameter"].clone(),
            operation,
        )
    };
    let json_type = "application/json";
    let missing = call(Method::GET, "/orders", json_type, "").await;
    assert_eq!(
        missing,
        (400, json!(25), json!("limit"), Some("listOrders"))
    );
    let malformed = call(Method::GET, "/orders?limit=x", json_type, "").await;
    assert_eq!(
        malformed,
        (400, json!(26), json!("limit"), Some("listOrders"))
    );
    let broken = call(Method::POST, "/orders", json_type, "{").await;
    assert_eq!(broken, (400, json!(22), json!(null), Some("createOrder")));
    let form = call(
        Method::POST,
        "/orders",
        "application/x-www-form-urlencoded",
        "a=1",
    )
    .await;
    assert_eq!(
        form,
        (415, json!(23), json!("Content-Type"), Some("createOrder"))
    );
    assert_eq!(call(Method::GET, "/nowhere", json_type, "").await.0, 404);
    assert_eq!(call(Method::DELETE, "/orders", json_type, "").await.0, 405);
}
