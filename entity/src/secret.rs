//! Column types whose contents no log and no `Debug` shows.

use std::fmt;

use sea_orm::DeriveValueType;

/// Bytes that are worth stealing even as they are stored: a sealed key, a keyed hash.
#[derive(Clone, PartialEq, Eq, DeriveValueType)]
pub struct SecretBytes(Vec<u8>);

impl SecretBytes {
    /// Wraps the stored form.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(bytes.into())
    }

    /// The stored form.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for SecretBytes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SecretBytes(…)")
    }
}

/// Text that is worth stealing even as it is stored: a password hash can be guessed against.
#[derive(Clone, PartialEq, Eq, DeriveValueType)]
pub struct SecretText(String);

impl SecretText {
    /// Wraps the stored form.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The stored form.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SecretText(…)")
    }
}
