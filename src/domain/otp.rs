//! The codes by which the staff of a shop recognises a payment without a network: the customer's wallet shows what the shop's
//! device shows.

use kontor_openapi::scalar::{Amount, OtpAlgorithm};
use totp_rs::{Algorithm, Builder, Secret, Totp};
use zeroize::Zeroizing;

use super::kdf::kdf;

/// How long a code is good for, in seconds.
const STEP: u64 = 30;

/// How many steps before and after the time have a code too, since clocks differ.
const STEPS_AROUND: u64 = 2;

/// How many digits a code has, zeros in front included.
const DIGITS: u8 = 8;

/// What a payment at that time (seconds since 1970) and price is confirmed with: five codes, for the time and for 30 and 60
/// seconds before and after it, separated by line feeds. Times before 1970 count as 1970. None for
/// [`OtpAlgorithm::None`], and for [`OtpAlgorithm::TotpWithPrice`] without a price.
#[must_use]
pub fn confirmation(
    algorithm: OtpAlgorithm,
    key: &[u8],
    seconds: u64,
    price: Option<&Amount>,
) -> Option<String> {
    match algorithm {
        OtpAlgorithm::None => None,
        OtpAlgorithm::TotpWithoutPrice => Some(codes(key, seconds)),
        OtpAlgorithm::TotpWithPrice => {
            let key = price_key(key, price?);
            Some(codes(key.as_ref(), seconds))
        }
    }
}

/// The key of a device for one price, whose spelling of the currency counts.
fn price_key(key: &[u8], price: &Amount) -> Zeroizing<[u8; 64]> {
    Zeroizing::new(kdf(&price.to_bytes(), key, b""))
}

/// TOTP of RFC 6238 with SHA-1.
fn codes(key: &[u8], seconds: u64) -> String {
    let totp = totp(key);
    let before = (1..=STEPS_AROUND)
        .rev()
        .map(|steps| seconds.saturating_sub(steps * STEP));
    let after = (0..=STEPS_AROUND).map(|steps| seconds.saturating_add(steps * STEP));
    let codes = before
        .chain(after)
        .map(|seconds| totp.generate(seconds).to_string());
    codes.collect::<Vec<_>>().join("\n")
}

/// Keys may be shorter than the RFC wants them: whoever sets up a device decides.
fn totp(key: &[u8]) -> Totp {
    Builder::new()
        .with_algorithm(Algorithm::SHA1)
        .with_digits(DIGITS)
        .with_step_duration(STEP)
        .with_secret(Secret::new(key.into()))
        .build_noncompliant()
}

#[cfg(test)]
mod tests {
    use kontor_openapi::scalar::{OtpKey, base32};
    use serde_json::Value;

    use super::*;

    fn vectors() -> Value {
        let vectors = include_str!("../../tests/data/pos-confirmation-vectors.json");
        serde_json::from_str(vectors).unwrap()
    }

    fn middle(codes: &str) -> &str {
        codes.split('\n').nth(2).unwrap()
    }

    #[test]
    fn codes_are_those_of_the_rfc() {
        let vectors = &vectors()["totp_rfc6238"];
        let key = vectors["key_ascii"].as_str().unwrap().as_bytes();
        for row in vectors["rows"].as_array().unwrap() {
            let codes = codes(key, row[0].as_u64().unwrap());
            assert_eq!(middle(&codes), row[1]);
        }
    }

    #[test]
    fn confirmations_are_those_of_the_published_vectors() {
        for vector in vectors()["pos_confirmation"].as_array().unwrap() {
            let key = OtpKey::parse(vector["otp_key"].as_str().unwrap()).unwrap();
            let algorithm = serde_json::from_value(vector["otp_algorithm"].clone()).unwrap();
            let price: Option<Amount> = vector["amount"].as_str().map(|text| text.parse().unwrap());
            let seconds = vector["time_s"].as_u64().unwrap();
            let confirmation = confirmation(algorithm, key.expose(), seconds, price.as_ref());
            assert_eq!(confirmation.unwrap(), vector["pos_confirmation"]);
            if let Some(derived) = vector["derived_key"].as_str() {
                let key = price_key(key.expose(), &price.unwrap());
                assert_eq!(base32::encode(key.as_ref()), derived);
            }
        }
    }

    #[test]
    fn there_are_five_codes_of_eight_digits_at_any_time_and_for_any_key() {
        for seconds in [0, 1, 29, 30, 59, 60, 61, (1 << 53) - 1, u64::MAX] {
            for key in [&b"x"[..], &[0; 20], &[7; 64], &[9; 65], &[1; 1000]] {
                let codes = codes(key, seconds);
                assert_eq!(codes.len(), 44, "{codes}");
                let digits = |code: &str| code.bytes().all(|byte| byte.is_ascii_digit());
                let mut each = codes.split('\n');
                assert!(each.all(|code| code.len() == 8 && digits(code)), "{codes}");
            }
        }
    }

    #[test]
    fn the_beginning_of_1970_stands_for_what_was_before() {
        let all: Vec<_> = [0, 29, 30, 45, 60]
            .map(|seconds| codes(b"key", seconds))
            .to_vec();
        let first = middle(&all[0]);
        let zeros = |codes: &str| codes.split('\n').filter(|code| *code == first).count();
        let zeros: Vec<_> = all.iter().map(|codes| zeros(codes)).collect();
        assert_eq!(zeros, [3, 3, 2, 2, 1]);
    }

    #[test]
    fn what_the_algorithm_needs_must_be_there() {
        let price: Amount = "KUDOS:1.5".parse().unwrap();
        let confirm = |algorithm, price| confirmation(algorithm, b"key", 1_111_111_109, price);
        assert_eq!(confirm(OtpAlgorithm::None, Some(&price)), None);
        assert_eq!(confirm(OtpAlgorithm::TotpWithPrice, None), None);
        let without = confirm(OtpAlgorithm::TotpWithoutPrice, None);
        assert_eq!(
            without,
            confirm(OtpAlgorithm::TotpWithoutPrice, Some(&price))
        );
        assert_ne!(without, confirm(OtpAlgorithm::TotpWithPrice, Some(&price)));
    }
}
