//! How the payment provider is asked, and what becomes of its answers.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use ed25519_dalek::{Signature, VerifyingKey};
use kontor::kyc::check::check_due;
use kontor_openapi::scalar::base32;
use poem::http::HeaderMap;
use serde_json::{Value, json};

use super::{ACCOUNTS, KYC, PAYTO, Shop, TOKEN, add, answer, known, with_shop};
use crate::support::{exchange::Keys, repetitions};

#[tokio::test]
async fn the_owner_asks_with_a_signature() {
    with_shop(async |shop| {
        type Seen = Arc<Mutex<Vec<(String, HeaderMap)>>>;
        let seen = Seen::default();
        let note = Arc::clone(&seen);
        shop.exchange.answer("/kyc-check/", move |request| {
            let path = request.uri().path().to_owned();
            let noted = (path, request.headers().clone());
            note.lock().expect("no panic here").push(noted);
            answer(200, &known(false))
        });
        shop.check().await;
        let instance = shop.app.get("/instances/shop/private").bearer(&shop.token);
        let instance = instance.send().await.expect(200);
        let public = instance["merchant_pub"].as_str().expect("a key");
        let (path, headers) = seen.lock().expect("no panic here").remove(0);
        // The hash of the account without its query: computed apart with SHA-512 and Crockford's base32.
        let hash = kontor::domain::hash::short_hash_text("payto://iban/CH5604835012345678009");
        assert_eq!(path, format!("/kyc-check/{}", base32::encode(&hash)));
        assert_eq!(headers["account-owner-pub"], public);
        let signature = headers["account-owner-signature"].to_str().expect("a text");
        let signature: [u8; 64] = base32::decode_exact(signature).expect("a signature");
        let key: [u8; 32] = base32::decode_exact(public).expect("a key");
        let key = VerifyingKey::from_bytes(&key).expect("a key");
        let blob = [8_u32.to_be_bytes(), 1360_u32.to_be_bytes()].concat();
        let signature = Signature::from_bytes(&signature);
        key.verify_strict(&blob, &signature).expect("it holds");
        assert!(headers.get("authorization").is_none());
    })
    .await;
}

#[tokio::test]
async fn each_answer_is_a_status() {
    with_shop(async |shop| {
        let unknown = shop.entry().await;
        assert_eq!(unknown["status"], "exchange-unreachable");
        let error = || json!({ "code": 1930, "hint": "x" });
        let investigated = || known(true);
        for (status, body, expected, code) in [
            (200, known(false), "ready", None),
            (202, known(false), "kyc-required", None),
            (202, investigated(), "awaiting-aml-review", None),
            (200, investigated(), "awaiting-aml-review", None),
            (204, Value::Null, "ready", None),
            (403, error(), "kyc-wire-required", Some(1930)),
            (404, error(), "kyc-wire-required", Some(1930)),
            (409, error(), "kyc-wire-required", Some(1930)),
            (
                200,
                json!({ "aml_review": false }),
                "exchange-status-invalid",
                Some(2013),
            ),
            (202, json!("garbage"), "exchange-status-invalid", Some(2013)),
            (302, json!({}), "exchange-status-invalid", None),
            (418, json!({}), "exchange-status-invalid", None),
            (500, error(), "exchange-internal-error", Some(1930)),
            (504, json!([]), "exchange-gateway-timeout", None),
        ] {
            shop.says(status, body);
            shop.app.clock.advance(Duration::from_secs(3600));
            // The keys may have expired meanwhile.
            kontor::exchange::refresh::refresh_due(&shop.app.app)
                .await
                .expect("keys");
            shop.check().await;
            let entry = shop.entry().await;
            assert_eq!(entry["status"], expected, "{status} {entry}");
            assert_eq!(entry["exchange_http_status"], status);
            assert_eq!(
                entry.get("exchange_code").and_then(Value::as_u64),
                code,
                "{entry}"
            );
            assert_eq!(entry["no_keys"], false);
            let has_token = [200, 202].contains(&status) && code.is_none();
            let token = entry.get("access_token").map(|token| token == TOKEN);
            assert_eq!(token, has_token.then_some(true), "{entry}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_payment_provider_that_is_gone_is_told() {
    with_shop(async |shop| {
        shop.says(202, known(false));
        shop.check().await;
        assert_eq!(shop.entry().await["status"], "kyc-required");
        shop.exchange.stop().await;
        shop.app.clock.advance(Duration::from_secs(31));
        // Its keys are good for some time still.
        shop.check().await;
        let entry = shop.entry().await;
        assert_eq!(entry["exchange_http_status"], 0, "{entry}");
        assert_eq!(entry["exchange_code"], 2012, "{entry}");
        assert_eq!(entry["status"], "exchange-unreachable");
        // When they have expired, nothing that it once said counts any more.
        shop.app.clock.advance(Duration::from_secs(2 * 3600));
        kontor::exchange::refresh::refresh_due(&shop.app.app)
            .await
            .expect("no keys");
        let entry = shop.entry().await;
        assert_eq!(
            (&entry["no_keys"], &entry["status"]),
            (&json!(true), &json!("exchange-unreachable"))
        );
        shop.exchange.resume().await;
        shop.exchange.keys(Keys::Garbage);
        shop.app.clock.advance(Duration::from_secs(2 * 3600));
        kontor::exchange::refresh::refresh_due(&shop.app.app)
            .await
            .expect("garbage");
        let entry = shop.entry().await;
        assert_eq!(entry["status"], "no-exchange-keys", "{entry}");
        assert_eq!(entry["exchange_code"], 2013);
    })
    .await;
}

#[tokio::test]
async fn it_is_asked_again_less_and_less_often() {
    with_shop(async |shop| {
        let hash = kontor::domain::hash::short_hash_text("payto://iban/CH5604835012345678009");
        let path = format!("/kyc-check/{}", base32::encode(&hash));
        shop.says(202, known(false));
        let mut hits = 0;
        for (seconds, is_asked) in [
            (0, true),
            (0, false),
            (29, false),
            (2, true),
            (59, false),
            (2, true),
            (119, false),
            (2, true),
        ] {
            shop.app.clock.advance(Duration::from_secs(seconds));
            shop.check().await;
            hits += usize::from(is_asked);
            assert_eq!(shop.exchange.hits(&path), hits, "after {seconds} s");
        }
        // Something new is followed closely; what is settled is not.
        shop.says(200, known(false));
        shop.app.clock.advance(Duration::from_secs(400));
        shop.check().await;
        assert_eq!(shop.entry().await["status"], "ready");
        shop.app.clock.advance(Duration::from_secs(3500));
        kontor::exchange::refresh::refresh_due(&shop.app.app)
            .await
            .expect("keys");
        shop.check().await;
        assert_eq!(shop.exchange.hits(&path), hits + 1);
        shop.app.clock.advance(Duration::from_secs(200));
        shop.check().await;
        assert_eq!(shop.exchange.hits(&path), hits + 2);
    })
    .await;
}

#[tokio::test]
async fn nobody_asks_about_what_is_not_in_use() {
    with_shop(async |shop| {
        shop.says(200, known(false));
        let path = format!("{ACCOUNTS}/{}", shop.h_wire);
        let delete = shop.app.delete(&path).bearer(&shop.token);
        delete.send().await.expect(204);
        shop.check().await;
        let hash = kontor::domain::hash::short_hash_text("payto://iban/CH5604835012345678009");
        let asked = format!("/kyc-check/{}", base32::encode(&hash));
        assert_eq!(shop.exchange.hits(&asked), 0);
        let status = shop.app.get(KYC).bearer(&shop.token);
        status.send().await.expect(204);
        // An account of a kind that the payment provider does not serve is not asked about.
        add(shop.app, &shop.token, "payto://void/x").await;
        shop.check().await;
        assert_eq!(shop.entry().await["status"], "unsupported-account");
        assert_eq!(add(shop.app, &shop.token, PAYTO).await, shop.h_wire);
        shop.check().await;
        assert_eq!(shop.exchange.hits(&asked), 1);
    })
    .await;
}

#[tokio::test]
async fn where_nobody_is_asked_who_he_is_all_is_well() {
    with_shop(async |shop| {
        shop.exchange
            .adjust(|keys| keys["kyc_enabled"] = json!(false));
        shop.app.clock.advance(Duration::from_secs(2 * 3600));
        kontor::exchange::refresh::refresh_due(&shop.app.app)
            .await
            .expect("keys");
        shop.check().await;
        let entry = shop.entry().await;
        assert_eq!(
            (&entry["status"], &entry["exchange_http_status"]),
            (&json!("ready"), &json!(200))
        );
    })
    .await;
}

#[tokio::test]
async fn of_checks_at_once_one_asks() {
    with_shop(async |shop| {
        shop.says(202, known(false));
        let hash = kontor::domain::hash::short_hash_text("payto://iban/CH5604835012345678009");
        let path = format!("/kyc-check/{}", base32::encode(&hash));
        for round in 1..=repetitions().min(10) {
            let checks = (0..4).map(|_| check_due(&shop.app.app));
            for checked in futures_util::future::join_all(checks).await {
                checked.expect("what is due");
            }
            assert_eq!(shop.exchange.hits(&path), round);
            shop.app.clock.advance(Duration::from_secs(3700));
            kontor::exchange::refresh::refresh_due(&shop.app.app)
                .await
                .expect("keys");
        }
    })
    .await;
}

#[tokio::test]
async fn another_master_key_is_another_payment_provider() {
    with_shop(async |shop| {
        shop.says(200, known(false));
        shop.check().await;
        assert_eq!(shop.entry().await["status"], "ready");
        let adjust = |settings: &mut kontor::config::Settings| {
            let other = ed25519_dalek::SigningKey::from_bytes(&[42; 32]);
            settings.merchant.exchanges[0].master_key.0 = other.verifying_key().to_bytes();
        };
        let (h_wire, token) = (shop.h_wire.clone(), shop.token.clone());
        shop.app
            .restarted(adjust, async |app| {
                kontor::exchange::refresh::refresh_due(&app.app)
                    .await
                    .expect("no keys");
                let shop = Shop {
                    app,
                    exchange: shop.exchange,
                    token,
                    h_wire,
                };
                let entry = shop.entry().await;
                assert_eq!(entry["status"], "no-exchange-keys");
                assert_eq!(entry.get("access_token"), None);
            })
            .await;
        // Back to the first key, what was said before is forgotten.
        kontor::exchange::refresh::refresh_due(&shop.app.app)
            .await
            .expect("keys");
        assert_eq!(shop.entry().await["status"], "exchange-unreachable");
    })
    .await;
}

#[tokio::test]
async fn instances_take_turns() {
    with_shop(async |shop| {
        for number in 0..99 {
            add(shop.app, &shop.token, &format!("payto://void/{number}")).await;
        }
        let other = shop.app.shop("other").await;
        let account = json!({ "payto_uri": PAYTO });
        let added = shop.app.post("/instances/other/private/accounts", &account);
        added.bearer(&other).send().await.expect(200);
        let connection = shop.app.app.database.read();
        let url = shop.exchange.base_url();
        let now_us = shop.app.app.now_us();
        let due = kontor::db::kyc_check::due(connection, &url, now_us, 4)
            .await
            .expect("a query");
        let whose: Vec<_> = due.iter().map(|due| due.instance_id.as_str()).collect();
        assert_eq!(whose, ["shop", "other", "shop", "shop"]);
    })
    .await;
}
