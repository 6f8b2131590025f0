//! What a server does by itself, and its end: announced, awaited, and bounded in time.

use std::{net::SocketAddr, time::Duration};

use kontor::{
    clock::Clock,
    config::Settings,
    db::{Database, DatabaseError, Topic, code_counter, sweep},
    http::Deadline,
};
use sea_orm::{EntityTrait as _, PaginatorTrait as _};
use serde_json::json;
use tokio::net::TcpStream;

use super::support::{Connection, RunningServer, eventually, on_admin_with};
use crate::support::{PASSWORD, TestApp, exchange::TestExchange, instance};

/// How long the end is announced in tests.
const NOTICE: Duration = Duration::from_millis(600);
/// Much sooner than those end who have a minute for it.
const SOON: Duration = Duration::from_secs(30);

/// Runs a test on a server that is not stopped by itself.
async fn on_stoppable(grace: Duration, test: impl AsyncFnOnce(&TestApp, RunningServer)) {
    let adjust = |settings: &mut Settings| {
        settings.merchant.listen = SocketAddr::from(([127, 0, 0, 1], 0));
        settings.management.listen = SocketAddr::from(([127, 0, 0, 1], 0));
        settings.limits.shutdown_grace = grace;
    };
    on_admin_with(adjust, async |app| {
        let server = RunningServer::start(&app.app, NOTICE).await;
        test(app, server).await;
    })
    .await;
}

/// A login whose last byte is missing.
async fn begin_login(server: &RunningServer) -> Connection {
    let credential = data_encoding::BASE64.encode(format!("admin:{PASSWORD}").as_bytes());
    let mut connection = server.connect().await;
    let head = format!(
        "POST /private/token HTTP/1.1\r\nHost: kontor.test\r\nAuthorization: Basic {credential}\r\n\
         Content-Length: 20\r\n\r\n"
    );
    connection.send(head).await;
    connection.send(r#"{"scope":"readonly""#).await;
    connection
}

async fn readiness(management: &mut Connection) -> u16 {
    management
        .send("GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n")
        .await;
    management.answer().await.status.as_u16()
}

#[tokio::test]
async fn the_end_is_announced_and_what_runs_is_finished() {
    on_stoppable(Duration::from_secs(10), async |app, mut server| {
        let mut management = Connection::open(server.management).await;
        let mut idle = server.connect().await;
        idle.exchange("GET", "/config", &[], b"").await.expect(200);
        let mut upload = begin_login(&server).await;
        assert_eq!(readiness(&mut management).await, 200);

        server.tell_to_stop();
        eventually("the announcement", async || {
            readiness(&mut management).await == 503
        })
        .await;
        // Announced, but still serving: whoever did not notice yet is served.
        let late = server
            .connect()
            .await
            .exchange("GET", "/config", &[], b"")
            .await;
        late.expect(200);

        // Then idle connections end, nothing new is accepted, and what runs goes on.
        assert!(idle.is_closed().await);
        let refused = async || TcpStream::connect(server.merchant).await.is_err();
        eventually("a closed port", refused).await;
        assert!(!server.has_ended());
        assert_eq!(readiness(&mut management).await, 503);
        upload.send("}").await;
        let answer = upload.answer().await;
        answer.expect(200);
        assert!(upload.is_closed().await);

        server.stop().await.expect("a clean end");
        assert!(
            app.app.database.schema_status().await.is_err(),
            "the database is closed"
        );
        assert!(management.is_closed().await);
    })
    .await;
}

#[tokio::test]
async fn what_hangs_is_cut_after_the_grace_time() {
    on_stoppable(Duration::from_millis(300), async |_, mut server| {
        let mut hanging = begin_login(&server).await;
        let mut silent = server.connect().await;
        silent.send("GET /con").await;
        let begin = Clock::system().stopwatch();
        server.stop().await.expect("a clean end");
        let lasted = begin.elapsed();
        let least = NOTICE + Duration::from_millis(250);
        assert!(lasted >= least && lasted < SOON, "{lasted:?}");
        assert!(hanging.is_closed().await && silent.is_closed().await);
    })
    .await;
}

#[tokio::test]
async fn a_quiet_server_ends_at_once() {
    on_stoppable(Duration::from_secs(60), async |_, mut server| {
        let mut idle = server.connect().await;
        idle.exchange("GET", "/config", &[], b"").await.expect(200);
        let mut unused = server.connect().await;
        let begin = Clock::system().stopwatch();
        server.stop().await.expect("a clean end");
        assert!(begin.elapsed() < SOON, "{:?}", begin.elapsed());
        assert!(idle.is_closed().await && unused.is_closed().await);
    })
    .await;
}

#[tokio::test]
async fn who_waits_for_a_change_is_answered_at_the_end_of_the_notice() {
    on_stoppable(Duration::from_secs(60), async |app, mut server| {
        let deadline = Deadline::default();
        let poll = app.app.long_poll(&deadline, Some(60_000));
        let read = || async { Ok::<_, DatabaseError>("as it was") };
        let topics = [Topic::Exchanges];
        let waiting = poll.until(&topics, read, |_| false);
        let begin = Clock::system().stopwatch();
        let (answer, stopped) = tokio::join!(waiting, server.stop());
        stopped.expect("a clean end");
        assert_eq!(answer.expect("an answer"), "as it was");
        let lasted = begin.elapsed();
        assert!(lasted >= NOTICE && lasted < SOON, "{lasted:?}");
    })
    .await;
}

#[tokio::test]
async fn what_was_acknowledged_is_stored() {
    on_stoppable(Duration::from_secs(10), async |app, mut server| {
        let token = app.admin_token("all").await;
        let bearer = format!("Bearer {token}");
        let write = |number: usize| {
            let (address, bearer) = (server.merchant, bearer.clone());
            async move {
                let mut stored = Vec::new();
                for round in 0.. {
                    let id = format!("shop-{number}-{round}");
                    if !create(address, &bearer, &id).await {
                        break;
                    }
                    stored.push(id);
                }
                stored
            }
        };
        let writers: Vec<_> = (0..4).map(|number| tokio::spawn(write(number))).collect();
        eventually("some writes", async || {
            let count = entity::instance::Entity::find().count(app.app.database.read());
            count.await.expect("a count") > 4
        })
        .await;
        server.stop().await.expect("a clean end");
        let mut stored = Vec::new();
        for writer in writers {
            stored.extend(writer.await.expect("no panic"));
        }
        assert!(stored.len() >= 4, "{}", stored.len());

        let settings = kontor::app::database_settings(&app.app.settings);
        let database = Database::connect(&settings).await.expect("a connection");
        for id in stored {
            let found = kontor::db::instance::find(database.read(), &id)
                .await
                .expect("a query");
            assert!(found.is_some(), "{id} was acknowledged and is not there");
        }
        database.close().await;
    })
    .await;
}

/// Whether the creation of an instance was acknowledged.
async fn create(address: SocketAddr, bearer: &str, id: &str) -> bool {
    let Some(mut connection) = Connection::try_open(address).await else {
        return false;
    };
    let mut settings = instance(id);
    settings["auth"] = json!({ "method": "token", "password": PASSWORD });
    let body = settings.to_string();
    let head = format!(
        "POST /management/instances HTTP/1.1\r\nHost: kontor.test\r\nAuthorization: {bearer}\r\n\
         Connection: close\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    connection.send(head).await;
    connection.send(body).await;
    connection
        .answer_to("POST")
        .await
        .is_some_and(|answer| answer.status == 204)
}

#[tokio::test]
async fn a_server_sweeps_away_what_has_ended() {
    let anywhere = |settings: &mut Settings| {
        settings.merchant.listen = SocketAddr::from(([127, 0, 0, 1], 0));
        settings.management.listen = SocketAddr::from(([127, 0, 0, 1], 0));
    };
    on_admin_with(anywhere, async |app| {
        let noted = app.app.database.write(|transaction| {
            Box::pin(async move {
                code_counter::lock(transaction, "of long ago", 1).await?;
                Ok::<_, DatabaseError>(())
            })
        });
        noted.await.expect("a counter");
        let counters = async || {
            let counters = entity::code_counter::Entity::find();
            let counters = counters.all(app.app.database.read()).await;
            counters.expect("counters").len()
        };
        assert_eq!(counters().await, 1);
        let mut server = RunningServer::start(&app.app, NOTICE).await;
        eventually("the first sweep", async || counters().await == 0).await;
        let clock = sweep::last_us(app.app.database.read()).await;
        assert_eq!(clock.expect("a note"), Some(app.app.clock.now().get()));
        server.stop().await.expect("an end");
    })
    .await;
}

#[tokio::test]
async fn a_server_whose_clock_is_a_year_ahead_removes_nothing_at_first() {
    let anywhere = |settings: &mut Settings| {
        settings.merchant.listen = SocketAddr::from(([127, 0, 0, 1], 0));
        settings.management.listen = SocketAddr::from(([127, 0, 0, 1], 0));
    };
    on_admin_with(anywhere, async |app| {
        app.admin_token("all").await;
        let now_us = app.app.clock.now().get();
        let noted: Result<_, DatabaseError> = app
            .app
            .database
            .write(move |transaction| Box::pin(sweep::note(transaction, now_us)))
            .await;
        noted.expect("a write");

        app.clock.advance(Duration::from_secs(366 * 86_400));
        // What is stored by a wrong clock does not make it right.
        let login = app.post("/private/token", &json!({ "scope": "all" }));
        let guess = login.basic("admin", "a guess").send().await;
        guess.refuses(401, 2015);
        let mut server = RunningServer::start(&app.app, NOTICE).await;
        tokio::time::sleep(Duration::from_millis(500)).await;
        let reader = app.app.database.read();
        let tokens = entity::access_token::Entity::find().all(reader).await;
        assert_eq!(tokens.expect("tokens").len(), 1);
        let events = entity::audit_event::Entity::find().all(reader).await;
        let events = events.expect("events");
        assert!(events.iter().any(|event| event.at_us <= now_us));
        server.stop().await.expect("an end");
    })
    .await;
}

#[tokio::test]
async fn a_server_downloads_the_keys_of_payment_providers() {
    let exchange = TestExchange::start().await;
    let trust = exchange.trust();
    let anywhere = |settings: &mut Settings| {
        settings.merchant.listen = SocketAddr::from(([127, 0, 0, 1], 0));
        settings.management.listen = SocketAddr::from(([127, 0, 0, 1], 0));
        trust(settings);
    };
    on_admin_with(anywhere, async |app| {
        let mut server = RunningServer::start(&app.app, NOTICE).await;
        eventually("the keys", async || {
            let list = app.get("/exchanges").send().await.expect(200);
            list["exchanges"][0]["keys_ec"] == 0
        })
        .await;
        server.stop().await.expect("an end");
    })
    .await;
}
