//! Weak legacy secrets that were verified before, so that not every call costs a password hash.

use std::num::NonZeroUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};

use lru::LruCache;

use super::legacy_secret::LegacySecret;
use crate::secrets::{Keyring, Purpose};

/// A bounded memory of weak legacy secrets that turned out to be right. Only keyed hashes are kept,
/// never the secrets; the least recently used one makes room for a new one.
///
/// An entry is bound to the version of the credential that was read from the database for this very
/// request, so that a changed credential is noticed at once and on every process.
pub struct VerifiedSecrets {
    keyring: Keyring,
    entries: Mutex<LruCache<Entry, ()>>,
}

#[derive(PartialEq, Eq, Hash)]
struct Entry {
    instance_row: i64,
    credential_version: i64,
    /// Looked up by plain comparison: without the key nobody can aim at a hash.
    secret: [u8; 32],
}

impl VerifiedSecrets {
    /// Entries that are kept by default: some 100 KiB.
    pub const DEFAULT_CAPACITY: NonZeroUsize = NonZeroUsize::new(1024).expect("it is not zero");

    /// An empty memory for so many entries.
    pub fn new(keyring: Keyring, capacity: NonZeroUsize) -> Self {
        Self {
            keyring,
            entries: Mutex::new(LruCache::new(capacity)),
        }
    }

    /// Whether this secret was right for this version of the instance's credential.
    pub fn contains(
        &self,
        instance_row: i64,
        credential_version: i64,
        secret: &LegacySecret,
    ) -> bool {
        let entry = self.entry(instance_row, credential_version, secret);
        self.lock().get(&entry).is_some()
    }

    /// Keeps in mind that this secret is right for this version of the instance's credential.
    pub fn remember(&self, instance_row: i64, credential_version: i64, secret: &LegacySecret) {
        let entry = self.entry(instance_row, credential_version, secret);
        self.lock().put(entry, ());
    }

    fn entry(&self, instance_row: i64, credential_version: i64, secret: &LegacySecret) -> Entry {
        let message = secret.expose().as_bytes();
        let hash = self.keyring.keyed_hash(Purpose::PasswordCache, message);
        Entry {
            instance_row,
            credential_version,
            secret: *hash.digest(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, LruCache<Entry, ()>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;
    use crate::secrets::MasterKey;

    fn verified(capacity: usize) -> VerifiedSecrets {
        let random = Random::seeded(6);
        let keyring = Keyring::new(MasterKey::generate(&random), Vec::new(), random);
        VerifiedSecrets::new(keyring, NonZeroUsize::new(capacity).unwrap())
    }

    fn secret(text: &str) -> LegacySecret {
        LegacySecret::parse(&format!("secret-token:{text}")).unwrap()
    }

    #[test]
    fn knows_only_instance_version_and_secret_together() {
        let verified = verified(8);
        assert!(!verified.contains(1, 1, &secret("a")));
        verified.remember(1, 1, &secret("a"));
        assert!(verified.contains(1, 1, &secret("a")));
        assert!(!verified.contains(1, 1, &secret("b")));
        assert!(!verified.contains(1, 2, &secret("a")));
        assert!(!verified.contains(2, 1, &secret("a")));
    }

    #[test]
    fn least_recently_used_makes_room() {
        let verified = verified(2);
        verified.remember(1, 1, &secret("a"));
        verified.remember(2, 1, &secret("b"));
        assert!(verified.contains(1, 1, &secret("a")));
        verified.remember(3, 1, &secret("c"));
        assert!(verified.contains(1, 1, &secret("a")));
        assert!(!verified.contains(2, 1, &secret("b")));
        assert!(verified.contains(3, 1, &secret("c")));
    }
}
