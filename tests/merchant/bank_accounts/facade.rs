//! The facade of an account: its URL, its credentials, its metadata.

use kontor::{db, secrets::Purpose};
use serde_json::{Value, json};

use super::{ACCOUNTS, PAYTO, add, added, with_facade};
use crate::support::{TestApp, on_app};

const URL: &str = "credit_facade_url";

/// The credentials that the only account of `shop` has, opened as whoever calls the bank will.
async fn credentials(app: &TestApp) -> Option<Value> {
    let connection = app.app.database.read();
    let shop = db::instance::find(connection, "shop")
        .await
        .expect("a query");
    let accounts = db::bank_account::list(connection, shop.expect("a shop").serial).await;
    let account = accounts.expect("a query").remove(0);
    let context = format!("shop\0{}", account.payto_uri);
    let sealed = account.facade_credentials?;
    let opened = app.app.keyring.open(
        Purpose::FacadeCredentials,
        context.as_bytes(),
        sealed.expose(),
    );
    let opened = opened.expect("the key opens it");
    Some(serde_json::from_slice(&opened).expect("JSON"))
}

#[tokio::test]
async fn credentials_are_sealed_for_the_server_that_they_are_for() {
    on_app(async |app| {
        let token = app.shop("shop").await;
        let account = added(app, &token, &with_facade()).await;
        let sealed = json!({
            "origin": "https://bank.example.com", "username": "coffee", "password": "planted-espresso",
        });
        assert_eq!(credentials(app).await, Some(sealed.clone()));
        // Moving the facade keeps them, for the server that they were given for.
        let moved = json!({ URL: "https://thief.example.com/" });
        let patch = app.patch(&account, &moved).bearer(&token);
        patch.send().await.expect(204);
        assert_eq!(credentials(app).await, Some(sealed));
        let sent = json!({
            URL: "https://bank.example.com:8443/x/",
            "credit_facade_credentials": { "type": "basic", "username": "u", "password": "" },
        });
        app.patch(&account, &sent).bearer(&token).send().await.expect(204);
        let sealed =
            json!({ "origin": "https://bank.example.com:8443", "username": "u", "password": "" });
        assert_eq!(credentials(app).await, Some(sealed));
    })
    .await;
}

#[tokio::test]
async fn a_change_clears_what_it_leaves_out_but_the_credentials() {
    on_app(async |app| {
        let token = app.shop("shop").await;
        let account = added(app, &token, &with_facade()).await;
        let patch = async |body: Value| {
            let patch = app.patch(&account, &body).bearer(&token);
            patch.send().await.expect(204);
            app.get(&account).bearer(&token).send().await.expect(200)
        };
        let shown = patch(json!({ "extra_wire_subject_metadata": "m" })).await;
        assert_eq!(shown.get(URL), None);
        assert_eq!(shown["extra_wire_subject_metadata"], "m");
        assert!(credentials(app).await.is_some());
        let shown =
            patch(json!({ URL: "http://10.0.0.1/", "credit_facade_credentials": null })).await;
        assert_eq!(shown[URL], "http://10.0.0.1/");
        assert_eq!(shown.get("extra_wire_subject_metadata"), None);
        assert!(credentials(app).await.is_some());
        patch(json!({ "credit_facade_credentials": { "type": "none" } })).await;
        assert_eq!(credentials(app).await, None);
        // The payto URI never changes, and unknown members mean nothing.
        let shown = patch(json!({ "payto_uri": "payto://void/x", "active": false })).await;
        assert_eq!(
            (&shown["payto_uri"], &shown["active"]),
            (&json!(PAYTO), &json!(true))
        );
    })
    .await;
}

#[tokio::test]
async fn what_is_no_facade_is_refused() {
    on_app(async |app| {
        let token = app.shop("shop").await;
        let account = added(app, &token, &with_facade()).await;
        for url in [
            "",
            "bank.example.com",
            "/relative",
            "ftp://bank.example.com/",
            "file:///etc/passwd",
            "https://",
            "https://user:pw@bank.example.com/",
            "https://bank.example.com/#x",
            "javascript:alert(1)",
            &format!("https://bank.example.com/{}", "x".repeat(2048)),
        ] {
            let body = json!({ "payto_uri": "payto://void/x", URL: url });
            add(app, &token, &body).await.blames(400, 26, URL);
            let patch = app.patch(&account, &json!({ URL: url })).bearer(&token);
            patch.send().await.blames(400, 26, URL);
        }
        for credentials in [
            json!({}),
            json!({ "type": "bearer", "token": "x" }),
            json!({ "type": "basic" }),
            json!({ "type": "basic", "username": "x" }),
            json!({ "type": "basic", "username": 1, "password": "x" }),
            json!({ "type": "basic", "username": "a:b", "password": "x" }),
            json!({ "type": "basic", "username": "a", "password": "x".repeat(1025) }),
            json!({ "type": "basic", "username": "a", "password": "x\u{0}" }),
            json!("none"),
        ] {
            let body =
                json!({ "payto_uri": "payto://void/x", "credit_facade_credentials": credentials });
            let answer = add(app, &token, &body).await;
            let error = answer.expect(400);
            assert!(
                [25, 26].contains(&error["code"].as_u64().expect("a code")),
                "{error}"
            );
            // Nothing that was sent comes back.
            assert!(!answer.text().contains("xxxx"), "{error}");
        }
        let text = app
            .call("PATCH", &account)
            .header("content-type", "application/json");
        text.body("[").bearer(&token).send().await.refuses(400, 22);
        let packed = app
            .call("PATCH", &account)
            .header("content-encoding", "gzip");
        packed
            .body("{}")
            .bearer(&token)
            .send()
            .await
            .refuses(400, 28);
        let text = app
            .call("PATCH", &account)
            .header("content-type", "text/plain");
        text.body("{}").bearer(&token).send().await.refuses(415, 23);
        let large = json!({ "x": "y".repeat(1 << 20) });
        let large = app.patch(&account, &large).bearer(&token);
        large.send().await.refuses(413, 32);
        let listed = app.get(ACCOUNTS).bearer(&token).send().await.expect(200);
        assert_eq!(listed["accounts"].as_array().expect("a list").len(), 1);
    })
    .await;
}
