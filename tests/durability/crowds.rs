//! Many at once: writers, requests that wait, and logins.

use std::{sync::Arc, time::Duration};

use futures_util::future::join_all;
use kontor::clock::Clock;
use serde_json::json;
use tokio::sync::watch;

use super::{
    client::{Ask, Client},
    figures::{Times, say, turn},
    service::{Service, Site, limit_of, named},
};
use crate::support::PASSWORD;

const OWN: &str = "/instances/shop/private";

/// A payment provider that nobody reaches, so that the status of an account waits for its keys.
const PROVIDER: &str = r#"
[[merchant.exchanges]]
base_url = "http://127.0.0.1:9/"
master_key = "7N01FGZ88E4NN4NQ1AKMT6VYQJE9GB6F5V29D360SNAZ2AQMCR60"
currency = "KUDOS"
"#;
const PAYTO: &str = "payto://iban/CH5604835012345678009?receiver-name=Corner%20Coffee";

/// Lets one machine be many clients.
const ANYBODY: (&str, &str) = ("KONTOR_LIMITS__TRUSTED_PROXIES", r#"["127.0.0.0/8"]"#);

/// Writes one after another; how long each took.
async fn write(service: &Service, token: &str, count: usize) -> Times {
    let mut client = service.client();
    let mut times = Times::default();
    for number in 0..count {
        let rename = Ask::patch(OWN, &named(&format!("name {number}")));
        let stopwatch = Clock::system().stopwatch();
        client.send(rename.bearer(token)).await.expect(204);
        times.note(stopwatch.elapsed());
    }
    times
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixteen_writers_all_succeed() {
    let _turn = turn().await;
    let site = Site::new();
    let service = site.serve(&[]);
    let shared = service.shop("shop").await;
    let alone = write(&service, &shared, 200).await;
    let stopwatch = Clock::system().stopwatch();
    let writers = (0..16).map(|_| write(&service, &shared, 200));
    let mut together = Times::default();
    for times in join_all(writers).await {
        together.append(times);
    }
    let rate = together.count() as f64 / stopwatch.elapsed().as_secs_f64();
    say("one writer", alone.text());
    say(
        "16 writers of one row, no failure",
        format!("{}; {rate:.0} a second", together.text()),
    );
    assert!(service.process.stop("-TERM").0.success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_thousand_wait_and_the_server_does_not() {
    let _turn = turn().await;
    const POLLS: usize = 2000;
    const DROVE: usize = 50;
    // The server's files are its own matter; those of the test are these.
    limit_of(std::process::id(), "nofile", "8192");
    let site = Site::new();
    let settings = site.place.path("kontor.toml");
    std::fs::write(settings, PROVIDER).expect("settings");
    let service = site.serve(&[
        ANYBODY,
        ("KONTOR_LIMITS__CONNECTIONS", "5000"),
        ("KONTOR_LIMITS__LONG_POLL", "10 min"),
    ]);
    service.limit("nofile", "8192");
    let token = Arc::new(service.shop("shop").await);
    let account = Ask::post(format!("{OWN}/accounts"), &json!({ "payto_uri": PAYTO }));
    service
        .client()
        .send(account.bearer(&token))
        .await
        .expect(200);
    let quiet = config_times(&service, 300).await;

    let before = service.memory();
    let poll = |number: usize| {
        let (address, token) = (service.merchant, Arc::clone(&token));
        tokio::spawn(async move {
            let path = format!("{OWN}/kyc?lp_status=ready&timeout_ms=600000");
            let ask = Ask::get(path)
                .bearer(&token)
                .header("x-forwarded-for", &client_address(number));
            let mut client = Client::new(address);
            let answer = client.try_send_patiently(ask).await;
            answer.expect("an answer").expect(200);
        })
    };
    let stopwatch = Clock::system().stopwatch();
    let mut polls = Vec::new();
    while polls.len() < POLLS {
        // They come in droves; all at once they would wait for a connection to the database, not for a change.
        let first = polls.len();
        polls.extend((first..first + DROVE).map(poll));
        let all_wait = format!("kontor_long_polls_waiting {}\n", polls.len());
        while !service.management("/metrics").await.1.contains(&all_wait) {
            assert!(
                stopwatch.elapsed() < Duration::from_secs(120),
                "they do not all wait"
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    let arrival = stopwatch.elapsed();
    let each = (service.memory() - before) as f64 / POLLS as f64;
    let busy = config_times(&service, 300).await;
    write(&service, &token, 20).await;
    assert!(polls.iter().all(|poll| !poll.is_finished()));

    let stopwatch = Clock::system().stopwatch();
    service.process.signal("-TERM");
    for answered in join_all(polls).await {
        answered.expect("an answer");
    }
    let mut process = service.process;
    assert!(process.has_ended_within(Duration::from_secs(20)));
    say(
        "2,000 long polls",
        format!(
            "came in {arrival:.1?}, {each:.1} KiB each; /config p99 {:.1?} with them and {:.1?} without; \
             all answered and the process ended within {:.1?}",
            busy.within(0.99),
            quiet.within(0.99),
            stopwatch.elapsed()
        ),
    );
}

/// Whoever asks by way of a proxy.
fn client_address(number: usize) -> String {
    format!("10.1.{}.{}", number / 200, number % 200)
}

async fn config_times(service: &Service, count: usize) -> Times {
    let mut client = service.client();
    let mut times = Times::default();
    for _ in 0..count {
        times.note(config_time(&mut client).await);
    }
    times
}

async fn config_time(client: &mut Client) -> Duration {
    let stopwatch = Clock::system().stopwatch();
    client.send(Ask::get("/config")).await.expect(200);
    stopwatch.elapsed()
}

/// Passwords cost what they cost in earnest.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn logins_do_not_hold_up_a_public_request() {
    let _turn = turn().await;
    const LOGINS: usize = 200;
    const ROUNDS: usize = 3;
    /// Below this, what is measured is the machine.
    const FLOOR: Duration = Duration::from_millis(20);
    let site = Site::new();
    let service = site.serve(&[
        ANYBODY,
        ("KONTOR_PASSWORDS__MEMORY_KIB", "19456"),
        ("KONTOR_PASSWORDS__QUEUE", "1000"),
        ("KONTOR_LIMITS__CONNECTIONS", "2000"),
    ]);
    service.shop("shop").await;
    let mut rounds = Vec::new();
    for round in 0..ROUNDS {
        let idle = config_times(&service, 500).await.within(0.99);
        let (done, is_done) = watch::channel(false);
        let logins = async {
            let stopwatch = Clock::system().stopwatch();
            let logins = (0..LOGINS).map(async |number| {
                let body = json!({ "scope": "readonly" });
                let login = Ask::post(format!("{OWN}/token"), &body)
                    .basic("shop", PASSWORD)
                    .header("x-forwarded-for", &client_address(round * LOGINS + number));
                service.client().send(login).await.expect(200);
            });
            join_all(logins).await;
            done.send_replace(true);
            stopwatch.elapsed()
        };
        let public = async {
            let (mut client, mut times) = (service.client(), Times::default());
            while !*is_done.borrow() {
                times.note(config_time(&mut client).await);
            }
            times
        };
        let (lasted, times) = tokio::join!(logins, public);
        let busy = times.within(0.99);
        say(
            "200 logins at once",
            format!(
                "in {lasted:.1?}; /config p99 {busy:.1?} meanwhile ({} requests), {idle:.1?} idle",
                times.count()
            ),
        );
        rounds.push((idle, busy));
    }
    let is_no_slower = |(idle, busy): &(Duration, Duration)| *busy <= (*idle * 3).max(FLOOR);
    assert!(rounds.iter().any(is_no_slower), "{rounds:?}");
    assert!(service.process.stop("-TERM").0.success());
}
