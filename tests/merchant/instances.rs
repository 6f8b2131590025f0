//! All instances, looked after by the operator: what is shown of them. The rest is in the files beside.

mod auth;
mod creation;
mod deletion;
mod external;
mod legacy;
mod races;
mod settings;

use kontor::{
    config::{PublicUrl, RoundingInterval},
    secrets::MerchantKey,
};
use serde_json::{Value, json};

use crate::support::{Answer, TestApp, instance, on_app, on_app_with};

/// An image of one pixel.
const LOGO: &str = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

/// Every setting that an instance can have.
pub(super) fn every_setting() -> Value {
    json!({
        "name": "Café Zürich ☕", "email": "ada@coffee.example", "phone_number": "+41791234567",
        "website": "https://coffee.example/", "logo": LOGO,
        "address": {
            "country": "CH", "country_subdivision": "Zürich", "district": "Kreis 4", "town": "Zürich", "town_location": "Langstrasse",
            "post_code": "8004", "street": "Gasse", "building_name": "Haus zum Löwen", "building_number": "21 b",
            "address_lines": ["one", "two", "three", "four", "five", "six", "seven"],
        },
        "jurisdiction": { "country": "CH", "address_lines": [] }, "use_stefan": false,
        "default_pay_delay": { "d_us": 0 }, "default_refund_delay": { "d_us": 9_007_199_254_740_991_u64 },
        "default_wire_transfer_delay": { "d_us": 3 }, "default_wire_transfer_rounding_interval": "QUARTER",
    })
}

/// The settings that are required, as a body of PATCH.
pub(super) fn required_settings() -> Value {
    json!({ "name": "Plain", "address": {}, "jurisdiction": {}, "use_stefan": true })
}

/// A body with other or further members; `null` takes one away.
pub(super) fn with(mut body: Value, changes: &Value) -> Value {
    let members = body.as_object_mut().expect("an object");
    for (name, value) in changes.as_object().expect("an object") {
        match value {
            Value::Null => drop(members.remove(name)),
            value => drop(members.insert(name.clone(), value.clone())),
        }
    }
    body
}

async fn create(app: &TestApp, admin: &str, body: &Value) -> Answer {
    app.post("/management/instances", body)
        .bearer(admin)
        .send()
        .await
}

async fn settings(app: &TestApp, admin: &str, id: &str) -> Value {
    app.get(&format!("/management/instances/{id}"))
        .bearer(admin)
        .send()
        .await
        .expect(200)
}

/// The entries of the list of instances, by id.
async fn list(app: &TestApp, admin: &str) -> Vec<Value> {
    let answer = app
        .get("/management/instances")
        .bearer(admin)
        .send()
        .await
        .expect(200);
    answer["instances"].as_array().expect("a list").clone()
}

fn ids(list: &[Value]) -> Vec<&str> {
    list.iter()
        .map(|entry| entry["id"].as_str().expect("an id"))
        .collect()
}

/// Fails unless an instance has these settings.
#[track_caller]
fn assert_settings(shown: &Value, expected: &Value) {
    for (name, value) in expected.as_object().expect("an object") {
        assert_eq!(&shown[name], value, "{name}");
    }
}

#[tokio::test]
async fn get_instance_shows_every_field_that_create_instance_stored() {
    on_app(async |app| {
        let admin = app.admin_token("all").await;
        let body = with(instance("shop"), &every_setting());
        create(app, &admin, &body).await.expect(204);

        let shown = settings(app, &admin, "shop").await;
        assert_settings(&shown, &every_setting());
        assert_eq!(shown["auth"], json!({ "method": "token" }));
        assert_eq!((&shown["email_validated"], &shown["phone_validated"]), (&json!(false), &json!(false)));
        assert!(shown.get("id").is_none() && shown.to_string().find("horse").is_none());

        let list = list(app, &admin).await;
        assert_eq!(ids(&list), ["admin", "shop"]);
        let expected = json!({
            "name": "Café Zürich ☕", "website": "https://coffee.example/", "logo": LOGO, "id": "shop",
            "merchant_pub": shown["merchant_pub"], "payment_targets": [], "deleted": false,
        });
        assert_eq!(list[1], expected);
    })
    .await;
}

#[tokio::test]
async fn create_instance_takes_what_is_left_out_from_the_configuration() {
    let adjust = |settings: &mut kontor::config::Settings| {
        settings.merchant.default_pay_delay = std::time::Duration::from_secs(60);
        settings.merchant.default_refund_delay = std::time::Duration::from_millis(1500);
        settings.merchant.default_wire_transfer_delay = std::time::Duration::ZERO;
        settings.merchant.default_wire_transfer_rounding_interval = RoundingInterval::Week;
    };
    on_app_with(adjust, async |app| {
        app.create_admin().await;
        let admin = app.admin_token("all").await;
        create(app, &admin, &instance("shop")).await.expect(204);
        let shown = settings(app, &admin, "shop").await;
        let config = app.get("/config").send().await.expect(200);
        for name in [
            "default_pay_delay",
            "default_refund_delay",
            "default_wire_transfer_delay",
            "default_wire_transfer_rounding_interval",
        ] {
            assert_eq!(shown[name], config[name], "{name}");
        }
        assert_eq!(shown["default_refund_delay"], json!({ "d_us": 1_500_000 }));
        assert_eq!(shown["default_wire_transfer_rounding_interval"], "WEEK");
        for name in [
            "email",
            "email_validated",
            "phone_number",
            "phone_validated",
            "website",
            "logo",
        ] {
            assert!(shown.get(name).is_none(), "{name}");
        }
    })
    .await;
}

#[tokio::test]
async fn create_instance_makes_a_key_pair_of_its_own() {
    on_app(async |app| {
        let mut seen = Vec::new();
        for id in ["one", "two"] {
            app.shop(id).await;
            let stored = kontor::db::instance::find(app.app.database.read(), id)
                .await
                .unwrap()
                .expect("a row");
            let public: [u8; 32] = stored.merchant_pub.clone().try_into().expect("32 bytes");
            let sealed = stored.merchant_priv.expect("a private key");
            assert_eq!(
                stored.merchant_priv_key_id,
                Some(app.app.keyring.newest_id().to_string())
            );
            let key = MerchantKey::open(&app.app.keyring, id, &public, sealed.expose())
                .expect("the key of this instance");
            assert_eq!(key.public_bytes(), public);
            ed25519_dalek::VerifyingKey::from_bytes(&public).expect("a point of the curve");
            assert!(
                MerchantKey::open(&app.app.keyring, "other", &public, sealed.expose()).is_err()
            );

            let admin = app.admin_token("readonly").await;
            let shown = settings(app, &admin, id).await;
            assert_eq!(
                shown["merchant_pub"],
                kontor_openapi::scalar::base32::encode(&public)
            );
            seen.push(public);
        }
        assert_ne!(seen[0], seen[1]);
    })
    .await;
}

#[tokio::test]
async fn create_instance_says_where_the_instance_is() {
    on_app(async |app| {
        let admin = app.admin_token("all").await;
        for (id, location) in [
            ("a@b.c_d-e", "http://kontor.test/instances/a@b.c_d-e/"),
            ("admin", "http://kontor.test/"),
        ] {
            let answer = create(app, &admin, &instance(id)).await;
            answer.expect(204);
            assert_eq!(answer.header("location"), Some(location));
        }
    })
    .await;
    let adjust = |settings: &mut kontor::config::Settings| {
        settings.merchant.public_url =
            Some(PublicUrl::parse("https://pay.example/merchant").expect("a URL"));
    };
    on_app_with(adjust, async |app| {
        app.create_admin().await;
        let admin = app.admin_token("all").await;
        for (id, location) in [
            ("shop", "https://pay.example/merchant/instances/shop/"),
            ("admin", "https://pay.example/merchant/"),
        ] {
            assert_eq!(
                create(app, &admin, &instance(id)).await.header("location"),
                Some(location)
            );
        }
    })
    .await;
}

#[tokio::test]
async fn list_instances_is_in_the_order_of_bytes_and_names_deleted_ones() {
    on_app(async |app| {
        let admin = app.admin_token("all").await;
        for id in ["zebra", "Zebra", "ab", "a.b", "a-b", "9a"] {
            create(app, &admin, &instance(id)).await.expect(204);
        }
        app.delete("/management/instances/ab")
            .bearer(&admin)
            .send()
            .await
            .expect(204);
        let list = list(app, &admin).await;
        assert_eq!(
            ids(&list),
            ["9a", "Zebra", "a-b", "a.b", "ab", "admin", "zebra"]
        );
        let deleted: Vec<_> = list
            .iter()
            .filter(|entry| entry["deleted"] == true)
            .collect();
        assert_eq!(deleted.len(), 1);
        assert_eq!(deleted[0]["id"], "ab");
    })
    .await;
}

#[tokio::test]
async fn get_instance_and_its_neighbours_know_no_unknown_instance() {
    on_app(async |app| {
        let admin = app.admin_token("all").await;
        let auth = json!({ "method": "token", "password": "x" });
        // Names are compared exactly.
        app.shop("shop").await;
        for name in ["nobody", "Shop", "default", "a", "-", "caf%C3%A9"] {
            let path = format!("/management/instances/{name}");
            app.get(&path)
                .bearer(&admin)
                .send()
                .await
                .refuses(404, 2000);
            app.patch(&path, &required_settings())
                .bearer(&admin)
                .send()
                .await
                .refuses(404, 2000);
            app.delete(&path)
                .bearer(&admin)
                .send()
                .await
                .refuses(404, 2000);
            app.delete(&format!("{path}?purge=YES"))
                .bearer(&admin)
                .send()
                .await
                .refuses(404, 2000);
            app.post(&format!("{path}/auth"), &auth)
                .bearer(&admin)
                .send()
                .await
                .refuses(404, 2000);
        }
    })
    .await;
}

#[tokio::test]
async fn get_instance_and_its_neighbours_refuse_a_nul_in_the_path() {
    on_app(async |app| {
        let admin = app.admin_token("all").await;
        let path = "/management/instances/a%00b";
        app.get(path)
            .bearer(&admin)
            .send()
            .await
            .blames(400, 26, "instance");
        app.patch(path, &required_settings())
            .bearer(&admin)
            .send()
            .await
            .blames(400, 26, "instance");
        app.delete(path)
            .bearer(&admin)
            .send()
            .await
            .blames(400, 26, "instance");
        let auth = json!({ "method": "token", "password": "x" });
        app.post(&format!("{path}/auth"), &auth)
            .bearer(&admin)
            .send()
            .await
            .blames(400, 26, "instance");
    })
    .await;
}
