//! Settings as they are changed, and those that are refused.

use kontor::config::{Pattern, Settings};
use serde_json::{Value, json};

use super::{assert_settings, create, every_setting, ids, list, required_settings, settings, with};
use crate::support::{TestApp, instance, on_app, on_app_with};

#[tokio::test]
async fn update_instance_clears_what_is_left_out_but_keeps_the_delays() {
    on_app(async |app| {
        let admin = app.admin_token("all").await;
        create(app, &admin, &with(instance("shop"), &every_setting()))
            .await
            .expect(204);
        let before = settings(app, &admin, "shop").await;
        // The id and the credentials are no settings: such members are unknown here, and ignored.
        let patch = with(
            required_settings(),
            &json!({ "id": "other", "auth": { "method": "external" }, "email": null }),
        );
        app.patch("/management/instances/shop", &patch)
            .bearer(&admin)
            .send()
            .await
            .expect(204);

        let shown = settings(app, &admin, "shop").await;
        assert_settings(&shown, &required_settings());
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
        for name in [
            "merchant_pub",
            "auth",
            "default_pay_delay",
            "default_refund_delay",
            "default_wire_transfer_delay",
            "default_wire_transfer_rounding_interval",
        ] {
            assert_eq!(shown[name], before[name], "{name}");
        }
        app.token("shop", "all").await;
    })
    .await;
}

#[tokio::test]
async fn update_instance_replaces_every_setting() {
    on_app(async |app| {
        let token = app.shop("shop").await;
        let admin = app.admin_token("all").await;
        app.patch("/management/instances/shop", &every_setting())
            .bearer(&admin)
            .send()
            .await
            .expect(204);
        assert_settings(&settings(app, &admin, "shop").await, &every_setting());
        // One delay alone changes that one alone.
        let patch = with(
            required_settings(),
            &json!({ "default_refund_delay": { "d_us": 7.0 } }),
        );
        app.patch("/management/instances/shop", &patch)
            .bearer(&admin)
            .send()
            .await
            .expect(204);
        let shown = settings(app, &admin, "shop").await;
        assert_eq!(shown["default_refund_delay"], json!({ "d_us": 7 }));
        assert_eq!(shown["default_wire_transfer_delay"], json!({ "d_us": 3 }));
        app.get("/instances/shop/private")
            .bearer(&token)
            .send()
            .await
            .expect(200);
    })
    .await;
}

/// Settings that are refused: what is put into a good body, and the member that is to blame.
fn bad_settings() -> Vec<(Value, &'static str)> {
    let too_long = "x".repeat(256);
    let mut bad = vec![
        (json!({ "name": "" }), "name"),
        (json!({ "name": too_long }), "name"),
        (json!({ "name": 1 }), "name"),
        (json!({ "name": true }), "name"),
        (json!({ "email": too_long }), "email"),
        (json!({ "email": ["a@b"] }), "email"),
        (
            json!({ "phone_number": 41_791_234_567_u64 }),
            "phone_number",
        ),
        (json!({ "website": {} }), "website"),
        (json!({ "use_stefan": "true" }), "use_stefan"),
        (json!({ "use_stefan": 1 }), "use_stefan"),
        (json!({ "address": "CH" }), "address"),
        (json!({ "address": [] }), "address"),
        (json!({ "address": { "town": 1 } }), "address.town"),
        (json!({ "address": { "street": "a\0b" } }), "address.street"),
        (
            json!({ "address": { "address_lines": "one" } }),
            "address.address_lines",
        ),
        (
            json!({ "address": { "address_lines": ["1", "2", "3", "4", "5", "6", "7", "8"] } }),
            "address.address_lines",
        ),
        (
            json!({ "jurisdiction": { "address_lines": ["one", 2] } }),
            "jurisdiction.address_lines[1]",
        ),
        (
            json!({ "jurisdiction": { "address_lines": ["one", null] } }),
            "jurisdiction.address_lines[1]",
        ),
        (
            json!({ "default_wire_transfer_rounding_interval": "day" }),
            "default_wire_transfer_rounding_interval",
        ),
        (
            json!({ "default_wire_transfer_rounding_interval": "DECADE" }),
            "default_wire_transfer_rounding_interval",
        ),
    ];
    let logos = [
        "",
        "http://x/y.png",
        "data:text/html;base64,PGI+",
        "data:image/png,abc",
        "data:image/png;base64,",
        "data:image/png;base64,a",
    ];
    bad.extend(logos.map(|logo| (json!({ "logo": logo }), "logo")));
    bad
}

const DELAYS: [&str; 3] = [
    "default_pay_delay",
    "default_refund_delay",
    "default_wire_transfer_delay",
];

/// Fails unless every bad setting is refused, with the member named; `send` sends a body of `settings` and these.
async fn refuses_bad_settings(
    app: &TestApp,
    settings: &Value,
    method: &str,
    path: &str,
    token: &str,
) {
    for (setting, parameter) in bad_settings() {
        let answer = app
            .call(method, path)
            .json(&with(settings.clone(), &setting))
            .bearer(token)
            .send()
            .await;
        answer.blames(400, 26, parameter);
    }
    for name in DELAYS {
        let forever = json!({ name: { "d_us": "forever" } });
        app.call(method, path)
            .json(&with(settings.clone(), &forever))
            .bearer(token)
            .send()
            .await
            .blames(400, 26, name);
        for value in [
            json!(-1),
            json!(1.5),
            json!("1"),
            json!("never"),
            json!(9_007_199_254_740_992_u64),
            json!(1e300),
            json!(true),
            json!([]),
        ] {
            let answer = app
                .call(method, path)
                .json(&with(settings.clone(), &json!({ name: { "d_us": value } })))
                .bearer(token)
                .send()
                .await;
            answer.blames(400, 26, &format!("{name}.d_us"));
        }
        let empty = app
            .call(method, path)
            .json(&with(settings.clone(), &json!({ name: {} })))
            .bearer(token)
            .send()
            .await;
        empty.blames(400, 25, &format!("{name}.d_us"));
        app.call(method, path)
            .json(&with(settings.clone(), &json!({ name: 5 })))
            .bearer(token)
            .send()
            .await
            .blames(400, 26, name);
    }
}

#[tokio::test]
async fn create_instance_and_both_updates_refuse_bad_settings_by_name() {
    on_app(async |app| {
        let shop = app.shop("shop").await;
        let admin = app.admin_token("all").await;
        let before = settings(app, &admin, "shop").await;
        refuses_bad_settings(
            app,
            &instance("new"),
            "POST",
            "/management/instances",
            &admin,
        )
        .await;
        refuses_bad_settings(
            app,
            &required_settings(),
            "PATCH",
            "/management/instances/shop",
            &admin,
        )
        .await;
        refuses_bad_settings(
            app,
            &required_settings(),
            "PATCH",
            "/instances/shop/private",
            &shop,
        )
        .await;
        assert_eq!(settings(app, &admin, "shop").await, before);
        assert_eq!(ids(&list(app, &admin).await), ["admin", "shop"]);
    })
    .await;
}

#[tokio::test]
async fn create_instance_and_both_updates_hold_phone_numbers_against_the_pattern() {
    let adjust = |settings: &mut Settings| {
        settings.merchant.phone_regex =
            Some(serde_json::from_value::<Pattern>(json!(r"^\+[0-9]{6,15}$")).expect("a pattern"));
    };
    on_app_with(adjust, async |app| {
        app.create_admin().await;
        let shop = app.shop("shop").await;
        let admin = app.admin_token("all").await;
        for number in [
            "",
            "0791234567",
            "+41 79 123 45 67",
            "+12345",
            "x+41791234567",
            "+41791234567\n",
        ] {
            let phone = json!({ "phone_number": number });
            create(app, &admin, &with(instance("new"), &phone))
                .await
                .blames(400, 26, "phone_number");
            let patch = with(required_settings(), &phone);
            app.patch("/management/instances/shop", &patch)
                .bearer(&admin)
                .send()
                .await
                .blames(400, 26, "phone_number");
            app.patch("/instances/shop/private", &patch)
                .bearer(&shop)
                .send()
                .await
                .blames(400, 26, "phone_number");
        }
        let phone = json!({ "phone_number": "+41791234567" });
        create(app, &admin, &with(instance("new"), &phone))
            .await
            .expect(204);
        assert_eq!(
            settings(app, &admin, "new").await["phone_number"],
            "+41791234567"
        );
    })
    .await;
}
