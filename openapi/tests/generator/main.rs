//! What the generator makes of a document, served and asked over HTTP.

mod lists;

use std::sync::Arc;

use kontor_openapi::{
    ApiError, ErrorCode, Gate, Operation,
    dispatch::{Directory, Dispatch},
    scalar::{Amount, PageLimit, PageOffset, TimestampParameter, YesNoAll},
};
use poem::{
    EndpointExt, Request,
    http::StatusCode,
    test::{TestClient, TestResponse},
};
use poem_openapi::OpenApiService;
use serde_json::{Value, json};

/// The generated code. It is public so that what a test does not use is no warning.
pub mod fixture {
    include!(concat!(env!("OUT_DIR"), "/fixture.rs"));
}
use fixture::*;

struct Shop;

impl Gate for Shop {
    type Visitor = ();
    type Caller = &'static str;
    type Error = ApiError;

    async fn admit(
        &self,
        _request: &Request,
        _operation: &'static Operation,
    ) -> Result<(), ApiError> {
        Ok(())
    }

    async fn authorize(
        &self,
        request: &Request,
        operation: &'static Operation,
    ) -> Result<&'static str, ApiError> {
        match request.header("authorization") {
            Some("Bearer good") => Ok(operation.permission().expect("a permission")),
            _ => Err(ErrorCode::MerchantGenericUnauthorized.into()),
        }
    }
}

impl ThingsApi for Shop {
    async fn put_thing(
        &self,
        caller: &'static str,
        id: i64,
        colour: Option<Colour>,
        label: Option<String>,
        x_note: Option<String>,
        body: Thing,
    ) -> Result<PutThingReply, ApiError> {
        assert_eq!((caller, id), ("things-write", 7));
        let x_colour = colour.map(|colour| format!("{colour} {label:?} {x_note:?}"));
        Ok(PutThingReply::Ok { body, x_colour })
    }
}

impl ReportsApi for Shop {
    async fn get_list(
        &self,
        _visitor: (),
        limit: Option<PageLimit>,
        offset: Option<PageOffset>,
        paid: Option<YesNoAll>,
        since: Option<TimestampParameter>,
        price: Option<Amount>,
    ) -> Result<GetListReply, ApiError> {
        Ok(GetListReply::Ok(Asked {
            limit,
            offset,
            paid,
            since,
            price,
        }))
    }

    async fn get_report(&self, _visitor: (), format: String) -> Result<GetReportReply, ApiError> {
        Ok(match format.as_str() {
            "json" => GetReportReply::Ok(GetReportOkContent::Json(Colours(vec![
                Colour::Red,
                Colour::DarkBlue,
            ]))),
            "text" => GetReportReply::Ok(GetReportOkContent::Plain("red".to_owned())),
            "pdf" => GetReportReply::Ok(GetReportOkContent::Pdf(vec![1, 2])),
            "moved" => GetReportReply::Found {
                location: Some("/there".to_owned()),
            },
            _ => GetReportReply::NoContent,
        })
    }

    async fn post_form(&self, _visitor: (), body: Address) -> Result<PostFormReply, ApiError> {
        Ok(PostFormReply::Ok(body))
    }

    async fn post_either(
        &self,
        _visitor: (),
        body: Option<Address>,
    ) -> Result<PostEitherReply, ApiError> {
        Ok(body.map_or(PostEitherReply::NoContent, PostEitherReply::Ok))
    }
}

fn client() -> TestClient<impl poem::Endpoint> {
    let shop = Arc::new(Shop);
    let service = OpenApiService::new(routes(Arc::clone(&shop)), "fixture", "0");
    TestClient::new(Dispatch::new(
        service.data(shop),
        Arc::new(Directory::new(OPERATIONS)),
        "http://localhost/",
    ))
}

async fn put(body: &Value) -> TestResponse {
    let client = client();
    let request = client
        .post("/things/7")
        .header("authorization", "Bearer good");
    request
        .content_type("application/json")
        .body(body.to_string())
        .send()
        .await
}

async fn json_of(response: TestResponse) -> Value {
    let bytes = response.0.into_body().into_bytes().await.expect("a body");
    serde_json::from_slice(&bytes).expect("JSON")
}

async fn refused(body: Value) -> (u64, Option<String>) {
    let response = put(&body).await;
    response.assert_status(StatusCode::BAD_REQUEST);
    let body = json_of(response).await;
    (
        body["code"].as_u64().expect("a code"),
        body["parameter"].as_str().map(str::to_owned),
    )
}

fn thing() -> Value {
    json!({"name": "x", "size": 1, "until": "never"})
}

fn with(key: &str, value: Value) -> Value {
    let mut thing = thing();
    thing[key] = value;
    thing
}

#[tokio::test]
async fn every_kind_of_value_comes_back_as_it_went() {
    let body = json!({
        "name": "x", "size": 1, "until": 12, "type": "big", "colour": "dark-blue", "algorithm": "TOTP",
        "login": {"method": "token", "token": "secret-token:a"}, "credentials": {"type": "basic", "username": "u"},
        "names": {"de": "a", "en": "b"}, "extra": {"anything": [1, {"goes": true}]}, "sizes": [1, -2], "loud": true, "weight": 1.5,
        "duration": {"d_us": "forever"},
    });
    let response = put(&body).await;
    response.assert_status_is_ok();
    assert_eq!(json_of(response).await, body);
}

#[tokio::test]
async fn null_is_absent_unknown_is_ignored_and_whole_numbers_are_integers() {
    let response =
        put(&json!({"name": "x", "size": 1.0, "until": "never", "colour": null, "unknown": 1}))
            .await;
    assert_eq!(json_of(response).await, thing());
}

#[tokio::test]
async fn a_missing_member_is_named() {
    assert_eq!(
        refused(json!({"size": 1, "until": 1})).await,
        (25, Some("name".to_owned()))
    );
    assert_eq!(
        refused(with("name", Value::Null)).await,
        (25, Some("name".to_owned()))
    );
}

#[tokio::test]
async fn a_malformed_member_is_named() {
    for (key, value) in [
        ("name", json!(1)),
        ("name", json!("")),
        ("name", json!("x".repeat(21))),
        ("size", json!(-1)),
        ("size", json!("1")),
        ("size", json!(1.5)),
        ("until", json!("always")),
        ("colour", json!("green")),
        ("algorithm", json!(true)),
        ("extra", json!([])),
        ("loud", json!("yes")),
        ("credentials", json!({"type": "other"})),
        ("names", json!({"de": 1})),
    ] {
        let (code, parameter) = refused(with(key, value.clone())).await;
        assert_eq!(code, 26, "{key} {value}");
        assert!(parameter.unwrap().starts_with(key), "{key} {value}");
    }
    assert_eq!(
        refused(with("sizes", json!([1, "2"]))).await,
        (26, Some("sizes[1]".to_owned()))
    );
    assert_eq!(refused(with("duration", json!({"d_us": -1}))).await.0, 26);
}

#[tokio::test]
async fn a_place_in_the_body_may_have_a_code_of_its_own() {
    for bad in [
        json!({"method": "token"}),
        json!({"method": "other", "password": "x"}),
        json!({}),
        json!("x"),
    ] {
        assert_eq!(refused(with("login", bad.clone())).await.0, 2601, "{bad}");
    }
}

#[tokio::test]
async fn the_first_variant_that_fits_is_meant() {
    let body: Thing = serde_json::from_value(with(
        "login",
        json!({"method": "token", "password": "p", "token": "t"}),
    ))
    .unwrap();
    assert!(matches!(body.login, Some(Login::ByPassword(_))));
    let body: Thing = serde_json::from_value(with("login", json!({"method": "external"}))).unwrap();
    assert!(matches!(body.login, Some(Login::External(_))));
    let body: Thing = serde_json::from_value(with("credentials", json!({"type": "none"}))).unwrap();
    assert!(matches!(body.credentials, Some(Credentials::None(_))));
}

#[tokio::test]
async fn parameters_in_path_query_and_header() {
    let client = client();
    let request = client
        .post("/things/7?colour=red&label=a%20b")
        .header("authorization", "Bearer good")
        .header("x-note", "n");
    let response = request
        .content_type("application/json")
        .body(thing().to_string())
        .send()
        .await;
    response.assert_header("X-Colour", r#"red Some("a b") Some("n")"#);
}

#[tokio::test]
async fn the_gate_comes_before_the_body() {
    let response = client().post("/things/7").body("not json").send().await;
    response.assert_status(StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn one_answer_in_several_content_types() {
    for (format, media_type, body) in [
        ("json", "application/json", &b"[\"red\",\"dark-blue\"]"[..]),
        ("text", "text/plain; charset=utf-8", b"red"),
        ("pdf", "application/pdf", &[1, 2]),
    ] {
        let response = client()
            .get(format!("/report?format={format}"))
            .send()
            .await;
        response.assert_status_is_ok();
        response.assert_content_type(media_type);
        response.assert_bytes(body).await;
    }
}

#[tokio::test]
async fn redirects_and_empty_answers() {
    let response = client().get("/report?format=moved").send().await;
    response.assert_status(StatusCode::FOUND);
    response.assert_header("Location", "/there");
    client()
        .get("/report?format=none")
        .send()
        .await
        .assert_status(StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn forms() {
    let form = "application/x-www-form-urlencoded";
    let post = |path: &'static str, media_type: &'static str, body: &'static str| async move {
        client()
            .post(path)
            .content_type(media_type)
            .body(body)
            .send()
            .await
    };
    assert_eq!(
        json_of(post("/form", form, "a=1&b=x+y%20z").await).await,
        json!({"a": "1", "b": "x y z"})
    );
    assert_eq!(
        json_of(post("/either", form, "a=1").await).await,
        json!({"a": "1"})
    );
    assert_eq!(
        json_of(post("/either", "application/json", r#"{"a": "1"}"#).await).await,
        json!({"a": "1"})
    );
    post("/either", form, "")
        .await
        .assert_status(StatusCode::NO_CONTENT);
    post("/either", "text/plain", "")
        .await
        .assert_status(StatusCode::NO_CONTENT);
    post("/form", form, "a=1&a=2")
        .await
        .assert_status(StatusCode::BAD_REQUEST);
    post("/form", "application/json", "{}")
        .await
        .assert_status(StatusCode::UNSUPPORTED_MEDIA_TYPE);
    post("/form", form, "a=%00")
        .await
        .assert_status(StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_body_without_content_type_is_json() {
    let response = client().post("/either").body(r#"{"a": "1"}"#).send().await;
    assert_eq!(json_of(response).await, json!({"a": "1"}));
}
