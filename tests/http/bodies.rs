//! Bodies of requests: of what type they are, and what many tests of them need.

mod arrival;
mod coding;

use super::support::on_admin_with;
use crate::support::{Call, PASSWORD, TestApp, content_coding::gzip, on_app};

const LOGIN: &str = "/private/token";

/// A limit that is quickly reached.
const LIMIT: usize = 4096;

/// A login of this many bytes.
fn login(length: usize) -> Vec<u8> {
    let start = r#"{"scope":"readonly","unknown":""#;
    let padding = length - start.len() - 2;
    format!("{start}{}\"}}", "a".repeat(padding)).into_bytes()
}

/// A login with another body.
fn log_in(app: &TestApp, body: impl Into<Vec<u8>>) -> Call<'_> {
    app.call("POST", LOGIN).basic("admin", PASSWORD).body(body)
}

fn credential() -> String {
    data_encoding::BASE64.encode(format!("admin:{PASSWORD}").as_bytes())
}

/// The head of a login, up to its last headers.
fn head(headers: &str) -> String {
    let credential = credential();
    format!(
        "POST {LOGIN} HTTP/1.1\r\nHost: kontor.test\r\nAuthorization: Basic {credential}\r\n{headers}\r\n\r\n"
    )
}

fn limited(settings: &mut kontor::config::Settings) {
    settings.limits.body_size = LIMIT;
}

#[tokio::test]
async fn an_empty_body_is_no_json() {
    on_app(async |app| {
        log_in(app, "").send().await.refuses(400, 22);
        for coding in ["gzip", "deflate", "identity"] {
            log_in(app, "")
                .header("content-encoding", coding)
                .send()
                .await
                .refuses(400, 22);
        }
        log_in(app, gzip(b""))
            .header("content-encoding", "gzip")
            .send()
            .await
            .refuses(400, 22);
        log_in(app, " \n").send().await.refuses(400, 22);
    })
    .await;
}

#[tokio::test]
async fn a_body_where_none_belongs_is_ignored() {
    on_admin_with(limited, async |app| {
        let token = app.admin_token("all").await;
        let bodies = [
            (None, login(100)),
            (None, b"{".to_vec()),
            (None, vec![b'a'; LIMIT + 1]),
            (Some("gzip"), b"not gzip".to_vec()),
            (Some("br"), b"not known".to_vec()),
        ];
        for (coding, body) in bodies {
            for (method, target, status) in [
                ("GET", "/config", 200),
                ("GET", "/private", 200),
                ("GET", "/openapi.json", 200),
                ("HEAD", "/config", 200),
                ("DELETE", "/private/tokens/99", 404),
                ("GET", "/nothing", 404),
                ("POST", "/nothing", 404),
                ("PUT", "/config", 405),
                ("POST", "/instances/default/private/token", 308),
            ] {
                let call = app.call(method, target).bearer(&token).body(body.clone());
                let call = match coding {
                    Some(coding) => call.header("content-encoding", coding),
                    None => call.header("content-type", "text/plain"),
                };
                let answer = call.send().await;
                assert_eq!(answer.status, status, "{method} {target} {coding:?}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_body_of_another_type_is_415() {
    on_app(async |app| {
        for media_type in [
            "text/plain",
            "text/json",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "application/octet-stream",
            "application/jsonp",
            "application",
            "json",
            "",
            "\u{fc}",
        ] {
            for body in [&b"{\"scope\":\"readonly\"}"[..], b"a=b", b""] {
                let answer = log_in(app, body)
                    .header("content-type", media_type)
                    .send()
                    .await;
                answer.blames(415, 23, "Content-Type");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn json_goes_by_several_types_or_none() {
    on_app(async |app| {
        for media_type in [
            "application/json",
            "Application/JSON",
            "application/json;charset=utf-8",
            "application/json ; charset=\"UTF-8\"",
            "application/merge-patch+json",
        ] {
            let call = log_in(app, login(100)).header("content-type", media_type);
            call.send().await.expect(200);
        }
        log_in(app, login(100)).send().await.expect(200);
    })
    .await;
}
