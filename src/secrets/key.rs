//! One master key, its id, and the subkeys derived from it.

use std::fmt;
use std::str::FromStr;

use hkdf::Hkdf;
use secrecy::{ExposeSecret, SecretBox};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::random::Random;
use kontor_openapi::scalar::base32;

/// Names a master key without telling anything about it: 5 random bytes, 8 characters as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KeyId([u8; Self::LENGTH]);

impl KeyId {
    /// Length in bytes.
    pub const LENGTH: usize = 5;

    /// The id in its stored form.
    pub const fn from_bytes(bytes: [u8; Self::LENGTH]) -> Self {
        Self(bytes)
    }

    /// The id as it is stored within ciphertexts and keyed hashes.
    pub const fn as_bytes(&self) -> &[u8; Self::LENGTH] {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&base32::encode(&self.0))
    }
}

/// A text that is no key id: not 8 characters of Crockford's base32.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a key id has 8 characters of Crockford's base32")]
pub struct InvalidKeyId;

impl FromStr for KeyId {
    type Err = InvalidKeyId;

    fn from_str(text: &str) -> Result<Self, InvalidKeyId> {
        base32::decode_exact(text).map(Self).ok_or(InvalidKeyId)
    }
}

/// What a subkey is for. Subkeys of two purposes have nothing in common, so that a value made for
/// one purpose is worthless for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Seals the private half of an instance's Ed25519 key pair.
    InstanceSigningKey,
    /// Seals how an instance authenticates at the facade of its bank.
    FacadeCredentials,
    /// Seals what opens a payment provider's pages for an account.
    KycAccessToken,
    /// Seals the key that an OTP device shares with its instance.
    OtpDeviceKey,
    /// Hashes a legacy secret of full entropy that an instance is reached with.
    LegacyBearer,
    /// Hashes a legacy secret of low entropy that was verified before, in memory only.
    PasswordCache,
    /// Hashes a request that a second factor confirms.
    ProtectedRequest,
    /// Hashes a confirmation code.
    Tan,
    /// Hashes an address that codes are counted for.
    CodeCounter,
    /// Hashes the secret of a client of the Challenger.
    ClientSecret,
    /// Makes the authorization codes of the Challenger.
    AuthorizationCode,
    /// Makes the value by which a database notices another key file.
    KeyCheck,
}

impl Purpose {
    /// Input of the derivation. Changing one makes everything unreadable that was made with it.
    const fn label(self) -> &'static str {
        match self {
            Self::InstanceSigningKey => "instance-signing-key",
            Self::FacadeCredentials => "facade-credentials",
            Self::KycAccessToken => "kyc-access-token",
            Self::OtpDeviceKey => "otp-device-key",
            Self::LegacyBearer => "legacy-bearer",
            Self::PasswordCache => "password-cache",
            Self::ProtectedRequest => "protected-request",
            Self::Tan => "tan",
            Self::CodeCounter => "code-counter",
            Self::ClientSecret => "client-secret",
            Self::AuthorizationCode => "authorization-code",
            Self::KeyCheck => "key-check",
        }
    }
}

/// What is done with a subkey: the same purpose never seals and hashes with the same bytes.
#[derive(Clone, Copy)]
pub(super) enum Usage {
    Seal,
    Hash,
}

/// A key of the key file: 32 random bytes, overwritten when dropped.
#[derive(Clone)]
pub struct MasterKey {
    id: KeyId,
    secret: SecretBox<SecretBytes>,
}

impl MasterKey {
    /// Length of the secret in bytes.
    pub const LENGTH: usize = 32;

    /// A new key with a new id.
    pub fn generate(random: &Random) -> Self {
        let id = KeyId(random.bytes());
        let secret = SecretBox::init_with_mut(|bytes: &mut SecretBytes| random.fill(&mut bytes.0));
        Self { id, secret }
    }

    /// The key with this id and these bytes, which are overwritten after the copy.
    pub(super) fn from_parts(id: KeyId, bytes: Zeroizing<[u8; Self::LENGTH]>) -> Self {
        let secret = SecretBox::init_with_mut(|own: &mut SecretBytes| own.0 = *bytes);
        Self { id, secret }
    }

    /// The name of the key.
    pub const fn id(&self) -> KeyId {
        self.id
    }

    pub(super) fn expose(&self) -> &[u8; Self::LENGTH] {
        &self.secret.expose_secret().0
    }

    /// The subkey for one purpose and usage (HKDF-SHA256, RFC 5869, without salt).
    pub(super) fn subkey(&self, usage: Usage, purpose: Purpose) -> Zeroizing<[u8; 32]> {
        let usage = match usage {
            Usage::Seal => "seal",
            Usage::Hash => "hash",
        };
        let info = ["kontor 1 ", usage, " ", purpose.label()];
        let mut subkey = Zeroizing::new([0; 32]);
        Hkdf::<Sha256>::new(None, self.expose())
            .expand_multi_info(&info.map(str::as_bytes), subkey.as_mut())
            .expect("HKDF-SHA256 gives up to 8160 bytes");
        subkey
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "MasterKey({})", self.id)
    }
}

#[derive(Clone, Default, zeroize::Zeroize)]
struct SecretBytes([u8; MasterKey::LENGTH]);

impl secrecy::CloneableSecret for SecretBytes {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subkeys_differ_by_purpose_usage_and_key() {
        let random = Random::seeded(1);
        let (first, second) = (MasterKey::generate(&random), MasterKey::generate(&random));
        let subkeys = [
            first.subkey(Usage::Seal, Purpose::InstanceSigningKey),
            first.subkey(Usage::Hash, Purpose::InstanceSigningKey),
            first.subkey(Usage::Hash, Purpose::LegacyBearer),
            second.subkey(Usage::Hash, Purpose::LegacyBearer),
        ];
        for (index, subkey) in subkeys.iter().enumerate() {
            assert!(!subkeys[..index].contains(subkey));
        }
    }

    /// The derivation is a stored format: this value was computed apart with an HKDF of another
    /// implementation and must never change.
    #[test]
    fn derivation_is_fixed() {
        let key = MasterKey::from_parts(KeyId([0; 5]), Zeroizing::new([7; 32]));
        let subkey = key.subkey(Usage::Hash, Purpose::LegacyBearer);
        assert_eq!(
            data_encoding::HEXLOWER.encode(subkey.as_ref()),
            "b089a49f3ea420f724e5ce0bd9d4247cea1a799c88019b25ecef5f5872cfedc7"
        );
    }

    #[test]
    fn debug_hides_the_secret() {
        let key = MasterKey::generate(&Random::seeded(1));
        assert_eq!(format!("{key:?}"), format!("MasterKey({})", key.id()));
    }

    #[test]
    fn id_has_a_text_form() {
        let id = MasterKey::generate(&Random::seeded(1)).id();
        assert_eq!(id.to_string().len(), 8);
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!("K7".parse::<KeyId>(), Err(InvalidKeyId));
    }
}
