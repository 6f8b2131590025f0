//! Requests that lead nowhere, or to the wrong door.

use std::collections::{BTreeMap, BTreeSet};

use kontor_openapi::{Operation, merchant::OPERATIONS};

use super::support::{on_server, read};
use crate::support::{TestApp, on_app};

/// The methods that clients of the interface use.
const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

/// A path of an operation, its parameters filled in.
fn filled(path: &str) -> String {
    path.replace("{instance}", "admin").replace("{serial}", "1")
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
                    assert_eq!(expected.remove("content-length").expect("a length"), "0");
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

#[tokio::test]
async fn an_instance_may_be_percent_encoded() {
    on_app(async |app| {
        let token = app.shop("a@b.c").await;
        for id in ["a@b.c", "a%40b.c", "%61%40%62%2E%63", "a%40b%2ec"] {
            let answer = app
                .get(&format!("/instances/{id}/private"))
                .bearer(&token)
                .send()
                .await;
            assert_eq!(answer.expect(200)["name"], "Shop a@b.c");
        }
        for id in [
            "a%2540b.c",
            "a+b.c",
            "a%4",
            "a%40b.c%20",
            "%20a%40b.c",
            "a%2Fb",
            "..",
            "%2e%2e",
        ] {
            app.get(&format!("/instances/{id}/config"))
                .send()
                .await
                .refuses(404, 2000);
        }
        let admin = app.admin_token("all").await;
        let answer = app
            .get("/management/instances/a%40b%2Ec")
            .bearer(&admin)
            .send()
            .await;
        assert_eq!(answer.expect(200)["name"], "Shop a@b.c");
    })
    .await;
}

#[tokio::test]
async fn what_is_no_text_is_no_fault_of_the_server() {
    on_app(async |app| {
        let admin = app.admin_token("all").await;
        // Ending the token itself would make everything after it a 401.
        for operation in OPERATIONS
            .iter()
            .filter(|operation| operation.id != "revokeOwnToken")
        {
            for bad in ["%00", "a%00b", "%FF", "%C3%28", "%ED%A0%80", "%", "%zz"] {
                let path = operation
                    .path
                    .replace("{instance}", bad)
                    .replace("{serial}", bad)
                    .replace("{challenge_id}", bad)
                    .replace("{channel}", bad);
                let query = format!("?limit={bad}&offset={bad}&purge={bad}&{bad}={bad}");
                let mut targets = vec![format!("{path}{query}")];
                if !operation.root_only {
                    targets.push(format!("/instances/{bad}{path}"));
                }
                for target in targets {
                    // A body-less request with a good token: what is left to complain about is the URL, or the body.
                    let answer = app
                        .call(operation.method, &target)
                        .bearer(&admin)
                        .send()
                        .await;
                    let status = answer.status.as_u16();
                    assert!(
                        status < 500 || status == 501,
                        "{} {target}: {status}",
                        operation.id
                    );
                    if target.starts_with("/instances/") && !operation.root_only {
                        answer.refuses(404, 2000);
                    } else if path.contains(bad) {
                        assert!([400, 404].contains(&status), "{} {target}", operation.id);
                    } else if operation.id == "deleteOwnInstance" {
                        answer.blames(400, 26, "purge");
                    }
                }
            }
        }
    })
    .await;
}

#[tokio::test]
async fn raw_bytes_in_a_target_are_no_fault_of_the_server() {
    on_server(async |_, server| {
        for raw in [
            &b"\xff"[..],
            b"\xc3\xa4",
            b"\0",
            b"a\0b",
            b"\x7f",
            b"\x1b[2J",
            b"a b",
            b"\t",
        ] {
            for start in ["/", "/config?x=", "/instances/", "/management/instances/"] {
                for end in ["", "/config"] {
                    let mut connection = server.connect().await;
                    let line = [
                        b"GET ",
                        start.as_bytes(),
                        raw,
                        end.as_bytes(),
                        b" HTTP/1.1\r\n",
                    ];
                    connection.send(line.concat()).await;
                    connection.send("Host: kontor.test\r\n\r\n").await;
                    let answer = connection.answer().await;
                    let status = answer.status.as_u16();
                    let fine = start.contains('?') && status == 200;
                    assert!(
                        fine || [400, 401, 404].contains(&status),
                        "{raw:?} {start}: {status}"
                    );
                }
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_very_long_url_is_414() {
    on_server(async |_, server| {
        for (length, is_ours) in [(15_000, false), (17_000, true), (60_000, true)] {
            let target = format!("/config?x={}", "a".repeat(length));
            let mut connection = server.connect().await;
            connection
                .send(format!(
                    "GET {target} HTTP/1.1\r\nHost: kontor.test\r\n\r\n"
                ))
                .await;
            let answer = connection.answer().await;
            match is_ours {
                true => drop(answer.refuses(414, 31)),
                false => drop(answer.expect(200)),
            }
            connection
                .exchange("GET", "/config", &[], b"")
                .await
                .expect(200);
        }
        let path = format!("/instances/{}/config", "a".repeat(20_000));
        let mut connection = server.connect().await;
        connection
            .send(format!("GET {path} HTTP/1.1\r\nHost: kontor.test\r\n\r\n"))
            .await;
        connection.answer().await.refuses(414, 31);
        // Longer than 65534 bytes the server below the service refuses it, without a body, and closes.
        let mut connection = server.connect().await;
        let target = format!("/config?x={}", "a".repeat(70_000));
        connection
            .send(format!(
                "GET {target} HTTP/1.1\r\nHost: kontor.test\r\n\r\n"
            ))
            .await;
        assert_eq!(connection.answer().await.status, 414);
        assert!(connection.is_closed().await);
        server
            .connect()
            .await
            .exchange("GET", "/config", &[], b"")
            .await
            .expect(200);
    })
    .await;
}

#[tokio::test]
async fn unknown_query_parameters_are_ignored() {
    on_app(async |app| {
        let token = app.admin_token("all").await;
        let query = "?unknown=1&unknown=2&&=&a[]=b&limit2=x&%6cimi=3";
        for path in [
            "/config",
            "/private",
            "/private/tokens",
            "/management/instances",
        ] {
            let plain = app.get(path).bearer(&token).send().await.expect(200);
            let target = format!("{path}{query}");
            assert_eq!(
                app.get(&target).bearer(&token).send().await.expect(200),
                plain
            );
        }
    })
    .await;
}

#[tokio::test]
async fn a_bad_parameter_is_named_as_the_document_names_it() {
    on_app(async |app| {
        let token = app.admin_token("all").await;
        for serial in [
            "x",
            "-",
            "1.5",
            "99999999999999999999",
            "%00",
            "%FF",
            "1%20",
        ] {
            for prefix in ["", "/instances/admin"] {
                let target = format!("{prefix}/private/tokens/{serial}");
                app.delete(&target)
                    .bearer(&token)
                    .send()
                    .await
                    .blames(400, 26, "serial");
            }
        }
        for (query, name) in [
            ("limit=x", "limit"),
            ("limit=0", "limit"),
            ("offset=%00", "offset"),
        ] {
            let target = format!("/private/tokens?{query}");
            app.get(&target)
                .bearer(&token)
                .send()
                .await
                .blames(400, 26, name);
        }
        let target = "/management/instances/a%00b";
        app.get(target)
            .bearer(&token)
            .send()
            .await
            .blames(400, 26, "instance");
    })
    .await;
}

#[tokio::test]
async fn bad_headers_are_no_fault_of_the_server() {
    on_server(async |app, server| {
        let bearer = format!("Bearer {}", app.admin_token("all").await);
        let mut connection = server.connect().await;
        for name in [
            "Accept",
            "Accept-Encoding",
            "Accept-Language",
            "If-None-Match",
            "Content-Type",
            "Content-Encoding",
            "Forwarded",
            "X-Forwarded-For",
            "X-Request-Id",
            "Taler-Correlation-Id",
            "User-Agent",
            "Origin",
            "Range",
            "Cookie",
        ] {
            let long = "a".repeat(10_000);
            for value in [
                "",
                ",",
                ";q=",
                "\u{fc}",
                "\"",
                "a/b/c;q=2,*",
                "for=_;;,",
                &long,
            ] {
                for target in ["/config", "/terms", "/private", "/openapi.json"] {
                    let headers = [("Authorization", bearer.as_str()), (name, value)];
                    let answer = connection.exchange("GET", target, &headers, b"").await;
                    let status = answer.status.as_u16();
                    let expected = if target == "/terms" { 501 } else { 200 };
                    assert_eq!(status, expected, "{name}: {value} at {target}");
                }
            }
        }
        for value in [
            "",
            "Bearer \u{fc}",
            "Bearer",
            "Basic \u{fc}",
            "B",
            ":",
            "Bearer a b c",
        ] {
            let headers = [("Authorization", value)];
            connection
                .exchange("GET", "/private", &headers, b"")
                .await
                .refuses(401, 2015);
        }
    })
    .await;
}

#[tokio::test]
async fn other_forms_of_a_target_are_answered() {
    on_app(async |app| {
        let target = poem::http::Uri::from_static("http://other.test/config");
        let request = poem::Request::builder().uri(target).finish();
        assert_eq!(read(app.send(request).await).await.status, 200);
    })
    .await;
    on_server(async |_, server| {
        for (line, status) in [
            ("OPTIONS *", 404),
            ("CONNECT other.test:443", 404),
            ("GET *", 404),
        ] {
            let mut connection = server.connect().await;
            connection
                .send(format!("{line} HTTP/1.1\r\nHost: kontor.test\r\n\r\n"))
                .await;
            let answer = connection.answer().await;
            assert!(
                [400, status].contains(&answer.status.as_u16()),
                "{line}: {answer:?}"
            );
        }
    })
    .await;
}
