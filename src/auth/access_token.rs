//! Access tokens: what a login hands out and every other call presents.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use kontor_openapi::scalar::base32;

use super::password::Password;
use crate::random::Random;

const RANDOM_LENGTH: usize = 32;
/// Characters of 32 bytes in Crockford's base32.
const TEXT_LENGTH: usize = 52;

/// A new access token: `secret-token:` and 32 random bytes in Crockford's base32.
#[derive(Clone, Debug)]
pub struct AccessToken(SecretString);

impl AccessToken {
    /// A new token.
    pub fn generate(random: &Random) -> Self {
        let mut bytes = Zeroizing::new([0; RANDOM_LENGTH]);
        random.fill(bytes.as_mut());
        let text = Zeroizing::new(base32::encode(bytes.as_ref()));
        Self([Password::PREFIX, &text].concat().into())
    }

    /// The token as the client is to present it. Shown once, when it is issued.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// What the database stores instead of the token.
    pub fn digest(&self) -> TokenDigest {
        TokenDigest::of(self.expose())
    }
}

/// Whether `text` has the form of an access token: `secret-token:` and 52 characters of Crockford's
/// base32 in upper case, as Kontor writes it. Such a text is only ever looked up.
pub fn looks_like_access_token(text: &str) -> bool {
    text.strip_prefix(Password::PREFIX)
        .is_some_and(|rest| rest.len() == TEXT_LENGTH && base32::is_canonical(rest))
}

/// The SHA-256 by which a token is found in the database.
///
/// It covers the exact text, prefix included: RFC 8959 wants secrets compared as they are, so a
/// token in another letter case is another token. The token has 256 random bits, so that neither
/// salt nor key is needed.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenDigest([u8; 32]);

impl TokenDigest {
    pub(super) fn of(token: &str) -> Self {
        Self(Sha256::digest(token.as_bytes()).into())
    }

    /// The stored form.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for TokenDigest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("TokenDigest([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_the_form_that_clients_expect() {
        let token = AccessToken::generate(&Random::seeded(1));
        assert_eq!(token.expose().len(), "secret-token:".len() + 52);
        assert!(looks_like_access_token(token.expose()));
        let other = AccessToken::generate(&Random::seeded(2));
        assert_ne!(token.expose(), other.expose());
    }

    #[test]
    fn digest_covers_the_exact_text() {
        let token = AccessToken::generate(&Random::seeded(1));
        assert_eq!(token.digest(), TokenDigest::of(token.expose()));
        let lower = token.expose().to_lowercase();
        assert_ne!(token.digest(), TokenDigest::of(&lower));
        assert_eq!(
            data_encoding::HEXLOWER.encode(TokenDigest::of("secret-token:abc").as_bytes()),
            "5bc800279c17f77e36849d44c2f08d8c6e65e294ab3d00dd36a8dc0c37bd8f8a"
        );
    }

    #[test]
    fn other_forms_are_no_access_tokens() {
        let text = "0".repeat(52);
        assert!(looks_like_access_token(&format!("secret-token:{text}")));
        for other in [
            text.clone(),
            format!("Secret-Token:{text}"),
            format!("secret-token:{text}0"),
            format!("secret-token:{}", &text[1..]),
            format!("secret-token:{}U", &text[1..]),
            format!("secret-token:{}a", &text[1..]),
            format!("secret-token: {}", &text[1..]),
        ] {
            assert!(!looks_like_access_token(&other), "{other}");
        }
    }

    #[test]
    fn debug_hides_token_and_digest() {
        let token = AccessToken::generate(&Random::seeded(1));
        let shown = format!("{token:?} {:?}", token.digest());
        assert!(!shown.contains(&token.expose()[13..]));
        assert!(shown.contains("TokenDigest([redacted])"));
    }
}
