//! Values of a device in the forms that clients send them, and values that are none.

use kontor_openapi::scalar::MAX_SAFE_INTEGER;
use serde_json::{Value, json};

use super::{DEVICES, KEY, change, codes, create, delete, device, get, list, with};
use crate::support::on_app;

#[tokio::test]
async fn algorithms_are_read_from_number_or_name_and_shown_as_number() {
    on_app(async |app| {
        let shop = app.shop("shop").await;
        create(app, &shop, &device("patched")).await.expect(204);
        for (number, (algorithm, shown)) in [
            (json!(0), 0),
            (json!("0"), 0),
            (json!("NONE"), 0),
            (json!("none"), 0),
            (json!(1), 1),
            (json!("1"), 1),
            (json!("TOTP_WITHOUT_PRICE"), 1),
            (json!("Totp_without_Price"), 1),
            (json!(2), 2),
            (json!(2.0), 2),
            (json!("2"), 2),
            (json!("totp_with_price"), 2),
        ]
        .into_iter()
        .enumerate()
        {
            let id = number.to_string();
            let body = with(device(&id), &json!({ "otp_algorithm": algorithm }));
            create(app, &shop, &body).await.expect(204);
            let patch = json!({ "otp_device_description": "", "otp_algorithm": algorithm });
            change(app, &shop, "patched", &patch).await.expect(204);
            for id in [&id[..], "patched"] {
                let device = get(app, &shop, id).await.expect(200);
                assert_eq!(device["otp_algorithm"], shown, "{algorithm}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn keys_are_base32_in_either_case_with_or_without_padding() {
    on_app(async |app| {
        let shop = app.shop("shop").await;
        create(app, &shop, &device("till")).await.expect(204);
        let usual = codes(app, &shop, "till").await;
        // The same twenty bytes each time; the last has bits that fill no byte.
        for (number, key) in [
            KEY.to_lowercase(),
            format!("{KEY}===="),
            format!("{KEY}=not base32"),
            format!("{KEY}A"),
        ]
        .into_iter()
        .enumerate()
        {
            let id = number.to_string();
            let body = with(device(&id), &json!({ "otp_key": key }));
            create(app, &shop, &body).await.expect(204);
            assert_eq!(codes(app, &shop, &id).await, usual, "{key}");
        }
        let body = with(device("longer"), &json!({ "otp_key": "A".repeat(1025) }));
        let refusal = create(app, &shop, &body).await;
        refusal.blames(400, 26, "otp_key");
        for (id, length) in [("shortest", 2), ("longest", 1024)] {
            let body = with(device(id), &json!({ "otp_key": "A".repeat(length) }));
            create(app, &shop, &body).await.expect(204);
            assert!(codes(app, &shop, id).await.is_string());
        }
    })
    .await;
}

/// Values that a member cannot have.
fn malformed() -> Vec<(&'static str, Vec<Value>)> {
    vec![
        (
            "otp_key",
            vec![
                json!(""),
                json!("="),
                json!("A"),
                json!("A0"),
                json!("AB1"),
                json!("AB CD"),
                json!(" AB"),
                json!("AB\n"),
                json!("ABCD\u{0}"),
                json!("ÄÖ"),
                json!(1234),
                json!([KEY]),
            ],
        ),
        (
            "otp_algorithm",
            vec![
                json!(3),
                json!(-1),
                json!(1.5),
                json!(""),
                json!("3"),
                json!("01"),
                json!("+1"),
                json!(" 1"),
                json!("TOTP"),
                json!("TOTP_WITHOUT_PRICE "),
                json!(true),
                json!({}),
            ],
        ),
        (
            "otp_ctr",
            vec![
                json!(-1),
                json!(0.5),
                json!("0"),
                json!(MAX_SAFE_INTEGER + 1),
                json!(u64::MAX),
            ],
        ),
        (
            "otp_device_description",
            vec![json!("x".repeat(1025)), json!("a\u{0}"), json!(1)],
        ),
    ]
}

#[tokio::test]
async fn values_that_are_none_are_refused_by_their_name() {
    on_app(async |app| {
        let shop = app.shop("shop").await;
        create(app, &shop, &device("till")).await.expect(204);
        let patch = json!({ "otp_device_description": "New", "otp_algorithm": 1 });
        for (name, values) in malformed() {
            for value in values {
                let body = with(device("other"), &json!({ name: value }));
                let answer = create(app, &shop, &body).await;
                answer.blames(400, 26, name);
                let body = with(patch.clone(), &json!({ name: value }));
                change(app, &shop, "till", &body)
                    .await
                    .blames(400, 26, name);
            }
        }
        for id in [json!(""), json!("x".repeat(256)), json!("a\u{0}"), json!(1)] {
            let body = with(device("other"), &json!({ "otp_device_id": id }));
            let answer = create(app, &shop, &body).await;
            answer.blames(400, 26, "otp_device_id");
        }
        assert_eq!(list(app, &shop).await.as_array().map(Vec::len), Some(1));
        let kept = get(app, &shop, "till").await.expect(200);
        assert_eq!(kept["device_description"], "Device till");
    })
    .await;
}

#[tokio::test]
async fn values_that_must_be_there_are_missed_by_their_name() {
    on_app(async |app| {
        let shop = app.shop("shop").await;
        create(app, &shop, &device("till")).await.expect(204);
        let (id, description, key, algorithm) = (
            "otp_device_id",
            "otp_device_description",
            "otp_key",
            "otp_algorithm",
        );
        for name in [id, description, key, algorithm] {
            let null = with(device("other"), &json!({ name: null }));
            let mut absent = null.clone();
            absent.as_object_mut().expect("an object").remove(name);
            for body in [null, absent] {
                let answer = create(app, &shop, &body).await;
                answer.blames(400, 25, name);
            }
        }
        let patch = json!({ description: "New", algorithm: 1 });
        for name in [description, algorithm] {
            let body = with(patch.clone(), &json!({ name: null }));
            change(app, &shop, "till", &body)
                .await
                .blames(400, 25, name);
        }
    })
    .await;
}

#[tokio::test]
async fn names_and_counters_go_to_their_limits() {
    on_app(async |app| {
        let shop = app.shop("shop").await;
        let long = "é".repeat(255);
        for id in [".", ".."] {
            let refusal = create(app, &shop, &device(id)).await;
            refusal.blames(400, 26, "otp_device_id");
        }
        for (id, path) in [
            ("a/b", "a%2Fb".to_owned()),
            (" ", "%20".to_owned()),
            ("...", "...".to_owned()),
            ("100%", "100%25".to_owned()),
            ("A", "A".to_owned()),
            ("a", "a".to_owned()),
            (&long, "%C3%A9".repeat(255)),
        ] {
            let members =
                json!({ "otp_ctr": MAX_SAFE_INTEGER, "otp_device_description": "x".repeat(1024) });
            let body = with(device(id), &members);
            create(app, &shop, &body).await.expect(204);
            let shown = get(app, &shop, &path).await.expect(200);
            assert_eq!(shown["otp_ctr"], MAX_SAFE_INTEGER, "{id}");
            let patch = json!({ "otp_device_description": id, "otp_algorithm": 1, "otp_ctr": 0 });
            change(app, &shop, &path, &patch).await.expect(204);
            let shown = get(app, &shop, &path).await.expect(200);
            assert_eq!(
                (&shown["otp_ctr"], &shown["device_description"]),
                (&json!(0), &json!(id))
            );
            if id != "A" {
                delete(app, &shop, &path).await.expect(204);
            }
        }
        assert_eq!(list(app, &shop).await[0]["otp_device_id"], "A");
    })
    .await;
}

#[tokio::test]
async fn a_nul_in_the_path_is_400() {
    on_app(async |app| {
        let shop = app.shop("shop").await;
        let patch = json!({ "otp_device_description": "New", "otp_algorithm": 1 });
        let path = format!("{DEVICES}/a%00");
        for call in [app.get(&path), app.patch(&path, &patch), app.delete(&path)] {
            let answer = call.bearer(&shop).send().await;
            answer.blames(400, 26, "device_id");
        }
    })
    .await;
}
