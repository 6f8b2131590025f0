//! The forms of the status, who may see it, and which entries it has.

use entity::SecretBytes;
use kontor::db;
use serde_json::{Value, json};

use super::{ACCOUNTS, KYC, PAYTO, TOKEN, add, known, with_shop};
use crate::support::on_app;

const MANAGED: &str = "/management/instances/shop/kyc";
const NO_ACCOUNT: &str = "9E84VKRCKVCP08SMNYH1K1YK2EVM1RS35ZAM7KV8EMV86PXFJHHX9883H1BFR4Z11PTQ7570TF177T0XXYMWJ7EAADRXSXY1H5SXSXG";

#[tokio::test]
async fn without_a_payment_provider_there_is_nothing_to_tell() {
    on_app(async |app| {
        let token = app.shop("shop").await;
        let status = || app.get(KYC).bearer(&token).send();
        status().await.expect(204);
        let account = json!({ "payto_uri": PAYTO });
        let added = app.post(ACCOUNTS, &account).bearer(&token);
        let added = added.send().await.expect(200);
        status().await.expect(204);
        let admin = app.admin_token("all").await;
        app.get(MANAGED).bearer(&admin).send().await.expect(204);
        for (method, path, code) in [
            ("GET", format!("{KYC}?h_wire={NO_ACCOUNT}"), 2022),
            ("GET", "/instances/nobody/private/kyc".to_owned(), 2000),
        ] {
            let call = app.call(method, &path).bearer(&token);
            call.send().await.refuses(404, code);
        }
        let own = format!("{KYC}?h_wire={}", added["h_wire"].as_str().expect("a hash"));
        app.get(&own).bearer(&token).send().await.expect(204);
        let unknown = app.get("/management/instances/nobody/kyc").bearer(&admin);
        unknown.send().await.refuses(404, 2000);
        let foreign = format!("{MANAGED}?h_wire={NO_ACCOUNT}");
        app.get(&foreign)
            .bearer(&admin)
            .send()
            .await
            .refuses(404, 2022);
    })
    .await;
}

#[tokio::test]
async fn an_entry_tells_all_that_is_known() {
    with_shop(async |shop| {
        let limit = json!({
            "operation_type": "DEPOSIT", "timeframe": { "d_us": 2_592_000_000_000_u64 },
            "threshold": "KUDOS:1000", "soft_limit": true,
        });
        let strange = json!({
            "operation_type": "TELEPORT", "timeframe": { "d_us": "forever" }, "threshold": "KUDOS:1",
        });
        let mut body = known(false);
        body["limits"] = json!([limit, strange]);
        shop.says(202, body);
        shop.check().await;
        let entry = shop.entry().await;
        let expected = json!({
            "status": "kyc-required", "payto_uri": PAYTO, "h_wire": shop.h_wire,
            "exchange_url": shop.exchange.base_url(), "exchange_currency": "KUDOS",
            "exchange_http_status": 202, "no_keys": false, "auth_conflict": false,
            "access_token": TOKEN, "limits": [limit],
        });
        assert_eq!(entry, expected);
        let admin = shop.app.admin_token("all").await;
        let managed = shop.app.get(MANAGED).bearer(&admin).send().await.expect(200);
        assert_eq!(managed["kyc_data"], json!([expected]));
        // At rest the token is sealed.
        let connection = shop.app.app.database.read();
        let stored = db::instance::find(connection, "shop").await.expect("a query");
        let checks = db::kyc_check::of_instance(connection, stored.expect("a shop").serial).await;
        let sealed = checks.expect("a query").remove(0).access_token;
        let sealed = sealed.as_ref().map(SecretBytes::expose).expect("a token");
        assert!(!sealed.windows(8).any(|window| TOKEN.as_bytes().starts_with(window)));
    })
    .await;
}

#[tokio::test]
async fn people_get_a_report() {
    with_shop(async |shop| {
        shop.says(202, known(false));
        shop.check().await;
        let get = async |accept: &str| {
            let call = shop.app.get(KYC).bearer(&shop.token);
            call.header("accept", accept).send().await
        };
        let report = get("text/plain").await;
        assert_eq!(report.status, 200);
        assert_eq!(report.header("vary"), Some("Accept"));
        let url = shop.exchange.base_url();
        let expected = format!(
            "{PAYTO}\n  at {url} (KUDOS): kyc-required\n    The payment provider wants to know more: open its page.\n    last answer: HTTP 202, code 0\n    go to {url}kyc-spa/{TOKEN}\n"
        );
        assert_eq!(report.text(), expected);
        get("application/json").await.expect(200)["kyc_data"].as_array().expect("JSON");
        get("text/html").await.refuses(406, 78);
        let admin = shop.app.admin_token("all").await;
        let managed = shop.app.get(MANAGED).bearer(&admin);
        let managed = managed.header("accept", "text/plain").send().await;
        assert_eq!(managed.text(), expected);
        let managed = shop.app.get(MANAGED).bearer(&admin);
        managed.header("accept", "image/png").send().await.refuses(406, 78);
        // A transfer is told in full.
        shop.says(404, json!({ "code": 1 }));
        shop.app.clock.advance(std::time::Duration::from_secs(31));
        shop.check().await;
        let report = get("text/plain").await.text();
        assert!(report.contains("    transfer payto://iban/"), "{report}");
    })
    .await;
}

#[tokio::test]
async fn who_has_the_answer_already_is_told_so() {
    with_shop(async |shop| {
        let admin = shop.app.admin_token("all").await;
        for (path, token) in [(KYC, &shop.token), (MANAGED, &admin)] {
            let first = shop.app.get(path).bearer(token).send().await;
            let etag = first.header("etag").expect("a tag").to_owned();
            let weak = format!("W/{etag}, \"other\"");
            for known in [etag.as_str(), "*", weak.as_str()] {
                let again = shop.app.get(path).bearer(token);
                let again = again.header("if-none-match", known).send().await;
                assert_eq!(again.status, 304);
                assert_eq!(again.header("etag"), Some(etag.as_str()));
                assert!(again.body.is_empty());
            }
            let other = shop
                .app
                .get(path)
                .bearer(token)
                .header("if-none-match", "\"x\"");
            other.send().await.expect(200);
        }
    })
    .await;
}

#[tokio::test]
async fn entries_are_chosen_by_account_and_payment_provider() {
    with_shop(async |shop| {
        let other = add(shop.app, &shop.token, "payto://void/x").await;
        let hashes = async |query: &str| -> Vec<Value> {
            let entries = shop.get(query).await["kyc_data"].clone();
            let entries = entries.as_array().expect("a list").clone();
            entries
                .iter()
                .map(|entry| entry["h_wire"].clone())
                .collect()
        };
        assert_eq!(hashes("").await, [shop.h_wire.as_str(), other.as_str()]);
        assert_eq!(hashes(&format!("?h_wire={other}")).await, [other.as_str()]);
        let url = shop.exchange.base_url();
        for url in [url.as_str(), url.trim_end_matches('/')] {
            assert_eq!(hashes(&format!("?exchange_url={url}")).await.len(), 2);
        }
        let none = format!("{KYC}?exchange_url=https://other.example/");
        shop.app
            .get(&none)
            .bearer(&shop.token)
            .send()
            .await
            .expect(204);
    })
    .await;
}

#[tokio::test]
async fn malformed_parameters_are_named() {
    with_shop(async |shop| {
        let admin = shop.app.admin_token("all").await;
        for (path, token) in [(KYC, &shop.token), (MANAGED, &admin)] {
            for (parameter, value) in [
                ("h_wire", "x"),
                ("timeout_ms", "-1"),
                ("timeout_ms", "1s"),
                ("lpt", "0"),
                ("lpt", "4"),
                ("lp_status", "READY"),
                ("lp_not_status", "x"),
            ] {
                let path = format!("{path}?{parameter}={value}");
                let call = shop.app.get(&path).bearer(token);
                call.send().await.blames(400, 26, parameter);
            }
        }
    })
    .await;
}

#[tokio::test]
async fn it_is_for_those_who_may_read_it() {
    with_shop(async |shop| {
        let reader = shop.app.token("shop", "readonly").await;
        shop.app.get(KYC).bearer(&reader).send().await.expect(200);
        let seller = shop.app.token("shop", "order-full").await;
        shop.app
            .get(KYC)
            .bearer(&seller)
            .send()
            .await
            .refuses(403, 16);
        shop.app
            .get(MANAGED)
            .bearer(&shop.token)
            .send()
            .await
            .refuses(401, 2015);
        let stranger = shop.app.shop("stranger").await;
        shop.app
            .get(KYC)
            .bearer(&stranger)
            .send()
            .await
            .refuses(401, 2015);
        // The operator still sees a deleted instance; its accounts are not asked about any more.
        let delete = shop
            .app
            .delete("/instances/shop/private")
            .bearer(&shop.token);
        delete.send().await.expect(204);
        let admin = shop.app.admin_token("all").await;
        shop.app
            .get(MANAGED)
            .bearer(&admin)
            .send()
            .await
            .expect(200);
        shop.app
            .get(KYC)
            .bearer(&shop.token)
            .send()
            .await
            .refuses(404, 2016);
    })
    .await;
}
