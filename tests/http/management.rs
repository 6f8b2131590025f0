//! The operator's listener: alive, ready, and the numbers.

use std::sync::Arc;

use kontor::{
    management::{Phase, Readiness},
    metrics::Metrics,
    server,
};
use kontor_openapi::merchant::OPERATIONS;
use poem::{Endpoint, Request, Response, endpoint::BoxEndpoint, http::Uri};
use serde_json::json;

use super::support::{Connection, on_server, read};
use crate::support::{Answer, PASSWORD, TestApp, on_app};

/// Both services of an application, with numbers of their own.
struct Services {
    merchant: BoxEndpoint<'static, Response>,
    management: BoxEndpoint<'static, Response>,
    readiness: Readiness,
}

impl Services {
    fn of(app: &TestApp) -> Self {
        let metrics: Arc<Metrics> = server::metrics(&app.app);
        let readiness = Readiness::default();
        Self {
            merchant: server::service(&app.app, Arc::clone(&metrics)).expect("a service"),
            management: server::management(&app.app, metrics, readiness.clone()),
            readiness,
        }
    }

    async fn call(&self, method: &str, target: &str) {
        let request = request(method, target);
        self.merchant.call(request).await.expect("an answer");
    }

    async fn manage(&self, method: &str, target: &str) -> Answer {
        let answer = self.management.call(request(method, target)).await;
        read(answer.expect("an answer")).await
    }

    async fn metrics(&self) -> String {
        self.manage("GET", "/metrics").await.text()
    }
}

fn request(method: &str, target: &str) -> Request {
    let target: Uri = target.parse().expect("a target");
    Request::builder()
        .method(method.parse().expect("a method"))
        .uri(target)
        .finish()
}

#[tokio::test]
async fn readiness_follows_the_life_of_the_server() {
    on_app(async |app| {
        let services = Services::of(app);
        for (phase, status, name) in [
            (Phase::Starting, 503, "starting"),
            (Phase::Serving, 200, "serving"),
            (Phase::ShuttingDown, 503, "shutting_down"),
        ] {
            match phase {
                Phase::Starting => {}
                Phase::Serving => services.readiness.serving(),
                Phase::ShuttingDown => services.readiness.shutting_down(),
            }
            let answer = services.manage("GET", "/readyz").await;
            let ready = status == 200;
            let checks = json!({ "database": "ok" });
            let expected = json!({ "ready": ready, "phase": name, "checks": checks });
            assert_eq!((answer.status.as_u16(), answer.json()), (status, expected));
            assert_eq!(answer.header("cache-control"), Some("no-store"));
            services.manage("GET", "/livez").await.expect(200);
        }
    })
    .await;
}

#[tokio::test]
async fn a_database_that_is_gone_or_has_other_tables_is_not_ready() {
    on_app(async |app| {
        let services = Services::of(app);
        services.readiness.serving();
        let url = app.app.settings.database.url.expose();
        let other = sea_orm::Database::connect(url).await.expect("a connection");
        for rename in [
            ["seaql_migrations", "seaql_migrations_away"],
            ["seaql_migrations_away", "seaql_migrations"],
        ] {
            let [from, to] = rename;
            let sql = format!("ALTER TABLE {from} RENAME TO {to}");
            sea_orm::ConnectionTrait::execute_unprepared(&other, &sql)
                .await
                .expect("a new name");
            let answer = services.manage("GET", "/readyz").await;
            let ready = to == "seaql_migrations";
            assert_eq!(answer.json()["ready"], ready, "{to}");
            assert_eq!(answer.status, if ready { 200 } else { 503 });
        }
        let newer = "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m9_newer', 0)";
        sea_orm::ConnectionTrait::execute_unprepared(&other, newer)
            .await
            .expect("a row");
        let answer = services.manage("GET", "/readyz").await;
        assert_eq!(answer.json()["checks"]["database"], "failed");
        other.close().await.expect("an end");

        app.app.database.close().await;
        let answer = services.manage("GET", "/readyz").await;
        answer.expect(503);
        let checks = json!({ "database": "failed" });
        let expected = json!({ "ready": false, "phase": "serving", "checks": checks });
        assert_eq!(answer.json(), expected);
        services.manage("GET", "/livez").await.expect(200);
        services.manage("GET", "/metrics").await.expect(200);
    })
    .await;
}

#[tokio::test]
async fn requests_are_counted_by_operation_and_status() {
    on_app(async |app| {
        let services = Services::of(app);
        for _ in 0..3 {
            services.call("GET", "/config").await;
        }
        services.call("HEAD", "/instances/admin/config").await;
        services.call("GET", "/instances/nobody/config").await;
        services.call("GET", "/private").await;
        services.call("GET", "/docs/").await;
        let text = services.metrics().await;
        for line in [
            "kontor_http_requests_total{operation=\"getConfig\",status=\"200\"} 4",
            "kontor_http_requests_total{operation=\"getConfig\",status=\"404\"} 1",
            "kontor_http_requests_total{operation=\"getOwnInstance\",status=\"401\"} 1",
            "kontor_http_requests_total{operation=\"none\",status=\"200\"} 1",
            "kontor_http_request_duration_seconds_count{operation=\"getConfig\"} 5",
            "kontor_http_request_duration_seconds_bucket{le=\"+Inf\",operation=\"getConfig\"} 5",
            "kontor_http_requests_in_flight 0",
        ] {
            assert!(
                text.lines().any(|found| found == line),
                "{line} is not in\n{text}"
            );
        }
    })
    .await;
}

#[tokio::test]
async fn the_database_and_the_hashing_queue_are_counted() {
    on_app(async |app| {
        let services = Services::of(app);
        services.call("GET", "/config").await;
        let text = services.metrics().await;
        for name in [
            "kontor_database_connections{state=\"in_use\"}",
            "kontor_database_connections{state=\"idle\"}",
            "kontor_database_write_queue_length",
            "kontor_password_hashes{state=\"waiting\"}",
            "kontor_password_hashes{state=\"running\"}",
            "kontor_build_info{version=",
        ] {
            let line = text.lines().find(|line| line.starts_with(name));
            let value = line
                .and_then(|line| line.rsplit_once(' '))
                .map(|(_, value)| value);
            let value: u64 = value.and_then(|value| value.parse().ok()).expect(name);
            assert!(value < 100, "{name} {value}");
        }
        for kind in [
            "http_requests counter",
            "http_request_duration_seconds histogram",
        ] {
            assert!(text.contains(&format!("# TYPE kontor_{kind}")), "{kind}");
        }
        assert!(text.ends_with("# EOF\n"));
    })
    .await;
}

#[tokio::test]
async fn labels_are_bounded_whatever_clients_send() {
    on_app(async |app| {
        let services = Services::of(app);
        for number in 0..50 {
            services
                .call("GET", &format!("/nothing/{number}?a={number}"))
                .await;
            services
                .call("GET", &format!("/instances/shop-{number}/config"))
                .await;
            services.call(&format!("METHOD{number}"), "/config").await;
            services
                .call("DELETE", &format!("/private/tokens/{number}"))
                .await;
        }
        let text = services.metrics().await;
        assert!(!text.contains("shop-") && !text.contains("METHOD") && !text.contains("nothing"));
        for line in text.lines().filter(|line| line.contains("operation=\"")) {
            let operation = line
                .split("operation=\"")
                .nth(1)
                .and_then(|rest| rest.split('"').next());
            let operation = operation.expect("a label");
            let known = OPERATIONS.iter().any(|known| known.id == operation) || operation == "none";
            assert!(known, "{line}");
        }
        let counted = text
            .lines()
            .filter(|line| line.starts_with("kontor_http_requests_total"));
        assert_eq!(counted.count(), 4);
    })
    .await;
}

#[tokio::test]
async fn other_paths_and_methods_are_refused() {
    on_app(async |app| {
        let services = Services::of(app);
        for path in [
            "/",
            "/config",
            "/readyz/",
            "/metrics/x",
            "//livez",
            "/docs/",
            "/private",
        ] {
            services.manage("GET", path).await.refuses(404, 21);
        }
        for path in ["/livez", "/readyz", "/metrics"] {
            for method in ["POST", "PUT", "PATCH", "DELETE"] {
                let answer = services.manage(method, path).await;
                answer.refuses(405, 20);
                assert_eq!(answer.header("allow"), Some("GET, HEAD"));
            }
        }
    })
    .await;
}

#[tokio::test]
async fn the_two_listeners_are_apart() {
    on_server(async |_, server| {
        let mut management = Connection::open(server.management).await;
        let mut merchant = server.connect().await;
        for path in ["/livez", "/readyz", "/metrics"] {
            merchant
                .exchange("GET", path, &[], b"")
                .await
                .refuses(404, 21);
            management
                .send(format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n"))
                .await;
            let answer = management.answer().await;
            answer.expect(200);
            if path == "/metrics" {
                let media_type = answer.header("content-type").unwrap_or_default();
                assert!(media_type.starts_with("application/openmetrics-text"));
                assert!(answer.text().contains("kontor_http_requests_total"));
            }
        }
        for path in ["/config", "/private", "/management/instances"] {
            management
                .send(format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n"))
                .await;
            management.answer().await.refuses(404, 21);
        }
        management
            .send("HEAD /readyz HTTP/1.1\r\nHost: x\r\n\r\n")
            .await;
        assert_eq!(
            management
                .answer_to("HEAD")
                .await
                .expect("an answer")
                .status,
            200
        );
    })
    .await;
}

#[tokio::test]
async fn nothing_on_the_listener_is_secret() {
    on_app(async |app| {
        let services = Services::of(app);
        let token = app.shop("shop").await;
        app.app.database.close().await;
        services.call("GET", "/instances/shop/private").await;
        for path in ["/livez", "/readyz", "/metrics"] {
            let text = services.manage("GET", path).await.text();
            let url = app.app.settings.database.url.expose();
            for secret in [token.as_str(), PASSWORD, url, "shop"] {
                assert!(!text.contains(secret), "{path} tells {secret}");
            }
        }
    })
    .await;
}
