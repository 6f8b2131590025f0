//! Adding accounts: what is taken, what is refused, what happens to one that is there.

use kontor::domain::{
    payto::Payto,
    wire_hash::{Salt, WireHash},
};
use serde_json::{Value, json};

use super::{ACCOUNTS, OTHER_PAYTO, PAYTO, add, added, with_facade};
use crate::support::{TestApp, on_app, on_app_with, repetitions};

/// The wire hash that a salt and a payto URI have.
fn wire_hash(salt: &str, payto: &str) -> String {
    let salt: Salt = salt.parse().expect("a salt");
    let payto = Payto::parse(payto).expect("a payto URI");
    WireHash::of(&payto, &salt).to_string()
}

#[tokio::test]
async fn an_account_is_added_under_the_hash_of_its_salt() {
    on_app(async |app| {
        let token = app.shop("shop").await;
        let answer = add(app, &token, &json!({ "payto_uri": PAYTO })).await;
        let added = answer.expect(200);
        let salt = added["salt"].as_str().expect("a salt");
        assert_eq!(salt.len(), 26);
        assert_eq!(added["h_wire"], wire_hash(salt, PAYTO));
        let other = add(app, &token, &json!({ "payto_uri": OTHER_PAYTO })).await;
        assert_ne!(other.expect(200)["salt"], added["salt"]);
    })
    .await;
}

#[tokio::test]
async fn repeating_it_changes_nothing() {
    on_app(async |app| {
        let token = app.shop("shop").await;
        let first = add(app, &token, &with_facade()).await.expect(200);
        let again = add(app, &token, &with_facade()).await.expect(200);
        assert_eq!(first, again);
        let listed = app.get(ACCOUNTS).bearer(&token).send().await.expect(200);
        assert_eq!(listed["accounts"].as_array().expect("a list").len(), 1);
    })
    .await;
}

#[tokio::test]
async fn null_means_absent() {
    on_app(async |app| {
        let token = app.shop("shop").await;
        let first = add(app, &token, &json!({ "payto_uri": PAYTO })).await;
        let nulls = json!({
            "payto_uri": PAYTO, "credit_facade_url": null, "credit_facade_credentials": null,
            "extra_wire_subject_metadata": null,
        });
        let again = add(app, &token, &nulls).await.expect(200);
        assert_eq!(again, first.expect(200));
        let none = json!({ "payto_uri": PAYTO, "credit_facade_credentials": { "type": "none" } });
        add(app, &token, &none).await.expect(200);
    })
    .await;
}

/// The account with one thing of it changed.
fn changed(member: &str, value: Value) -> Value {
    let mut account = with_facade();
    account[member] = value;
    account
}

fn variations() -> Vec<Value> {
    let credentials = |name: &str, password: &str| json!({ "type": "basic", "username": name, "password": password });
    vec![
        json!({ "payto_uri": PAYTO }),
        changed(
            "credit_facade_url",
            json!("https://bank.example.com/other/"),
        ),
        changed("credit_facade_url", Value::Null),
        changed("credit_facade_credentials", json!({ "type": "none" })),
        changed("credit_facade_credentials", Value::Null),
        changed(
            "credit_facade_credentials",
            credentials("coffee", "another"),
        ),
        changed(
            "credit_facade_credentials",
            credentials("tea", "planted-espresso"),
        ),
        changed("extra_wire_subject_metadata", json!("shop-8")),
        changed("extra_wire_subject_metadata", Value::Null),
    ]
}

#[tokio::test]
async fn an_active_account_with_other_data_is_a_conflict() {
    on_app(async |app| {
        let token = app.shop("shop").await;
        let account = added(app, &token, &with_facade()).await;
        let before = app.get(&account).bearer(&token).send().await.expect(200);
        for other in variations() {
            add(app, &token, &other).await.refuses(409, 2627);
        }
        let after = app.get(&account).bearer(&token).send().await.expect(200);
        assert_eq!(before, after);
    })
    .await;
}

#[tokio::test]
async fn a_deactivated_account_comes_back_with_the_new_data() {
    on_app(async |app| {
        let token = app.shop("shop").await;
        let account = added(app, &token, &with_facade()).await;
        let before = app.get(&account).bearer(&token).send().await.expect(200);
        for other in variations() {
            app.delete(&account).bearer(&token).send().await.expect(204);
            let again = add(app, &token, &other).await.expect(200);
            assert_eq!(again["h_wire"], before["h_wire"]);
            assert_eq!(again["salt"], before["salt"]);
            let after = app.get(&account).bearer(&token).send().await.expect(200);
            assert_eq!(after["active"], true);
            for member in ["credit_facade_url", "extra_wire_subject_metadata"] {
                assert_eq!(after[member], other[member], "{other}");
            }
            // What it holds now is what it was brought back with, its credentials included.
            add(app, &token, &other).await.expect(200);
        }
    })
    .await;
}

#[tokio::test]
async fn what_is_no_account_is_refused_by_name() {
    on_app(async |app| {
        let token = app.shop("shop").await;
        for payto in [
            "",
            "iban/CH9300762011623852957",
            "payto://",
            "payto://iban/CH9300762011623852957",
            "payto://iban/CH9300762011623852958?receiver-name=X",
            "payto://iban/CH930076201162385295?receiver-name=X",
            "payto://iban/XX9300762011623852957?receiver-name=X",
            "payto://x-taler-bank/bank.example.com/coffee",
            "payto://x-taler-bank/-bank/coffee?receiver-name=X",
            "payto://iban/CH9300762011623852957?receiver-name=Café",
            "payto://bitcoin/nonsense?receiver-name=X",
        ] {
            let answer = add(app, &token, &json!({ "payto_uri": payto })).await;
            let code = if payto.is_empty() { 26 } else { 24 };
            let body = answer.blames(400, code, "payto_uri");
            assert!(
                body["detail"]
                    .as_str()
                    .is_some_and(|detail| !detail.is_empty())
            );
        }
        add(app, &token, &json!({}))
            .await
            .blames(400, 25, "payto_uri");
        add(app, &token, &json!({ "payto_uri": 5 }))
            .await
            .blames(400, 26, "payto_uri");
        let text = app
            .call("POST", ACCOUNTS)
            .header("content-type", "application/json");
        text.body("{").bearer(&token).send().await.refuses(400, 22);
        let text = app
            .call("POST", ACCOUNTS)
            .header("content-type", "text/plain");
        text.body("{}").bearer(&token).send().await.refuses(415, 23);
        let packed = app
            .call("POST", ACCOUNTS)
            .header("content-encoding", "gzip");
        packed
            .body("{}")
            .bearer(&token)
            .send()
            .await
            .refuses(400, 28);
        let large = json!({ "payto_uri": PAYTO, "x": "y".repeat(1 << 20) });
        add(app, &token, &large).await.refuses(413, 32);
    })
    .await;
}

#[tokio::test]
async fn metadata_is_refused_unless_a_bank_takes_it() {
    on_app(async |app| {
        let token = app.shop("shop").await;
        let member = "extra_wire_subject_metadata";
        for bad in ["", " ", "a b", "a_b", "ä", "a\n", "x".repeat(41).as_str()] {
            let account = json!({ "payto_uri": PAYTO, member: bad });
            add(app, &token, &account).await.blames(400, 26, member);
        }
        for good in ["a", "A-z.0:9", "x".repeat(40).as_str()] {
            let payto = format!("{PAYTO}{}", good.len());
            add(app, &token, &json!({ "payto_uri": payto, member: good }))
                .await
                .expect(200);
        }
    })
    .await;
}

#[tokio::test]
async fn accounts_of_other_kinds_are_taken() {
    on_app(async |app| {
        let token = app.shop("shop").await;
        for payto in [
            "payto://iban/SOGEDEFF/DE75512108001245126199?receiver-name=Alice%20M",
            "payto://x-taler-bank/bank.example.com/coffee?receiver-name=X",
            "payto://x-taler-bank/localhost:8082/path/coffee?receiver-name=X",
            "payto://upi/alice@bank?receiver-name=X",
            "payto://void/nothing",
        ] {
            let account = added(app, &token, &json!({ "payto_uri": payto })).await;
            let shown = app.get(&account).bearer(&token).send().await.expect(200);
            assert_eq!(shown["payto_uri"], payto);
        }
        let admin = app.admin_token("all").await;
        let listed = app
            .get("/management/instances")
            .bearer(&admin)
            .send()
            .await
            .expect(200);
        let listed = listed["instances"].as_array().expect("a list").clone();
        let shop = listed.iter().find(|instance| instance["id"] == "shop");
        let targets = &shop.expect("the shop")["payment_targets"];
        assert_eq!(*targets, json!(["iban", "upi", "void", "x-taler-bank"]));
        let admin = listed.iter().find(|instance| instance["id"] == "admin");
        assert_eq!(admin.expect("admin")["payment_targets"], json!([]));
    })
    .await;
}

#[tokio::test]
async fn the_operator_restricts_kinds_and_form() {
    let adjust = |settings: &mut kontor::config::Settings| {
        settings.merchant.payment_target_types = vec!["iban".to_owned(), "void".to_owned()];
        let regex = serde_json::from_value(json!("^payto://iban/CH"));
        settings.merchant.payment_target_regex = Some(regex.expect("an expression"));
    };
    on_app_with(adjust, async |app| {
        app.create_admin().await;
        let token = app.shop("shop").await;
        let config = app.get("/config").send().await.expect(200);
        assert_eq!(config["payment_target_types"], "iban void");
        assert_eq!(config["payment_target_regex"], "^payto://iban/CH");
        add(app, &token, &json!({ "payto_uri": PAYTO }))
            .await
            .expect(200);
        for payto in [
            OTHER_PAYTO,
            "payto://void/nothing",
            "payto://upi/alice@bank?receiver-name=X",
        ] {
            let answer = add(app, &token, &json!({ "payto_uri": payto })).await;
            answer.blames(400, 24, "payto_uri");
        }
    })
    .await;
}

async fn in_parallel(app: &TestApp, token: &str, accounts: Vec<Value>) -> Vec<(u16, Value)> {
    let calls = accounts.iter().map(|account| add(app, token, account));
    let answers = futures_util::future::join_all(calls).await;
    let answers = answers.iter();
    answers
        .map(|answer| (answer.status.as_u16(), answer.json()))
        .collect()
}

#[tokio::test]
async fn of_different_accounts_at_once_one_is_added() {
    on_app(async |app| {
        let token = app.shop("shop").await;
        for round in 0..repetitions() {
            let payto = format!("payto://void/{round}");
            let accounts = (0..8).map(|number| {
                json!({ "payto_uri": payto, "extra_wire_subject_metadata": format!("m{number}") })
            });
            let answers = in_parallel(app, &token, accounts.collect()).await;
            let added = answers.iter().filter(|(status, _)| *status == 200);
            assert_eq!(added.count(), 1, "{answers:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn of_the_same_accounts_at_once_all_are_told_the_same() {
    on_app(async |app| {
        let token = app.shop("shop").await;
        for round in 0..repetitions() {
            let account = json!({ "payto_uri": format!("payto://void/{round}") });
            let answers = in_parallel(app, &token, vec![account; 8]).await;
            assert!(
                answers.iter().all(|answer| *answer == answers[0]),
                "{answers:?}"
            );
            assert_eq!(answers[0].0, 200);
        }
    })
    .await;
}

#[tokio::test]
async fn there_are_a_hundred_at_the_most() {
    on_app(async |app| {
        let token = app.shop("shop").await;
        for number in 0..100 {
            added(
                app,
                &token,
                &json!({ "payto_uri": format!("payto://void/{number}") }),
            )
            .await;
        }
        let one_more = json!({ "payto_uri": "payto://void/more" });
        let refusal = add(app, &token, &one_more).await.refuses(409, 2627);
        assert!(
            refusal["detail"]
                .as_str()
                .is_some_and(|detail| detail.contains("100"))
        );
        // Those that are there can be brought back.
        let first = json!({ "payto_uri": "payto://void/0" });
        let path = added(app, &token, &first).await;
        app.delete(&path).bearer(&token).send().await.expect(204);
        added(app, &token, &first).await;
    })
    .await;
}
