//! `payto://iban/[BIC/]IBAN`: accounts by ISO 13616, with the code of the bank by ISO 9362 before them or without.

use super::PaytoError;
use super::iban_registry::{self, fits};

pub fn check(target: &str) -> Result<(), PaytoError> {
    match target.split('/').collect::<Vec<_>>()[..] {
        [iban] => check_iban(iban),
        [bic, iban] => {
            check_bic(bic)?;
            check_iban(iban)
        }
        _ => Err(PaytoError::IbanPath),
    }
}

/// The IBAN alone, of a target that was checked.
pub fn without_bic(target: &str) -> &str {
    target.rsplit('/').next().unwrap_or_default()
}

/// More than the exchange asks, which knows no lengths and forms of single countries: the bank would not find such an account.
fn check_iban(iban: &str) -> Result<(), PaytoError> {
    let (country, digits, bban) = split(iban).ok_or(PaytoError::IbanForm)?;
    let form = iban_registry::form(country).ok_or(PaytoError::IbanCountry)?;
    if !fits(form, bban) {
        return Err(PaytoError::IbanNationalForm);
    }
    // 00, 01 and 99 have the same remainders as 97, 98 and 02, which alone are ever computed.
    let is_computed = ("02"..="98").contains(&digits);
    if is_computed && remainder(bban.bytes().chain(iban.bytes().take(4))) == 1 {
        Ok(())
    } else {
        Err(PaytoError::IbanChecksum)
    }
}

/// Country, check digits, and the number within the country; nothing where there is another character than capitals and digits.
fn split(iban: &str) -> Option<(&str, &str, &str)> {
    let (country, rest) = iban.split_at_checked(2)?;
    let (digits, bban) = rest.split_at_checked(2)?;
    let is_formed = country.bytes().all(|byte| byte.is_ascii_uppercase())
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && bban.bytes().all(is_capital_or_digit);
    is_formed.then_some((country, digits, bban))
}

/// The number modulo 97 whose digits these are, letters standing for 10 to 35.
fn remainder(characters: impl Iterator<Item = u8>) -> u32 {
    characters.fold(0, |remainder, character| match character {
        b'A'..=b'Z' => (remainder * 100 + u32::from(character - b'A') + 10) % 97,
        _ => (remainder * 10 + u32::from(character.saturating_sub(b'0'))) % 97,
    })
}

fn check_bic(bic: &str) -> Result<(), PaytoError> {
    let is_formed = matches!(bic.len(), 8 | 11)
        && bic.bytes().take(6).all(|byte| byte.is_ascii_uppercase())
        && bic.bytes().all(is_capital_or_digit);
    is_formed.then_some(()).ok_or(PaytoError::Bic)
}

fn is_capital_or_digit(byte: u8) -> bool {
    byte.is_ascii_uppercase() || byte.is_ascii_digit()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn vectors() -> Value {
        serde_json::from_str(include_str!("../../../tests/data/iban.json")).unwrap()
    }

    fn texts(list: &Value) -> Vec<String> {
        let text = |case: &Value| case["in"].as_str().or(case.as_str()).unwrap().to_owned();
        list.as_array().unwrap().iter().map(text).collect()
    }

    #[test]
    fn ibans() {
        let vectors = vectors();
        for key in ["valid", "made_valid_checksum"] {
            for iban in texts(&vectors[key]) {
                assert_eq!(check(&iban), Ok(()), "{iban}");
            }
        }
        for iban in texts(&vectors["invalid"]) {
            assert!(check(&iban).is_err(), "{iban}");
        }
        for iban in texts(&vectors["checksum_ok_wrong_country_length"]) {
            assert_eq!(check(&iban), Err(PaytoError::IbanNationalForm), "{iban}");
        }
    }

    #[test]
    fn bank_codes() {
        let bic = &vectors()["bic"];
        for valid in texts(&bic["valid"]) {
            let target = format!("{valid}/DE75512108001245126199");
            assert_eq!(check(&target), Ok(()), "{valid}");
            assert_eq!(without_bic(&target), "DE75512108001245126199");
        }
        for invalid in texts(&bic["invalid"]) {
            let target = format!("{invalid}/DE75512108001245126199");
            assert_eq!(check(&target), Err(PaytoError::Bic), "{invalid}");
        }
    }

    #[test]
    fn the_reason_is_said() {
        for (target, reason) in [
            ("DE", PaytoError::IbanForm),
            ("de89370400440532013000", PaytoError::IbanForm),
            ("DEX9370400440532013000", PaytoError::IbanForm),
            ("DE89370400440532%2013000", PaytoError::IbanForm),
            ("ZZ89370400440532013000", PaytoError::IbanCountry),
            ("DE893704004405320130", PaytoError::IbanNationalForm),
            ("DE8937040044053201300A", PaytoError::IbanNationalForm),
            ("DE88370400440532013000", PaytoError::IbanChecksum),
            ("COBADEFF/X/DE89370400440532013000", PaytoError::IbanPath),
        ] {
            assert_eq!(check(target), Err(reason), "{target}");
        }
    }

    #[test]
    fn check_digits_that_no_bank_computes_are_refused() {
        // 97, 98 and 02 with the same remainder.
        for (computed, other) in [("97", "00"), ("98", "01"), ("02", "99")] {
            let account = (0..1000)
                .map(|number| format!("5121080000000{number:05}"))
                .find(|account| check(&format!("DE{computed}{account}")).is_ok());
            let account = account.unwrap();
            let refused = check(&format!("DE{other}{account}"));
            assert_eq!(refused, Err(PaytoError::IbanChecksum));
        }
    }

    proptest! {
        #[test]
        fn a_changed_digit_is_found(
            which in 0..43usize,
            position in 0..34usize,
            by in 1..10u8,
        ) {
            let vectors = vectors();
            let ibans = [texts(&vectors["valid"]), texts(&vectors["made_valid_checksum"])].concat();
            let mut iban = ibans[which % ibans.len()].clone().into_bytes();
            let position = position % iban.len();
            if iban[position].is_ascii_digit() {
                iban[position] = b'0' + (iban[position] - b'0' + by) % 10;
                let iban = String::from_utf8(iban).unwrap();
                prop_assert_eq!(check(&iban), Err(PaytoError::IbanChecksum));
            }
        }
    }
}
