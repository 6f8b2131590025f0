//! Amounts of money.

use std::{fmt, str::FromStr};

use super::{Malformed, string_scalar};

/// An amount such as `KUDOS:1.5`: a currency of 1 to 11 letters, a whole part of at most 2^52 and at most 8 digits after
/// the point. It is written without superfluous zeros.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Amount {
    currency: String,
    value: u64,
    fraction: u32,
}

impl Amount {
    /// The largest whole part.
    pub const MAX_VALUE: u64 = 1 << 52;
    /// How many units of `fraction` are one.
    pub const FRACTION_BASE: u32 = 100_000_000;

    const DIGITS: usize = 8;

    /// The currency, spelled as it was given.
    #[must_use]
    pub fn currency(&self) -> &str {
        &self.currency
    }

    /// The whole part.
    #[must_use]
    pub fn value(&self) -> u64 {
        self.value
    }

    /// What follows the point, in units of 10^-8.
    #[must_use]
    pub fn fraction(&self) -> u32 {
        self.fraction
    }

    /// The form in which it is signed and keys are derived from it: the whole part (8 bytes, most significant first), units of
    /// 10^-8 (4 bytes), and the currency as it is spelled, filled up with zeros (12 bytes).
    #[must_use]
    pub fn to_bytes(&self) -> [u8; 24] {
        let mut bytes = [0; 24];
        bytes[..8].copy_from_slice(&self.value.to_be_bytes());
        bytes[8..12].copy_from_slice(&self.fraction.to_be_bytes());
        bytes[12..12 + self.currency.len()].copy_from_slice(self.currency.as_bytes());
        bytes
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

impl FromStr for Amount {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let (currency, number) = text
            .split_once(':')
            .ok_or(Malformed::new("expected CURRENCY:NUMBER"))?;
        if !(1..=11).contains(&currency.len())
            || !currency.bytes().all(|byte| byte.is_ascii_alphabetic())
        {
            return Err(Malformed::new("a currency has 1 to 11 letters"));
        }
        let (whole, fraction) = number
            .split_once('.')
            .map_or((number, None), |(whole, fraction)| (whole, Some(fraction)));
        if !is_digits(whole)
            || fraction.is_some_and(|digits| !is_digits(digits) || digits.len() > Self::DIGITS)
        {
            return Err(Malformed::new(
                "expected digits, and at most 8 of them after the point",
            ));
        }
        let value = whole.parse().ok().filter(|value| *value <= Self::MAX_VALUE);
        let value = value.ok_or(Malformed::new("the whole part is at most 4503599627370496"))?;
        let fraction = format!("{:0<8}", fraction.unwrap_or_default())
            .parse()
            .unwrap_or_default();
        Ok(Self {
            currency: currency.to_owned(),
            value,
            fraction,
        })
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.currency, self.value)?;
        if self.fraction == 0 {
            return Ok(());
        }
        write!(
            f,
            ".{}",
            format!("{:08}", self.fraction).trim_end_matches('0')
        )
    }
}

string_scalar!(Amount);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors() {
        let vectors: serde_json::Value =
            serde_json::from_str(include_str!("../../tests/data/amounts.json")).unwrap();
        for case in vectors["valid"].as_array().unwrap() {
            let amount: Amount = case["in"].as_str().unwrap().parse().unwrap();
            assert_eq!(amount.currency(), case["currency"]);
            assert_eq!(amount.value(), case["value"].as_u64().unwrap());
            assert_eq!(
                amount.fraction(),
                u32::try_from(case["fraction"].as_u64().unwrap()).unwrap()
            );
            assert_eq!(amount.to_string(), case["canonical"]);
        }
        let longest: Amount = "Abcdefghijk:258.00000259".parse().unwrap();
        let bytes = b"\0\0\0\0\0\0\x01\x02\0\0\x01\x03Abcdefghijk\0";
        assert_eq!(&longest.to_bytes(), bytes);
        for case in vectors["invalid"].as_array().unwrap() {
            let text = case["in"].as_str().unwrap();
            assert!(text.parse::<Amount>().is_err(), "{text}");
        }
    }
}
