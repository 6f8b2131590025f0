//! The codes of a device, over HTTP: those of the published vectors, and of another program.

use std::{path::Path, process::Command, time::Duration};

use data_encoding::BASE32_NOPAD;
use serde_json::{Value, json};

use super::{KEY, OTHER_KEY, create, device, get, with};
use crate::support::on_app;

fn vectors() -> Value {
    let vectors = include_str!("../../data/pos-confirmation-vectors.json");
    serde_json::from_str(vectors).expect("vectors")
}

#[tokio::test]
async fn codes_are_those_of_the_published_vectors() {
    on_app(async |app| {
        let shop = app.shop("shop").await;
        let vectors = vectors();
        let vectors = vectors["pos_confirmation"].as_array().expect("vectors");
        for (number, vector) in vectors.iter().enumerate() {
            let id = format!("device-{number}");
            let (key, algorithm) = (&vector["otp_key"], &vector["otp_algorithm"]);
            let own = json!({ "otp_key": key, "otp_algorithm": algorithm });
            let body = with(device(&id), &own);
            create(app, &shop, &body).await.expect(204);
            let time = vector["time_s"].as_u64().expect("a time");
            let mut query = format!("{id}?faketime={time}");
            if let Some(amount) = vector["amount"].as_str() {
                query.push_str(&format!("&price={amount}"));
            }
            let shown = get(app, &shop, &query).await.expect(200);
            assert_eq!(shown["otp_code"], vector["pos_confirmation"]);
            assert_eq!(shown["otp_timestamp"], time);
            assert_eq!(shown["otp_algorithm"], *algorithm);
        }
    })
    .await;
}

#[tokio::test]
async fn the_middle_code_is_that_of_the_rfc() {
    on_app(async |app| {
        let shop = app.shop("shop").await;
        create(app, &shop, &device("till")).await.expect(204);
        for row in vectors()["totp_rfc6238"]["rows"].as_array().expect("rows") {
            let query = format!("till?faketime={}", row[0]);
            let shown = get(app, &shop, &query).await.expect(200);
            let codes = shown["otp_code"].as_str().expect("codes");
            assert_eq!(codes.split('\n').nth(2), row[1].as_str());
        }
    })
    .await;
}

#[tokio::test]
async fn there_are_codes_where_the_algorithm_has_what_it_needs() {
    on_app(async |app| {
        let shop = app.shop("shop").await;
        for algorithm in 0..3 {
            let own = json!({ "otp_algorithm": algorithm });
            let body = with(device(&algorithm.to_string()), &own);
            create(app, &shop, &body).await.expect(204);
        }
        for (query, has_code) in [
            ("0", false),
            ("0?price=EUR:1&faketime=5", false),
            ("1", true),
            ("1?price=EUR:1", true),
            ("2", false),
            ("2?faketime=1111111109", false),
            ("2?price=EUR:1", true),
            ("2?price=EUR:1&unknown=x", true),
        ] {
            let shown = get(app, &shop, query).await.expect(200);
            assert_eq!(shown["otp_code"].is_string(), has_code, "{query}");
        }
        let code = async |query: &str| get(app, &shop, query).await.expect(200)["otp_code"].clone();
        // A price without use changes nothing; of one with use every part counts, but not how it is written.
        assert_eq!(code("1?price=EUR:1").await, code("1").await);
        let one = code("2?price=EUR:1").await;
        assert_eq!(one, code("2?price=EUR:1.00").await);
        for other in ["EUR:2", "EUR:1.00000001", "CHF:1", "eur:1", "EURO:1"] {
            assert_ne!(one, code(&format!("2?price={other}")).await, "{other}");
        }
    })
    .await;
}

#[tokio::test]
async fn without_a_time_codes_are_for_now() {
    on_app(async |app| {
        let shop = app.shop("shop").await;
        create(app, &shop, &device("till")).await.expect(204);
        app.clock.advance(Duration::from_millis(59_999));
        let now = get(app, &shop, "till").await.expect(200);
        assert_eq!(now["otp_timestamp"], 1_700_000_059);
        let given = get(app, &shop, "till?faketime=1700000059").await;
        assert_eq!(given.expect(200), now);
    })
    .await;
}

#[tokio::test]
async fn codes_are_there_at_both_ends_of_time() {
    on_app(async |app| {
        let shop = app.shop("shop").await;
        create(app, &shop, &device("till")).await.expect(204);
        for time in [0, 1, 29, 30, 59, 60, 9_007_199_254_740_991_u64] {
            let query = format!("till?faketime={time}");
            let shown = get(app, &shop, &query).await.expect(200);
            assert_eq!(shown["otp_timestamp"], time);
            let codes = shown["otp_code"].as_str().expect("codes");
            assert_eq!((codes.len(), codes.lines().count()), (44, 5), "{time}");
        }
    })
    .await;
}

#[tokio::test]
async fn get_otp_device_refuses_times_and_prices_that_are_none() {
    on_app(async |app| {
        let shop = app.shop("shop").await;
        for algorithm in 0..3 {
            let own = json!({ "otp_algorithm": algorithm });
            let body = with(device(&algorithm.to_string()), &own);
            create(app, &shop, &body).await.expect(204);
        }
        for (name, values) in [
            (
                "faketime",
                &["", "x", "-1", "1.5", "never", "9007199254740992"][..],
            ),
            (
                "price",
                &["", "1", "EUR", "EUR:", "EUR:-1", "EUR:1,5", "EUR:1%00"],
            ),
        ] {
            for (value, id) in values.iter().zip([0, 1, 2].into_iter().cycle()) {
                let query = format!("{id}?{name}={value}");
                get(app, &shop, &query).await.blames(400, 26, name);
            }
        }
    })
    .await;
}

/// The codes of `oathtool`, which is installed where it is missing and that is possible.
fn oathtool(key: &str, time: u64) -> String {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oathtool.sh");
    let first = time.checked_sub(60).expect("a time after 1970");
    let time = format!("@{first}");
    let arguments = ["--totp", "-b", "-d", "8", "-w", "4", "-N", &time, key];
    let output = Command::new(program).args(arguments).output();
    let output = output.expect("tests/oathtool.sh");
    let trouble = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{trouble}");
    String::from_utf8(output.stdout)
        .expect("text")
        .trim_end()
        .to_owned()
}

#[tokio::test]
async fn another_program_computes_the_same_codes() {
    on_app(async |app| {
        let shop = app.shop("shop").await;
        let short = BASE32_NOPAD.encode(b"short");
        let long = BASE32_NOPAD.encode(&[0xa5; 100]);
        let keys = [KEY, OTHER_KEY, &short, &long];
        for (number, key) in keys.into_iter().enumerate() {
            let id = number.to_string();
            let body = with(device(&id), &json!({ "otp_key": key }));
            create(app, &shop, &body).await.expect(204);
            for time in [
                60,
                1_111_111_109,
                1_700_000_000,
                2_147_483_647,
                4_102_444_800,
            ] {
                let shown = get(app, &shop, &format!("{id}?faketime={time}")).await;
                assert_eq!(shown.expect(200)["otp_code"], oathtool(key, time));
            }
        }
    })
    .await;
}
