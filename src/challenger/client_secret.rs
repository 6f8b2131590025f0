//! What a client of the Challenger proves itself with.

use entity::SecretBytes;
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use kontor_openapi::scalar::base32;

use crate::{
    auth::{Password, is_high_entropy},
    db::credential::KeyedDigest,
    random::Random,
    secrets::{KeyedHash, Keyring, Purpose, UnknownKey},
};

/// The secret of a client: `secret-token:` (RFC 8959) and what looks like at least 128 random bits. A hash that is cheap
/// to compute is therefore enough to keep it.
#[derive(Clone, Debug)]
pub struct ClientSecret(SecretString);

/// A text that cannot be the secret of a client. It does not repeat the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a client's secret is \"secret-token:\" and at least 32 hexadecimal digits, 26 digits and letters of one case, \
     or 22 characters of base64url"
)]
pub struct WeakClientSecret;

impl ClientSecret {
    /// A new secret of 256 random bits.
    #[must_use]
    pub fn generate(random: &Random) -> Self {
        let mut bytes = Zeroizing::new([0; 32]);
        random.fill(bytes.as_mut());
        let text = Zeroizing::new(base32::encode(bytes.as_ref()));
        Self([Password::PREFIX, &text].concat().into())
    }

    /// Takes a secret that the operator chose.
    ///
    /// # Errors
    /// One that could be guessed.
    pub fn parse(text: &str) -> Result<Self, WeakClientSecret> {
        let is_usable = is_high_entropy(text) && Password::parse(text).is_some();
        is_usable.then(|| Self(text.into())).ok_or(WeakClientSecret)
    }

    /// The secret as the client is to present it. Shown once, when it is made.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// What the database stores instead of it.
    #[must_use]
    pub fn keyed_digest(&self, keyring: &Keyring) -> KeyedDigest {
        let hash = keyring.keyed_hash(Purpose::ClientSecret, self.expose().as_bytes());
        KeyedDigest {
            digest: SecretBytes::new(hash.to_bytes()),
            key_id: hash.key_id().to_string(),
        }
    }
}

/// Whether a text that somebody presents is the secret of a client, in constant time.
///
/// # Errors
/// [`UnknownKey`] where the key that made `stored` is gone.
pub fn is_secret_of(
    client: &entity::client::Model,
    presented: &str,
    keyring: &Keyring,
) -> Result<bool, UnknownKey> {
    match KeyedHash::from_bytes(client.secret_hash.expose()) {
        Some(stored) => {
            keyring.verify_keyed_hash(Purpose::ClientSecret, presented.as_bytes(), &stored)
        }
        None => Ok(false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_nobody_guesses_is_a_secret() {
        let generated = ClientSecret::generate(&Random::seeded(1));
        assert!(ClientSecret::parse(generated.expose()).is_ok());
        for text in [
            "secret-token:0123456789abcdef0123456789abcdef",
            "secret-token:ABCDEFGHJKMNPQRSTVWXYZ0123",
            "secret-token:abcdefghIJKLMNOP-_1234",
        ] {
            assert!(ClientSecret::parse(text).is_ok(), "{text}");
        }
        let long = format!("secret-token:{}", "a".repeat(1025));
        for text in [
            "",
            "secret-token:",
            "0123456789abcdef0123456789abcdef",
            "secret-token:0123456789abcdef",
            "secret-token:correct horse battery staple",
            &long,
        ] {
            assert!(ClientSecret::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn nothing_is_shown_by_accident() {
        let secret = ClientSecret::generate(&Random::seeded(1));
        assert!(!format!("{secret:?}").contains(secret.expose()));
    }
}
