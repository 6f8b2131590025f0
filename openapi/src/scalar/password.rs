//! Passwords.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use zeroize::Zeroizing;

/// A password as a client presents it: 1 to 1024 bytes. A leading `secret-token:` is not part of it.
///
/// It is wiped when dropped, and no format prints it.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(Zeroizing<String>);

impl Password {
    /// The longest password, in bytes.
    pub const MAX_BYTES: usize = 1024;
    /// The scheme of RFC 8959 in front of secrets.
    pub const PREFIX: &'static str = "secret-token:";

    /// Takes a password as it was typed or sent; none where it is empty or too long.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.strip_prefix(Self::PREFIX).unwrap_or(text);
        (1..=Self::MAX_BYTES)
            .contains(&text.len())
            .then(|| Self(Zeroizing::new(text.to_owned())))
    }

    /// The secret itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}

impl<'de> Deserialize<'de> for Password {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Zeroizing::new(String::deserialize(deserializer)?);
        Self::parse(&text).ok_or_else(|| D::Error::custom("a password has 1 to 1024 bytes"))
    }
}

/// Needed by the types that contain one; only a client writes a password.
impl Serialize for Password {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.expose())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_prefix_is_taken_off() {
        assert_eq!(Password::parse("secret-token:x").unwrap().expose(), "x");
        assert_eq!(
            Password::parse("secret-token:secret-token:x")
                .unwrap()
                .expose(),
            "secret-token:x"
        );
        assert!(Password::parse("secret-token:").is_none());
        assert!(Password::parse("").is_none());
        assert!(Password::parse(&"x".repeat(1025)).is_none());
    }

    #[test]
    fn nothing_prints_it() {
        assert_eq!(
            format!("{:?}", Password::parse("hunter2")),
            "Some(Password(..))"
        );
    }
}
