//! Sealing: XChaCha20-Poly1305 with a random nonce.
//!
//! The stored form is a version byte (1), the id of the master key (5 bytes), the nonce (24) and
//! the ciphertext with its tag (16 bytes longer than the plain text). The version, the id and the
//! context are authenticated as associated data.

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{Key, KeyInit, XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

use super::key::{KeyId, MasterKey, Purpose, Usage};

const VERSION: u8 = 1;
const NONCE_LENGTH: usize = 24;
const HEADER_LENGTH: usize = 1 + KeyId::LENGTH;

/// Why a sealed value does not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// It is no sealed value of this version: too short, or with another version byte.
    #[error("this is no sealed value of a version that is known here")]
    Format,
    /// It was sealed with a key that the key file does not have.
    #[error("it was sealed with key {0}, which the key file does not have")]
    UnknownKey(KeyId),
    /// It was changed, or sealed for another purpose or context.
    #[error("it was changed since it was sealed, or sealed for something else")]
    Damaged,
}

pub(super) fn seal(
    key: &MasterKey,
    purpose: Purpose,
    context: &[u8],
    plaintext: &[u8],
    nonce: [u8; NONCE_LENGTH],
) -> Vec<u8> {
    let header = header(key.id());
    let payload = Payload {
        msg: plaintext,
        aad: &associated_data(&header, context),
    };
    let ciphertext = cipher(key, purpose)
        .encrypt(&XNonce::from(nonce), payload)
        .expect("the values sealed here are far below the limit of 256 GiB");
    [header.as_slice(), &nonce, &ciphertext].concat()
}

pub(super) fn open<'key>(
    find_key: impl FnOnce(KeyId) -> Option<&'key MasterKey>,
    purpose: Purpose,
    context: &[u8],
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    let (header, rest) = sealed
        .split_first_chunk::<HEADER_LENGTH>()
        .ok_or(OpenError::Format)?;
    let (nonce, ciphertext) = rest
        .split_first_chunk::<NONCE_LENGTH>()
        .ok_or(OpenError::Format)?;
    let [version, key_id @ ..] = *header;
    if version != VERSION {
        return Err(OpenError::Format);
    }
    let key_id = KeyId::from_bytes(key_id);
    let key = find_key(key_id).ok_or(OpenError::UnknownKey(key_id))?;
    let payload = Payload {
        msg: ciphertext,
        aad: &associated_data(header, context),
    };
    cipher(key, purpose)
        .decrypt(&XNonce::from(*nonce), payload)
        .map(Zeroizing::new)
        .map_err(|_| OpenError::Damaged)
}

fn cipher(key: &MasterKey, purpose: Purpose) -> XChaCha20Poly1305 {
    let subkey = key.subkey(Usage::Seal, purpose);
    XChaCha20Poly1305::new(<&Key>::from(&*subkey))
}

fn header(key_id: KeyId) -> [u8; HEADER_LENGTH] {
    let mut header = [VERSION; HEADER_LENGTH];
    header[1..].copy_from_slice(key_id.as_bytes());
    header
}

/// The header has a fixed length, so that two contexts never give the same bytes.
fn associated_data(header: &[u8; HEADER_LENGTH], context: &[u8]) -> Vec<u8> {
    [header.as_slice(), context].concat()
}
