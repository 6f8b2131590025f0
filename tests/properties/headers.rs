//! Header lists: whatever stands in them, the answer is one that the document lists. Every answer is held against it by
//! [`crate::support::Call::send`].

use proptest::prelude::*;

use super::for_all;
use crate::support::{Service, on_app_with};

/// Headers that Kontor reads, with pieces of what may stand in them.
const HEADERS: [(&str, &[&str]); 14] = [
    (
        "accept",
        &[
            "*/*",
            "text/html",
            "application/json",
            "text/*",
            ";q=0.5",
            ";q=2",
            ";level=1",
            ",",
            "/",
        ],
    ),
    (
        "accept-encoding",
        &["gzip", "deflate", "identity", "*", ";q=0", ",", "br"],
    ),
    (
        "accept-language",
        &["de", "de-CH", "*", "en", ";q=0.1", ";q=0", ",", "-"],
    ),
    (
        "authorization",
        &[
            "Bearer ",
            "Basic ",
            "secret-token:",
            "YWRtaW46eA==",
            ":",
            "=",
            "bearer\t",
            "Digest a=b",
        ],
    ),
    (
        "content-encoding",
        &["gzip", "deflate", "identity", ",", "br"],
    ),
    (
        "content-length",
        &["0", "5", "-1", "99999999999999999999", ","],
    ),
    (
        "content-type",
        &[
            "application/json",
            "application/x-www-form-urlencoded",
            ";charset=",
            "utf-8",
            "\"",
            "text/html",
            "/",
        ],
    ),
    ("cookie", &["a=b", ";", "=", "session="]),
    (
        "forwarded",
        &[
            "for=",
            "192.0.2.1",
            "\"[2001:db8::1]:80\"",
            ";proto=https",
            ",",
            "unknown",
            "_x",
            "\"",
        ],
    ),
    ("if-none-match", &["*", "\"a\"", "W/\"a\"", ",", "\"", "W/"]),
    (
        "taler-challenge-ids",
        &[
            "0W3K5RZT0NVYQGQ8FY6MB1YV3D4C2S9HJ7XE6APT8ZGM5N1BRKCA",
            ",",
            " ",
            "x",
        ],
    ),
    (
        "x-challenge-id",
        &[
            "0W3K5RZT0NVYQGQ8FY6MB1YV3D4C2S9HJ7XE6APT8ZGM5N1BRKCA",
            ",",
            "x",
        ],
    ),
    (
        "x-forwarded-for",
        &[
            "192.0.2.1",
            ",",
            "2001:db8::1",
            "::ffff:192.0.2.1",
            "unknown",
            ":80",
        ],
    ),
    ("x-request-id", &["a", "-", "01ARZ3NDEKTSV4RRFFQ69G5FAV"]),
];

const TARGETS: [(Service, &str, &str); 9] = [
    (Service::Merchant, "GET", "/config"),
    (Service::Merchant, "GET", "/terms"),
    (Service::Merchant, "GET", "/private"),
    (Service::Merchant, "GET", "/instances/shop/private/kyc"),
    (Service::Merchant, "POST", "/private/token"),
    (Service::Merchant, "DELETE", "/private"),
    (Service::Challenger, "POST", "/token"),
    (Service::Challenger, "GET", "/info"),
    (Service::Challenger, "POST", "/setup/1"),
];

/// What a header may hold on its way through a server: no control character but the tabulator.
fn value(pieces: &'static [&'static str]) -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        6 => prop::sample::select(pieces).prop_map(|piece| piece.as_bytes().to_vec()),
        1 => " {0,2}\t?".prop_map(String::into_bytes),
        1 => prop::collection::vec(prop_oneof![0x20_u8..0x7f, 0x80_u8..], 0..8),
    ];
    prop::collection::vec(piece, 0..7).prop_map(|pieces| pieces.concat())
}

fn header() -> impl Strategy<Value = (&'static str, Vec<u8>)> {
    prop::sample::select(&HEADERS).prop_flat_map(|(name, pieces)| (Just(name), value(pieces)))
}

#[tokio::test(flavor = "multi_thread")]
async fn any_headers_are_answered_as_documented() {
    let legal = tempfile::tempdir().expect("a folder");
    for name in ["en.md", "de.html"] {
        std::fs::write(legal.path().join(name), "Terms").expect("terms");
    }
    let adjust = |settings: &mut kontor::config::Settings| {
        settings.merchant.terms = Some(legal.path().to_owned());
        settings.merchant.terms_version = Some("1".to_owned());
    };
    on_app_with(adjust, async |app| {
        app.create_admin().await;
        let requests = (
            prop::sample::select(&TARGETS),
            prop::collection::vec(header(), 1..5),
        );
        for_all(&requests, async |((service, method, path), headers)| {
            let mut call = match service {
                Service::Merchant => app.call(method, path),
                Service::Challenger => app.challenger(method, path),
            };
            for (name, value) in &headers {
                call = call.header_of_bytes(name, value);
            }
            let answer = call.send().await;
            assert_ne!(answer.status.as_u16(), 500, "{method} {path} {headers:?}");
        });
    })
    .await;
}
