//! The protocol's key derivation: HKDF (RFC 5869) that extracts with HMAC-SHA512 and expands with HMAC-SHA256.

use hkdf::Hkdf;
use sha2::{Sha256, Sha512};

/// The most that HKDF expands to with SHA-256, in bytes.
const LONGEST: usize = 255 * 32;

/// Derives `LENGTH` bytes, at most 8160 (more does not compile).
///
/// # Panics
/// Never: the extracted key has the 64 bytes of SHA-512, and the length is checked when compiling.
#[must_use]
pub fn kdf<const LENGTH: usize>(salt: &[u8], key_material: &[u8], info: &[u8]) -> [u8; LENGTH] {
    const { assert!(LENGTH <= LONGEST) }
    let (extracted, _) = Hkdf::<Sha512>::extract(Some(salt), key_material);
    let mut derived = [0; LENGTH];
    Hkdf::<Sha256>::from_prk(&extracted)
        .expect("64 bytes are enough of a key for HMAC-SHA256")
        .expand(info, &mut derived)
        .expect("the length is possible");
    derived
}

#[cfg(test)]
mod tests {
    use kontor_openapi::scalar::base32;

    use super::*;

    #[test]
    fn published_vector() {
        let bytes = |text| base32::decode(text).unwrap();
        let derived: [u8; 64] = kdf(
            &bytes("94KPT83PCNS7J83KC5P78Y8"),
            &bytes("94KPT83MD1JJ0WV5CDS6AX10D5Q70XBM41NPAY90DNGQ8SBJD5GPR"),
            &bytes(
                "94KPT83141HPYVKMCNW78833D1TPWTSC41GPRWVF41NPWVVQDRG62WS04XMPWSKF4WG6JVH0EHM6A82J8S1G",
            ),
        );
        assert_eq!(
            base32::encode(&derived),
            "GTMR4QT05Z9WF5HKVG0WK9RPXGHSMHJNW377G9GJXCA8B0FEKPF4D27RJMSJZYWSQNTBJ5EYVV7ZW18B48Z0JVJJ80RHB706Y96Q358"
        );
    }

    #[test]
    fn a_shorter_one_begins_a_longer_one() {
        let long: [u8; 100] = kdf(b"salt", b"key", b"info");
        let short: [u8; 33] = kdf(b"salt", b"key", b"info");
        assert_eq!(short, long[..33]);
    }
}
