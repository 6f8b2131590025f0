//! The one spelling of each field. Normalising twice is the same as once.

use std::str::FromStr as _;

use iso_currency::Country;
use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumberFormat, PhoneNumberType, Region};
use unicode_normalization::UnicodeNormalization as _;

use crate::tan::{self, Channel, plain};

/// Longest name, line or country, in characters.
const LONGEST_LINE: usize = 100;
/// Most lines between name and country.
const MOST_LINES: usize = 8;

/// Why a field is not what it should be. The text goes on after the name of the field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed(pub &'static str);

/// The code of Kosovo, which ISO 3166-1 leaves to its users, and which all of them use.
const KOSOVO: &str = "XK";

pub(super) fn email(typed: &str) -> Result<String, Malformed> {
    let usable = tan::Address::parse(Channel::Email, typed)
        .map_err(|_| Malformed("is not an e-mail address that can be written to"))?;
    let (user, host) = usable.as_str().rsplit_once('@').unwrap_or_default();
    Ok(format!("{user}@{}", host.to_ascii_lowercase()))
}

/// The country that a code of two letters in upper case names, as far as it has phone numbers.
pub(super) fn region(code: &str) -> Option<Region> {
    let is_code = code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_uppercase());
    let region = Region::from_str(code).ok().filter(|_| is_code)?;
    let calling_code = PHONE_NUMBER_UTIL.get_country_code_for_region(region);
    calling_code.map(|_| region)
}

pub(super) fn phone(typed: &str, country: Option<Region>) -> Result<String, Malformed> {
    let digits = tan::Address::parse(Channel::Sms, typed)
        .map_err(|_| Malformed("is not a phone number: digits, with a + in front or without"))?;
    let digits = digits.as_str();
    if country.is_none() && !digits.starts_with('+') {
        return Err(Malformed(
            "must begin with + and the code of its country, such as +41",
        ));
    }
    let invalid = Malformed("is not a number that its country gives out");
    let number = PHONE_NUMBER_UTIL
        .parse(digits, country)
        .map_err(|_| invalid)?;
    if !PHONE_NUMBER_UTIL.is_valid_number(&number) {
        return Err(invalid);
    }
    if WITHOUT_COUNTRY.contains(&number.country_code) {
        return Err(Malformed("is a number of no country"));
    }
    if is_a_service(PHONE_NUMBER_UTIL.get_number_type(&number)) {
        return Err(Malformed("is the number of a service, not of a person"));
    }
    Ok(PHONE_NUMBER_UTIL
        .format(&number, PhoneNumberFormat::E164)
        .into_owned())
}

/// The codes of satellites and of networks without a country. A message there costs its sender a lot as well.
const WITHOUT_COUNTRY: [i32; 7] = [800, 808, 870, 878, 881, 882, 883];

/// Whether such numbers belong to services. A message to some of them costs its sender a lot, and pays whoever asked for it.
fn is_a_service(kind: PhoneNumberType) -> bool {
    matches!(
        kind,
        PhoneNumberType::PremiumRate
            | PhoneNumberType::SharedCost
            | PhoneNumberType::TollFree
            | PhoneNumberType::VoiceMail
            | PhoneNumberType::PersonalNumber
            | PhoneNumberType::Pager
            | PhoneNumberType::UAN
    )
}

pub(super) fn name(typed: &str) -> Result<String, Malformed> {
    if typed.starts_with('-') {
        return Err(Malformed("must not begin with -"));
    }
    let name = line(typed)?;
    // What is left may begin otherwise: characters that nobody sees are gone.
    match name.starts_with('-') || !name.chars().any(char::is_alphanumeric) {
        true => Err(Malformed("is not a name")),
        false => Ok(name),
    }
}

pub(super) fn lines(typed: &str) -> Result<String, Malformed> {
    let lines: Vec<String> = typed.split('\n').map(line).collect::<Result<_, _>>()?;
    let lines: Vec<String> = lines.into_iter().filter(|line| !line.is_empty()).collect();
    if lines.len() > MOST_LINES {
        return Err(Malformed("has more than 8 lines"));
    }
    let lines = lines.join("\n");
    match lines.chars().any(char::is_alphanumeric) {
        true => Ok(lines),
        false => Err(Malformed("is not an address")),
    }
}

pub(super) fn country(typed: &str) -> Result<String, Malformed> {
    let country = line(typed)?;
    if country.len() == 2 && country.is_ascii() {
        let code = country.to_ascii_uppercase();
        return match code == KOSOVO || Country::from_str(&code).is_ok() {
            true => Ok(code),
            false => Err(Malformed("is not the code of a country")),
        };
    }
    match country.chars().any(char::is_alphabetic) {
        true => Ok(country),
        false => Err(Malformed("is not a country")),
    }
}

/// One line of text: composed letters, single blanks, nothing that cannot be printed.
fn line(typed: &str) -> Result<String, Malformed> {
    let is_forbidden = |character: char| character.is_control() && character != '\t';
    if typed.chars().any(is_forbidden) {
        return Err(Malformed("holds characters that cannot be printed"));
    }
    let line = plain(&typed.nfc().collect::<String>());
    match line.chars().count() > LONGEST_LINE {
        true => Err(Malformed("has more than 100 characters in a line")),
        false => Ok(line),
    }
}
