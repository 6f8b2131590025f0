//! The body of a request, kept so that only the id of its challenge opens it.
//!
//! The first published form of the protocol repeats a request with the id and without the body. The key comes from the id, of which the database holds
//! a hash alone, so that neither the database nor the key file nor both open what was sent: it may hold a password.

use chacha20poly1305::{Key, KeyInit, XChaCha20Poly1305, XNonce, aead::Aead};
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::ChallengeId;

/// Seals a body.
///
/// # Panics
/// Never: the cipher takes texts of up to 256 GiB.
#[must_use]
pub(super) fn seal(id: &ChallengeId, body: &[u8]) -> Vec<u8> {
    let sealed = cipher(id).encrypt(&XNonce::default(), body);
    sealed.expect("a body is short enough for the cipher")
}

/// Opens a body; nothing where it was sealed with another id.
#[must_use]
pub(super) fn open(id: &ChallengeId, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let body = cipher(id).decrypt(&XNonce::default(), sealed).ok()?;
    Some(Zeroizing::new(body))
}

/// One id seals one body, so that its key is used once, and the nonce can always be the same.
fn cipher(id: &ChallengeId) -> XChaCha20Poly1305 {
    let mut key = Zeroizing::new([0; 32]);
    Hkdf::<Sha256>::new(None, id.bytes())
        .expand(b"kontor 1 challenge body", key.as_mut())
        .expect("HKDF-SHA256 gives up to 8160 bytes");
    XChaCha20Poly1305::new(&Key::from(*key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    #[test]
    fn only_its_own_id_opens_a_body() {
        let random = Random::seeded(1);
        let (id, other) = (
            ChallengeId::generate(&random),
            ChallengeId::generate(&random),
        );
        let sealed = seal(&id, b"the body");
        assert!(!sealed.windows(8).any(|part| part == b"the body"));
        assert_eq!(open(&id, &sealed).as_deref(), Some(&b"the body".to_vec()));
        assert_eq!(open(&other, &sealed), None);
        assert_eq!(open(&id, &sealed[1..]), None);
    }
}
