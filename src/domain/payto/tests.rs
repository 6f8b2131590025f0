use kontor_openapi::scalar::base32;
use proptest::prelude::*;
use serde_json::Value;

use super::*;

fn vectors() -> Value {
    serde_json::from_str(include_str!("../../../tests/data/payto.json")).unwrap()
}

fn text<'a>(case: &'a Value, member: &str) -> &'a str {
    case[member].as_str().unwrap()
}

#[test]
fn full_uris() {
    for case in vectors()["valid_full"].as_array().unwrap() {
        let payto = Payto::parse(text(case, "in")).unwrap();
        assert_eq!(payto.as_str(), case["in"]);
        assert_eq!(payto.target_type(), case["type"]);
        assert_eq!(payto.normalized(), case["normalized"]);
        let hash = base32::encode(&payto.normalized_hash());
        assert_eq!(hash, case["h_normalized_b32"]);
        assert_eq!(payto.full_hash(), short_hash_text(text(case, "in")));
        if let Some(name) = case["receiver_name"].as_str() {
            assert_eq!(payto.receiver_name().as_deref(), Some(name));
        }
    }
}

#[test]
fn invalid_uris() {
    for case in vectors()["invalid_full"].as_array().unwrap() {
        assert!(Payto::parse(text(case, "in")).is_err(), "{case}");
    }
}

#[test]
fn an_exchange_may_leave_the_name_out() {
    for case in vectors()["normalized_only"].as_array().unwrap() {
        let uri = text(case, "in");
        assert_eq!(Payto::parse(uri), Err(PaytoError::ReceiverNameMissing));
        let payto = Payto::parse_any(uri).unwrap();
        assert_eq!(payto.normalized(), uri);
        assert_eq!(payto.receiver_name(), None);
    }
}

#[test]
fn only_banks_must_name_the_receiver() {
    for (uri, allowed) in [
        ("payto://iban/DE75512108001245126199?receiver-name=", false),
        ("payto://x-taler-bank/bank/alice?receiver-name=%20", false),
        ("payto://cyclos/demo.cyclos.org/path/alice", true),
        ("payto://cyclos/alice", false),
        (
            "payto://eth/0xde709f2102306220921060314715629080e2fb77",
            true,
        ),
        (
            "payto://ethereum/de709f2102306220921060314715629080e2fb77",
            true,
        ),
        ("payto://ethereum/alice", false),
        ("payto://bitcoin/alice", false),
        ("payto://ach/122000661/1234", true),
        ("payto://void/abc?receiver-name=%zz", false),
    ] {
        assert_eq!(Payto::parse(uri).is_ok(), allowed, "{uri}");
    }
}

#[test]
fn the_reason_is_said() {
    for (uri, reason) in [
        ("payto:/", PaytoError::Scheme),
        ("http://iban/x", PaytoError::Scheme),
        ("payto://void/a b", PaytoError::Character),
        ("payto://void/\u{20ac}", PaytoError::Character),
        ("payto://", PaytoError::TargetType),
        ("payto://iban?a=/", PaytoError::TargetType),
        ("payto:///abc", PaytoError::TargetType),
        ("payto://7up/abc", PaytoError::TargetType),
        ("payto://a_b/abc", PaytoError::TargetType),
        ("payto://void/", PaytoError::Target),
        ("payto://void/?a=b", PaytoError::Target),
    ] {
        assert_eq!(Payto::parse(uri), Err(reason), "{uri}");
        assert_eq!(Payto::parse_any(uri), Err(reason), "{uri}");
    }
}

#[test]
fn the_length_has_a_limit() {
    let uri = |length: usize| format!("payto://void/{}", "a".repeat(length - 13));
    assert!(Payto::parse(&uri(Payto::MAX_LENGTH)).is_ok());
    let refused = Payto::parse(&uri(Payto::MAX_LENGTH + 1));
    assert_eq!(refused, Err(PaytoError::TooLong));
}

/// Texts that come close to payto URIs.
fn near_uris() -> impl Strategy<Value = String> {
    let types = "(iban|x-taler-bank|bitcoin|eth|cyclos|upi|void|[A-Za-z.-]{0,4})";
    let target = "([A-Z0-9]{0,12}/)?[a-zA-Z0-9:@./%-]{0,40}";
    let options = r"(\?(receiver-name=)?[A-Za-z0-9%+&=?é ]{0,20})?";
    let uri = format!("(payto|PAYTO)?(://|:)?{types}/?{target}{options}");
    proptest::string::string_regex(&uri).unwrap()
}

proptest! {
    #[test]
    fn nothing_panics(uri in prop_oneof![any::<String>(), near_uris()]) {
        for parsed in [Payto::parse(&uri), Payto::parse_any(&uri)].into_iter().flatten() {
            prop_assert_eq!(parsed.as_str(), &uri);
            prop_assert_eq!(&Payto::parse_any(parsed.as_str()).unwrap(), &parsed);
            let _ = parsed.receiver_name();
        }
    }

    #[test]
    fn normalized_once_is_normalized(uri in near_uris()) {
        if let Ok(parsed) = Payto::parse_any(&uri) {
            let normalized = Payto::parse_any(&parsed.normalized()).unwrap();
            prop_assert_eq!(normalized.normalized(), parsed.normalized());
            prop_assert_eq!(normalized.target_type(), parsed.target_type());
        }
    }

    #[test]
    fn a_bank_account_is_taken(
        host in "[a-zA-Z0-9]{1,10}(\\.[a-z]{2,5})?",
        account in "[a-zA-Z0-9._-]{1,20}",
        name in "[^\\p{C}\\s][^\\p{C}]{0,30}",
    ) {
        let encoded = percent_encoding::utf8_percent_encode(&name, percent_encoding::NON_ALPHANUMERIC);
        let uri = format!("payto://x-taler-bank/{host}/{account}?receiver-name={encoded}");
        let payto = Payto::parse(&uri).unwrap();
        prop_assert_eq!(payto.receiver_name(), Some(name));
    }
}
