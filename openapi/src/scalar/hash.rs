//! Hashes and salts: bytes of a fixed number, written in Crockford's base32.

use std::{fmt, str::FromStr};

use super::{Malformed, base32, string_scalar};

/// A hash of 64 bytes, 103 characters as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HashCode(pub [u8; 64]);

impl FromStr for HashCode {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        base32::decode_exact(text).map(Self).ok_or(Malformed::new(
            "expected 103 characters of Crockford base32",
        ))
    }
}

impl fmt::Display for HashCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&base32::encode(&self.0))
    }
}

string_scalar!(HashCode);

/// The 16 random bytes in a wire hash, 26 characters as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WireSalt(pub [u8; 16]);

impl FromStr for WireSalt {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        base32::decode_exact(text)
            .map(Self)
            .ok_or(Malformed::new("expected 26 characters of Crockford base32"))
    }
}

impl fmt::Display for WireSalt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&base32::encode(&self.0))
    }
}

string_scalar!(WireSalt);
