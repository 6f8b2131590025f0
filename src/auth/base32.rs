//! Crockford's base32 as Taler writes it: upper case out; on the way in lower case, and the letters
//! that look like digits, are understood.

use std::sync::LazyLock;

use data_encoding::{Encoding, Specification};

/// The letters in their order.
const ALPHABET: &str = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

static CROCKFORD: LazyLock<Encoding> = LazyLock::new(|| {
    let mut specification = Specification::new();
    specification.symbols.push_str(ALPHABET);
    specification.check_trailing_bits = false;
    specification
        .translate
        .from
        .push_str("abcdefghjkmnpqrstvwxyzOoIiLlUu");
    specification
        .translate
        .to
        .push_str("ABCDEFGHJKMNPQRSTVWXYZ001111VV");
    specification
        .encoding()
        .expect("the alphabet is a valid specification")
});

/// The text form of `bytes`.
pub(crate) fn encode(bytes: &[u8]) -> String {
    CROCKFORD.encode(bytes)
}

/// The `N` bytes that `text` stands for, or nothing where it is not of that length or alphabet.
pub(crate) fn decode<const N: usize>(text: &str) -> Option<[u8; N]> {
    if CROCKFORD.decode_len(text.len()).ok()? != N {
        return None;
    }
    let mut bytes = [0; N];
    CROCKFORD.decode_mut(text.as_bytes(), &mut bytes).ok()?;
    Some(bytes)
}

/// Whether `text` has only letters that [`encode`] writes.
pub(crate) fn is_canonical(text: &str) -> bool {
    text.bytes().all(|byte| ALPHABET.as_bytes().contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_published_vectors() {
        let vectors = include_str!("../../tests/data/base32-crockford.json");
        let vectors: serde_json::Value = serde_json::from_str(vectors).unwrap();
        let mut compared = 0;
        for vector in vectors["encode"].as_array().unwrap() {
            let hex = vector["hex"].as_str().unwrap();
            let bytes = data_encoding::HEXLOWER.decode(hex.as_bytes()).unwrap();
            let text = vector["b32"].as_str().unwrap();
            assert_eq!(encode(&bytes), text);
            assert!(is_canonical(text));
            if let Ok(bytes) = <[u8; 32]>::try_from(bytes) {
                assert_eq!(decode(text), Some(bytes));
                assert_eq!(decode(&text.to_lowercase()), Some(bytes));
                compared += 1;
            }
        }
        assert!(compared >= 2);
    }

    #[test]
    fn refuses_other_lengths_and_letters() {
        assert_eq!(decode::<1>("ZW"), Some([0xff]));
        assert_eq!(decode::<1>("oI"), Some([0x00]));
        assert_eq!(decode::<1>("Z"), None);
        assert_eq!(decode::<1>("ZW0"), None);
        assert_eq!(decode::<1>("Z-"), None);
        assert_eq!(decode::<1>("Z "), None);
    }
}
