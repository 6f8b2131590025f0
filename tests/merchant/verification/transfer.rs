//! The transfer that proves to a payment provider who owns an account.

use std::time::Duration;

use kontor::exchange::refresh::refresh_due;
use serde_json::{Value, json};

use super::{ACCOUNTS, PAYTO, Shop, add, with_shop};
use crate::support::{
    Answer,
    exchange::{Keys, OPEN_ACCOUNT, TestExchange},
    on_app_with,
};

async fn ask(shop: &Shop<'_>, h_wire: &str, url: &str) -> Answer {
    let path = format!("{ACCOUNTS}/{h_wire}/kycauth");
    let call = shop.app.post(&path, &json!({ "exchange_url": url }));
    call.bearer(&shop.token).send().await
}

async fn subject(shop: &Shop<'_>) -> String {
    let instance = shop.app.get("/instances/shop/private").bearer(&shop.token);
    let instance = instance.send().await.expect(200);
    format!("KYC:{}", instance["merchant_pub"].as_str().expect("a key"))
}

#[tokio::test]
async fn the_instructions_say_how_to_make_it() {
    with_shop(async |shop| {
        let subject = subject(shop).await;
        let answer = ask(shop, &shop.h_wire, &shop.exchange.base_url())
            .await
            .expect(200);
        let instructions = answer["wire_instructions"].as_array().expect("a list");
        // The other account takes nothing from anybody.
        assert_eq!(instructions.len(), 1);
        let instruction = &instructions[0];
        assert_eq!(instruction["amount"], "KUDOS:0.01");
        assert_eq!(instruction["target_payto"], OPEN_ACCOUNT);
        let expected =
            json!({ "type": "SIMPLE", "credit_amount": "KUDOS:0.01", "subject": subject });
        assert_eq!(instruction["subject"], expected);
        let listed = shop.app.get("/exchanges").send().await.expect(200);
        assert_eq!(
            instruction["expiration"],
            listed["exchanges"][0]["keys_expiration"]
        );
        let reader = shop.app.token("shop", "readonly").await;
        let path = format!("{ACCOUNTS}/{}/kycauth", shop.h_wire);
        let body = json!({ "exchange_url": shop.exchange.base_url().trim_end_matches('/') });
        shop.app
            .post(&path, &body)
            .bearer(&reader)
            .send()
            .await
            .expect(200);
    })
    .await;
}

#[tokio::test]
async fn the_status_names_the_same_transfer() {
    with_shop(async |shop| {
        let subject = subject(shop).await;
        shop.says(404, json!({ "code": 1930 }));
        shop.check().await;
        let entry = shop.entry().await;
        assert_eq!(
            (&entry["status"], &entry["auth_conflict"]),
            (&json!("kyc-wire-required"), &json!(false))
        );
        let transfer = format!("{OPEN_ACCOUNT}&amount=KUDOS:0.01&message={subject}");
        assert_eq!(entry["payto_kycauths"], json!([transfer]));
    })
    .await;
}

#[tokio::test]
async fn without_a_tiny_amount_it_is_one_unit() {
    let exchange = TestExchange::start().await;
    exchange.adjust(|keys| {
        keys.as_object_mut()
            .expect("an object")
            .remove("tiny_amount");
    });
    on_app_with(exchange.trust(), async |app| {
        app.create_admin().await;
        let token = app.shop("shop").await;
        let h_wire = add(app, &token, PAYTO).await;
        let shop = Shop {
            app,
            exchange: &exchange,
            token,
            h_wire,
        };
        // Nobody asked for the keys yet: they are downloaded now.
        let answer = ask(&shop, &shop.h_wire, &exchange.base_url())
            .await
            .expect(200);
        assert_eq!(answer["wire_instructions"][0]["amount"], "KUDOS:1");
        assert_eq!(exchange.hits("/keys"), 1);
        ask(&shop, &shop.h_wire, &exchange.base_url())
            .await
            .expect(200);
        assert_eq!(exchange.hits("/keys"), 1);
    })
    .await;
}

#[tokio::test]
async fn an_account_that_cannot_reach_it_is_told() {
    with_shop(async |shop| {
        let void = add(shop.app, &shop.token, "payto://void/x").await;
        let url = shop.exchange.base_url();
        ask(shop, &void, &url).await.refuses(409, 2628);
        // Nor can one that the payment provider's own restrictions keep out, which the status tells as well.
        shop.exchange.adjust(|keys| {
            for account in keys["accounts"].as_array_mut().expect("a list") {
                account["credit_restrictions"] = json!([{ "type": "deny" }]);
            }
        });
        shop.app.clock.advance(Duration::from_secs(2 * 3600));
        refresh_due(&shop.app.app).await.expect("keys");
        ask(shop, &shop.h_wire, &url).await.refuses(409, 2628);
        shop.says(404, Value::Null);
        shop.check().await;
        let entries = shop.get("").await["kyc_data"].clone();
        assert_eq!(entries[0]["status"], "kyc-wire-impossible");
        assert_eq!(entries[0]["auth_conflict"], true);
        assert_eq!(entries[0].get("payto_kycauths"), None);
    })
    .await;
}

#[tokio::test]
async fn restrictions_are_expressions_over_the_whole_account() {
    with_shop(async |shop| {
        let url = shop.exchange.base_url();
        for (expression, is_taken) in [
            ("payto://iban/CH.*", true),
            ("payto://iban/CH", false),
            (".*iban.*", true),
            ("payto://iban/DE.*|payto://iban/CH.*", true),
            ("(", false),
            ("(a{1000}){1000}", false),
        ] {
            let restriction =
                json!([{ "type": "regex", "payto_regex": expression, "human_hint": "x" }]);
            shop.exchange.adjust(move |keys| {
                keys["accounts"][0]["credit_restrictions"] = restriction.clone()
            });
            shop.app.clock.advance(Duration::from_secs(2 * 3600));
            refresh_due(&shop.app.app).await.expect("keys");
            let answer = ask(shop, &shop.h_wire, &url).await;
            let expected = if is_taken { 200 } else { 409 };
            assert_eq!(answer.status.as_u16(), expected, "{expression}");
        }
    })
    .await;
}

#[tokio::test]
async fn what_is_asked_for_must_exist_and_be_trusted() {
    with_shop(async |shop| {
        let url = shop.exchange.base_url();
        let h_wire = &shop.h_wire;
        for other in [
            "https://evil.example/",
            "http://127.0.0.1/",
            &format!("{url}x"),
            "x",
        ] {
            ask(shop, h_wire, other)
                .await
                .blames(400, 2025, "exchange_url");
        }
        ask(shop, "x", &url).await.refuses(400, 2023);
        let unknown = "9".repeat(102) + "8";
        ask(shop, &unknown, &url).await.refuses(404, 2022);
        let path = format!("{ACCOUNTS}/{h_wire}/kycauth");
        let post = |body: &Value| shop.app.post(&path, body).bearer(&shop.token).send();
        post(&json!({})).await.blames(400, 25, "exchange_url");
        post(&json!({ "exchange_url": 1 }))
            .await
            .blames(400, 26, "exchange_url");
        post(&json!({ "exchange_url": "x", "y": "z".repeat(1 << 20) }))
            .await
            .refuses(413, 32);
        let text = || shop.app.call("POST", &path).bearer(&shop.token);
        text()
            .header("content-type", "application/json")
            .body("{")
            .send()
            .await
            .refuses(400, 22);
        text()
            .header("content-encoding", "gzip")
            .body("{}")
            .send()
            .await
            .refuses(400, 28);
        text()
            .header("content-type", "text/plain")
            .body("{}")
            .send()
            .await
            .refuses(415, 23);
        let stranger = shop.app.shop("stranger").await;
        let theirs = path.replace("/shop/", "/stranger/");
        let call = shop.app.post(&theirs, &json!({ "exchange_url": url }));
        call.bearer(&stranger).send().await.refuses(404, 2022);
    })
    .await;
}

#[tokio::test]
async fn without_keys_there_are_no_instructions() {
    let exchange = TestExchange::start().await;
    exchange.keys(Keys::Garbage);
    on_app_with(exchange.trust(), async |app| {
        app.create_admin().await;
        let token = app.shop("shop").await;
        let h_wire = add(app, &token, PAYTO).await;
        let shop = Shop {
            app,
            exchange: &exchange,
            token,
            h_wire,
        };
        let url = exchange.base_url();
        ask(&shop, &shop.h_wire, &url).await.refuses(502, 2277);
        // Asking again does not make it be asked again and again.
        ask(&shop, &shop.h_wire, &url).await.refuses(502, 2277);
        assert_eq!(exchange.hits("/keys"), 1);
        exchange.keys(Keys::Good);
        exchange.adjust(|keys| keys["version"] = json!("20:0:5"));
        app.clock.advance(Duration::from_secs(2 * 3600));
        ask(&shop, &shop.h_wire, &url).await.refuses(502, 2276);
    })
    .await;
}
