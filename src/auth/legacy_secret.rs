//! Legacy secrets: `{"method": "token", "token": "secret-token:..."}`, password and bearer in one.

use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;

use super::password::Password;
use crate::secrets::{KeyedHash, Keyring, Purpose, UnknownKey};

/// A secret of the older kind: `secret-token:` and 1 to 1024 bytes that somebody chose.
///
/// It is the password of the instance and is also presented as a bearer on every call.
#[derive(Clone, Debug)]
pub struct LegacySecret(SecretString);

/// Why a text is no legacy secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidLegacySecret {
    /// It does not begin with `secret-token:`.
    #[error("the token does not begin with secret-token:")]
    Prefix,
    /// What follows is empty or longer than 1024 bytes.
    #[error("the token needs 1 to 1024 bytes after secret-token:")]
    Length,
}

impl LegacySecret {
    /// Checks prefix and length.
    ///
    /// # Errors
    /// See [`InvalidLegacySecret`].
    pub fn parse(text: &str) -> Result<Self, InvalidLegacySecret> {
        if !text.starts_with(Password::PREFIX) {
            return Err(InvalidLegacySecret::Prefix);
        }
        Password::parse(text).ok_or(InvalidLegacySecret::Length)?;
        Ok(Self(text.into()))
    }

    /// The secret as a password, without `secret-token:`.
    pub fn password(&self) -> Password {
        Password::parse(self.0.expose_secret()).expect("parse checked it")
    }

    /// Whether the secret looks like 128 random bits: at least 32 characters after `secret-token:`
    /// if they are all hexadecimal, else 26 if they are digits and letters of one case (Crockford's
    /// base32), else 22 if they are all base64url. Then [`LegacySecret::keyed_hash`] is stored, and
    /// no call needs a password hash.
    ///
    /// The narrowest alphabet counts, so that words in small letters are not taken for base64url.
    pub fn is_high_entropy(&self) -> bool {
        is_high_entropy(self.0.expose_secret())
    }

    /// The hash that is stored of a secret of high entropy. It differs between instances, so that
    /// nobody sees which of them share a secret.
    pub fn keyed_hash(&self, keyring: &Keyring, instance_id: &str) -> KeyedHash {
        keyring.keyed_hash(Purpose::LegacyBearer, &self.message(instance_id))
    }

    /// Whether `stored` was made from this secret for this instance, in constant time.
    ///
    /// # Errors
    /// [`UnknownKey`] where the key that made `stored` is gone.
    pub fn matches(
        &self,
        keyring: &Keyring,
        instance_id: &str,
        stored: &KeyedHash,
    ) -> Result<bool, UnknownKey> {
        keyring.verify_keyed_hash(Purpose::LegacyBearer, &self.message(instance_id), stored)
    }

    pub(super) fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// No instance id has a zero byte in it, so that id and secret cannot be split otherwise.
    fn message(&self, instance_id: &str) -> zeroize::Zeroizing<Vec<u8>> {
        let parts = [instance_id.as_bytes(), b"\0", self.expose().as_bytes()];
        parts.concat().into()
    }
}

impl PartialEq for LegacySecret {
    fn eq(&self, other: &Self) -> bool {
        self.expose()
            .as_bytes()
            .ct_eq(other.expose().as_bytes())
            .into()
    }
}

impl Eq for LegacySecret {}

/// Whether a text is `secret-token:` and what looks like 128 random bits, as [`LegacySecret::is_high_entropy`] says.
pub fn is_high_entropy(text: &str) -> bool {
    let Some(secret) = text.strip_prefix(Password::PREFIX) else {
        return false;
    };
    let all = |test: fn(&u8) -> bool| secret.as_bytes().iter().all(test);
    let enough = if all(u8::is_ascii_hexdigit) {
        32
    } else if all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
        || all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase())
    {
        26
    } else if all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')) {
        22
    } else {
        return false;
    };
    secret.len() >= enough
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;
    use crate::secrets::MasterKey;

    fn keyring() -> Keyring {
        let random = Random::seeded(4);
        Keyring::new(MasterKey::generate(&random), Vec::new(), random)
    }

    #[test]
    fn must_begin_with_the_prefix_and_go_on() {
        assert!(LegacySecret::parse("secret-token:x").is_ok());
        for (text, error) in [
            ("x", InvalidLegacySecret::Prefix),
            ("", InvalidLegacySecret::Prefix),
            ("SECRET-TOKEN:x", InvalidLegacySecret::Prefix),
            ("secret-token:", InvalidLegacySecret::Length),
        ] {
            assert_eq!(LegacySecret::parse(text), Err(error));
        }
        let long = format!("secret-token:{}", "x".repeat(1025));
        assert_eq!(LegacySecret::parse(&long), Err(InvalidLegacySecret::Length));
    }

    #[test]
    fn tells_random_secrets_from_chosen_ones() {
        for (secret, expected) in [
            ("4f1c0b9a7e3d2c5b8a6f9e0d1c2b3a4f", true),
            ("4F1C0B9A7E3D2C5B8A6F9E0D1C2B3A4F", true),
            ("4f1c0b9a7e3d2c5b8a6f9e0d1c2b3a4", false),
            ("7ZQ4M2K9XW3T5V8R1N6P0BHJCD", true),
            ("7zq4m2k9xw3t5v8r1n6p0bhjcd", true),
            ("7ZQ4M2K9XW3T5V8R1N6P0BHJC", false),
            ("qL7-xV_2mZt9RkWc4YbN1A", true),
            ("qL7xV2mZt9RkWc4YbN1AsD", true),
            ("qL7-xV_2mZt9RkWc4YbN1", false),
            ("correcthorsebatterystaple", false),
            ("correct horse battery staple, and more", false),
            ("0123456789012345678901", false),
            ("sandbox", false),
            ("", false),
        ] {
            let text = format!("secret-token:{secret}");
            assert_eq!(is_high_entropy(&text), expected, "{secret}");
            assert!(!is_high_entropy(secret));
        }
    }

    #[test]
    fn keyed_hash_belongs_to_secret_and_instance() {
        let keyring = keyring();
        let secret = LegacySecret::parse("secret-token:abc").unwrap();
        let stored = secret.keyed_hash(&keyring, "shop");
        assert_eq!(secret.matches(&keyring, "shop", &stored), Ok(true));
        assert_eq!(secret.matches(&keyring, "shop2", &stored), Ok(false));
        let other = LegacySecret::parse("secret-token:abd").unwrap();
        assert_eq!(other.matches(&keyring, "shop", &stored), Ok(false));
    }

    #[test]
    fn debug_hides_the_secret() {
        let secret = LegacySecret::parse("secret-token:hunter2").unwrap();
        assert!(!format!("{secret:?}").contains("hunter2"));
    }
}
