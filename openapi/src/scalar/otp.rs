//! Devices that show one-time passwords: how they make them, and of what key.

use std::{fmt, sync::LazyLock};

use data_encoding::{BASE32_NOPAD, Encoding, Specification};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use serde_json::Value;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// What the codes of a device depend on. Read from its number or name, in any case; written as its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OtpAlgorithm {
    /// 0, `NONE`: there are no codes.
    None,
    /// 1, `TOTP_WITHOUT_PRICE`: the time.
    TotpWithoutPrice,
    /// 2, `TOTP_WITH_PRICE`: the time and the price.
    TotpWithPrice,
}

impl OtpAlgorithm {
    const ALL: [Self; 3] = [Self::None, Self::TotpWithoutPrice, Self::TotpWithPrice];

    /// Its number in answers.
    #[must_use]
    pub const fn number(self) -> u64 {
        match self {
            Self::None => 0,
            Self::TotpWithoutPrice => 1,
            Self::TotpWithPrice => 2,
        }
    }

    /// Its name in requests.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "NONE",
            Self::TotpWithoutPrice => "TOTP_WITHOUT_PRICE",
            Self::TotpWithPrice => "TOTP_WITH_PRICE",
        }
    }

    fn is_meant_by(self, value: &Value) -> bool {
        match value {
            Value::Number(number) => number.as_u64() == Some(self.number()),
            Value::String(text) => {
                text.eq_ignore_ascii_case(self.name()) || *text == self.number().to_string()
            }
            _ => false,
        }
    }
}

impl<'de> Deserialize<'de> for OtpAlgorithm {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let mut all = Self::ALL.into_iter();
        all.find(|algorithm| algorithm.is_meant_by(&value))
            .ok_or_else(|| {
                D::Error::custom(
                    "is none of 0 or NONE, 1 or TOTP_WITHOUT_PRICE, 2 or TOTP_WITH_PRICE",
                )
            })
    }
}

impl Serialize for OtpAlgorithm {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(self.number())
    }
}

static EITHER_CASE: LazyLock<Encoding> = LazyLock::new(|| {
    let mut specification = Specification::new();
    let capitals = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    specification.symbols.push_str(capitals);
    specification.symbols.push_str("234567");
    let small = capitals.to_ascii_lowercase();
    specification.translate.from.push_str(&small);
    specification.translate.to.push_str(capitals);
    specification.check_trailing_bits = false;
    specification
        .encoding()
        .expect("the alphabet has 32 distinct characters")
});

/// The key that a device shares with the server: at least one byte, sent in the base32 of RFC 3548.
///
/// It is wiped when dropped, no format prints it, and the time of a comparison only tells its length.
#[derive(Clone)]
pub struct OtpKey(Zeroizing<Vec<u8>>);

impl OtpKey {
    /// Reads A-Z and 2-7 in either case, up to the first `=`. Bits at the end that fill no byte are dropped. None where
    /// there is another character, or not one byte.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.split('=').next().unwrap_or_default().as_bytes();
        let is_digit = |byte: &u8| byte.is_ascii_alphabetic() || (b'2'..=b'7').contains(byte);
        if !digits.iter().all(is_digit) {
            return None;
        }
        // A last digit after so many others only brings bits that fill no byte, and the decoder minds.
        let useful = match digits.len() % 8 {
            1 | 3 | 6 => digits.len() - 1,
            _ => digits.len(),
        };
        let bytes = EITHER_CASE.decode(&digits[..useful]).ok()?;
        (!bytes.is_empty()).then(|| Self(Zeroizing::new(bytes)))
    }

    /// The key itself.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl PartialEq for OtpKey {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for OtpKey {}

impl fmt::Debug for OtpKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OtpKey(..)")
    }
}

impl<'de> Deserialize<'de> for OtpKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Zeroizing::new(String::deserialize(deserializer)?);
        Self::parse(&text).ok_or_else(|| {
            D::Error::custom("is no base32 of RFC 3548 (A-Z, 2-7) for at least one byte")
        })
    }
}

/// Needed by the types that contain one; only a client writes a key.
impl Serialize for OtpKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&Zeroizing::new(BASE32_NOPAD.encode(&self.0)))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn key(text: &str) -> Option<Vec<u8>> {
        OtpKey::parse(text).map(|key| key.expose().to_vec())
    }

    #[test]
    fn algorithms_have_a_number_and_a_name() {
        for (value, algorithm) in [
            (json!(0), OtpAlgorithm::None),
            (json!("0"), OtpAlgorithm::None),
            (json!("none"), OtpAlgorithm::None),
            (json!(1), OtpAlgorithm::TotpWithoutPrice),
            (json!("Totp_Without_Price"), OtpAlgorithm::TotpWithoutPrice),
            (json!(2), OtpAlgorithm::TotpWithPrice),
            (json!("2"), OtpAlgorithm::TotpWithPrice),
            (json!("TOTP_WITH_PRICE"), OtpAlgorithm::TotpWithPrice),
        ] {
            let read: OtpAlgorithm = serde_json::from_value(value.clone()).unwrap();
            assert_eq!(read, algorithm, "{value}");
            assert_eq!(serde_json::to_value(read).unwrap(), json!(read.number()));
        }
        for bad in [
            json!(3),
            json!(-1),
            json!(0.5),
            json!("3"),
            json!("+1"),
            json!("01"),
            json!(" 1"),
            json!("1.0"),
            json!(""),
            json!("TOTP"),
            json!(true),
            json!([1]),
        ] {
            let read: Result<OtpAlgorithm, _> = serde_json::from_value(bad.clone());
            assert!(read.is_err(), "{bad}");
        }
    }

    #[test]
    fn keys_are_base32_in_either_case_up_to_the_padding() {
        let twenty = Some(b"12345678901234567890".to_vec());
        assert_eq!(key("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"), twenty);
        assert_eq!(key("gezdgnbvgy3tqojqgezdgnbvgy3tqojq===!"), twenty);
        // The test vectors of RFC 4648.
        for (text, bytes) in [
            ("MY======", "f"),
            ("MZXQ====", "fo"),
            ("MZXW6===", "foo"),
            ("MZXW6YQ=", "foob"),
            ("MZXW6YTB", "fooba"),
            ("MZXW6YTBOI", "foobar"),
        ] {
            assert_eq!(key(text).as_deref(), Some(bytes.as_bytes()), "{text}");
        }
    }

    #[test]
    fn bits_that_fill_no_byte_are_dropped() {
        for length in 0..=80 {
            let bytes = key(&"7".repeat(length)).unwrap_or_default();
            assert_eq!(bytes, vec![0xff; length * 5 / 8], "{length}");
        }
    }

    #[test]
    fn other_text_is_no_key() {
        for bad in [
            "", "=", "A", "A=", "=AAAA", "A1", "A0", "A8", "AB C", "AB-C", "ABÄ", "AB\0", "AB\n",
        ] {
            assert_eq!(key(bad), None, "{bad}");
        }
        for long in [161, 163, 166] {
            assert_eq!(key(&("A".repeat(long) + "0")), None, "{long}");
        }
    }

    #[test]
    fn keys_are_compared_by_their_bytes() {
        let key = |text| OtpKey::parse(text).unwrap();
        assert_eq!(key("GEZDGNBV"), key("gezdgnbv=="));
        assert_ne!(key("GEZDGNBV"), key("GEZDGNBW"));
        assert_ne!(key("GEZDGNBV"), key("GEZDGNBVAA"));
    }

    #[test]
    fn nothing_prints_a_key() {
        let key = OtpKey::parse("GEZDGNBV").unwrap();
        assert_eq!(format!("{key:?}"), "OtpKey(..)");
    }
}
