//! Requests that lead nowhere, or to the wrong door.

use std::collections::{BTreeMap, BTreeSet};

use kontor_openapi::{Operation, merchant::OPERATIONS};

use super::support::on_server;
use crate::support::{TestApp, on_app};

/// The methods that clients of the interface use.
const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

/// A path of an operation, its parameters filled in.
fn filled(path: &str) -> String {
    path.replace("{instance}", "admin")
        .replace("{serial}", "1")
        .replace("{challenge_id}", "x")
        .replace("{channel}", "email")
}

/// The operations by path, as seen at the root.
fn paths() -> BTreeMap<&'static str, Vec<&'static Operation>> {
    let mut paths: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for operation in OPERATIONS {
        paths.entry(operation.path).or_default().push(operation);
    }
    paths
}

/// Where an operation's path can be called: at the root, and below an instance unless it is only there.
fn places(path: &str, operations: &[&Operation]) -> Vec<String> {
    let root = filled(path);
    let below = format!("/instances/admin{root}");
    match operations[0].root_only {
        true => vec![root],
        false => vec![root, below],
    }
}

/// What `Allow` must list.
fn allowed(operations: &[&Operation]) -> BTreeSet<String> {
    let methods = operations.iter().map(|operation| operation.method);
    let head = operations
        .iter()
        .any(|operation| operation.method == "GET")
        .then_some("HEAD");
    let methods = methods.chain(head).chain(["OPTIONS"]);
    methods.map(str::to_owned).collect()
}

fn listed(allow: Option<&str>) -> BTreeSet<String> {
    allow
        .expect("a list of methods")
        .split(", ")
        .map(str::to_owned)
        .collect()
}

#[tokio::test]
async fn an_unknown_route_is_404_in_every_method() {
    on_app(async |app| {
        for path in [
            "/nothing",
            "/private/nothing",
            "/private/tokens/1/2",
            "/Config",
            "/index.html",
            "/.env",
            "/instances/",
            "/instances/admin",
            "/instances/admin/nothing",
            "/instances/nobody/nothing",
            "/management",
        ] {
            for method in METHODS {
                app.call(method, path).send().await.refuses(404, 21);
            }
        }
    })
    .await;
}

#[tokio::test]
async fn slashes_are_counted() {
    on_app(async |app| {
        for path in [
            "//",
            "/config/",
            "//config",
            "/private/",
            "/private//token",
            "/private/token/",
            "/private/tokens/",
            "/management/instances/",
            "/management//instances",
            "/management/instances/admin/",
            "/instances/",
            "/instances//config",
            "/instances/admin//config",
            "/instances/admin/config/",
            "//instances/admin/config",
        ] {
            app.get(path).send().await.refuses(404, 21);
        }
    })
    .await;
}

#[tokio::test]
async fn a_wrong_method_is_405_and_names_the_right_ones() {
    on_app(async |app| {
        for (path, operations) in paths() {
            let allowed = allowed(&operations);
            for place in places(path, &operations) {
                for method in METHODS.iter().chain(&["HEAD", "TRACE", "BREW"]) {
                    if allowed.contains(*method) {
                        continue;
                    }
                    let answer = app.call(method, &place).send().await;
                    if *method == "HEAD" {
                        answer.expect(405);
                    } else {
                        answer.refuses(405, 20);
                    }
                    assert_eq!(listed(answer.header("allow")), allowed, "{method} {place}");
                }
            }
        }
    })
    .await;
}

#[tokio::test]
async fn options_are_told_for_every_path() {
    on_app(async |app| {
        for (path, operations) in paths() {
            for place in places(path, &operations) {
                let plain = app.call("OPTIONS", &place).send().await;
                plain.expect(204);
                assert_eq!(listed(plain.header("allow")), allowed(&operations));
                assert!(plain.body.is_empty());
                preflight(app, &place).await;
            }
        }
        for path in [
            "/docs/",
            "/openapi.yaml",
            "/openapi.json",
            "/openapi-3.0.json",
        ] {
            let plain = app.call("OPTIONS", path).send().await;
            plain.expect(204);
            let expected = ["GET", "HEAD", "OPTIONS"].map(str::to_owned).into();
            assert_eq!(listed(plain.header("allow")), expected, "{path}");
        }
        preflight(app, "/nothing").await;
        app.call("OPTIONS", "/nothing")
            .send()
            .await
            .refuses(404, 21);
        let below = "/instances/admin/management/instances";
        app.call("OPTIONS", below).send().await.refuses(404, 21);
    })
    .await;
}

async fn preflight(app: &TestApp, path: &str) {
    let call = app
        .call("OPTIONS", path)
        .header("origin", "https://pos.test");
    let call = call.header("access-control-request-method", "PATCH");
    let answer = call.send().await;
    answer.expect(204);
    let methods = answer.header("access-control-allow-methods");
    assert!(methods.is_some_and(|methods| methods.contains("PATCH")));
}

#[tokio::test]
async fn head_is_get_without_a_body() {
    on_server(async |app, server| {
        let bearer = format!("Bearer {}", app.admin_token("all").await);
        let mut connection = server.connect().await;
        let mut targets: Vec<String> = OPERATIONS
            .iter()
            .filter(|operation| operation.method == "GET")
            .map(|operation| filled(operation.path))
            .collect();
        targets.extend(["/docs/", "/openapi.json", "/docs", "/nothing"].map(str::to_owned));
        for target in targets {
            for headers in [&[("Authorization", bearer.as_str())][..], &[]] {
                let get = connection.exchange("GET", &target, headers, b"").await;
                let authorization = headers
                    .first()
                    .map_or_else(String::new, |(name, value)| format!("{name}: {value}\r\n"));
                let request =
                    format!("HEAD {target} HTTP/1.1\r\nHost: kontor.test\r\n{authorization}\r\n");
                connection.send(request).await;
                let head = connection.answer_to("HEAD").await.expect("an answer");
                assert_eq!(get.status, head.status, "{target}");
                let mut expected = get.headers.clone();
                for name in ["x-request-id", "date"] {
                    expected.insert(name, head.headers[name].clone());
                }
                if !head.headers.contains_key("content-length") {
                    // The length of nothing may be left out.
                    let length = expected.remove("content-length");
                    assert!(length.is_none_or(|length| length == "0"), "{target}");
                }
                assert_eq!(expected, head.headers, "{target}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn the_former_name_of_the_root_has_moved() {
    on_app(async |app| {
        for (path, operations) in paths() {
            let path = filled(path);
            let moved = format!("/instances/default{path}");
            for operation in &operations {
                let answer = app.call(operation.method, &moved).send().await;
                if operation.root_only {
                    answer.refuses(404, 21);
                    continue;
                }
                answer.expect(308);
                let location = format!("http://kontor.test{path}");
                assert_eq!(answer.header("location"), Some(location.as_str()));
            }
        }
        let answer = app.get("/instances/default/config?a=b").send().await;
        assert_eq!(answer.header("location"), Some("http://kontor.test/config"));
        app.get("/instances/default/nothing")
            .send()
            .await
            .refuses(404, 21);
        app.get("/instances/DEFAULT/config")
            .send()
            .await
            .refuses(404, 2000);
    })
    .await;
}

#[tokio::test]
async fn nothing_steers_where_the_former_name_leads() {
    on_server(async |_, server| {
        for target in [
            "/instances/default//evil.test/config",
            "/instances/default/%2F%2Fevil.test",
            "/instances/default/\\evil.test",
            "/instances/default/.evil.test",
            "/instances/default/@evil.test",
            "//evil.test/instances/default/config",
        ] {
            let mut connection = server.connect().await;
            let head = format!("GET {target} HTTP/1.1\r\nHost: evil.test\r\n\r\n");
            connection.send(head).await;
            let answer = connection.answer().await;
            assert!([400, 404].contains(&answer.status.as_u16()), "{target}");
        }
        let mut connection = server.connect().await;
        let tail = "Host: evil.test\r\nX-Forwarded-Host: evil.test\r\nForwarded: host=evil.test";
        for target in [
            "/instances/default/config",
            "http://evil.test/instances/default/config",
        ] {
            connection
                .send(format!("GET {target} HTTP/1.1\r\n{tail}\r\n\r\n"))
                .await;
            let answer = connection.answer().await;
            assert_eq!(answer.header("location"), Some("http://kontor.test/config"));
        }
        for id in [
            "..%2F..%2Fx",
            "%0d%0aSet-Cookie:%20a",
            "%E2%80%AE",
            "a@b",
            "%00",
            "%ff",
        ] {
            let target = format!("/instances/default/private/tokens/{id}");
            let answer = connection.exchange("DELETE", &target, &[], b"").await;
            let location = format!("http://kontor.test/private/tokens/{id}");
            assert_eq!(answer.header("location"), Some(location.as_str()));
            assert!(answer.header("set-cookie").is_none());
        }
    })
    .await;
}

#[tokio::test]
async fn admin_has_a_prefix_too() {
    on_app(async |app| {
        let token = app.admin_token("all").await;
        let below = app
            .get("/instances/admin/private")
            .bearer(&token)
            .send()
            .await
            .expect(200);
        let root = app.get("/private").bearer(&token).send().await.expect(200);
        assert_eq!(below, root);
        app.get("/instances/Admin/private")
            .bearer(&token)
            .send()
            .await
            .refuses(404, 2000);
    })
    .await;
}

#[tokio::test]
async fn what_is_at_the_root_only_is_not_below_an_instance() {
    on_app(async |app| {
        let token = app.admin_token("all").await;
        for operation in OPERATIONS.iter().filter(|operation| operation.root_only) {
            let path = filled(operation.path);
            for prefix in [
                "/instances/admin",
                "/instances/default",
                "/instances/nobody",
            ] {
                let call = app.call(operation.method, &format!("{prefix}{path}"));
                call.bearer(&token).send().await.refuses(404, 21);
            }
        }
    })
    .await;
}
