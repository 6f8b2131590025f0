//! The database goes away and comes back: what clients are told meanwhile, how long that takes, and that nobody has to do anything.

use std::time::Duration;

use futures_util::future::join_all;
use kontor::clock::Clock;
use kontor_openapi::ErrorCode;
use sea_orm::ConnectionTrait as _;
use serde_json::{Value, json};

use super::{
    client::Ask,
    cluster::Stop,
    figures::{Times, say, turn},
    proxy::Proxy,
    service::{Service, Site, named, serve},
};
use crate::{
    cli::program::Place,
    support::{Answer, PASSWORD, instance},
};

/// Everybody waits so long for a connection…
const ACQUIRE: (&str, &str) = ("KONTOR_DATABASE__ACQUIRE_TIMEOUT", "1 s");
/// …and so long for an answer.
const REQUEST: (&str, &str) = ("KONTOR_LIMITS__REQUEST_TIMEOUT", "4 s");

/// What an answer may take beyond the time that is set: two cores are shared with the tests.
const SLACK: Duration = Duration::from_secs(3);

/// Within which everything works again.
const RECOVERY: Duration = Duration::from_secs(30);

/// Requests of each kind: with a token, with a password, reading, writing, and of the operator.
fn requests(token: &str, admin: &str) -> Vec<Ask> {
    vec![
        Ask::get("/instances/shop/private").bearer(token),
        Ask::get("/instances/shop/private/tokens").bearer(token),
        Ask::patch("/instances/shop/private", &named("other")).bearer(token),
        Ask::post(
            "/instances/shop/private/token",
            &json!({ "scope": "readonly" }),
        )
        .basic("shop", PASSWORD),
        Ask::delete("/instances/shop/private/token").bearer(token),
        Ask::get("/management/instances").bearer(admin),
        Ask::post("/management/instances", &instance("another")).bearer(admin),
    ]
}

/// The documented answer to trouble with the database: status, code and hint, and not a word more.
#[track_caller]
fn assert_documented(answer: &Answer, what: &str) {
    let body: Value = answer.json();
    let status = answer.status.as_u16();
    let number = answer
        .code()
        .unwrap_or_else(|| panic!("{what}: {status} {body}"));
    let code = ErrorCode::ALL.iter().find(|code| code.number() == number);
    let code = code.expect("a code of the registry");
    match status {
        500 => assert!((51..=56).contains(&number), "{what}: {body}"),
        503 => assert_eq!(number, 11, "{what}: {body}"),
        _ => panic!("{what}: {status} {body}"),
    }
    assert_eq!(body["hint"], code.hint(), "{what}");
    let members: Vec<&String> = body.as_object().expect("an object").keys().collect();
    if status == 500 {
        assert_eq!(members, ["code", "hint"], "{what}");
    }
}

/// Tries each request; how long the answers took.
async fn assert_cut_off(service: &Service, token: &str, admin: &str, limit: Duration) -> Times {
    let mut times = Times::default();
    for ask in requests(token, admin) {
        let what = format!("{} {}", ask.method, ask.path);
        let stopwatch = Clock::system().stopwatch();
        let answer = service.client().send(ask).await;
        assert_documented(&answer, &what);
        let time = stopwatch.elapsed();
        assert!(time < limit + SLACK, "{what} took {time:?}");
        times.note(time);
    }
    times
}

/// Waits until everything works; how long that took.
async fn recovery(service: &Service, token: &str) -> Duration {
    let stopwatch = Clock::system().stopwatch();
    while !is_well(service, token).await {
        let lasted = stopwatch.elapsed();
        assert!(lasted < RECOVERY, "not ready after {lasted:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    stopwatch.elapsed()
}

/// Whether it says that it is ready, and is: more at once than there are connections, so that none is in a bad state.
async fn is_well(service: &Service, token: &str) -> bool {
    let own = "/instances/shop/private";
    let asks = (0..32).map(|number| match number % 8 {
        0 => Ask::patch(own, &named("well again")).bearer(token),
        1 => Ask::post(format!("{own}/token"), &json!({ "scope": "readonly" }))
            .basic("shop", PASSWORD),
        _ => Ask::get(own).bearer(token),
    });
    let answers = asks.map(async |ask| service.client().send(ask).await.status.is_success());
    service.is_ready().await && join_all(answers).await.into_iter().all(|is_fine| is_fine)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopped_database_server_is_found_again() {
    let _turn = turn().await;
    let mut site = Site::new();
    if site.cluster.is_none() {
        return;
    }
    let service = site.serve(&[ACQUIRE, REQUEST]);
    let (admin, token) = (service.token("admin").await, service.shop("shop").await);
    let process = service.process.id();
    for how in [Stop::Fast, Stop::Immediate] {
        assert!(service.is_ready().await);
        site.cluster.as_mut().expect("PostgreSQL").stop(how);
        let times = assert_cut_off(&service, &token, &admin, Duration::from_secs(4)).await;
        assert_eq!(service.management("/livez").await.0, 200);
        let (status, body) = service.management("/readyz").await;
        assert_eq!(status, 503, "{body}");
        assert!(body.contains(r#""checks":{"database":"failed"}"#), "{body}");
        // What needs no database goes on.
        let mut client = service.client();
        client.send(Ask::get("/openapi.json")).await.expect(200);
        site.cluster.as_mut().expect("PostgreSQL").resume();
        let recovered = recovery(&service, &token).await;
        say(
            "PostgreSQL stopped and started",
            format!(
                "{how:?}: refusals {}; all well {recovered:.1?} after it was back",
                times.text()
            ),
        );
    }
    assert_eq!(service.process.id(), process);
    assert!(service.process.stop("-TERM").0.success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wire_that_goes_dead_is_given_up() {
    let _turn = turn().await;
    let site = Site::new();
    let Some(cluster) = &site.cluster else {
        return;
    };
    let proxy = Proxy::start(cluster.port()).await;
    let place = Place::on_database(&cluster.url_at(proxy.address.port()));
    let service = serve(&place, &[], &[ACQUIRE, REQUEST]);
    let (admin, token) = (service.token("admin").await, service.shop("shop").await);

    // Every connection is in use when it happens, and none of them ever answers again.
    let busy = |count: usize| {
        let (service, token) = (&service, &token);
        join_all((0..count).map(async move |number| {
            let mut client = service.client();
            let own = "/instances/shop/private";
            loop {
                let ask = match number % 2 {
                    0 => Ask::get(own).bearer(token),
                    _ => Ask::patch(own, &named("busy")).bearer(token),
                };
                let stopwatch = Clock::system().stopwatch();
                let answer = client.send(ask).await;
                if answer.status.is_server_error() {
                    assert_documented(&answer, "under way");
                    return stopwatch.elapsed();
                }
            }
        }))
    };
    let cut = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        proxy.hang();
    };
    let (under_way, ()) = tokio::join!(busy(24), cut);
    let longest = under_way.iter().max().expect("a time");
    assert!(*longest < Duration::from_secs(10) + SLACK, "{longest:?}");
    assert_eq!(service.management("/livez").await.0, 200);
    assert_eq!(service.management("/readyz").await.0, 503);
    let times = assert_cut_off(&service, &token, &admin, Duration::from_secs(5)).await;
    proxy.work_again();
    let recovered = recovery(&service, &token).await;
    say(
        "a dead wire to PostgreSQL",
        format!(
            "24 requests under way refused within {longest:.1?}, later ones {}; all well {recovered:.1?} after new \
             connections worked",
            times.text()
        ),
    );
    assert!(service.process.stop("-TERM").0.success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_another_process_locks_is_waited_for_and_then_refused() {
    let _turn = turn().await;
    let site = Site::new();
    if site.cluster.is_some() {
        return;
    }
    let service = site.serve(&[ACQUIRE, REQUEST]);
    let (admin, token) = (service.token("admin").await, service.shop("shop").await);
    let other = sea_orm::Database::connect(site.place.database_url()).await;
    let other = other.expect("a connection of another process");
    let lock = async |sql: &str| other.execute_unprepared(sql).await.expect("a lock");
    lock("BEGIN IMMEDIATE").await;
    let mut times = Times::default();
    // The first ones wait for the lock together, those that come meanwhile after them.
    let writes = requests(&token, &admin).into_iter();
    let writes: Vec<_> = writes.filter(|ask| ask.method != "GET").collect();
    let refused = join_all(writes.into_iter().map(async |ask| {
        let what = format!("{} {}", ask.method, ask.path);
        let stopwatch = Clock::system().stopwatch();
        let answer = service.client().send(ask).await;
        assert_documented(&answer, &what);
        stopwatch.elapsed()
    }));
    for time in refused.await {
        assert!(time < Duration::from_secs(5) + SLACK, "{time:?}");
        times.note(time);
    }
    // Reading goes on, and so the server says that it is ready.
    let mut client = service.client();
    let read = Ask::get("/instances/shop/private").bearer(&token);
    client.send(read).await.expect(200);
    assert_eq!(service.management("/livez").await.0, 200);
    assert!(service.is_ready().await);
    lock("ROLLBACK").await;
    let recovered = recovery(&service, &token).await;
    // A lock that ends in time is not noticed.
    lock("BEGIN IMMEDIATE").await;
    let write = Ask::patch("/instances/shop/private", &named("patient")).bearer(&token);
    let unlock = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        lock("ROLLBACK").await;
    };
    let (answer, ()) = tokio::join!(client.send(write), unlock);
    answer.expect(204);
    say(
        "SQLite file locked",
        format!(
            "refusals {}; all well {recovered:.1?} after the lock",
            times.text()
        ),
    );
    other.close().await.expect("an end");
    assert!(service.process.stop("-TERM").0.success());
}
