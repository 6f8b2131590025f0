//! Secrets that are taken as they are.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use zeroize::Zeroizing;

/// A secret that somebody else made or types, taken as it is: without NUL, and no longer than the document allows.
///
/// It is wiped when dropped, and no format prints it.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretText(Zeroizing<String>);

impl SecretText {
    /// The secret itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for SecretText {
    fn from(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText(..)")
    }
}

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Self::from(String::deserialize(deserializer)?);
        if text.0.contains('\0') {
            return Err(D::Error::custom("a NUL character is not allowed"));
        }
        Ok(text)
    }
}

/// Needed by the types that contain one; only a client writes such a secret.
impl Serialize for SecretText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.expose())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_prints_it() {
        let secret = SecretText::from("hunter2".to_owned());
        assert_eq!(format!("{secret:?}"), "SecretText(..)");
    }
}
