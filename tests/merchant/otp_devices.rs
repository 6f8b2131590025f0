//! OTP devices: registered, listed, shown, changed and deleted, by their own instance alone.

mod codes;
mod inputs;
mod races;

use entity::otp_device::Entity;
use sea_orm::{EntityTrait as _, PaginatorTrait as _};
use serde_json::{Value, json};

use crate::support::{Answer, TestApp, on_app};

/// The key of RFC 6238: `12345678901234567890`.
const KEY: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
const OTHER_KEY: &str = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";

const DEVICES: &str = "/instances/shop/private/otp-devices";

fn device(id: &str) -> Value {
    json!({
        "otp_device_id": id, "otp_device_description": format!("Device {id}"), "otp_key": KEY, "otp_algorithm": 1,
    })
}

/// A body with other members; `null` takes one away.
fn with(mut body: Value, members: &Value) -> Value {
    for (name, value) in members.as_object().expect("members") {
        body[name] = value.clone();
    }
    body
}

async fn create(app: &TestApp, token: &str, body: &Value) -> Answer {
    app.post(DEVICES, body).bearer(token).send().await
}

async fn get(app: &TestApp, token: &str, id_and_query: &str) -> Answer {
    let path = format!("{DEVICES}/{id_and_query}");
    app.get(&path).bearer(token).send().await
}

async fn change(app: &TestApp, token: &str, id: &str, body: &Value) -> Answer {
    let path = format!("{DEVICES}/{id}");
    app.patch(&path, body).bearer(token).send().await
}

async fn delete(app: &TestApp, token: &str, id: &str) -> Answer {
    let path = format!("{DEVICES}/{id}");
    app.delete(&path).bearer(token).send().await
}

async fn list(app: &TestApp, token: &str) -> Value {
    let list = app.get(DEVICES).bearer(token).send().await.expect(200);
    list["otp_devices"].clone()
}

/// The codes of a device at a time at which its key tells.
async fn codes(app: &TestApp, token: &str, id: &str) -> Value {
    let query = format!("{id}?faketime=1111111109");
    let shown = get(app, token, &query).await.expect(200);
    shown["otp_code"].clone()
}

#[tokio::test]
async fn a_device_is_registered_shown_changed_and_deleted() {
    on_app(async |app| {
        let shop = app.shop("shop").await;
        assert_eq!(list(app, &shop).await, json!([]));
        let counting = with(device("till"), &json!({ "otp_algorithm": 0, "otp_ctr": 7 }));
        for body in [device("door"), counting] {
            let answer = create(app, &shop, &body).await;
            answer.expect(204);
            assert!(answer.body.is_empty());
        }
        assert_eq!(
            list(app, &shop).await,
            json!([
                { "otp_device_id": "door", "device_description": "Device door" },
                { "otp_device_id": "till", "device_description": "Device till" },
            ])
        );
        let shown = get(app, &shop, "till").await;
        assert_eq!(shown.header("cache-control"), Some("no-store"));
        assert_eq!(
            shown.expect(200),
            json!({ "device_description": "Device till", "otp_algorithm": 0, "otp_ctr": 7, "otp_timestamp": 1_700_000_000 })
        );
        let new = json!({ "otp_device_description": "New", "otp_key": OTHER_KEY, "otp_algorithm": 2, "otp_ctr": 8 });
        change(app, &shop, "till", &new).await.expect(204);
        assert_eq!(
            get(app, &shop, "till").await.expect(200),
            json!({ "device_description": "New", "otp_algorithm": 2, "otp_ctr": 8, "otp_timestamp": 1_700_000_000 })
        );
        let deleted = delete(app, &shop, "till").await;
        deleted.expect(204);
        assert!(deleted.body.is_empty());
        get(app, &shop, "till").await.refuses(404, 2021);
        assert_eq!(list(app, &shop).await.as_array().map(Vec::len), Some(1));
        // Its name is free again.
        create(app, &shop, &device("till")).await.expect(204);
    })
    .await;
}

#[tokio::test]
async fn create_otp_device_takes_a_repeat_and_refuses_other_values() {
    on_app(async |app| {
        let shop = app.shop("shop").await;
        let body = with(device("till"), &json!({ "otp_ctr": 7 }));
        create(app, &shop, &body).await.expect(204);
        for same in [
            json!({}),
            json!({ "otp_key": KEY.to_lowercase() }),
            json!({ "otp_key": format!("{KEY}==") }),
            json!({ "otp_algorithm": "totp_without_price" }),
        ] {
            create(app, &shop, &with(body.clone(), &same))
                .await
                .expect(204);
        }
        for other in [
            json!({ "otp_key": OTHER_KEY }),
            json!({ "otp_key": format!("{KEY}AA") }),
            json!({ "otp_algorithm": 2 }),
            json!({ "otp_device_description": "Device Till" }),
            json!({ "otp_ctr": 8 }),
            json!({ "otp_ctr": null }),
        ] {
            create(app, &shop, &with(body.clone(), &other))
                .await
                .refuses(409, 2851);
        }
        assert_eq!(list(app, &shop).await.as_array().map(Vec::len), Some(1));
        assert_eq!(get(app, &shop, "till").await.expect(200)["otp_ctr"], 7);
    })
    .await;
}

#[tokio::test]
async fn update_otp_device_keeps_key_and_counter_where_they_are_left_out() {
    on_app(async |app| {
        let shop = app.shop("shop").await;
        let body = with(device("till"), &json!({ "otp_ctr": 7 }));
        create(app, &shop, &body).await.expect(204);
        let before = codes(app, &shop, "till").await;
        for left_out in [json!({}), json!({ "otp_key": null, "otp_ctr": null })] {
            let new = json!({ "otp_device_description": "New", "otp_algorithm": "1" });
            change(app, &shop, "till", &with(new, &left_out))
                .await
                .expect(204);
            assert_eq!(codes(app, &shop, "till").await, before);
            let shown = get(app, &shop, "till").await.expect(200);
            assert_eq!(
                (&shown["otp_ctr"], &shown["device_description"]),
                (&json!(7), &json!("New"))
            );
        }
        let new =
            json!({ "otp_device_description": "New", "otp_algorithm": 1, "otp_key": OTHER_KEY });
        change(app, &shop, "till", &new).await.expect(204);
        assert_ne!(codes(app, &shop, "till").await, before);
    })
    .await;
}

#[tokio::test]
async fn what_is_not_there_is_404() {
    on_app(async |app| {
        let shop = app.shop("shop").await;
        let new = json!({ "otp_device_description": "New", "otp_algorithm": 1 });
        for id in ["till", "%20", "a%2Fb", "0", "%F0%9F%92%A9"] {
            get(app, &shop, id).await.refuses(404, 2021);
            change(app, &shop, id, &new).await.refuses(404, 2021);
            delete(app, &shop, id).await.refuses(404, 2021);
        }
    })
    .await;
}

#[tokio::test]
async fn another_instance_neither_sees_nor_changes_a_device() {
    on_app(async |app| {
        let shop = app.shop("shop").await;
        let other = app.shop("other").await;
        create(app, &shop, &device("till")).await.expect(204);
        let foreign = "/instances/other/private/otp-devices";
        let new = json!({ "otp_device_description": "New", "otp_algorithm": 0 });
        let till = format!("{foreign}/till");
        for call in [app.get(&till), app.patch(&till, &new), app.delete(&till)] {
            call.bearer(&other).send().await.refuses(404, 2021);
        }
        let seen = app.get(foreign).bearer(&other).send().await.expect(200);
        assert_eq!(seen, json!({ "otp_devices": [] }));
        let own = with(device("till"), &json!({ "otp_key": OTHER_KEY }));
        app.post(foreign, &own)
            .bearer(&other)
            .send()
            .await
            .expect(204);
        app.delete(&till).bearer(&other).send().await.expect(204);
        let shown = get(app, &shop, "till").await.expect(200);
        assert_eq!(shown["device_description"], "Device till");
        let codes = codes(app, &shop, "till").await;
        assert!(
            codes
                .as_str()
                .is_some_and(|codes| codes.contains("07081804"))
        );
    })
    .await;
}

#[tokio::test]
async fn who_may_only_read_changes_nothing() {
    on_app(async |app| {
        let shop = app.shop("shop").await;
        create(app, &shop, &device("till")).await.expect(204);
        let reader = app.token("shop", "readonly").await;
        assert_eq!(list(app, &reader).await.as_array().map(Vec::len), Some(1));
        assert!(codes(app, &reader, "till").await.is_string());
        let new = json!({ "otp_device_description": "New", "otp_algorithm": 0 });
        create(app, &reader, &device("door")).await.refuses(403, 16);
        change(app, &reader, "till", &new).await.refuses(403, 16);
        delete(app, &reader, "till").await.refuses(403, 16);
        for scope in ["order-simple", "order-pos", "order-mgmt", "order-full"] {
            let token = app.token("shop", scope).await;
            get(app, &token, "till").await.refuses(403, 16);
        }
    })
    .await;
}

#[tokio::test]
async fn devices_go_with_their_instance() {
    on_app(async |app| {
        let shop = app.shop("shop").await;
        create(app, &shop, &device("till")).await.expect(204);
        let admin = app.admin_token("all").await;
        let purge = "/management/instances/shop?purge=YES";
        let count = async || Entity::find().count(app.app.database.read()).await;
        assert_eq!(count().await.expect("a number"), 1);
        app.delete(purge).bearer(&admin).send().await.expect(204);
        assert_eq!(count().await.expect("a number"), 0);
        let shop = app.shop("shop").await;
        assert_eq!(list(app, &shop).await, json!([]));
        get(app, &shop, "till").await.refuses(404, 2021);
    })
    .await;
}
