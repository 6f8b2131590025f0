//! The nonce of a validation: all that it takes to go on with it.

use std::fmt;

use sha2::{Digest, Sha256};

use kontor_openapi::scalar::base32;

use crate::random::Random;

/// Characters of 32 bytes in Crockford's base32.
const TEXT_LENGTH: usize = 52;

/// The nonce of a validation: 256 random bits. Whoever knows it can go on in the person's place, so that it is stored as a
/// hash only, and not logged.
#[derive(Clone, PartialEq, Eq)]
pub struct Nonce(String);

impl Nonce {
    /// A new one.
    #[must_use]
    pub fn generate(random: &Random) -> Self {
        Self(base32::encode(&random.bytes::<32>()))
    }

    /// Reads a nonce as it was handed out; nothing else is looked for.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is_nonce = text.len() == TEXT_LENGTH && base32::is_canonical(text);
        is_nonce.then(|| Self(text.to_owned()))
    }

    /// The nonce itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What the database stores instead of it.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        Sha256::digest(self.0.as_bytes()).into()
    }
}

impl fmt::Debug for Nonce {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Nonce([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_handed_out_is_a_nonce() {
        let nonce = Nonce::generate(&Random::seeded(1));
        assert_eq!(Nonce::parse(nonce.as_str()), Some(nonce.clone()));
        let text = nonce.as_str();
        for other in [
            "",
            &text[1..],
            &format!("{text}0"),
            &text.to_lowercase(),
            &text.replace(&text[..1], "-"),
        ] {
            assert_eq!(Nonce::parse(other), None, "{other}");
        }
        assert_eq!(format!("{nonce:?}"), "Nonce([redacted])");
    }
}
