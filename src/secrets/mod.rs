//! What must not be read out of a stolen database: the key file and what is made with its keys.
//!
//! A [`KeyFile`] holds one or several master keys and becomes the [`Keyring`] of the running
//! server. The keyring seals (XChaCha20-Poly1305) and hashes (HMAC-SHA256) under subkeys that
//! HKDF-SHA256 derives from a master key, one for each [`Purpose`]. The newest master key makes
//! everything new; older ones still open and verify what they once made.

mod key;
mod key_file;
mod keyed_hash;
mod keyring;
mod merchant_key;
mod seal;

pub use key::{InvalidKeyId, KeyId, MasterKey, Purpose};
pub use key_file::{KeyFile, KeyFileError};
pub use keyed_hash::KeyedHash;
pub use keyring::{Keyring, UnknownKey, WrongKey};
pub use merchant_key::{MerchantKey, MerchantKeyError};
pub use seal::OpenError;
