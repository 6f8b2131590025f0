//! What lists let a client ask for, at the limits of each parameter.

use poem::http::StatusCode;
use serde_json::{Value, json};

use super::{client, json_of};

/// What the server understood of a query.
async fn asked(query: &str) -> Value {
    let response = client().get(format!("/list{query}")).send().await;
    response.assert_status_is_ok();
    json_of(response).await
}

#[tokio::test]
async fn nothing_has_to_be_asked_for() {
    for query in ["", "?", "?unknown=1", "?LIMIT=0"] {
        assert_eq!(asked(query).await, json!({}), "{query}");
    }
}

#[tokio::test]
async fn everything_is_understood_up_to_its_limits() {
    for (query, name, value) in [
        ("1", "limit", json!(1)),
        ("-1", "limit", json!(-1)),
        ("1024", "limit", json!(1024)),
        ("-1024", "limit", json!(-1024)),
        ("%2B7", "limit", json!(7)),
        ("0", "offset", json!(0)),
        ("9223372036854775807", "offset", json!(i64::MAX)),
        ("YES", "paid", json!("YES")),
        ("no", "paid", json!("NO")),
        ("All", "paid", json!("ALL")),
        ("0", "since", json!("0")),
        ("9007199254740991", "since", json!("9007199254740991")),
        ("never", "since", json!("never")),
        ("KUDOS:1.50", "price", json!("KUDOS:1.5")),
        ("KUDOS%3A0", "price", json!("KUDOS:0")),
        (
            "A:4503599627370496.99999999",
            "price",
            json!("A:4503599627370496.99999999"),
        ),
    ] {
        let query = format!("?{name}={query}");
        assert_eq!(asked(&query).await, json!({ name: value }), "{query}");
    }
}

#[tokio::test]
async fn everything_else_is_refused_by_its_name() {
    for (name, values) in [
        (
            "limit",
            &["0", "-0", "1025", "-1025", "", "1.0", "1x", "%201", "+7"][..],
        ),
        (
            "offset",
            &[
                "-1",
                "",
                "1.0",
                "x",
                "9223372036854775808",
                "18446744073709551616",
            ],
        ),
        ("paid", &["", "Y", "true", "1", "YES%20", "NO%00"]),
        (
            "since",
            &["", "-1", "%2B1", "1.5", "Never", "9007199254740992", "1e9"],
        ),
        (
            "price",
            &[
                "",
                "1",
                "KUDOS",
                "KUDOS:",
                "KUDOS:-1",
                "KUDOS:1.123456789",
                "A:4503599627370497",
            ],
        ),
    ] {
        for value in values {
            let query = format!("/list?{name}={value}");
            let response = client().get(&query).send().await;
            response.assert_status(StatusCode::BAD_REQUEST);
            let reason = response.0.into_body().into_string().await;
            let reason = reason.expect("a text");
            assert!(reason.contains(&format!("`{name}`")), "{query}: {reason}");
        }
    }
}
