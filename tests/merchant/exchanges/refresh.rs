//! When payment providers are asked, by whom, and how often.

use std::time::Duration;

use futures_util::future::join_all;
use kontor::{
    clock::UnixMicros,
    config::Settings,
    db::Topic,
    exchange::{self, refresh::run},
};
use serde_json::json;

use super::{HOUR, after, refresh, row, status, with_exchange};
use crate::{
    database::support::NOW,
    support::{
        exchange::{Keys, OPEN_ACCOUNT, TestExchange},
        on_app_with, repetitions,
    },
};

#[tokio::test]
async fn keys_are_downloaded_when_they_are_due_and_not_before() {
    with_exchange(async |app, exchange| {
        refresh(app).await;
        for _ in 0..3 {
            refresh(app).await;
            status(app).await;
        }
        app.clock.advance(HOUR * 3 / 4 - Duration::from_secs(1));
        refresh(app).await;
        assert_eq!(exchange.hits("/keys"), 1);
        app.clock.advance(Duration::from_secs(1));
        refresh(app).await;
        assert_eq!(exchange.hits("/keys"), 2);
        assert_eq!(after(&status(app).await["keys_expiration"]), 105 * 60);
    })
    .await;
}

#[tokio::test]
async fn the_answer_says_how_long_it_is_fresh() {
    with_exchange(async |app, exchange| {
        let (date, later) = (
            "Tue, 14 Nov 2023 22:00:00 GMT",
            "Wed, 15 Nov 2023 00:00:00 GMT",
        );
        let cases: [(&[(&str, &str)], i64); 6] = [
            (&[("cache-control", "public, max-age=7200")], 7200),
            (&[("cache-control", "max-age=7200"), ("age", "3600")], 3600),
            (&[("date", date), ("expires", later)], 7200),
            (&[("cache-control", "no-cache"), ("expires", later)], 600),
            (&[("cache-control", "max-age=1")], 600),
            (&[("cache-control", "max-age=99999999")], 86_400),
        ];
        for (headers, life) in cases {
            exchange.headers(headers);
            app.clock.advance(24 * HOUR);
            refresh(app).await;
            let told = status(app).await;
            let now = app.app.now_us() / 1_000_000;
            assert_eq!(told["keys_expiration"]["t_s"], now + life, "{headers:?}");
            assert_eq!(
                told["next_download"]["t_s"],
                now + life * 3 / 4,
                "{headers:?}"
            );
        }
    })
    .await;
}

#[tokio::test]
async fn keys_end_with_the_last_signing_key() {
    with_exchange(async |app, exchange| {
        exchange.adjust(|keys| {
            for key in keys["signkeys"].as_array_mut().expect("a list") {
                key["stamp_expire"]["t_s"] = json!(NOW / 1_000_000 + 1200);
            }
        });
        refresh(app).await;
        let told = status(app).await;
        assert_eq!(after(&told["keys_expiration"]), 1200);
        assert_eq!(after(&told["next_download"]), 900);
    })
    .await;
}

#[tokio::test]
async fn failures_are_retried_later_and_later_and_good_keys_stay() {
    with_exchange(async |app, exchange| {
        refresh(app).await;
        exchange.keys(Keys::Status(503));
        let mut pauses = Vec::new();
        for failures in 1..=12 {
            let due_us = row(app, exchange).await.next_download_at_us;
            app.clock.set(UnixMicros::new(due_us));
            refresh(app).await;
            let row = row(app, exchange).await;
            assert_eq!(row.failures, failures);
            pauses.push((row.next_download_at_us - due_us) / 1_000_000);
            if failures == 1 {
                let told = status(app).await;
                assert_eq!(
                    (&told["keys_http_status"], &told["keys_ec"]),
                    (&json!(503), &json!(2014))
                );
                assert_eq!(after(&told["keys_expiration"]), 3600);
                assert!(told["debit_restrictions"][OPEN_ACCOUNT].is_null());
                assert!(exchange::usable_keys(&row, app.app.now_us()).is_some());
            }
        }
        assert_eq!(exchange.hits("/keys"), 13);
        let mut most = 15;
        for pause in pauses {
            assert!((most / 2..=most).contains(&pause), "{pause} of {most}");
            most = (most * 2).min(3600);
        }
        let row = row(app, exchange).await;
        assert!(
            exchange::usable_keys(&row, app.app.now_us()).is_none(),
            "they have ended"
        );
        exchange.keys(Keys::Good);
        app.clock.advance(HOUR);
        refresh(app).await;
        let told = status(app).await;
        assert_eq!(
            (&told["keys_http_status"], &told["keys_ec"]),
            (&json!(200), &json!(0))
        );
    })
    .await;
}

#[tokio::test]
async fn several_programs_at_once_download_once() {
    for _ in 0..repetitions() {
        with_exchange(async |app, exchange| {
            app.restarted(
                |_| {},
                async |other| {
                    let both = (0..8).map(|turn| refresh(if turn % 2 == 0 { app } else { other }));
                    join_all(both).await;
                    assert_eq!(exchange.hits("/keys"), 1);
                    assert_eq!(status(other).await["keys_ec"], 0);
                },
            )
            .await;
        })
        .await;
    }
}

#[tokio::test]
async fn whoever_dies_while_asking_keeps_nobody_from_it() {
    with_exchange(async |app, exchange| {
        exchange.keys(Keys::Never);
        tokio::select! {
            () = refresh(app) => panic!("it does not answer"),
            () = exchange.is_asked() => {}
        }
        exchange.keys(Keys::Good);
        refresh(app).await;
        assert_eq!(exchange.hits("/keys"), 1, "somebody may still be asking");
        app.clock.advance(Duration::from_secs(121));
        refresh(app).await;
        assert_eq!(status(app).await["keys_ec"], 0);
    })
    .await;
}

#[tokio::test]
async fn one_that_does_not_answer_keeps_no_other_waiting() {
    let (slow, fast) = (
        TestExchange::start().await,
        TestExchange::start_for("KUDOS", 8).await,
    );
    slow.keys(Keys::Never);
    let adjust = |settings: &mut Settings| {
        settings.merchant.exchanges = vec![slow.settings(), fast.settings()];
    };
    on_app_with(adjust, async |app| {
        let is_told = async {
            loop {
                let list = app.get("/exchanges").send().await.expect(200);
                if list["exchanges"][1]["keys_ec"] == 0 {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::select! {
            () = refresh(app) => panic!("one of them does not answer"),
            () = is_told => {}
        }
    })
    .await;
}

#[tokio::test]
async fn a_running_task_downloads() {
    with_exchange(async |app, _| {
        let changes = app.app.database.changes();
        let mut news = changes.watch(&[Topic::Exchanges]);
        let running = tokio::spawn(run(std::sync::Arc::clone(&app.app)));
        while status(app).await["keys_ec"] != 0 {
            news.changed().await;
        }
        running.abort();
        drop(running.await);
    })
    .await;
}
