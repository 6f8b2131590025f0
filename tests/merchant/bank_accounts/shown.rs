//! Listing, showing and deactivating accounts, and whose they are.

use serde_json::json;

use super::{ACCOUNTS, NO_ACCOUNT, OTHER_PAYTO, PAYTO, add, added, with_facade};
use crate::support::on_app;

#[tokio::test]
async fn accounts_are_listed_in_their_order() {
    on_app(async |app| {
        let token = app.shop("shop").await;
        let list = async || app.get(ACCOUNTS).bearer(&token).send().await.expect(200);
        assert_eq!(list().await, json!({ "accounts": [] }));
        let first = add(app, &token, &json!({ "payto_uri": PAYTO }))
            .await
            .expect(200);
        let second = add(app, &token, &json!({ "payto_uri": OTHER_PAYTO }))
            .await
            .expect(200);
        let path = format!("{ACCOUNTS}/{}", first["h_wire"].as_str().expect("a hash"));
        app.delete(&path).bearer(&token).send().await.expect(204);
        let expected = json!({ "accounts": [
            { "payto_uri": PAYTO, "h_wire": first["h_wire"], "active": false },
            { "payto_uri": OTHER_PAYTO, "h_wire": second["h_wire"], "active": true },
        ]});
        assert_eq!(list().await, expected);
    })
    .await;
}

#[tokio::test]
async fn an_account_is_shown_without_its_credentials() {
    on_app(async |app| {
        let token = app.shop("shop").await;
        let answer = add(app, &token, &with_facade()).await.expect(200);
        let path = format!("{ACCOUNTS}/{}", answer["h_wire"].as_str().expect("a hash"));
        let shown = app.get(&path).bearer(&token).send().await.expect(200);
        let expected = json!({
            "payto_uri": PAYTO, "h_wire": answer["h_wire"], "salt": answer["salt"], "active": true,
            "credit_facade_url": "https://bank.example.com/accounts/coffee/taler-revenue/",
            "extra_wire_subject_metadata": "shop-7",
        });
        assert_eq!(shown, expected);
        // The wire hash is taken in either case.
        let lower = path.replace(answer["h_wire"].as_str().expect("a hash"), &{
            answer["h_wire"].as_str().expect("a hash").to_lowercase()
        });
        app.get(&lower).bearer(&token).send().await.expect(200);
    })
    .await;
}

#[tokio::test]
async fn an_account_is_shown_in_the_form_that_is_asked_for() {
    on_app(async |app| {
        let token = app.shop("shop").await;
        let path = added(app, &token, &with_facade()).await;
        let get = async |accept: &str| {
            let call = app.get(&path).bearer(&token).header("accept", accept);
            call.send().await
        };
        let text = get("text/plain").await;
        assert_eq!(text.status, 200);
        assert!(
            text.header("content-type")
                .is_some_and(|kind| kind.starts_with("text/plain"))
        );
        assert_eq!(text.header("vary"), Some("Accept"));
        let text = text.text();
        for part in [PAYTO, "Active: yes", "shop-7", "taler-revenue"] {
            assert!(text.contains(part), "{text}");
        }
        assert!(
            !text.contains("planted-espresso") && !text.contains("basic"),
            "{text}"
        );
        for accept in ["application/json", "*/*", "application/*, text/plain;q=0.5"] {
            get(accept).await.expect(200)["h_wire"]
                .as_str()
                .expect("JSON");
        }
        get("image/png").await.refuses(406, 78);
        get("text/html").await.refuses(406, 78);
    })
    .await;
}

#[tokio::test]
async fn what_is_no_wire_hash_is_told_from_one_of_no_account() {
    on_app(async |app| {
        let token = app.shop("shop").await;
        for (h_wire, status, code) in [
            ("x", 400, 2023),
            (&NO_ACCOUNT[1..], 400, 2023),
            (&format!("{NO_ACCOUNT}0"), 400, 2023),
            (&NO_ACCOUNT.replace('9', "-"), 400, 2023),
            (NO_ACCOUNT, 404, 2022),
        ] {
            let path = format!("{ACCOUNTS}/{h_wire}");
            app.get(&path)
                .bearer(&token)
                .send()
                .await
                .refuses(status, code);
            app.delete(&path)
                .bearer(&token)
                .send()
                .await
                .refuses(status, code);
            let patch = app.patch(&path, &json!({})).bearer(&token);
            patch.send().await.refuses(status, code);
        }
    })
    .await;
}

#[tokio::test]
async fn deactivating_twice_is_no_error() {
    on_app(async |app| {
        let token = app.shop("shop").await;
        let path = added(app, &token, &with_facade()).await;
        for _ in 0..2 {
            app.delete(&path).bearer(&token).send().await.expect(204);
            let shown = app.get(&path).bearer(&token).send().await.expect(200);
            assert_eq!(shown["active"], false);
        }
        let admin = app.admin_token("all").await;
        let listed = app
            .get("/management/instances")
            .bearer(&admin)
            .send()
            .await
            .expect(200);
        let mut listed = listed["instances"].as_array().expect("a list").iter();
        let shop = listed.find(|instance| instance["id"] == "shop");
        assert_eq!(shop.expect("the shop")["payment_targets"], json!([]));
    })
    .await;
}

#[tokio::test]
async fn another_instance_has_nothing_to_do_with_it() {
    on_app(async |app| {
        let token = app.shop("shop").await;
        let stranger = app.shop("stranger").await;
        let path = added(app, &token, &with_facade()).await;
        let before = app.get(&path).bearer(&token).send().await.expect(200);
        // Neither with its token at the account's place ...
        app.get(&path)
            .bearer(&stranger)
            .send()
            .await
            .refuses(401, 2015);
        app.delete(&path)
            .bearer(&stranger)
            .send()
            .await
            .refuses(401, 2015);
        let own = path.replace("/shop/", "/stranger/");
        // ... nor with the wire hash at its own.
        app.get(&own)
            .bearer(&stranger)
            .send()
            .await
            .refuses(404, 2022);
        app.delete(&own)
            .bearer(&stranger)
            .send()
            .await
            .refuses(404, 2022);
        let patch = app.patch(&own, &json!({})).bearer(&stranger);
        patch.send().await.refuses(404, 2022);
        // The same payto URI has a wire hash of its own there, since the salt is another one.
        let theirs = app.post("/instances/stranger/private/accounts", &with_facade());
        let theirs = theirs.bearer(&stranger).send().await.expect(200);
        assert_ne!(theirs["h_wire"], before["h_wire"]);
        assert_eq!(
            app.get(&path).bearer(&token).send().await.expect(200),
            before
        );
    })
    .await;
}

#[tokio::test]
async fn a_readonly_token_reads() {
    on_app(async |app| {
        let token = app.shop("shop").await;
        let path = added(app, &token, &with_facade()).await;
        let reader = app.token("shop", "readonly").await;
        app.get(ACCOUNTS).bearer(&reader).send().await.expect(200);
        app.get(&path).bearer(&reader).send().await.expect(200);
        app.delete(&path)
            .bearer(&reader)
            .send()
            .await
            .refuses(403, 16);
        let patch = app.patch(&path, &json!({})).bearer(&reader);
        patch.send().await.refuses(403, 16);
        add(app, &reader, &with_facade()).await.refuses(403, 16);
        let seller = app.token("shop", "order-full").await;
        app.get(ACCOUNTS)
            .bearer(&seller)
            .send()
            .await
            .refuses(403, 16);
    })
    .await;
}

#[tokio::test]
async fn accounts_go_with_their_instance() {
    on_app(async |app| {
        let token = app.shop("shop").await;
        added(app, &token, &with_facade()).await;
        let purge = app
            .delete("/instances/shop/private?purge=YES")
            .bearer(&token);
        purge.send().await.expect(204);
        let left = kontor::db::bank_account::payment_targets(app.app.database.read()).await;
        assert_eq!(left.expect("a query"), Vec::new());
    })
    .await;
}
