//! The bound on guessing passwords.

use std::{sync::Arc, time::Duration};

use futures_util::future::join_all;
use kontor::{
    app::{App, Migration},
    clock::{Clock, UnixMicros},
    random::Random,
    server,
};
use poem::{Endpoint as _, Request, http::StatusCode};
use serde_json::json;

use crate::{
    database::support::NOW,
    support::{Answer, Call, PASSWORD, TestApp, on_app, on_app_with},
};

const MINUTE: Duration = Duration::from_secs(60);

fn login<'a>(app: &'a TestApp, instance: &str, password: &str) -> Call<'a> {
    let path = format!("/instances/{instance}/private/token");
    app.post(&path, &json!({ "scope": "readonly" }))
        .basic(instance, password)
}

async fn guess(app: &TestApp, times: usize) {
    for _ in 0..times {
        login(app, "admin", "wrong").send().await.refuses(401, 2015);
    }
}

#[track_caller]
fn retry_after(answer: &Answer) -> u64 {
    answer.refuses(429, 2131);
    let seconds = answer.header("retry-after").expect("Retry-After");
    seconds.parse().expect("seconds")
}

fn hashes(app: &TestApp) -> u64 {
    app.app.hasher.statistics().finished
}

#[tokio::test]
async fn create_token_is_429_after_ten_wrong_passwords() {
    on_app(async |app| {
        let token = app.admin_token("all").await;
        guess(app, 10).await;
        let before = hashes(app);
        for password in ["wrong", PASSWORD] {
            let answer = login(app, "admin", password).send().await;
            assert_eq!(retry_after(&answer), 900);
            let bearer = format!("Bearer secret-token:{password}");
            let old = app.post("/private/token", &json!({ "scope": "readonly" }));
            retry_after(&old.header("authorization", &bearer).send().await);
        }
        assert_eq!(hashes(app), before);
        app.get("/private").bearer(&token).send().await.expect(200);
    })
    .await;
}

#[tokio::test]
async fn create_token_by_a_token_passes_the_limit() {
    on_app(async |app| {
        let token = app.admin_token("all:refreshable").await;
        guess(app, 10).await;
        let refresh = app
            .post("/private/token", &json!({ "scope": "all" }))
            .bearer(&token);
        refresh.send().await.expect(200);
    })
    .await;
}

#[tokio::test]
async fn create_token_counts_failures_only() {
    on_app(async |app| {
        for _ in 0..25 {
            app.admin_token("readonly").await;
        }
        guess(app, 9).await;
        app.admin_token("readonly").await;
        app.admin_token("readonly").await;
        guess(app, 1).await;
        retry_after(&login(app, "admin", PASSWORD).send().await);
    })
    .await;
}

#[tokio::test]
async fn create_token_counts_every_form_of_a_login() {
    on_app(async |app| {
        for number in 0..10 {
            let call = app.post("/private/token", &json!({ "scope": "readonly" }));
            let call = match number % 3 {
                0 => call.basic("admin", "wrong"),
                1 => call.bearer("secret-token:wrong"),
                _ => call.header("authorization", "secret-token:wrong"),
            };
            call.send().await.refuses(401, 2015);
        }
        retry_after(&login(app, "admin", PASSWORD).send().await);
    })
    .await;
}

#[tokio::test]
async fn create_token_counts_each_network_apart() {
    on_app(async |app| {
        let from =
            |address: &str, password: &str| login(app, "admin", password).from(address).send();
        for _ in 0..10 {
            from("203.0.113.9", "wrong").await.refuses(401, 2015);
        }
        retry_after(&from("203.0.113.9", PASSWORD).await);
        retry_after(&from("::ffff:203.0.113.9", PASSWORD).await);
        from("203.0.113.8", PASSWORD).await.expect(200);
        login(app, "admin", PASSWORD).send().await.expect(200);
        for host in 0..10 {
            from(&format!("2001:db8:1:2::{host}"), "wrong")
                .await
                .refuses(401, 2015);
        }
        retry_after(&from("2001:db8:1:2:ffff::1", PASSWORD).await);
        from("2001:db8:1:3::1", PASSWORD).await.expect(200);
    })
    .await;
}

#[tokio::test]
async fn create_token_counts_each_instance_apart() {
    on_app(async |app| {
        app.shop("coffee").await;
        app.shop("tea").await;
        for _ in 0..10 {
            login(app, "coffee", "wrong")
                .send()
                .await
                .refuses(401, 2015);
        }
        retry_after(&login(app, "coffee", PASSWORD).send().await);
        login(app, "tea", PASSWORD).send().await.expect(200);
        login(app, "admin", PASSWORD).send().await.expect(200);
    })
    .await;
}

#[tokio::test]
async fn create_token_forgets_failures_one_by_one() {
    on_app(async |app| {
        guess(app, 4).await;
        app.clock.advance(10 * MINUTE);
        guess(app, 6).await;
        assert_eq!(
            retry_after(&login(app, "admin", PASSWORD).send().await),
            300
        );
        app.clock.advance(5 * MINUTE - Duration::from_micros(1));
        assert_eq!(retry_after(&login(app, "admin", PASSWORD).send().await), 1);
        app.clock.advance(Duration::from_micros(1));
        login(app, "admin", PASSWORD).send().await.expect(200);
        guess(app, 4).await;
        assert_eq!(
            retry_after(&login(app, "admin", PASSWORD).send().await),
            600
        );
        app.clock.advance(15 * MINUTE);
        guess(app, 10).await;
    })
    .await;
}

#[tokio::test]
async fn create_token_takes_the_limit_of_the_operator() {
    let set = |settings: &mut kontor::config::Settings| {
        settings.limits.login_failures = 2;
        settings.limits.login_window = MINUTE;
    };
    on_app_with(set, async |app| {
        app.create_admin().await;
        guess(app, 2).await;
        assert_eq!(retry_after(&login(app, "admin", PASSWORD).send().await), 60);
    })
    .await;
}

#[tokio::test]
async fn create_token_hashes_no_more_than_the_limit_however_many_guess_at_once() {
    on_app(async |app| {
        let before = hashes(app);
        let guesses = (0..50).map(|_| login(app, "admin", "wrong").send());
        let mut refused = 0;
        for answer in join_all(guesses).await {
            match answer.status {
                StatusCode::UNAUTHORIZED => {
                    answer.refuses(401, 2015);
                }
                StatusCode::SERVICE_UNAVAILABLE => {
                    answer.refuses(503, 77);
                    assert!(answer.header("retry-after").is_some());
                }
                _ => {
                    retry_after(&answer);
                    refused += 1;
                }
            }
        }
        assert!(hashes(app) - before <= 10);
        assert!(refused > 0);
    })
    .await;
}

#[tokio::test]
async fn create_token_by_what_looks_like_a_token_is_no_failed_login() {
    on_app(async |app| {
        let token = app.admin_token("all").await;
        app.delete("/private/token")
            .bearer(&token)
            .send()
            .await
            .expect(204);
        let before = hashes(app);
        for _ in 0..20 {
            for token in [token.clone(), format!("secret-token:{}", "0".repeat(52))] {
                let call = app.post("/private/token", &json!({ "scope": "all" }));
                call.bearer(&token).send().await.refuses(401, 2015);
                app.get("/private")
                    .bearer(&token)
                    .send()
                    .await
                    .refuses(401, 2015);
            }
        }
        assert_eq!(hashes(app), before);
        app.admin_token("all").await;
    })
    .await;
}

#[tokio::test]
async fn create_token_remembers_failures_across_a_restart() {
    on_app(async |app| {
        guess(app, 10).await;
        let (clock, _) = Clock::mock(UnixMicros::new(NOW));
        let settings = (*app.app.settings).clone();
        let again = App::open(settings, Migration::Refused, clock, Random::seeded(8)).await;
        let again = Arc::new(again.expect("an application"));
        let service = server::service(&again, server::metrics(&again)).expect("a service");
        let pair = data_encoding::BASE64.encode(format!("admin:{PASSWORD}").as_bytes());
        let request = |address: &str| {
            let request = Request::builder().method("POST".parse().expect("a method"));
            let request = request
                .uri_str("/private/token")
                .content_type("application/json");
            let request = request.header("authorization", format!("Basic {pair}"));
            request
                .header("x-forwarded-for", address)
                .body(r#"{"scope":"all"}"#)
        };
        let refused = service.call(request("127.0.0.1")).await.expect("an answer");
        assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
        let taken = service
            .call(request("203.0.113.9"))
            .await
            .expect("an answer");
        assert_eq!(taken.status(), StatusCode::OK);
        again.database.close().await;
    })
    .await;
}
