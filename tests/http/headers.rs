//! Headers of answers.

use std::io::Read as _;

use flate2::read::{GzDecoder, ZlibDecoder};
use kontor::config::PublicUrl;
use kontor_openapi::merchant::OPERATIONS;

use super::support::{bare, on_admin_with, on_server, on_server_with};
use crate::support::{Answer, TestApp, on_app, on_app_with};

/// Targets whose answers are of every kind: successes, refusals, redirects, documentation.
const TARGETS: [&str; 10] = [
    "/",
    "/config",
    "/terms",
    "/private",
    "/management/instances",
    "/instances/nobody/config",
    "/nothing",
    "/docs/",
    "/docs",
    "/openapi.yaml",
];

async fn answers(app: &TestApp, bearer: Option<&str>) -> Vec<(String, Answer)> {
    let mut answers = Vec::new();
    for target in TARGETS {
        for method in ["GET", "HEAD", "OPTIONS", "PUT", "POST", "DELETE"] {
            let bearer = bearer.map(|bearer| format!("Bearer {bearer}"));
            let header = bearer
                .as_ref()
                .map(|bearer| ("authorization", bearer.as_str()));
            let answer = bare(app, method, target, header.as_slice()).await;
            answers.push((format!("{method} {target}"), answer));
        }
    }
    answers
}

#[tokio::test]
async fn every_answer_is_open_to_every_origin() {
    on_app(async |app| {
        for (name, answer) in answers(app, None).await {
            let origins = answer.headers.get_all("access-control-allow-origin");
            assert_eq!(origins.iter().collect::<Vec<_>>(), ["*"], "{name}");
            assert!(answer.header("access-control-allow-credentials").is_none());
            assert!(answer.header("set-cookie").is_none());
            let exposed = answer
                .header("access-control-expose-headers")
                .unwrap_or_default();
            let exposed: Vec<&str> = exposed.split(", ").collect();
            for header in [
                "*",
                "WWW-Authenticate",
                "Retry-After",
                "Location",
                "ETag",
                "X-Request-Id",
            ] {
                assert!(exposed.contains(&header), "{name} hides {header}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_preflight_allows_what_clients_send() {
    on_app(async |app| {
        for operation in OPERATIONS {
            let call = app.call("OPTIONS", operation.path).header("origin", "null");
            let call = call.header("access-control-request-method", operation.method);
            let wanted = "authorization,content-type,taler-challenge-ids";
            let answer = call
                .header("access-control-request-headers", wanted)
                .send()
                .await;
            answer.expect(204);
            let allowed = answer
                .header("access-control-allow-headers")
                .unwrap_or_default();
            let allowed = allowed.to_ascii_lowercase();
            for name in [
                "authorization",
                "content-type",
                "content-encoding",
                "taler-challenge-ids",
            ] {
                assert!(allowed.split(", ").any(|allowed| allowed == name), "{name}");
            }
            let methods = answer
                .header("access-control-allow-methods")
                .unwrap_or_default();
            assert!(methods.split(", ").any(|method| method == operation.method));
            assert!(answer.header("access-control-max-age").is_some());
        }
    })
    .await;
}

#[tokio::test]
async fn what_is_private_is_not_stored() {
    on_app(async |app| {
        let token = app.admin_token("all").await;
        for operation in OPERATIONS
            .iter()
            .filter(|operation| !operation.security.is_empty())
        {
            let path = operation
                .path
                .replace("{instance}", "nobody")
                .replace("{serial}", "77");
            for bearer in [Some(&token), None] {
                for prefix in ["", "/instances/nobody"] {
                    let call = app.call(operation.method, &format!("{prefix}{path}"));
                    let call = match bearer {
                        // The instance itself stays: later requests need it.
                        Some(_) if operation.id == "deleteOwnInstance" => call,
                        Some(_) if operation.id == "revokeOwnToken" => call,
                        Some(token) => call.bearer(token),
                        None => call,
                    };
                    let answer = call.send().await;
                    assert_eq!(
                        answer.header("cache-control"),
                        Some("no-store"),
                        "{}",
                        operation.id
                    );
                }
            }
        }
        for target in [
            "/private/nothing",
            "/management/nothing",
            "/instances/x/private/y",
        ] {
            let answer = app.get(target).send().await;
            assert_eq!(answer.header("cache-control"), Some("no-store"), "{target}");
        }
    })
    .await;
}

#[tokio::test]
async fn what_is_public_may_be_stored() {
    on_app(async |app| {
        for target in [
            "/config",
            "/instances/admin/config",
            "/openapi.json",
            "/docs/",
        ] {
            let answer = app.get(target).send().await;
            answer.expect(200);
            let policy = answer.header("cache-control").unwrap_or_default();
            assert!(
                !policy.contains("no-store") && !policy.contains("private"),
                "{target}"
            );
        }
    })
    .await;
}

#[tokio::test]
async fn every_answer_makes_browsers_careful() {
    on_app(async |app| {
        for (name, answer) in answers(app, None).await {
            for (header, value) in [
                ("x-content-type-options", "nosniff"),
                ("referrer-policy", "no-referrer"),
                ("x-frame-options", "DENY"),
            ] {
                assert_eq!(answer.header(header), Some(value), "{name}");
            }
            let policy = answer.header("content-security-policy").unwrap_or_default();
            assert!(policy.contains("default-src 'none'"), "{name}");
            assert!(policy.contains("frame-ancestors 'none'"), "{name}");
            let is_documentation = name.contains("/docs");
            assert_eq!(
                policy.contains("script-src 'self'"),
                is_documentation,
                "{name}"
            );
            // Plain http as here must not pin browsers to https.
            assert!(answer.header("strict-transport-security").is_none());
            assert!(answer.header("server").is_none(), "{name}");
        }
    })
    .await;
}

#[tokio::test]
async fn over_tls_browsers_are_told_to_stay_there() {
    let over_tls = |settings: &mut kontor::config::Settings| {
        settings.merchant.public_url = PublicUrl::parse("https://kontor.test/").ok();
    };
    on_app_with(over_tls, async |app| {
        for (name, answer) in answers(app, None).await {
            let value = answer
                .header("strict-transport-security")
                .unwrap_or_default();
            assert!(value.contains("max-age="), "{name}");
        }
        let answer = app.get("/docs/").send().await;
        let policy = answer.header("content-security-policy").unwrap_or_default();
        assert!(
            policy.contains("connect-src 'self' https://kontor.test;"),
            "{policy}"
        );
    })
    .await;
}

#[tokio::test]
async fn the_policy_of_the_documentation_lets_nothing_foreign_in() {
    on_app(async |app| {
        for target in ["/docs/", "/docs/swagger-ui-bundle.js", "/docs/nothing"] {
            let answer = app.get(target).send().await;
            let policy = answer.header("content-security-policy").expect("a policy");
            for directive in policy.split(';').map(str::trim) {
                let mut words = directive.split(' ');
                let name = words.next().unwrap_or_default();
                for source in words {
                    let own = ["'none'", "'self'"].contains(&source);
                    let style = name == "style-src" && source == "'unsafe-inline'";
                    let image = name == "img-src" && source == "data:";
                    let called = name == "connect-src" && source == "http://kontor.test";
                    assert!(own || style || image || called, "{directive}");
                }
            }
            assert!(!policy.contains("unsafe-eval"));
        }
    })
    .await;
}

#[tokio::test]
async fn the_id_of_a_request_is_taken_from_a_trusted_proxy_only() {
    let id = "task-7.a_b:C";
    on_app(async |app| {
        for name in ["x-request-id", "taler-correlation-id"] {
            let answer = app.get("/config").header(name, id).send().await;
            assert_eq!(answer.header("x-request-id"), Some(id));
        }
        let answer = app.get("/nothing").header("x-request-id", id).send().await;
        assert_eq!(answer.header("x-request-id"), Some(id));
        let long = "a".repeat(65);
        for bad in ["", "a b", "a\"b", "<script>", "a,b", "\u{fc}", &long] {
            let answer = app.get("/config").header("x-request-id", bad).send().await;
            assert!(is_own(&answer), "{bad}");
        }
    })
    .await;
    let nobody = |settings: &mut kontor::config::Settings| {
        settings.limits.trusted_proxies = vec!["192.0.2.0/24".parse().expect("a network")];
    };
    on_server_with(nobody, async |_, server| {
        let mut connection = server.connect().await;
        let headers = [("X-Request-Id", id), ("X-Forwarded-For", "192.0.2.1")];
        let first = connection.exchange("GET", "/config", &headers, b"").await;
        let second = connection.exchange("GET", "/config", &headers, b"").await;
        assert!(is_own(&first) && is_own(&second));
        assert_ne!(first.header("x-request-id"), second.header("x-request-id"));
    })
    .await;
}

/// Whether the id is one that the server made: a ULID.
fn is_own(answer: &Answer) -> bool {
    let id = answer.header("x-request-id").unwrap_or_default();
    id.len() == 26
        && id
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
}

fn plain(answer: &Answer) -> Vec<u8> {
    let mut plain = Vec::new();
    let read = match answer.header("content-encoding") {
        Some("gzip") => GzDecoder::new(&answer.body[..]).read_to_end(&mut plain),
        Some("deflate") => ZlibDecoder::new(&answer.body[..]).read_to_end(&mut plain),
        Some(other) => panic!("coded as {other}"),
        None => (&answer.body[..]).read_to_end(&mut plain),
    };
    read.expect("the coding that the answer names");
    plain
}

#[tokio::test]
async fn answers_are_coded_as_the_client_prefers() {
    on_app(async |app| {
        let whole = app.get("/openapi.json").send().await.body;
        for (accepted, coding) in [
            ("gzip", Some("gzip")),
            ("x-gzip", Some("gzip")),
            ("GZIP", Some("gzip")),
            ("deflate", Some("deflate")),
            ("gzip, deflate, br, zstd", Some("gzip")),
            ("gzip;q=0.1, deflate;q=0.2", Some("deflate")),
            ("gzip;q=0, deflate", Some("deflate")),
            ("*", Some("gzip")),
            ("gzip;q=0, *", Some("deflate")),
            ("deflate;q=0", None),
            ("gzip;q=0, deflate;q=0, *", None),
            ("identity", None),
            ("identity, gzip;q=0.5", None),
            ("*;q=0", None),
            ("br", None),
            ("", None),
        ] {
            for target in ["/openapi.json", "/docs/swagger-ui-bundle.js"] {
                let answer = app
                    .get(target)
                    .header("accept-encoding", accepted)
                    .send()
                    .await;
                assert_eq!(answer.status, 200);
                assert_eq!(
                    answer.header("content-encoding"),
                    coding,
                    "{accepted}: {target}"
                );
                assert!(varies_by_coding(&answer), "{accepted}");
                if target == "/openapi.json" {
                    assert_eq!(plain(&answer), whole, "{accepted}");
                }
            }
        }
        let answer = app.get("/openapi.json").send().await;
        assert_eq!(answer.header("content-encoding"), None);
        assert!(varies_by_coding(&answer));
    })
    .await;
}

fn varies_by_coding(answer: &Answer) -> bool {
    let values = answer.headers.get_all("vary").iter();
    let mut names = values.flat_map(|value| value.to_str().unwrap_or_default().split(','));
    names.any(|name| name.trim().eq_ignore_ascii_case("accept-encoding"))
}

#[tokio::test]
async fn small_answers_and_bare_ones_are_not_coded() {
    on_app(async |app| {
        let token = app.admin_token("all").await;
        for target in ["/nothing", "/private", "/docs", "/terms"] {
            let call = app
                .get(target)
                .bearer(&token)
                .header("accept-encoding", "gzip");
            assert_eq!(
                call.send().await.header("content-encoding"),
                None,
                "{target}"
            );
        }
        let call = app
            .delete("/private/token")
            .bearer(&token)
            .header("accept-encoding", "gzip");
        let answer = call.send().await;
        answer.expect(204);
        assert_eq!(answer.header("content-encoding"), None);
    })
    .await;
}

#[tokio::test]
async fn a_coded_answer_has_the_length_that_was_sent() {
    on_server(async |_, server| {
        let mut connection = server.connect().await;
        for coding in ["gzip", "deflate"] {
            let headers = [("Accept-Encoding", coding)];
            let answer = connection
                .exchange("GET", "/openapi.json", &headers, b"")
                .await;
            assert_eq!(answer.header("content-encoding"), Some(coding));
            assert_eq!(answer.header("content-type"), Some("application/json"));
            let plain = plain(&answer);
            assert!(serde_json::from_slice::<serde_json::Value>(&plain).is_ok());
            // Were the length wrong, the next answer would not be found.
            let head = connection
                .exchange("HEAD", "/openapi.json", &headers, b"")
                .await;
            assert_eq!(
                head.header("content-length"),
                answer.header("content-length")
            );
        }
    })
    .await;
}

#[tokio::test]
async fn a_refusal_by_credential_says_how_to_log_in() {
    on_admin_with(
        |_| {},
        async |app| {
            for (name, answer) in answers(app, Some("secret-token:wrong")).await {
                assert_eq!(
                    answer.status == 401,
                    answer.header("www-authenticate").is_some(),
                    "{name}"
                );
            }
        },
    )
    .await;
}
