//! Waiting for the status to change.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::timeout;

use super::{ACCOUNTS, KYC, Shop, known, with_shop, with_shop_of_many};
use crate::{http::support::eventually, support::Answer};

/// Longer than any test takes, so that whoever waits so long was not woken.
const LONG: u64 = 60_000;
/// Within which somebody who was woken answers.
const SOON: Duration = Duration::from_secs(50);

async fn poll(shop: &Shop<'_>, query: &str) -> Answer {
    let path = format!("{KYC}?{query}");
    shop.app.get(&path).bearer(&shop.token).send().await
}

/// Polls, and only then has the payment provider say something.
async fn poll_while_it_says(shop: &Shop<'_>, query: &str, status: u16, body: Value) -> Answer {
    shop.says(status, body);
    shop.app.clock.advance(Duration::from_secs(3600));
    kontor::exchange::refresh::refresh_due(&shop.app.app)
        .await
        .expect("keys");
    let change = async {
        while shop.app.app.database.changes().waiting() == 0 {
            tokio::task::yield_now().await;
        }
        shop.check().await;
    };
    let query = format!("{query}&timeout_ms={LONG}");
    let both = async { tokio::join!(poll(shop, &query), change).0 };
    timeout(SOON, both).await.expect("it was woken")
}

#[tokio::test]
async fn it_waits_for_a_status() {
    with_shop(async |shop| {
        let answer = poll_while_it_says(shop, "lp_status=kyc-required", 202, known(false)).await;
        assert_eq!(answer.expect(200)["kyc_data"][0]["status"], "kyc-required");
        let answer =
            poll_while_it_says(shop, "lp_not_status=kyc-required", 200, known(false)).await;
        assert_eq!(answer.expect(200)["kyc_data"][0]["status"], "ready");
        // It is so already.
        let now = format!("lp_status=ready&timeout_ms={LONG}");
        timeout(SOON, poll(shop, &now))
            .await
            .expect("no wait")
            .expect(200);
    })
    .await;
}

#[tokio::test]
async fn it_waits_for_another_answer() {
    with_shop(async |shop| {
        for (quotes, aml_review) in [("%22", true), ("", false)] {
            let known_tag = poll(shop, "").await;
            let known_tag = known_tag.header("etag").expect("a tag");
            let query = format!("lp_not_etag={}", known_tag.replace('"', quotes));
            let answer = poll_while_it_says(shop, &query, 202, known(aml_review)).await;
            assert_ne!(answer.header("etag"), Some(known_tag));
            answer.expect(200);
        }
        let other = format!("lp_not_etag=x&timeout_ms={LONG}");
        timeout(SOON, poll(shop, &other))
            .await
            .expect("no wait")
            .expect(200);
    })
    .await;
}

#[tokio::test]
async fn it_waits_in_the_older_form() {
    with_shop(async |shop| {
        shop.says(404, json!({ "code": 1 }));
        shop.check().await;
        let answer = poll_while_it_says(shop, "lpt=1", 202, known(true)).await;
        assert_eq!(
            answer.expect(200)["kyc_data"][0]["status"],
            "awaiting-aml-review"
        );
        let answer = poll_while_it_says(shop, "lpt=2", 202, known(false)).await;
        assert_eq!(answer.expect(200)["kyc_data"][0]["status"], "kyc-required");
        let answer = poll_while_it_says(shop, "lpt=3", 200, known(false)).await;
        assert_eq!(answer.expect(200)["kyc_data"][0]["status"], "ready");
    })
    .await;
}

#[tokio::test]
async fn all_that_is_awaited_must_have_come() {
    with_shop(async |shop| {
        shop.says(202, known(false));
        shop.check().await;
        let both = "lp_status=ready&lp_not_status=kyc-required";
        let answer = poll_while_it_says(shop, both, 200, known(false)).await;
        assert_eq!(answer.expect(200)["kyc_data"][0]["status"], "ready");
    })
    .await;
}

#[tokio::test]
async fn it_ends_when_the_time_is_over() {
    with_shop(async |shop| {
        let query = "lp_status=ready&timeout_ms=300";
        let early = timeout(Duration::from_millis(250), poll(shop, query)).await;
        assert!(early.is_err(), "{early:?}");
        let answer = timeout(SOON, poll(shop, query)).await.expect("an end");
        assert_eq!(
            answer.expect(200)["kyc_data"][0]["status"],
            "exchange-unreachable"
        );
        // Without anything to wait for, without a time, or with 0, nobody waits.
        for query in [
            format!("timeout_ms={LONG}"),
            "lp_status=ready".to_owned(),
            "lp_status=ready&timeout_ms=0".to_owned(),
        ] {
            timeout(SOON, poll(shop, &query))
                .await
                .expect("no wait")
                .expect(200);
        }
    })
    .await;
}

#[tokio::test]
async fn an_account_that_comes_or_goes_is_noticed() {
    with_shop(async |shop| {
        let path = format!("{ACCOUNTS}/{}", shop.h_wire);
        let etag = poll(shop, "").await;
        let etag = etag
            .header("etag")
            .expect("a tag")
            .trim_matches('"')
            .to_owned();
        let query = format!("lp_not_etag={etag}&timeout_ms={LONG}");
        let remove = async {
            while shop.app.app.database.changes().waiting() == 0 {
                tokio::task::yield_now().await;
            }
            shop.app
                .delete(&path)
                .bearer(&shop.token)
                .send()
                .await
                .expect(204)
        };
        let both = async { tokio::join!(poll(shop, &query), remove).0 };
        timeout(SOON, both).await.expect("it was woken").expect(204);
    })
    .await;
}

#[tokio::test]
async fn who_is_logged_out_meanwhile_learns_nothing() {
    with_shop(async |shop| {
        let reader = shop.app.token("shop", "readonly").await;
        let path = format!("{KYC}?lp_status=kyc-required&timeout_ms={LONG}");
        let poll = shop.app.get(&path).bearer(&reader).send();
        let meanwhile = async {
            while shop.app.app.database.changes().waiting() == 0 {
                tokio::task::yield_now().await;
            }
            let logout = shop.app.delete("/instances/shop/private/token");
            logout.bearer(&reader).send().await.expect(204);
            shop.says(202, known(false));
            shop.check().await;
        };
        let both = async { tokio::join!(poll, meanwhile).0 };
        let answer = timeout(SOON, both).await.expect("it was woken");
        answer.refuses(401, 2015);
    })
    .await;
}

#[tokio::test]
async fn two_thousand_wait_without_asking_the_database() {
    const POLLS: usize = 2000;
    with_shop_of_many(2 * POLLS, async |shop| {
        shop.says(202, known(false));
        let query = format!("lp_status=kyc-required&timeout_ms={LONG}");
        let database = &shop.app.app.database;
        let meanwhile = async {
            eventually("all wait", async || database.changes().waiting() == POLLS).await;
            // Nobody looks again by himself.
            let before = database.pool_status().queries;
            tokio::time::sleep(Duration::from_millis(1500)).await;
            assert_eq!(database.pool_status().queries, before);
            shop.check().await;
        };
        let polls = futures_util::future::join_all((0..POLLS).map(|_| poll(shop, &query)));
        let (answers, ()) = tokio::join!(polls, meanwhile);
        for answer in answers {
            assert_eq!(answer.expect(200)["kyc_data"][0]["status"], "kyc-required");
        }
        assert_eq!(database.changes().watched(), 0);
    })
    .await;
}

#[tokio::test]
async fn where_half_of_the_connections_wait_nobody_else_does() {
    with_shop_of_many(8, async |shop| {
        let query = format!("lp_status=ready&timeout_ms={LONG}");
        let meanwhile = async {
            while shop.app.app.database.changes().waiting() < 4 {
                tokio::task::yield_now().await;
            }
            let next = timeout(SOON, poll(shop, &query)).await;
            next.expect("no wait").expect(200);
            shop.says(200, known(false));
            shop.check().await;
        };
        let polls = futures_util::future::join_all((0..4).map(|_| poll(shop, &query)));
        tokio::join!(polls, meanwhile);
    })
    .await;
}
