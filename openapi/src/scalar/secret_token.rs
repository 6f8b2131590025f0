//! Secrets in the form of RFC 8959.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use zeroize::Zeroizing;

use super::{Malformed, Password};

/// `secret-token:` and 1 to 1024 bytes: an access token, or a legacy secret that somebody chose.
///
/// It is wiped when dropped, and no format prints it.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretToken(Zeroizing<String>);

impl SecretToken {
    /// The secret itself, with its scheme.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl FromStr for SecretToken {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let secret = text
            .strip_prefix(Password::PREFIX)
            .ok_or(Malformed::new("must begin with secret-token:"))?;
        match secret.len() {
            1..=Password::MAX_BYTES => Ok(Self(Zeroizing::new(text.to_owned()))),
            _ => Err(Malformed::new("needs 1 to 1024 bytes after secret-token:")),
        }
    }
}

impl fmt::Debug for SecretToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretToken(..)")
    }
}

impl<'de> Deserialize<'de> for SecretToken {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Zeroizing::new(String::deserialize(deserializer)?)
            .parse()
            .map_err(D::Error::custom)
    }
}

impl Serialize for SecretToken {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.expose())
    }
}
