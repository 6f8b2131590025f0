//! The keys of the running server and what they do.

use std::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::key::{KeyId, MasterKey, Purpose};
use super::keyed_hash::KeyedHash;
use super::seal::{self, OpenError};
use crate::random::Random;

/// A value names a key that the key file does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("key {0} is not in the key file")]
pub struct UnknownKey(pub KeyId);

/// Why a key file does not belong to a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WrongKey {
    /// The database uses a key that the key file does not have.
    #[error("the database uses key {0}, which is not in the key file")]
    Missing(KeyId),
    /// The key file has a key of that id, but with other bytes.
    #[error("key {0} of the key file is not the one that the database uses")]
    Different(KeyId),
    /// What the database notes of a key is not what this program notes.
    #[error("what the database notes of one of its keys cannot be read")]
    Unreadable,
}

/// One or several master keys: the newest makes new values, all of them read old ones.
///
/// Clones are cheap and share the keys, which are overwritten when the last clone is dropped.
#[derive(Clone)]
pub struct Keyring {
    newest: MasterKey,
    older: Arc<[MasterKey]>,
    random: Random,
}

impl Keyring {
    /// A keyring that seals with `newest`, also reads with `older`, and draws nonces from `random`.
    pub fn new(newest: MasterKey, older: Vec<MasterKey>, random: Random) -> Self {
        Self {
            newest,
            older: older.into(),
            random,
        }
    }

    /// The key that new values are made with.
    pub const fn newest_id(&self) -> KeyId {
        self.newest.id()
    }

    /// All keys, the newest first.
    pub fn key_ids(&self) -> impl Iterator<Item = KeyId> {
        self.keys().map(MasterKey::id)
    }

    /// Encrypts `plaintext` so that only the same purpose and context (for example the id of the
    /// instance that it belongs to) open it again.
    pub fn seal(&self, purpose: Purpose, context: &[u8], plaintext: &[u8]) -> Vec<u8> {
        let nonce = self.random.bytes();
        seal::seal(&self.newest, purpose, context, plaintext, nonce)
    }

    /// Decrypts what [`Keyring::seal`] made, with whichever key made it.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open(
        &self,
        purpose: Purpose,
        context: &[u8],
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        seal::open(|id| self.find(id), purpose, context, sealed)
    }

    /// Hashes `message` with the newest key. A message of several parts must be put together so
    /// that no two ways to split it give the same bytes.
    pub fn keyed_hash(&self, purpose: Purpose, message: &[u8]) -> KeyedHash {
        KeyedHash::compute(&self.newest, purpose, message)
    }

    /// The hashes of `message` under every key, the newest first: for finding a row by its hash.
    pub fn keyed_hashes(&self, purpose: Purpose, message: &[u8]) -> Vec<KeyedHash> {
        self.keys()
            .map(|key| KeyedHash::compute(key, purpose, message))
            .collect()
    }

    /// Whether `stored` was made from `message`, in constant time.
    ///
    /// # Errors
    /// [`UnknownKey`] where the key that made `stored` is gone.
    pub fn verify_keyed_hash(
        &self,
        purpose: Purpose,
        message: &[u8],
        stored: &KeyedHash,
    ) -> Result<bool, UnknownKey> {
        let id = stored.key_id();
        let key = self.find(id).ok_or(UnknownKey(id))?;
        Ok(KeyedHash::compute(key, purpose, message) == *stored)
    }

    /// What a database stores of every key, the newest first, to notice another key file.
    pub fn check_values(&self) -> Vec<KeyedHash> {
        self.keyed_hashes(Purpose::KeyCheck, CHECK_MESSAGE)
    }

    /// Compares a check value that a database stored with the key of the same id.
    ///
    /// # Errors
    /// See [`WrongKey`].
    pub fn check(&self, stored: &KeyedHash) -> Result<(), WrongKey> {
        let id = stored.key_id();
        match self.verify_keyed_hash(Purpose::KeyCheck, CHECK_MESSAGE, stored) {
            Ok(true) => Ok(()),
            Ok(false) => Err(WrongKey::Different(id)),
            Err(UnknownKey(id)) => Err(WrongKey::Missing(id)),
        }
    }

    fn keys(&self) -> impl Iterator<Item = &MasterKey> {
        std::iter::once(&self.newest).chain(self.older.iter())
    }

    fn find(&self, id: KeyId) -> Option<&MasterKey> {
        self.keys().find(|key| key.id() == id)
    }
}

const CHECK_MESSAGE: &[u8] = b"kontor key check";

impl fmt::Debug for Keyring {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PURPOSE: Purpose = Purpose::InstanceSigningKey;

    fn keyring(seed: u64) -> Keyring {
        let random = Random::seeded(seed);
        Keyring::new(MasterKey::generate(&random), Vec::new(), random)
    }

    fn rotated(old: &Keyring) -> Keyring {
        let random = Random::seeded(99);
        let newest = MasterKey::generate(&random);
        Keyring::new(newest, vec![old.newest.clone()], random)
    }

    #[test]
    fn opens_only_with_the_same_purpose_and_context() {
        let keyring = keyring(1);
        let sealed = keyring.seal(PURPOSE, b"shop", b"secret");
        let opened = keyring.open(PURPOSE, b"shop", &sealed).unwrap();
        assert_eq!(opened.as_slice(), b"secret");
        assert_eq!(
            keyring.open(PURPOSE, b"shop2", &sealed),
            Err(OpenError::Damaged)
        );
        assert_eq!(
            keyring.open(Purpose::KeyCheck, b"shop", &sealed),
            Err(OpenError::Damaged)
        );
    }

    #[test]
    fn same_text_is_sealed_differently_each_time() {
        let keyring = keyring(1);
        let first = keyring.seal(PURPOSE, b"shop", b"secret");
        assert_ne!(first, keyring.seal(PURPOSE, b"shop", b"secret"));
    }

    #[test]
    fn notices_every_changed_byte_and_every_cut() {
        let keyring = keyring(1);
        let sealed = keyring.seal(PURPOSE, b"shop", b"secret");
        for index in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[index] ^= 1;
            assert!(keyring.open(PURPOSE, b"shop", &changed).is_err(), "{index}");
            let cut = &sealed[..index];
            assert!(keyring.open(PURPOSE, b"shop", cut).is_err(), "{index}");
        }
        assert_eq!(keyring.open(PURPOSE, b"shop", &[]), Err(OpenError::Format));
    }

    #[test]
    fn older_key_opens_and_verifies_but_makes_nothing_new() {
        let old = keyring(1);
        let new = rotated(&old);
        let sealed = old.seal(PURPOSE, b"shop", b"secret");
        let hash = old.keyed_hash(Purpose::LegacyBearer, b"token");
        assert_eq!(
            new.open(PURPOSE, b"shop", &sealed).unwrap().as_slice(),
            b"secret"
        );
        assert_eq!(
            new.verify_keyed_hash(Purpose::LegacyBearer, b"token", &hash),
            Ok(true)
        );
        let fresh = new.keyed_hash(Purpose::LegacyBearer, b"token");
        assert_eq!(fresh.key_id(), new.newest_id());
        assert_ne!(fresh, hash);
        let all = new.keyed_hashes(Purpose::LegacyBearer, b"token");
        assert_eq!(all, [fresh, hash]);
        let sealed = new.seal(PURPOSE, b"shop", b"secret");
        assert_eq!(
            old.open(PURPOSE, b"shop", &sealed),
            Err(OpenError::UnknownKey(new.newest_id()))
        );
        assert_eq!(
            old.verify_keyed_hash(Purpose::LegacyBearer, b"token", &fresh),
            Err(UnknownKey(new.newest_id()))
        );
    }

    #[test]
    fn check_value_notices_another_key() {
        let right = keyring(1);
        let [stored] = right.check_values()[..] else {
            panic!("one key has one check value")
        };
        assert_eq!(right.check(&stored), Ok(()));
        assert_eq!(rotated(&right).check(&stored), Ok(()));
        assert_eq!(
            keyring(2).check(&stored),
            Err(WrongKey::Missing(right.newest_id()))
        );
        let other_bytes = MasterKey::from_parts(right.newest_id(), Zeroizing::new([1; 32]));
        let same_id = Keyring::new(other_bytes, Vec::new(), Random::seeded(1));
        assert_eq!(
            same_id.check(&stored),
            Err(WrongKey::Different(right.newest_id()))
        );
    }

    #[test]
    fn keyed_hash_has_a_stored_form() {
        let hash = keyring(1).keyed_hash(Purpose::LegacyBearer, b"token");
        assert_eq!(KeyedHash::from_bytes(&hash.to_bytes()), Some(hash));
        assert_eq!(KeyedHash::from_bytes(&hash.to_bytes()[1..]), None);
        assert_eq!(KeyedHash::from_bytes(&[]), None);
    }

    #[test]
    fn debug_shows_ids_only() {
        let keyring = keyring(1);
        assert_eq!(
            format!("{keyring:?}"),
            format!("[MasterKey({})]", keyring.newest_id())
        );
    }

    proptest! {
        #[test]
        fn opens_what_it_sealed(context: Vec<u8>, plaintext: Vec<u8>) {
            let keyring = keyring(1);
            let sealed = keyring.seal(PURPOSE, &context, &plaintext);
            prop_assert_eq!(&*keyring.open(PURPOSE, &context, &sealed).unwrap(), &plaintext);
        }

        #[test]
        fn never_panics_on_foreign_bytes(sealed: Vec<u8>) {
            prop_assert!(keyring(1).open(PURPOSE, b"", &sealed).is_err());
            KeyedHash::from_bytes(&sealed);
        }
    }
}
