//! The authorization code: what the client exchanges for a token.

use std::fmt;

use entity::validation::Model;
use kontor_openapi::scalar::base32;
use serde_json::Value;

use crate::{
    domain::canonical_json,
    secrets::{KeyedHash, Keyring, Purpose, UnknownKey},
};

/// The number of a validation, and a keyed hash over all that the code stands for: nonce, client, redirect URI and address.
/// It is stored nowhere. Made twice, it is the same, so that a person who comes back is sent on as the first time.
#[derive(Clone, PartialEq, Eq)]
pub struct AuthorizationCode {
    serial: i64,
    hash: KeyedHash,
}

impl AuthorizationCode {
    /// The code of a validation whose address is proven.
    #[must_use]
    pub fn of(validation: &Model, keyring: &Keyring) -> Self {
        let message = message(validation);
        Self {
            serial: validation.serial,
            hash: keyring.keyed_hash(Purpose::AuthorizationCode, &message),
        }
    }

    /// Reads a code; nothing where the text has not its form.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (serial, hash) = text.split_once('.')?;
        let is_number = !serial.is_empty() && serial.bytes().all(|byte| byte.is_ascii_digit());
        let bytes: [u8; KeyedHash::LENGTH] =
            base32::is_canonical(hash).then(|| base32::decode_exact(hash))??;
        Some(Self {
            serial: serial.parse().ok().filter(|_| is_number)?,
            hash: KeyedHash::from_bytes(&bytes)?,
        })
    }

    /// The number of the validation that it claims to be of.
    #[must_use]
    pub const fn serial(&self) -> i64 {
        self.serial
    }

    /// Whether it was made for this validation as it is, in constant time.
    ///
    /// # Errors
    /// [`UnknownKey`] where it names a key that the key file does not have.
    pub fn is_of(&self, validation: &Model, keyring: &Keyring) -> Result<bool, UnknownKey> {
        let is_it =
            keyring.verify_keyed_hash(Purpose::AuthorizationCode, &message(validation), &self.hash);
        Ok(is_it? && self.serial == validation.serial)
    }
}

/// Every part has a fixed length or its length in front, so that no two validations give the same bytes.
fn message(validation: &Model) -> Vec<u8> {
    let redirect_uri = validation.redirect_uri.as_deref().unwrap_or_default();
    let address = validation.address.as_ref().unwrap_or(&Value::Null);
    let length = u64::try_from(redirect_uri.len()).unwrap_or(u64::MAX);
    [
        &validation.nonce_digest[..],
        &validation.client_serial.to_be_bytes(),
        &length.to_be_bytes(),
        redirect_uri.as_bytes(),
        // Texts alone always have a canonical form.
        canonical_json::write(address)
            .unwrap_or_default()
            .as_bytes(),
    ]
    .concat()
}

impl fmt::Display for AuthorizationCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hash = base32::encode(&self.hash.to_bytes());
        write!(formatter, "{}.{hash}", self.serial)
    }
}

impl fmt::Debug for AuthorizationCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "AuthorizationCode({}, [redacted])", self.serial)
    }
}
