//! Bodies: JSON that is nearly right, forms, and bytes. The answer is always one that the document lists.

use proptest::{collection::vec, prelude::*};
use serde_json::{Map, Number, Value, json};

use super::for_all;
use crate::support::{Service, instance, on_app};

/// Where a body is taken, with one that fits.
fn targets() -> Vec<(Service, &'static str, &'static str, Value)> {
    let account = json!({ "payto_uri": "payto://iban/DE89370400440532013000?receiver-name=A", "credit_facade_url": "https://bank.example/",
        "credit_facade_credentials": { "type": "basic", "username": "u", "password": "p" } });
    let device = json!({ "otp_device_id": "till", "otp_device_description": "Till", "otp_key": "GEZDGNBVGY3TQOJQ", "otp_algorithm": 1 });
    vec![
        (
            Service::Merchant,
            "POST",
            "/management/instances",
            instance("shop"),
        ),
        (Service::Merchant, "PATCH", "/private", instance("admin")),
        (
            Service::Merchant,
            "POST",
            "/private/token",
            json!({ "scope": "all", "duration": { "d_us": 1_000_000 } }),
        ),
        (Service::Merchant, "POST", "/private/accounts", account),
        (Service::Merchant, "POST", "/private/otp-devices", device),
        (
            Service::Merchant,
            "POST",
            "/private/auth",
            json!({ "method": "token", "password": "x" }),
        ),
        (
            Service::Challenger,
            "POST",
            "/setup/1",
            json!({ "CONTACT_EMAIL": "ada@tea.example", "read_only": true }),
        ),
        (
            Service::Challenger,
            "POST",
            "/challenge/x",
            json!({ "CONTACT_EMAIL": "ada@tea.example" }),
        ),
        (
            Service::Challenger,
            "POST",
            "/token",
            json!({ "grant_type": "authorization_code", "code": "1.x" }),
        ),
    ]
}

fn text() -> impl Strategy<Value = String> {
    const KNOWN: [&str; 8] = [
        "never",
        "forever",
        "token",
        "KUDOS:1.5",
        "payto://iban/DE89370400440532013000",
        "admin",
        "\0",
        "+41791234567",
    ];
    prop_oneof![
        ".{0,12}",
        "[-+:/.@a-z0-9]{0,12}",
        prop::sample::select(&KNOWN).prop_map(str::to_owned)
    ]
}

fn any_json() -> impl Strategy<Value = Value> {
    let number = prop_oneof![
        any::<i64>().prop_map(Number::from),
        any::<u64>().prop_map(Number::from),
        any::<f64>().prop_map(|number| Number::from_f64(number).unwrap_or_else(|| 0.into())),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        number.prop_map(Value::Number),
        text().prop_map(Value::String),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::Array),
            vec((text(), inner), 0..4).prop_map(|members| Value::Object(Map::from_iter(members))),
        ]
    })
}

/// Puts another value in the place of one of the values in it.
fn replaced(mut value: Value, at: usize, by: &Value) -> Value {
    fn places(value: &Value, pointer: &str, found: &mut Vec<String>) {
        found.push(pointer.to_owned());
        for (name, member) in value.as_object().into_iter().flatten() {
            places(member, &format!("{pointer}/{name}"), found);
        }
    }
    let mut found = Vec::new();
    places(&value, "", &mut found);
    let pointer = &found[at % found.len()];
    *value.pointer_mut(pointer).expect("a place") = by.clone();
    value
}

/// Cuts bytes off, or changes one of them.
fn damaged(text: String, at: usize, byte: Option<u8>) -> Vec<u8> {
    let mut bytes = text.into_bytes();
    let at = at % bytes.len().max(1);
    match byte {
        None => bytes.truncate(at),
        Some(byte) => bytes[at..=at].fill(byte),
    }
    bytes
}

fn body(good: Value) -> impl Strategy<Value = (&'static str, Vec<u8>)> {
    const JSON: &str = "application/json";
    const FORM: &str = "application/x-www-form-urlencoded";
    let text = good.to_string();
    let nearly = (any::<usize>(), any_json()).prop_map(move |(at, by)| {
        (
            JSON,
            replaced(good.clone(), at, &by).to_string().into_bytes(),
        )
    });
    let broken = (any::<usize>(), any::<Option<u8>>())
        .prop_map(move |(at, byte)| (JSON, damaged(text.clone(), at, byte)));
    let form = vec(
        (
            "grant_type|code|client_id|redirect_uri|CONTACT_EMAIL|pin|.{0,4}",
            ".{0,12}",
        ),
        0..5,
    )
    .prop_map(|fields| {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(fields);
        (FORM, form.finish().into_bytes())
    });
    let bytes = (
        prop::sample::select(&[JSON, FORM, "text/plain"][..]),
        vec(any::<u8>(), 0..40),
    );
    prop_oneof![6 => nearly, 2 => broken, 2 => form, 1 => bytes]
}

#[tokio::test(flavor = "multi_thread")]
async fn any_body_is_answered_as_documented() {
    on_app(async |app| {
        let token = app.admin_token("all").await;
        let requests = prop::sample::select(targets());
        let requests = requests.prop_flat_map(|(service, method, path, good)| {
            (Just((service, method, path)), body(good))
        });
        for_all(
            &requests,
            async |((service, method, path), (media_type, body))| {
                let call = match service {
                    Service::Merchant => app.call(method, path).bearer(&token),
                    Service::Challenger => app.challenger(method, path).bearer("secret-token:x"),
                };
                let call = call.header("content-type", media_type).body(body);
                let answer = call.send().await;
                assert_ne!(answer.status.as_u16(), 500, "{method} {path}");
            },
        );
    })
    .await;
}
