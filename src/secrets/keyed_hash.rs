//! Hashes that nobody can compute, or try guesses against, without the key file.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq};

use super::key::{KeyId, MasterKey, Purpose, Usage};

/// An HMAC-SHA256 and the key that made it. Compares in constant time.
#[derive(Clone, Copy, Debug)]
pub struct KeyedHash {
    key_id: KeyId,
    digest: [u8; 32],
}

impl KeyedHash {
    /// Length of the stored form in bytes.
    pub const LENGTH: usize = KeyId::LENGTH + 32;

    pub(super) fn compute(key: &MasterKey, purpose: Purpose, message: &[u8]) -> Self {
        let subkey = key.subkey(Usage::Hash, purpose);
        let mut mac = Hmac::<Sha256>::new_from_slice(subkey.as_ref())
            .expect("HMAC takes a key of any length");
        mac.update(message);
        Self {
            key_id: key.id(),
            digest: mac.finalize().into_bytes().into(),
        }
    }

    /// The key that made the hash.
    pub const fn key_id(&self) -> KeyId {
        self.key_id
    }

    /// The hash alone.
    pub const fn digest(&self) -> &[u8; 32] {
        &self.digest
    }

    /// The stored form: the key's id, then the hash.
    pub fn to_bytes(self) -> [u8; Self::LENGTH] {
        let mut bytes = [0; Self::LENGTH];
        let (key_id, digest) = bytes.split_at_mut(KeyId::LENGTH);
        key_id.copy_from_slice(self.key_id.as_bytes());
        digest.copy_from_slice(&self.digest);
        bytes
    }

    /// Reads the stored form; nothing where it has another length.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (key_id, digest) = bytes.split_first_chunk()?;
        Some(Self {
            key_id: KeyId::from_bytes(*key_id),
            digest: digest.try_into().ok()?,
        })
    }
}

impl ConstantTimeEq for KeyedHash {
    fn ct_eq(&self, other: &Self) -> Choice {
        let same_key = self.key_id.as_bytes().ct_eq(other.key_id.as_bytes());
        same_key & self.digest.ct_eq(&other.digest)
    }
}

impl PartialEq for KeyedHash {
    fn eq(&self, other: &Self) -> bool {
        self.ct_eq(other).into()
    }
}

impl Eq for KeyedHash {}
