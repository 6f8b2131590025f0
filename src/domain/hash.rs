//! SHA-512, the hash of the whole protocol, and its half. Text is hashed with the NUL byte that ends it in C.

use sha2::{Digest, Sha512};

/// Hash of bytes.
#[must_use]
pub fn hash(bytes: &[u8]) -> [u8; 64] {
    Sha512::digest(bytes).into()
}

/// Hash of a text and one NUL byte: so are wire methods, URLs and canonical JSON hashed.
#[must_use]
pub fn hash_text(text: &str) -> [u8; 64] {
    Sha512::new()
        .chain_update(text)
        .chain_update([0])
        .finalize()
        .into()
}

/// The first half of [`hash_text`]: so are payto URIs hashed.
#[must_use]
pub fn short_hash_text(text: &str) -> [u8; 32] {
    let mut half = [0; 32];
    half.copy_from_slice(&hash_text(text)[..32]);
    half
}

#[cfg(test)]
mod tests {
    use kontor_openapi::scalar::base32;

    use super::*;

    #[test]
    fn published_vectors() {
        for (input, output) in [
            (
                "91JPRV3F5GG4EKJNDSJQ8",
                "D0R24RZ1TPASVQ2NY56CT8AJDYZE9ZGDB0GVZ05E9D4YGZQW2RC5YFPQ0Q86EPW836DY7VYQTNFFJT3ZR2K508F4JVS5JNJKYN2MMFR",
            ),
            (
                "91JPRV3F5GG4EKJN41A62V35E8",
                "CW96WR74JS8T53EC8GKSGD49QKH4ZNFTZXDAWMMV5GJ1E4BM6B8GPN5NVHDJ8ZVXNCW7Q4WBYCV61HCA3PZC2YJD850DT29RHHN7ESR",
            ),
        ] {
            let input = base32::decode(input).unwrap();
            assert_eq!(base32::encode(&hash(&input)), output);
        }
    }

    #[test]
    fn a_text_ends_in_nul() {
        assert_eq!(hash_text("iban"), hash(b"iban\0"));
        assert_eq!(short_hash_text("iban"), hash(b"iban\0")[..32]);
    }
}
