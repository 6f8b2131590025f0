//! Which instances can be created, and what a repeated creation means.

use std::time::Duration;

use serde_json::json;

use super::{create, every_setting, ids, list, settings, with};
use crate::support::{PASSWORD, instance, on_app, on_app_with};

/// How long failed logins count.
const LOGIN_WINDOW: Duration = Duration::from_secs(15 * 60);

#[tokio::test]
async fn create_instance_takes_good_ids_and_refuses_bad_ones() {
    on_app(async |app| {
        let admin = app.admin_token("all").await;
        let longest = "x".repeat(255);
        for id in [
            "ab",
            "9x",
            "A.b_c@d-e",
            "a-",
            "Shop",
            "shop",
            "defaults",
            "ADMIN",
            &longest,
        ] {
            create(app, &admin, &with(instance(id), &json!({ "name": "Shop" })))
                .await
                .expect(204);
            app.token(id, "readonly").await;
        }
        let too_long = "x".repeat(256);
        let bad = [
            "", "a", "-a", ".a", "_a", "@a", "a b", "a/b", "a\n", "ab ", "é1", "aé", "a%20",
            "default", "Default", "DEFAULT", &too_long,
        ];
        for id in bad.into_iter().chain(["a\0b"]) {
            create(app, &admin, &with(instance(id), &json!({ "name": "Shop" })))
                .await
                .blames(400, 26, "id");
        }
        assert_eq!(list(app, &admin).await.len(), 10);
    })
    .await;
}

#[tokio::test]
async fn create_instance_repeated_with_the_same_settings_changes_nothing() {
    on_app(async |app| {
        let admin = app.admin_token("all").await;
        let body = with(instance("shop"), &every_setting());
        create(app, &admin, &body).await.expect(204);
        let (before, token) = (settings(app, &admin, "shop").await, app.token("shop", "all").await);
        app.clock.advance(Duration::from_secs(60));

        let prefixed = json!({ "auth": { "method": "token", "password": format!("secret-token:{PASSWORD}") } });
        let unknown = json!({ "colour": "blue", "address": with(every_setting()["address"].clone(), &json!({ "planet": "Earth" })) });
        for same in [body.clone(), with(body.clone(), &prefixed), with(body, &unknown)] {
            let answer = create(app, &admin, &same).await;
            answer.expect(204);
            assert_eq!(answer.header("location"), Some("http://kontor.test/instances/shop/"));
        }
        assert_eq!(settings(app, &admin, "shop").await, before);
        app.get("/instances/shop/private").bearer(&token).send().await.expect(200);
        assert_eq!(ids(&list(app, &admin).await), ["admin", "shop"]);
    })
    .await;
}

#[tokio::test]
async fn create_instance_compares_what_counts_and_not_how_it_is_written() {
    on_app(async |app| {
        let admin = app.admin_token("all").await;
        create(app, &admin, &instance("shop")).await.expect(204);
        // Nulls, the defaults spelled out, and integers written with a fraction.
        let text = r#"{"id": "shop", "name": "Shop shop", "auth": {"password": "correct horse battery staple", "method": "token"},
            "email": null, "phone_number": null, "website": null, "logo": null, "default_wire_transfer_rounding_interval": "NONE",
            "default_pay_delay": {"d_us": 86400000000.0}, "default_refund_delay": null, "use_stefan": true,
            "jurisdiction": {"country": null, "address_lines": null}, "address": {"town": null, "country": "CH"}}"#;
        let call = app.call("POST", "/management/instances").header("content-type", "application/json; charset=utf-8");
        call.body(text).bearer(&admin).send().await.expect(204);
    })
    .await;
}

#[tokio::test]
async fn create_instance_with_any_other_setting_is_a_conflict() {
    on_app(async |app| {
        let admin = app.admin_token("all").await;
        let body = with(instance("shop"), &every_setting());
        create(app, &admin, &body).await.expect(204);
        let before = settings(app, &admin, "shop").await;
        let others = json!({
            "name": "Other", "email": "b@coffee.example", "phone_number": "+41791234568", "website": "https://coffee.example",
            "logo": "data:image/gif;base64,AAAA", "address": { "country": "CH" }, "jurisdiction": { "country": "CH" }, "use_stefan": true,
            "default_pay_delay": { "d_us": 1 }, "default_refund_delay": { "d_us": 1 }, "default_wire_transfer_delay": { "d_us": 1 },
            "default_wire_transfer_rounding_interval": "YEAR", "auth": { "method": "token", "password": "other" },
        });
        for (name, value) in others.as_object().expect("an object") {
            create(app, &admin, &with(body.clone(), &json!({ name: value }))).await.refuses(409, 2600);
        }
        for name in ["email", "phone_number", "website", "logo", "default_pay_delay"] {
            create(app, &admin, &with(body.clone(), &json!({ name: null }))).await.refuses(409, 2600);
        }
        // The same secret as a legacy one also opens every operation: other credentials.
        let legacy = json!({ "auth": { "method": "token", "token": format!("secret-token:{PASSWORD}") } });
        create(app, &admin, &with(body, &legacy)).await.refuses(409, 2600);
        assert_eq!(settings(app, &admin, "shop").await, before);
        app.token("shop", "all").await;
    })
    .await;
}

#[tokio::test]
async fn create_instance_repeated_with_other_passwords_is_under_the_login_limit() {
    on_app(async |app| {
        let admin = app.admin_token("all").await;
        create(app, &admin, &instance("shop")).await.expect(204);
        let guess = with(
            instance("shop"),
            &json!({ "auth": { "method": "token", "password": "guess" } }),
        );
        for _ in 0..10 {
            create(app, &admin, &guess).await.refuses(409, 2600);
        }
        let limited = create(app, &admin, &instance("shop")).await;
        limited.refuses(429, 2131);
        assert_eq!(limited.header("retry-after"), Some("900"));
        // From elsewhere, and for another instance, nothing failed yet.
        let elsewhere = app
            .post("/management/instances", &instance("shop"))
            .bearer(&admin)
            .from("192.0.2.1");
        elsewhere.send().await.expect(204);
        create(app, &admin, &instance("shop2")).await.expect(204);
        app.clock.advance(LOGIN_WINDOW);
        create(app, &admin, &instance("shop")).await.expect(204);
    })
    .await;
}

#[tokio::test]
async fn create_instance_repeats_legacy_secrets_and_external_authentication() {
    on_app_with(
        |settings| settings.merchant.allow_external_auth = true,
        async |app| {
            app.create_admin().await;
            let admin = app.admin_token("all").await;
            let strong =
                json!({ "method": "token", "token": "secret-token:NPV0B3R9XH4TZ1M7FQSWEAC2D5" });
            let auths = [
                strong,
                json!({ "method": "token", "token": "secret-token:sandbox" }),
                json!({ "method": "external" }),
            ];
            for (id, auth) in ["strong", "weak", "external"].into_iter().zip(&auths) {
                let body = with(instance(id), &json!({ "auth": auth }));
                for _ in 0..2 {
                    create(app, &admin, &body).await.expect(204);
                }
                create(app, &admin, &instance(id)).await.refuses(409, 2600);
                for other in auths.iter().filter(|other| *other != auth) {
                    create(app, &admin, &with(body.clone(), &json!({ "auth": other })))
                        .await
                        .refuses(409, 2600);
                }
            }
        },
    )
    .await;
}

#[tokio::test]
async fn create_instance_refuses_credentials_that_cannot_be() {
    on_app(async |app| {
        let admin = app.admin_token("all").await;
        for auth in super::auth::bad() {
            let body = with(instance("shop"), &json!({ "auth": auth }));
            let answer = create(app, &admin, &body).await;
            // What the program calls its types is nothing that callers should learn.
            let told = answer.refuses(400, 2601)["detail"].to_string();
            assert!(
                !told.contains("untagged") && !told.contains("Message"),
                "{told}"
            );
        }
        for (auth, parameter) in [
            (json!({ "method": "external" }), "auth"),
            (json!("x"), "auth"),
            (json!([]), "auth"),
        ] {
            let body = with(instance("shop"), &json!({ "auth": auth }));
            create(app, &admin, &body)
                .await
                .blames(400, 2601, parameter);
        }
        let body = with(instance("shop"), &json!({ "auth": null }));
        create(app, &admin, &body).await.blames(400, 25, "auth");
        assert_eq!(ids(&list(app, &admin).await), ["admin"]);
    })
    .await;
}
