//! Crockford's base32 as Taler writes binary values: keys, hashes, tokens.

use std::sync::LazyLock;

use data_encoding::{Encoding, Specification};

const ALPHABET: &str = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

static ENCODING: LazyLock<Encoding> = LazyLock::new(|| {
    let mut specification = Specification::new();
    specification.symbols.push_str(ALPHABET);
    specification
        .translate
        .from
        .push_str("abcdefghjkmnpqrstvwxyzOoIiLlUu");
    specification
        .translate
        .to
        .push_str("ABCDEFGHJKMNPQRSTVWXYZ001111VV");
    specification.check_trailing_bits = false;
    specification
        .encoding()
        .expect("the alphabet has 32 distinct characters")
});

/// Writes bytes in capitals, without padding.
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    ENCODING.encode(bytes)
}

/// Reads text in either case, `O` as 0, `I` and `L` as 1, `U` as `V`. Spare bits at the end are dropped.
#[must_use]
pub fn decode(text: &str) -> Option<Vec<u8>> {
    ENCODING.decode(text.as_bytes()).ok()
}

/// Whether text has only the characters that [`encode`] writes.
#[must_use]
pub fn is_canonical(text: &str) -> bool {
    text.bytes().all(|byte| ALPHABET.as_bytes().contains(&byte))
}

/// Reads exactly `N` bytes.
#[must_use]
pub fn decode_exact<const N: usize>(text: &str) -> Option<[u8; N]> {
    decode(text)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &serde_json::Value) -> Vec<u8> {
        data_encoding::HEXLOWER
            .decode(text.as_str().unwrap().as_bytes())
            .unwrap()
    }

    #[test]
    fn vectors() {
        let vectors: serde_json::Value =
            serde_json::from_str(include_str!("../../tests/data/base32-crockford.json")).unwrap();
        for case in vectors["encode"].as_array().unwrap() {
            assert_eq!(encode(&hex(&case["hex"])), case["b32"]);
            assert_eq!(
                decode(case["b32"].as_str().unwrap()).unwrap(),
                hex(&case["hex"])
            );
        }
        for case in vectors["decode_lenient"].as_array().unwrap() {
            assert_eq!(
                decode(case["in"].as_str().unwrap()).unwrap(),
                hex(&case["hex"]),
                "{case}"
            );
        }
        for case in vectors["decode_invalid"].as_array().unwrap() {
            assert!(decode(case["in"].as_str().unwrap()).is_none(), "{case}");
        }
        for case in vectors["decode_fixed_len_invalid"].as_array().unwrap() {
            let text = case["in"].as_str().unwrap();
            let fits = match case["bytes"].as_u64().unwrap() {
                16 => decode_exact::<16>(text).is_some(),
                32 => decode_exact::<32>(text).is_some(),
                _ => decode_exact::<64>(text).is_some(),
            };
            assert!(!fits, "{case}");
        }
        for key in ["a", "b"] {
            let case = &vectors["decode_trailing_bits"][key];
            assert_eq!(
                decode(case["in"].as_str().unwrap()).unwrap(),
                hex(&case["hex"])
            );
        }
    }
}
