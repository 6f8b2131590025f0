//! The Ed25519 key pair by which wallets and exchanges know an instance.

use std::fmt;

use ed25519_dalek::SigningKey;
use zeroize::Zeroizing;

use super::key::Purpose;
use super::keyring::Keyring;
use super::seal::OpenError;
use crate::{domain::signature::SignedBlob, random::Random};

/// The key pair of one instance. Its private half leaves this type only sealed.
pub struct MerchantKey(SigningKey);

/// Why a stored key pair cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MerchantKeyError {
    /// The sealed half does not open.
    #[error("the instance's private key does not open")]
    Open(#[from] OpenError),
    /// It opened, but is no private key, or not the one of the stored public key.
    #[error("the instance's private key does not fit its public key")]
    Mismatch,
}

impl MerchantKey {
    /// A new key pair.
    pub fn generate(random: &Random) -> Self {
        let mut private = Zeroizing::new([0; 32]);
        random.fill(private.as_mut());
        Self(SigningKey::from_bytes(&private))
    }

    /// The public half: 32 bytes, RFC 8032.
    pub fn public_bytes(&self) -> [u8; 32] {
        self.0.verifying_key().to_bytes()
    }

    /// The signature over a blob: 64 bytes, RFC 8032.
    pub fn sign(&self, blob: &SignedBlob) -> [u8; 64] {
        blob.sign(&self.0)
    }

    /// The private half for the database, readable only for the instance with this id.
    pub fn seal(&self, keyring: &Keyring, instance_id: &str) -> Vec<u8> {
        keyring.seal(
            Purpose::InstanceSigningKey,
            instance_id.as_bytes(),
            self.0.as_bytes(),
        )
    }

    /// Opens what [`MerchantKey::seal`] made and compares it with the stored public half.
    ///
    /// # Errors
    /// See [`MerchantKeyError`].
    pub fn open(
        keyring: &Keyring,
        instance_id: &str,
        public: &[u8; 32],
        sealed: &[u8],
    ) -> Result<Self, MerchantKeyError> {
        let purpose = Purpose::InstanceSigningKey;
        let private = keyring.open(purpose, instance_id.as_bytes(), sealed)?;
        let private = <&[u8; 32]>::try_from(private.as_slice());
        let key = Self(SigningKey::from_bytes(
            private.map_err(|_| MerchantKeyError::Mismatch)?,
        ));
        if key.public_bytes() == *public {
            Ok(key)
        } else {
            Err(MerchantKeyError::Mismatch)
        }
    }
}

impl fmt::Debug for MerchantKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("MerchantKey([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secrets::MasterKey;
    use kontor_openapi::scalar::base32;

    fn keyring(random: &Random) -> Keyring {
        Keyring::new(MasterKey::generate(random), Vec::new(), random.clone())
    }

    #[test]
    fn public_half_agrees_with_the_published_vectors() {
        let vectors = include_str!("../../tests/data/base32-crockford.json");
        let vectors: serde_json::Value = serde_json::from_str(vectors).unwrap();
        for vector in vectors["ed25519_seed_to_public"].as_array().unwrap() {
            let private = base32::decode_exact(vector["priv"].as_str().unwrap()).unwrap();
            let key = MerchantKey(SigningKey::from_bytes(&private));
            assert_eq!(base32::encode(&key.public_bytes()), vector["pub"]);
        }
    }

    #[test]
    fn opens_for_its_instance_alone() {
        let random = Random::seeded(3);
        let keyring = keyring(&random);
        let key = MerchantKey::generate(&random);
        let public = key.public_bytes();
        let sealed = key.seal(&keyring, "shop");
        let opened = MerchantKey::open(&keyring, "shop", &public, &sealed).unwrap();
        assert_eq!(opened.0.to_bytes(), key.0.to_bytes());
        assert_eq!(
            MerchantKey::open(&keyring, "other", &public, &sealed).unwrap_err(),
            MerchantKeyError::Open(OpenError::Damaged)
        );
        let foreign = MerchantKey::generate(&random).public_bytes();
        assert_eq!(
            MerchantKey::open(&keyring, "shop", &foreign, &sealed).unwrap_err(),
            MerchantKeyError::Mismatch
        );
    }

    #[test]
    fn debug_hides_the_private_half() {
        let key = MerchantKey::generate(&Random::seeded(3));
        assert_eq!(format!("{key:?}"), "MerchantKey([redacted])");
    }
}
