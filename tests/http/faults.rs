//! What is the server's fault: answered without inner text, explained in the log, and over when its cause is.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures_util::{future::join_all, stream};
use kontor::{
    config::{DatabaseUrl, Settings},
    http::{self, Layers, NoteReached, Routes, TrustedProxies},
    management::Readiness,
    metrics::{Metrics, Sources},
    random::Random,
    server,
};
use kontor_openapi::{
    ErrorCode,
    dispatch::{Directory, Dispatch},
    merchant::OPERATIONS,
};
use poem::{
    Body, Endpoint as _, EndpointExt as _, Request, Response,
    endpoint::{BoxEndpoint, make},
    http::{HeaderValue, Method, Uri},
};
use sea_orm::{ConnectionTrait as _, DatabaseConnection};
use serde_json::{Value, json};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

use super::support::{Events, eventually, on_admin_with, read};
use crate::{
    database::support::postgres_url,
    support::{Answer, PASSWORD, TestApp, conformance, on_app},
};

/// No path takes other methods than the tests use.
struct NoRoutes;

impl Routes for NoRoutes {
    fn allow(&self, _path: &str) -> Option<HeaderValue> {
        None
    }

    fn secret_path(&self, _operation_id: &str) -> Option<&'static str> {
        None
    }
}

/// The layers of the server around operations that misbehave.
fn misbehaving<F, O>(app: &TestApp, operation: F) -> BoxEndpoint<'static, Response>
where
    F: Fn(Request) -> O + Send + Sync + 'static,
    O: Future<Output = poem::Result<Response>> + Send + 'static,
{
    let directory = Arc::new(Directory::new(OPERATIONS));
    let operations = make(operation).with(NoteReached);
    let dispatch = Dispatch::new(operations, directory, "http://kontor.test/");
    let layers = Layers::new(http::Settings {
        trusted_proxies: TrustedProxies::new(["127.0.0.0/8".parse().expect("a network")]),
        public_url: "http://kontor.test/".to_owned(),
        request_timeout: Duration::from_millis(50),
        clock: app.app.clock.clone(),
        random: Random::seeded(3),
        metrics: Arc::new(Metrics::new(Sources::none())),
        routes: Arc::new(NoRoutes),
        unauthorized: ErrorCode::MerchantGenericUnauthorized,
        failures: None,
    });
    layers.expect("a public URL").around(dispatch)
}

async fn get(service: &BoxEndpoint<'static, Response>, target: &'static str) -> Answer {
    let request = Request::builder()
        .uri(Uri::from_static(target))
        .header("x-request-id", "r-1");
    let answer = read(service.call(request.finish()).await.expect("an answer")).await;
    conformance::check(&conformance::MERCHANT, "GET", target, &answer);
    answer
}

/// What a server fault tells its caller.
fn assert_silent(answer: &Answer, code: u16) {
    let body = answer.refuses(500, code);
    let members: Vec<&String> = body.as_object().expect("a body").keys().collect();
    assert_eq!(members, ["code", "hint"]);
}

/// The events that explain faults, with the ids of their requests.
fn explained(events: &Events) -> Vec<(Value, String)> {
    let events = events.of("kontor::error").into_iter();
    let cause = |event: &Value| {
        let fields = &event["fields"];
        let cause = fields["error.cause"]
            .as_str()
            .or(fields["panic.message"].as_str());
        cause.expect("a cause").to_owned()
    };
    events
        .map(|event| (event["span"]["request.id"].clone(), cause(&event)))
        .collect()
}

#[tokio::test]
async fn a_panic_is_an_answer_and_the_server_lives_on() {
    on_app(async |app| {
        let service = misbehaving(app, |request| async move {
            assert!(request.uri().path() != "/terms", "s3cret of the panic");
            Ok(Response::builder().content_type("text/plain").body("fine"))
        });
        let events = Events::collect();
        for _ in 0..3 {
            assert_silent(&get(&service, "/terms").await, 60);
        }
        let request = Request::builder()
            .uri(Uri::from_static("/privacy"))
            .finish();
        assert_eq!(
            service.call(request).await.expect("an answer").status(),
            200
        );
        let explained = explained(&events);
        assert_eq!(explained.len(), 3);
        assert_eq!(
            explained[0],
            (json!("r-1"), "s3cret of the panic".to_owned())
        );
        let lines = events.of("kontor::access");
        assert_eq!(lines.len(), 4);
        assert_eq!(lines[0]["fields"]["operation.id"], "getTerms");
        assert_eq!(lines[0]["level"], "ERROR");
    })
    .await;
}

#[tokio::test]
async fn a_failure_without_a_code_is_silent_too() {
    on_app(async |app| {
        let service = misbehaving(app, |_| async {
            let cause = std::io::Error::other("s3cret of the disk");
            Err(poem::error::InternalServerError(cause))
        });
        let events = Events::collect();
        assert_silent(&get(&service, "/config").await, 60);
        assert_eq!(
            explained(&events),
            [(json!("r-1"), "s3cret of the disk".to_owned())]
        );
    })
    .await;
}

/// Notes that it was dropped.
struct Dropped(Arc<AtomicBool>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

#[tokio::test]
async fn a_request_that_takes_too_long_is_dropped_with_503() {
    on_app(async |app| {
        let dropped = Arc::new(AtomicBool::new(false));
        let mark = Arc::clone(&dropped);
        let service = misbehaving(app, move |_| {
            let guard = Dropped(Arc::clone(&mark));
            async move {
                std::future::pending::<()>().await;
                drop(guard);
                Ok(Response::default())
            }
        });
        let answer = get(&service, "/config").await;
        answer.refuses(503, 11);
        assert_eq!(answer.header("retry-after"), Some("1"));
        assert!(dropped.load(Ordering::SeqCst));
    })
    .await;
}

#[tokio::test]
async fn an_upload_that_hangs_is_given_up() {
    let hasty = |settings: &mut Settings| {
        settings.limits.request_timeout = Duration::from_millis(50);
    };
    on_admin_with(hasty, async |app| {
        let start = stream::iter([Ok::<_, std::io::Error>(bytes::Bytes::from_static(b"{"))]);
        let body = futures_util::StreamExt::chain(start, stream::pending());
        let request = Request::builder().method(Method::POST);
        let request = request.uri(Uri::from_static("/private/token"));
        let response = app.send(request.body(Body::from_bytes_stream(body))).await;
        let answer = read(response).await;
        conformance::check(&conformance::MERCHANT, "POST", "/private/token", &answer);
        answer.refuses(503, 11);
        assert_eq!(answer.header("retry-after"), Some("1"));
    })
    .await;
}

/// Requests that need the database, and the code of its trouble.
async fn fail_by_database(app: &TestApp, token: &str, codes: &[u16]) {
    let events = Events::collect();
    let log_in = app
        .call("POST", "/instances/shop/private/token")
        .basic("shop", PASSWORD);
    let calls = [
        app.get("/instances/shop/config"),
        app.get("/instances/shop/private").bearer(token),
        app.get("/instances/shop/private/tokens").bearer(token),
        log_in.json(&json!({ "scope": "readonly" })),
    ];
    for (number, call) in calls.into_iter().enumerate() {
        let id = format!("r-{number}");
        let answer = call.header("x-request-id", &id).send().await;
        let code = answer.code().expect("a code");
        assert!(codes.contains(&code), "{code}");
        assert_silent(&answer, code);
        let explained = explained(&events);
        let mine: Vec<_> = explained
            .iter()
            .filter(|(request, _)| *request == id)
            .collect();
        assert_eq!(mine.len(), 1, "{explained:?}");
        assert!(mine[0].1.len() > 10, "{explained:?}");
    }
    // What needs no database goes on.
    app.get("/config").send().await.expect(200);
    app.get("/openapi.json").send().await.expect(200);
}

async fn is_ready(app: &TestApp) -> bool {
    let readiness = Readiness::default();
    readiness.serving();
    let management = server::management(&app.app, server::metrics(&app.app), readiness);
    let request = Request::builder().uri(Uri::from_static("/readyz")).finish();
    management.call(request).await.expect("an answer").status() == 200
}

async fn assert_works(app: &TestApp, token: &str) {
    assert!(is_ready(app).await);
    app.get("/instances/shop/private")
        .bearer(token)
        .send()
        .await
        .expect(200);
    app.token("shop", "readonly").await;
}

#[tokio::test]
async fn a_closed_database_is_a_documented_500() {
    on_app(async |app| {
        let token = app.shop("shop").await;
        assert_works(app, &token).await;
        app.app.database.close().await;
        fail_by_database(app, &token, &[51, 53]).await;
        assert!(!is_ready(app).await);
    })
    .await;
}

/// A connection beside those of the application.
async fn other_connection(app: &TestApp) -> DatabaseConnection {
    let url = app.app.settings.database.url.expose();
    sea_orm::Database::connect(url).await.expect("a connection")
}

#[tokio::test]
async fn a_missing_table_is_a_documented_500_until_it_is_back() {
    on_app(async |app| {
        let token = app.shop("shop").await;
        let other = other_connection(app).await;
        let rename = async |from: &str, to: &str| {
            let sql = format!("ALTER TABLE {from} RENAME TO {to}");
            other.execute_unprepared(&sql).await.expect("a new name");
        };
        rename("instance", "instance_away").await;
        fail_by_database(app, &token, &[53]).await;
        rename("instance_away", "instance").await;
        assert_works(app, &token).await;
        // Reading works, writing does not.
        rename("login_attempt", "login_attempt_away").await;
        let call = app.call("POST", "/private/token").basic("admin", "wrong");
        let answer = call.json(&json!({ "scope": "readonly" })).send().await;
        let code = answer.code().expect("a code");
        assert!([52, 53].contains(&code), "{code}");
        assert_silent(&answer, code);
        rename("login_attempt_away", "login_attempt").await;
        assert_works(app, &token).await;
        other.close().await.expect("an end");
    })
    .await;
}

#[tokio::test]
async fn a_locked_file_is_a_documented_500_until_it_is_free() {
    if postgres_url().is_some() {
        return;
    }
    let hasty = |settings: &mut Settings| {
        settings.database.acquire_timeout = Duration::from_millis(500);
    };
    on_admin_with(hasty, async |app| {
        let token = app.shop("shop").await;
        let other = other_connection(app).await;
        other
            .execute_unprepared("BEGIN IMMEDIATE")
            .await
            .expect("a lock");
        let path = "/instances/shop/private";
        let call = app.delete("/instances/shop/private/token").bearer(&token);
        assert_silent(&call.send().await, 51);
        app.get(path).bearer(&token).send().await.expect(200);
        assert!(is_ready(app).await);
        other
            .execute_unprepared("ROLLBACK")
            .await
            .expect("the end of the lock");
        assert_works(app, &token).await;
        other.close().await.expect("an end");
    })
    .await;
}

/// A wire to the database server that can be cut.
struct Wire {
    address: SocketAddr,
}

impl Wire {
    fn to(server: String, cut: Arc<AtomicBool>) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        listener
            .set_nonblocking(true)
            .expect("an option of the socket");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(async move {
            let listener = TcpListener::from_std(listener).expect("a listener");
            let mut connections = JoinSet::new();
            loop {
                let accepted = tokio::time::timeout(Duration::from_millis(5), listener.accept());
                let accepted = accepted.await;
                if cut.load(Ordering::SeqCst) {
                    connections.abort_all();
                } else if let Ok(Ok((mut near, _))) = accepted {
                    let server = server.clone();
                    connections.spawn(async move {
                        if let Ok(mut far) = TcpStream::connect(server).await {
                            drop(copy_bidirectional(&mut near, &mut far).await);
                        }
                    });
                }
            }
        });
        Self { address }
    }
}

#[tokio::test]
async fn a_database_server_that_is_cut_off_is_found_again() {
    if postgres_url().is_none() {
        return;
    }
    let is_cut = Arc::new(AtomicBool::new(false));
    let through_wire = |settings: &mut Settings| {
        settings.database.acquire_timeout = Duration::from_millis(500);
        let mut url = url::Url::parse(settings.database.url.expose()).expect("a URL");
        let port = url.port().unwrap_or(5432);
        let server = format!("{}:{port}", url.host_str().expect("a host"));
        let wire = Wire::to(server, Arc::clone(&is_cut));
        url.set_port(Some(wire.address.port())).expect("a port");
        url.set_host(Some("127.0.0.1")).expect("a host");
        settings.database.url = DatabaseUrl::parse(url.as_str()).expect("a URL");
    };
    on_admin_with(through_wire, async |app| {
        let token = app.shop("shop").await;
        assert_works(app, &token).await;
        is_cut.store(true, Ordering::SeqCst);
        eventually("the cut", async || !is_ready(app).await).await;
        fail_by_database(app, &token, &[51, 53]).await;
        let call = app.delete("/instances/shop/private/token").bearer(&token);
        let answer = call.send().await;
        let code = answer.code().expect("a code");
        assert_silent(&answer, code);
        assert!(!is_ready(app).await);
        is_cut.store(false, Ordering::SeqCst);
        eventually("the way back", async || is_ready(app).await).await;
        assert_works(app, &token).await;
    })
    .await;
}

#[tokio::test]
async fn ended_sessions_of_the_database_cost_one_try_at_most() {
    if postgres_url().is_none() {
        return;
    }
    on_app(async |app| {
        let token = app.shop("shop").await;
        let other = other_connection(app).await;
        let schema = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                      WHERE pid <> pg_backend_pid() AND query LIKE '%' || current_schema() || '%'";
        other
            .execute_unprepared(schema)
            .await
            .expect("an end of sessions");
        eventually("the way back", async || {
            let answer = app
                .get("/instances/shop/private")
                .bearer(&token)
                .send()
                .await;
            answer.status == 200
        })
        .await;
        assert_works(app, &token).await;
        other.close().await.expect("an end");
    })
    .await;
}

#[tokio::test]
async fn a_full_hashing_queue_sends_clients_away() {
    let narrow = |settings: &mut Settings| {
        settings.passwords.workers = std::num::NonZeroU32::new(1);
        settings.passwords.queue = 1;
        settings.passwords.memory_kib = 64 * 1024;
        settings.passwords.iterations = 4;
    };
    on_admin_with(narrow, async |app| {
        let body = json!({ "scope": "readonly" });
        let log_in = || {
            app.post("/private/token", &body)
                .basic("admin", PASSWORD)
                .send()
        };
        let answers = join_all((0..8).map(|_| log_in())).await;
        let (done, refused): (Vec<_>, Vec<_>) =
            answers.into_iter().partition(|answer| answer.status == 200);
        assert!(done.len() >= 2, "{}", done.len());
        assert!(!refused.is_empty());
        for answer in refused {
            answer.refuses(503, 77);
            let seconds = answer
                .header("retry-after")
                .and_then(|text| text.parse::<u64>().ok());
            assert!(seconds.is_some_and(|seconds| (1..60).contains(&seconds)));
        }
        log_in().await.expect(200);
    })
    .await;
}
