//! The payment providers: what is downloaded of them, what is believed, and what is told of it.

mod refresh;

use std::time::Duration;

use kontor::{
    config::Settings,
    exchange::{
        self,
        keys::{AccountRestriction, LimitedOperation},
        refresh::refresh_due,
    },
};
use serde_json::{Value, json};

use crate::{
    database::support::NOW,
    support::{
        TestApp,
        exchange::{GERMAN_ACCOUNT, Keys, OPEN_ACCOUNT, TestExchange, json_response, keys},
        on_app, on_app_with,
    },
};

const HOUR: Duration = Duration::from_secs(3600);

/// Runs a test on an application that trusts one payment provider, and was not told to ask it yet.
async fn with_exchange(test: impl AsyncFnOnce(&TestApp, &TestExchange)) {
    let exchange = TestExchange::start().await;
    on_app_with(exchange.trust(), async |app| test(app, &exchange).await).await;
}

async fn refresh(app: &TestApp) {
    refresh_due(&app.app).await.expect("what is due");
}

/// What is told of the first payment provider.
async fn status(app: &TestApp) -> Value {
    let answer = app.get("/exchanges").send().await.expect(200);
    answer["exchanges"][0].clone()
}

async fn row(app: &TestApp, exchange: &TestExchange) -> entity::exchange::Model {
    let url = exchange.base_url();
    let rows = kontor::db::exchange::find(app.app.database.read(), [url.as_str()]).await;
    rows.expect("a query").pop().expect("a row")
}

/// Seconds from the begin of the test to a time that was told.
fn after(time: &Value) -> i64 {
    time["t_s"].as_i64().expect("a time") - NOW / 1_000_000
}

#[tokio::test]
async fn without_any_the_list_is_empty() {
    on_app(async |app| {
        let list = app.get("/exchanges").send().await.expect(200);
        assert_eq!(list, json!({ "exchanges": [] }));
        refresh(app).await;
        let unknown = app.get("/instances/nobody/exchanges").send().await;
        unknown.refuses(404, 2000);
    })
    .await;
}

#[tokio::test]
async fn good_keys_are_told_kept_and_used() {
    with_exchange(async |app, exchange| {
        let before = status(app).await;
        assert_eq!(before["keys_ec"], 2010);
        assert_eq!(before["keys_http_status"], 0);
        assert_eq!(before["keys_hint"], "the keys were not downloaded yet");
        assert_eq!(before["debit_restrictions"], json!({}));

        refresh(app).await;
        let told = status(app).await;
        assert_eq!(
            told,
            json!({
                "exchange_url": exchange.base_url(),
                "next_download": { "t_s": NOW / 1_000_000 + 45 * 60 },
                "keys_expiration": { "t_s": NOW / 1_000_000 + 60 * 60 },
                "debit_restrictions": {
                    OPEN_ACCOUNT: null,
                    GERMAN_ACCOUNT: {
                        "type": "regex", "payto_regex": "payto://iban/DE.*", "human_hint": "German accounts only",
                        "human_hint_i18n": { "de": "Nur deutsche Konten", "fr": "Comptes allemands" },
                    },
                },
                "keys_http_status": 200,
                "keys_ec": 0,
                "keys_hint": "",
            })
        );
        let row = row(app, exchange).await;
        let keys = exchange::usable_keys(&row, NOW).expect("keys");
        assert!(keys.kyc_enabled);
        assert_eq!(keys.tiny_amount.expect("an amount").to_string(), "KUDOS:0.01");
        assert_eq!(keys.hard_limits[0].operation_type, LimitedOperation::Deposit);
        assert!(keys.hard_limits[0].soft_limit && !keys.hard_limits[1].soft_limit);
        assert_eq!(keys.hard_limits[1].operation_type, LimitedOperation::Unknown);
        assert_eq!(keys.zero_limits[0].operation_type, LimitedOperation::Aggregate);
        assert_eq!(keys.accounts[0].credit_restriction(), None);
        assert_eq!(keys.accounts[1].credit_restriction(), Some(&AccountRestriction::Deny));
        assert_eq!(keys.accounts[1].conversion_url.as_deref(), Some("https://bank.example/conversion/"));
        // They end with their time.
        assert!(exchange::usable_keys(&row, NOW + 3_600_000_000).is_none());
    })
    .await;
}

#[tokio::test]
async fn the_configuration_and_the_list_are_public_and_the_same_everywhere() {
    let exchange = TestExchange::start_for("EUR", 8).await;
    let mut disabled = TestExchange::start().await.settings();
    disabled.enabled = false;
    let adjust = |settings: &mut Settings| {
        settings.merchant.currency = "EUR".to_owned();
        settings.merchant.exchanges = vec![disabled, exchange.settings()];
    };
    on_app_with(adjust, async |app| {
        app.create_admin().await;
        app.shop("shop").await;
        refresh(app).await;
        for base in ["", "/instances/admin", "/instances/shop"] {
            let config = app.get(&format!("{base}/config")).send().await.expect(200);
            let key = exchange.settings().master_key.to_string();
            assert_eq!(
                config["exchanges"],
                json!([{ "base_url": exchange.base_url(), "currency": "EUR", "master_pub": key }])
            );
            let list = app
                .get(&format!("{base}/exchanges"))
                .send()
                .await
                .expect(200);
            assert_eq!(list["exchanges"].as_array().map(Vec::len), Some(1));
            assert_eq!(list["exchanges"][0]["keys_ec"], 0);
        }
    })
    .await;
}

#[tokio::test]
async fn each_failure_is_told_with_its_status_and_code() {
    with_exchange(async |app, exchange| {
        let cases = [
            (Keys::Garbage, 200, 2013, "not understood"),
            (Keys::Incomplete, 200, 2013, "missing field"),
            (Keys::Huge, 0, 2013, "more than 8388608 bytes"),
            (Keys::Redirect, 302, 2014, "redirect"),
            (Keys::Status(500), 500, 2014, "not 200"),
            (Keys::Status(404), 404, 2014, "not 200"),
            (Keys::OtherMaster, 200, 2002, "master key"),
            (Keys::OtherCurrency, 200, 2010, "currency"),
            (Keys::OtherVersion, 200, 2010, "version"),
            (Keys::Expired, 200, 2010, "expired"),
            (Keys::Forged("signing key"), 200, 2010, "the signing key"),
            (Keys::Forged("wire fee"), 200, 2010, "wire method iban"),
            (Keys::Forged("account"), 200, 2010, "the account"),
            (Keys::Forged("restriction"), 200, 2010, "the account"),
        ];
        let good = keys(&exchange.master, "KUDOS", &exchange.base_url(), None);
        exchange.answer("/moved", move |_| json_response(&good));
        for (keys, http_status, code, hint) in cases {
            exchange.keys(keys);
            app.clock.advance(HOUR);
            refresh(app).await;
            let told = status(app).await;
            assert_eq!(told["keys_http_status"], http_status, "{keys:?}: {told}");
            assert_eq!(told["keys_ec"], code, "{keys:?}: {told}");
            let words = told["keys_hint"].as_str().expect("a hint");
            assert!(words.contains(hint), "{keys:?}: {words}");
            assert_eq!(told["debit_restrictions"], json!({}));
            assert!(told.get("keys_expiration").is_none());
        }
        assert_eq!(exchange.hits("/keys"), cases.len());
        assert_eq!(exchange.hits("/moved"), 0);
        exchange.stop().await;
        app.clock.advance(HOUR);
        refresh(app).await;
        let told = status(app).await;
        assert_eq!(
            (&told["keys_http_status"], &told["keys_ec"]),
            (&json!(0), &json!(2012))
        );
        assert!(!told.to_string().contains("os error"), "{told}");
        exchange.resume().await;
        exchange.keys(Keys::Good);
        app.clock.advance(HOUR);
        refresh(app).await;
        assert_eq!(status(app).await["keys_ec"], 0);
    })
    .await;
}

#[tokio::test]
async fn an_answer_that_does_not_come_is_not_waited_for() {
    with_exchange(async |app, exchange| {
        exchange.keys(Keys::Never);
        let waited = async {
            exchange.is_asked().await;
            // Only what waits for the payment provider runs now.
            tokio::time::pause();
            tokio::time::advance(Duration::from_secs(31)).await;
            tokio::time::resume();
        };
        tokio::join!(refresh(app), waited);
        let told = status(app).await;
        assert_eq!(
            (&told["keys_http_status"], &told["keys_ec"]),
            (&json!(0), &json!(2011))
        );
    })
    .await;
}

#[tokio::test]
async fn keys_survive_a_restart_and_go_with_the_configuration() {
    with_exchange(async |app, exchange| {
        refresh(app).await;
        exchange.stop().await;
        let survives = async |other: &TestApp| {
            refresh(other).await;
            assert_eq!(status(other).await["keys_ec"], 0);
        };
        app.restarted(|_| {}, survives).await;
        let removed = |settings: &mut Settings| settings.merchant.exchanges.clear();
        app.restarted(removed, async |other| {
            let list = other.get("/exchanges").send().await.expect(200);
            assert_eq!(list, json!({ "exchanges": [] }));
            other.clock.advance(HOUR);
            refresh(other).await;
            assert_eq!(row(other, exchange).await.failures, 0, "it was not asked");
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn another_master_key_forgets_what_was_known() {
    with_exchange(async |app, exchange| {
        refresh(app).await;
        let other = TestExchange::start_for("KUDOS", 99)
            .await
            .settings()
            .master_key;
        let adjust = |settings: &mut Settings| settings.merchant.exchanges[0].master_key = other;
        app.restarted(adjust, async |app| {
            let told = status(app).await;
            assert_eq!(told["keys_ec"], 2010);
            assert_eq!(told["debit_restrictions"], json!({}));
            refresh(app).await;
            let told = status(app).await;
            assert_eq!(told["keys_ec"], 2002);
            assert_eq!(told["debit_restrictions"], json!({}));
            assert!(told.get("keys_expiration").is_none());
            exchange.keys(Keys::OtherMaster);
            app.clock.advance(HOUR);
            refresh(app).await;
            assert_eq!(status(app).await["keys_ec"], 0);
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn several_restrictions_are_told_as_one() {
    with_exchange(async |app, exchange| {
        let regex =
            |hint: &str| json!({ "type": "regex", "payto_regex": ".*", "human_hint": hint });
        let (one, two) = (regex("one"), regex("two"));
        let expected = one.clone();
        exchange.adjust(move |keys| {
            keys["accounts"][0]["debit_restrictions"] = json!([one, two]);
            keys["accounts"][1]["debit_restrictions"] =
                json!([two, { "type": "zodiac", "sign": "Leo", "of": null, "year": 12 }]);
        });
        refresh(app).await;
        let told = status(app).await;
        assert_eq!(told["keys_ec"], 0, "{told}");
        assert_eq!(told["debit_restrictions"][OPEN_ACCOUNT], expected);
        assert_eq!(
            told["debit_restrictions"][GERMAN_ACCOUNT],
            json!({ "type": "deny" })
        );
    })
    .await;
}

#[tokio::test]
async fn what_no_database_takes_is_refused() {
    with_exchange(async |app, exchange| {
        let adjusted: [fn(&mut Value); 4] = [
            |keys| keys["signkeys"] = json!(format!("\0\n{}", "é".repeat(1_000_000))),
            |keys| keys["accounts"][0]["payto_uri"] = json!("payto://iban/X\0"),
            |keys| keys["accounts"][0]["payto_uri"] = json!("x".repeat(2 * 1024 * 1024)),
            |keys| {
                let limit = keys["zero_limits"][0].clone();
                keys["zero_limits"] = json!(vec![limit; 1001]);
            },
        ];
        for adjust in adjusted {
            exchange.adjust(adjust);
            app.clock.advance(HOUR);
            refresh(app).await;
            let told = status(app).await;
            assert_eq!(told["keys_ec"], 2013);
            let hint = told["keys_hint"].as_str().expect("a hint");
            assert!(hint.len() <= 400, "{} bytes", hint.len());
        }
    })
    .await;
}
