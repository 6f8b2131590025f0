//! The access log: one event for each request, with the fields of `docs/access-log.md` and no secret.

use std::{collections::BTreeSet, fs, path::Path};

use serde_json::{Value, json};

use super::support::{Events, bare, eventually, on_server};
use crate::support::{PASSWORD, TestApp, on_app};

/// What stands in the log beside the fields of the request.
const MESSAGE: &str = "message";

fn lines(events: &Events) -> Vec<Value> {
    let lines = events.of("kontor::access").into_iter();
    lines.map(|mut line| line["fields"].take()).collect()
}

/// The fields that the page documents.
fn documented() -> BTreeSet<String> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/access-log.md");
    let page = fs::read_to_string(page).expect("the page");
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `"));
    rows.filter_map(|row| Some(row.split_once('`')?.0.to_owned()))
        .collect()
}

/// Sends requests of every kind.
async fn requests_of_every_kind(app: &TestApp) -> usize {
    let token = app.shop("shop").await;
    let log_in_twice = 2;
    let create = 1;
    let mut sent = log_in_twice + create;
    for target in [
        "/config", "/private", "/nothing", "/docs/", "/docs", "/", "/terms",
    ] {
        for method in ["GET", "HEAD", "OPTIONS", "DELETE", "PUT"] {
            let headers = [
                ("user-agent", "till/1.0"),
                ("taler-correlation-id", "task-7"),
                ("accept-encoding", "gzip"),
            ];
            bare(app, method, target, &headers).await;
            sent += 1;
        }
    }
    app.get("/instances/shop/private")
        .bearer(&token)
        .send()
        .await
        .expect(200);
    let call = app
        .call("POST", "/instances/shop/private/token")
        .basic("shop", PASSWORD);
    call.header("content-length", "8")
        .body("not json")
        .send()
        .await
        .refuses(400, 22);
    sent + 2
}

#[tokio::test]
async fn every_request_leaves_one_event_with_the_documented_fields() {
    on_app(async |app| {
        let events = Events::collect();
        let sent = requests_of_every_kind(app).await;
        let lines = lines(&events);
        assert_eq!(lines.len(), sent);
        let mut seen = BTreeSet::new();
        for line in &lines {
            let fields = line.as_object().expect("fields");
            seen.extend(fields.keys().filter(|name| *name != MESSAGE).cloned());
            for always in [
                "request.id",
                "client.address",
                "http.method",
                "url.path",
                "http.status",
                "duration_ms",
            ] {
                assert!(fields.contains_key(always), "no {always} in {line}");
            }
            assert_eq!(
                fields.contains_key("error.code"),
                line["http.status"].as_u64() >= Some(400)
            );
        }
        assert_eq!(seen, documented(), "docs/access-log.md and the log differ");
    })
    .await;
}

#[tokio::test]
async fn the_fields_say_what_happened() {
    on_app(async |app| {
        let token = app.shop("shop").await;
        let events = Events::collect();
        let target = "/instances/shop/private/tokens/999?secret=s3cret";
        let call = app
            .delete(target)
            .bearer(&token)
            .header("user-agent", "till/1.0");
        let call = call
            .header("x-request-id", "r-1")
            .header("taler-correlation-id", "task-7");
        let answer = call.from("192.0.2.7").send().await;
        let expected = json!({
            "request.id": "r-1", "correlation.id": "task-7", "client.address": "192.0.2.7",
            "http.method": "DELETE", "url.path": "/instances/shop/private/tokens/999",
            "http.status": 404, "error.code": answer.code(), "operation.id": "revokeToken",
            "instance.id": "shop", "duration_ms": 0.0, "response.bytes": answer.body.len(),
            "user_agent": "till/1.0",
        });
        assert_eq!(lines(&events), [expected]);
        app.get("/config").send().await.expect(200);
        app.get("/management/instances/shop")
            .send()
            .await
            .refuses(401, 2015);
        let lines = lines(&events);
        let pairs = lines
            .iter()
            .map(|line| (&line["operation.id"], &line["instance.id"]));
        let expected = [
            (json!("revokeToken"), json!("shop")),
            (json!("getConfig"), json!("admin")),
            (json!("getInstance"), json!("shop")),
        ];
        assert!(
            pairs.eq(expected
                .iter()
                .map(|(operation, instance)| (operation, instance)))
        );
    })
    .await;
}

#[tokio::test]
async fn the_size_is_that_of_what_was_sent() {
    on_server(async |_, server| {
        let events = Events::collect();
        let mut connection = server.connect().await;
        let headers = [("Accept-Encoding", "gzip")];
        let answer = connection
            .exchange("GET", "/openapi.json", &headers, b"")
            .await;
        eventually("a line", async || lines(&events).len() == 1).await;
        assert_eq!(lines(&events)[0]["response.bytes"], answer.body.len());
        assert_eq!(lines(&events)[0]["client.address"], "127.0.0.1");
    })
    .await;
}

#[tokio::test]
async fn no_secret_reaches_the_log() {
    on_app(async |app| {
        let events = Events::collect();
        let token = app.shop("shop").await;
        let weak = "secret-token:a legacy secret";
        let auth = json!({ "method": "token", "token": weak });
        let path = "/instances/shop/private/auth";
        app.post(path, &auth)
            .bearer(&token)
            .send()
            .await
            .expect(204);
        app.get("/instances/shop/private")
            .bearer(weak)
            .send()
            .await
            .expect(200);
        app.get("/instances/shop/private")
            .bearer("secret-token:wr0ng secret")
            .send()
            .await;
        app.get("/private?token=s3cret-in-query#s3cret")
            .send()
            .await;
        let misplaced = format!("/{}", token.trim_start_matches("secret-token:"));
        app.get(&misplaced).send().await.refuses(404, 21);
        app.get(&format!("/instances/shop/{token}"))
            .send()
            .await
            .refuses(404, 21);
        let body = json!({ "id": "x", "auth": { "method": "token", "password": "b0dy secret" } });
        let admin = app.admin_token("all").await;
        app.post("/management/instances", &body)
            .bearer(&admin)
            .send()
            .await
            .refuses(400, 25);
        let call = app
            .call("POST", "/private/token")
            .basic("admin", "wr0ng secret");
        call.body("{\"scope\":\"b0dy secret")
            .send()
            .await
            .refuses(401, 2015);
        let text = events.text();
        let bare = token.trim_start_matches("secret-token:");
        let encoded = data_encoding::BASE64.encode(format!("admin:{PASSWORD}").as_bytes());
        for secret in [
            PASSWORD,
            bare,
            &encoded,
            admin.trim_start_matches("secret-token:"),
            "legacy secret",
            "wr0ng secret",
            "b0dy secret",
            "s3cret-in-query",
            "argon2",
        ] {
            assert!(!text.contains(secret), "{secret} is in\n{text}");
        }
    })
    .await;
}

#[tokio::test]
async fn nobody_writes_lines_of_his_own_into_the_log() {
    on_server(async |_, server| {
        let events = Events::collect();
        let mut connection = server.connect().await;
        let long = "a".repeat(5000);
        for value in ["\"},{\"level\":\"ERROR\"", "\u{fc}", "a\tb", &long] {
            let headers = [("User-Agent", value), ("X-Request-Id", value)];
            connection
                .exchange("GET", "/nothing/%0a%22%1b%5b31m", &headers, b"")
                .await;
        }
        eventually("the lines", async || !lines(&events).is_empty()).await;
        let text = events.text();
        assert!(!text.contains('\u{1b}'));
        for line in text.lines() {
            assert!(line.len() < 2000, "{} bytes", line.len());
        }
    })
    .await;
}
