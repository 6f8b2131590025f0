//! Public keys.

use std::{fmt, str::FromStr};

use super::{Malformed, base32, string_scalar};

/// An Ed25519 public key: 32 bytes, 52 characters of Crockford's base32.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EddsaPublicKey(pub [u8; 32]);

impl FromStr for EddsaPublicKey {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        base32::decode_exact(text)
            .map(Self)
            .ok_or(Malformed::new("expected 52 characters of Crockford base32"))
    }
}

impl fmt::Display for EddsaPublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&base32::encode(&self.0))
    }
}

string_scalar!(EddsaPublicKey);
