//! The instance whose base URL is used, looked after by itself. Its credentials: `instances/auth.rs`.

use serde_json::json;

use super::instances::{every_setting, required_settings, with};
use crate::support::{PASSWORD, on_app};

#[tokio::test]
async fn get_own_instance_shows_what_the_operator_sees() {
    on_app(async |app| {
        let shop = app.shop("shop").await;
        let admin = app.admin_token("all").await;
        for (path, token, id) in [
            ("/instances/shop/private", &shop, "shop"),
            ("/private", &admin, "admin"),
            ("/instances/admin/private", &admin, "admin"),
        ] {
            let managed = app
                .get(&format!("/management/instances/{id}"))
                .bearer(&admin)
                .send()
                .await
                .expect(200);
            let answer = app.get(path).bearer(token).send().await;
            assert_eq!(answer.expect(200), managed);
            assert_eq!(answer.header("cache-control"), Some("no-store"));
            assert_eq!(managed["name"], format!("Shop {id}"));
            assert!(
                app.call("HEAD", path)
                    .bearer(token)
                    .send()
                    .await
                    .body
                    .is_empty()
            );
        }
    })
    .await;
}

#[tokio::test]
async fn get_own_instance_is_found_by_the_encoded_id_too() {
    on_app(async |app| {
        let token = app.shop("a@b.c").await;
        for path in [
            "/instances/a@b.c/private",
            "/instances/a%40b.c/private",
            "/instances/%61%40b%2Ec/private",
        ] {
            app.get(path).bearer(&token).send().await.expect(200);
        }
        app.get("/instances/A@b.c/private")
            .bearer(&token)
            .send()
            .await
            .refuses(404, 2000);
    })
    .await;
}

#[tokio::test]
async fn update_own_instance_replaces_every_setting() {
    on_app(async |app| {
        let shop = app.shop("shop").await;
        let admin = app.admin_token("all").await;
        for (path, token) in [("/instances/shop/private", &shop), ("/private", &admin)] {
            app.patch(path, &every_setting())
                .bearer(token)
                .send()
                .await
                .expect(204);
            let shown = app.get(path).bearer(token).send().await.expect(200);
            for (name, value) in every_setting().as_object().expect("an object") {
                assert_eq!(&shown[name], value, "{name}");
            }
            app.token(if path == "/private" { "admin" } else { "shop" }, "all")
                .await;
        }
    })
    .await;
}

#[tokio::test]
async fn update_own_instance_clears_what_is_left_out_but_keeps_the_delays() {
    on_app(async |app| {
        let shop = app.shop("shop").await;
        let path = "/instances/shop/private";
        app.patch(path, &every_setting())
            .bearer(&shop)
            .send()
            .await
            .expect(204);
        let before = app.get(path).bearer(&shop).send().await.expect(200);
        // `null` is the same as leaving out.
        let mut patch = with(
            required_settings(),
            &json!({ "address": { "country": "DE" } }),
        );
        for name in [
            "email",
            "logo",
            "default_pay_delay",
            "default_wire_transfer_rounding_interval",
        ] {
            patch[name] = json!(null);
        }
        app.patch(path, &patch)
            .bearer(&shop)
            .send()
            .await
            .expect(204);
        let shown = app.get(path).bearer(&shop).send().await.expect(200);
        let kept: Vec<_> = shown
            .as_object()
            .unwrap()
            .keys()
            .filter(|name| before[*name] == shown[*name])
            .collect();
        let expected = [
            "merchant_pub",
            "default_pay_delay",
            "default_refund_delay",
            "default_wire_transfer_delay",
            "default_wire_transfer_rounding_interval",
            "auth",
        ];
        assert_eq!(kept, expected);
        assert_eq!(shown["address"], json!({ "country": "DE" }));
        for name in ["email", "phone_number", "website", "logo"] {
            assert!(shown.get(name).is_none(), "{name}");
        }
    })
    .await;
}

#[tokio::test]
async fn delete_own_instance_leaves_it_to_the_operator() {
    on_app(async |app| {
        let (shop, other) = (app.shop("shop").await, app.shop("other").await);
        let path = "/instances/shop/private";
        app.delete(path).bearer(&shop).send().await.expect(204);
        for purge in ["", "?purge=NO", "?purge=YES"] {
            app.delete(&format!("{path}{purge}"))
                .bearer(&shop)
                .send()
                .await
                .refuses(404, 2016);
        }
        app.get(path).bearer(&shop).send().await.refuses(404, 2016);
        app.post(&format!("{path}/token"), &json!({ "scope": "all" }))
            .basic("shop", PASSWORD)
            .send()
            .await
            .refuses(404, 2016);
        app.get("/instances/other/private")
            .bearer(&other)
            .send()
            .await
            .expect(200);
        let stored = kontor::db::instance::find(app.app.database.read(), "shop")
            .await
            .unwrap()
            .expect("a row");
        assert!(stored.merchant_priv.is_none() && stored.deleted_at_us.is_some());
        let admin = app.admin_token("all").await;
        app.get("/management/instances/shop")
            .bearer(&admin)
            .send()
            .await
            .expect(200);
        app.delete("/management/instances/shop?purge=YES")
            .bearer(&admin)
            .send()
            .await
            .expect(204);
    })
    .await;
}

#[tokio::test]
async fn delete_own_instance_with_purge_frees_the_id() {
    on_app(async |app| {
        let shop = app.shop("shop").await;
        let path = "/instances/shop/private";
        app.delete(&format!("{path}?purge=YES"))
            .bearer(&shop)
            .send()
            .await
            .expect(204);
        app.get(path).bearer(&shop).send().await.refuses(404, 2000);
        app.delete(path)
            .bearer(&shop)
            .send()
            .await
            .refuses(404, 2000);
        app.patch(path, &required_settings())
            .bearer(&shop)
            .send()
            .await
            .refuses(404, 2000);
        app.shop("shop").await;
        app.get(path).bearer(&shop).send().await.refuses(401, 2015);
    })
    .await;
}
