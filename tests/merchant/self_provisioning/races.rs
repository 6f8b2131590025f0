//! What happens at the same time.

use std::collections::HashMap;

use futures_util::future::join_all;
use kontor::config::Settings;
use serde_json::json;

use super::{auth, exists, factors, form, login_with, on_open_server, repetitions, reset, sign_up};
use crate::merchant::{
    instances::with,
    second_factor::{id, solve, with_ids},
};
use crate::support::{Answer, Call};

/// An address of its own for each request, so that no bound on one address is met.
fn address(number: usize) -> String {
    format!("192.0.2.{number}")
}

/// How often each status with its code was answered.
fn outcomes(answers: &[Answer]) -> HashMap<(u16, u16), usize> {
    let mut outcomes = HashMap::new();
    for answer in answers {
        let outcome = (answer.status.as_u16(), answer.code().unwrap_or_default());
        *outcomes.entry(outcome).or_default() += 1;
    }
    outcomes
}

/// Makes the same request so often at once.
async fn at_once<'a>(count: usize, call: impl Fn() -> Call<'a>) -> HashMap<(u16, u16), usize> {
    let calls = (0..count).map(|number| call().from(&address(number)).send());
    outcomes(&join_all(calls).await)
}

/// Nobody waits long enough for a hash to be turned away, and nobody has guessed too often.
fn patient(settings: &mut Settings) {
    settings.passwords.queue = 200;
    settings.limits.login_failures = 200;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_proven_sign_ups_for_one_id_make_one_instance_at_once() {
    on_open_server(patient, async |app, codes| {
        for number in 0..repetitions() {
            let name = format!("books{number}");
            let bodies = ["eve", "mallory"].map(|owner| {
                let changes =
                    json!({ "email": format!("{owner}@{name}.example"), "auth": auth(owner) });
                with(form(&name), &changes)
            });
            let mut calls = Vec::new();
            for (number, body) in bodies.iter().enumerate() {
                let post = app.post("/instances", body).from(&address(number));
                let solved = id(&post.send().await);
                solve(app, codes, &solved).await;
                calls
                    .push(with_ids(app.post("/instances", body), &[solved]).from(&address(number)));
            }
            let answers = join_all(calls.into_iter().map(Call::send)).await;
            let expected = HashMap::from([((204, 0), 1), ((409, 2600), 1)]);
            assert_eq!(outcomes(&answers), expected);
            let winner = answers
                .iter()
                .position(|answer| answer.status == 204)
                .unwrap();
            let email = bodies[winner]["email"].as_str().map(str::to_owned);
            assert_eq!(factors(app, &name).await, [email, None]);
            let owner = ["eve", "mallory"];
            login_with(app, &name, owner[winner])
                .send()
                .await
                .expect(202);
            login_with(app, &name, owner[1 - winner])
                .send()
                .await
                .refuses(401, 2015);
            app.clock.advance(std::time::Duration::from_secs(86_400));
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_sign_up_proven_twice_succeeds_twice_at_once() {
    on_open_server(patient, async |app, codes| {
        for number in 0..repetitions() {
            let body = form(&format!("books{number}"));
            let mut calls = Vec::new();
            for _ in 0..2 {
                let solved = id(&app.post("/instances", &body).send().await);
                solve(app, codes, &solved).await;
                calls.push(with_ids(app.post("/instances", &body), &[solved]));
            }
            let answers = join_all(calls.into_iter().map(Call::send)).await;
            assert_eq!(outcomes(&answers), HashMap::from([((204, 0), 2)]));
            app.clock.advance(std::time::Duration::from_secs(86_400));
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proven_sign_up_used_fifty_times_succeeds_once_at_once() {
    on_open_server(patient, async |app, codes| {
        for number in 0..repetitions() {
            let name = format!("books{number}");
            let body = form(&name);
            let path = "/instances?token_validity_ms=60000";
            let solved = id(&app.post(path, &body).send().await);
            solve(app, codes, &solved).await;
            let call = || with_ids(app.post(path, &body), &[&solved]);
            let outcomes = at_once(50, call).await;
            assert_eq!(outcomes, HashMap::from([((200, 0), 1), ((202, 0), 49)]));
            assert!(exists(app, &name).await);
            app.clock.advance(std::time::Duration::from_secs(86_400));
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proven_reset_used_fifty_times_succeeds_once_at_once() {
    on_open_server(patient, async |app, codes| {
        sign_up(app, codes, &form("books")).await.expect(204);
        for number in 0..repetitions() {
            let password = format!("password {number}");
            let solved = id(&reset(app, "books", &password).send().await);
            solve(app, codes, &solved).await;
            let call = || with_ids(reset(app, "books", &password), &[&solved]);
            let outcomes = at_once(50, call).await;
            assert_eq!(outcomes, HashMap::from([((204, 0), 1), ((202, 0), 49)]));
            login_with(app, "books", &password).send().await.expect(202);
            app.clock.advance(std::time::Duration::from_secs(86_400));
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_proven_resets_let_one_win_at_once() {
    on_open_server(patient, async |app, codes| {
        sign_up(app, codes, &form("books")).await.expect(204);
        for number in 0..repetitions() {
            let passwords = ["one", "two"].map(|name| format!("{name} {number}"));
            let mut calls = Vec::new();
            for password in &passwords {
                let solved = id(&reset(app, "books", password).send().await);
                solve(app, codes, &solved).await;
                calls.push(with_ids(reset(app, "books", password), &[solved]));
            }
            let answers = join_all(calls.into_iter().map(Call::send)).await;
            let expected = HashMap::from([((204, 0), 1), ((202, 0), 1)]);
            assert_eq!(outcomes(&answers), expected);
            let winner = answers
                .iter()
                .position(|answer| answer.status == 204)
                .unwrap();
            login_with(app, "books", &passwords[winner])
                .send()
                .await
                .expect(202);
            app.clock.advance(std::time::Duration::from_secs(86_400));
        }
    })
    .await;
}
