//! Texts with a form: none panics, and what is accepted is written in a form that is accepted again and means the same.

use std::{collections::BTreeMap, fmt::Display, str::FromStr};

use kontor::challenger::{address::Restriction, redirect_uri::RedirectUri};
use kontor_openapi::scalar::{
    Amount, EddsaPublicKey, OtpKey, RelativeTime, Timestamp, TimestampParameter,
};
use proptest::prelude::*;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use url::Url;

/// Read, written, and read again.
#[track_caller]
fn stays_the_same<T: FromStr + Display + PartialEq + std::fmt::Debug>(text: &str) -> Option<T> {
    let value: T = text.parse().ok()?;
    let written = value.to_string();
    let again = written.parse::<T>().ok();
    assert_eq!(
        again.as_ref(),
        Some(&value),
        "{text:?} was written as {written:?}"
    );
    assert_eq!(again.expect("just compared").to_string(), written);
    Some(value)
}

/// The same in JSON.
#[track_caller]
fn stays_the_same_in_json<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(
    value: &Value,
) {
    if let Ok(read) = serde_json::from_value::<T>(value.clone()) {
        let written = serde_json::to_value(&read).expect("JSON");
        let again = serde_json::from_value::<T>(written.clone()).ok();
        assert_eq!(
            again.as_ref(),
            Some(&read),
            "{value} was written as {written}"
        );
    }
}

fn instants(name: &'static str) -> impl Strategy<Value = Value> {
    const WORDS: [&str; 4] = ["never", "forever", "0", ""];
    prop_oneof![
        any::<u64>().prop_map(move |number| json!({ name: number })),
        any::<i64>().prop_map(move |number| json!({ name: number })),
        any::<f64>().prop_map(move |number| json!({ name: number })),
        prop::sample::select(&WORDS).prop_map(move |word| json!({ name: word })),
        any::<u32>().prop_map(move |number| json!({ name: f64::from(number) })),
    ]
}

proptest! {
    #[test]
    fn amounts(text in "[A-Za-z]{0,12}:[0-9]{0,17}(\\.[0-9]{0,9})?|.{0,16}") {
        if let Some(amount) = stays_the_same::<Amount>(&text) {
            prop_assert!(amount.value() <= Amount::MAX_VALUE && amount.fraction() < Amount::FRACTION_BASE);
            prop_assert_eq!(&amount.to_bytes()[..8], amount.value().to_be_bytes());
        }
    }

    #[test]
    fn every_amount_that_is_allowed_is_accepted(currency in "[A-Za-z]{1,11}", value in 0..=Amount::MAX_VALUE, digits in "[0-9]{1,8}") {
        let amount = stays_the_same::<Amount>(&format!("{currency}:{value}.{digits}"));
        let amount = amount.expect("an amount");
        prop_assert_eq!((amount.currency(), amount.value()), (&*currency, value));
        prop_assert_eq!(format!("{:08}", amount.fraction()), format!("{digits:0<8}"));
    }

    #[test]
    fn points_in_time_and_durations(point in instants("t_s"), duration in instants("d_us")) {
        stays_the_same_in_json::<Timestamp>(&point);
        stays_the_same_in_json::<RelativeTime>(&duration);
    }

    #[test]
    fn points_in_time_as_parameters(text in "[0-9]{0,20}|never|[-+. 0-9a-z]{0,8}|.{0,8}") {
        let is_one = text.parse::<TimestampParameter>().is_ok();
        prop_assert!(!is_one || text == "never" || text.bytes().all(|byte| byte.is_ascii_digit()), "{text:?}");
    }

    #[test]
    fn public_keys(text in "[0-9A-Za-z]{50,54}|.{0,8}", key: [u8; 32]) {
        stays_the_same::<EddsaPublicKey>(&text);
        let key = EddsaPublicKey(key);
        prop_assert_eq!(stays_the_same::<EddsaPublicKey>(&key.to_string()), Some(key));
    }

    #[test]
    fn keys_of_devices(text in "[A-Za-z2-7]{0,40}={0,3}|.{0,12}", key in prop::collection::vec(any::<u8>(), 1..40)) {
        if let Some(read) = OtpKey::parse(&text) {
            let written = data_encoding::BASE32.encode(read.expose());
            prop_assert_eq!(OtpKey::parse(&written), Some(read));
        }
        let written = data_encoding::BASE32_NOPAD.encode(&key);
        for written in [written.to_lowercase(), written] {
            prop_assert_eq!(OtpKey::parse(&written).map(|read| read.expose().to_vec()), Some(key.clone()));
        }
    }

    /// Where a browser is sent is below what was registered, and holds the code and the state exactly as they are.
    #[test]
    fn redirect_uris(
        text in "(https?|com\\.example):(//)?[a-z.:@\\[\\]0-9]{0,12}(/[-a-z%./]{0,8})?(\\?[-a-z=&%]{0,10})?|.{0,24}",
        code in ".{1,12}",
        state in proptest::option::of(".{0,12}"),
    ) {
        if let Ok(uri) = RedirectUri::parse(&text) {
            prop_assert_eq!(uri.as_str(), &text);
            prop_assert!(RedirectUri::parse(uri.as_str()).is_ok());
            let target = uri.with_code(&code, state.as_deref());
            prop_assert!(target.starts_with(&text), "{target}");
            prop_assert!(!target.contains(['\r', '\n', '#']), "{target}");
            let target = Url::parse(&target).expect("a URL");
            let registered = Url::parse(&text).expect("a URL");
            prop_assert_eq!(target.scheme(), registered.scheme());
            prop_assert_eq!(target.authority(), registered.authority());
            prop_assert_eq!(target.path(), registered.path());
            let added = |wanted: &str| {
                let found = target.query_pairs().filter(|(name, _)| name == wanted);
                found.map(|(_, value)| value.into_owned()).collect::<Vec<_>>()
            };
            prop_assert_eq!(added("code"), [code]);
            prop_assert_eq!(added("state"), Vec::from_iter(state));
        }
    }

    /// A restriction holds for the whole text, however its expression is written.
    #[test]
    fn restrictions(regex in "[a-c|()*+?^$.\\[\\]{}0-3]{0,12}", text in "[a-c]{0,6}") {
        if let Ok(restriction) = Restriction::new(&regex, None, BTreeMap::new()) {
            let whole = regex::Regex::new(&format!("^(?:{regex})$")).expect("what compiled before");
            prop_assert_eq!(restriction.allows(&text), whole.is_match(&text), "{}", regex);
        }
    }
}
