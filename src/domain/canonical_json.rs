//! Canonical JSON, as contracts, wallet data and account restrictions are hashed.
//!
//! No blanks, members sorted by the bytes of their names, strings raw but for quote, backslash and control characters, integers only. RFC 8785 is
//! another form: it sorts by UTF-16 and has real numbers, so that its crates do not serve here.

use serde_json::Value;

use super::hash::hash_text;

/// A value that has no canonical form: it holds a number that is no integer (of 64 bits).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a number that is no integer has no canonical form")]
pub struct NoInteger;

/// The canonical text of a value.
///
/// # Errors
/// [`NoInteger`].
pub fn write(value: &Value) -> Result<String, NoInteger> {
    if !has_integers_only(value) {
        return Err(NoInteger);
    }
    let mut sorted = value.clone();
    sorted.sort_all_objects();
    Ok(sorted.to_string())
}

/// The hash of the canonical text and one NUL byte. For a contract with forgettable members this is not its hash: they are scrubbed first.
///
/// # Errors
/// [`NoInteger`].
pub fn hash(value: &Value) -> Result<[u8; 64], NoInteger> {
    Ok(hash_text(&write(value)?))
}

fn has_integers_only(value: &Value) -> bool {
    match value {
        Value::Number(number) => !number.is_f64(),
        Value::Array(items) => items.iter().all(has_integers_only),
        Value::Object(members) => members.values().all(has_integers_only),
        Value::Null | Value::Bool(_) | Value::String(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use kontor_openapi::scalar::base32;
    use serde_json::json;

    use super::*;

    fn vectors() -> Value {
        let text = include_str!("../../tests/data/contract-hash-vectors.json");
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn canonical_texts() {
        for case in vectors()["canonical_json"].as_array().unwrap() {
            assert_eq!(write(&case["value"]).unwrap(), case["canonical"]);
        }
    }

    #[test]
    fn contracts_that_forget_nothing() {
        let vectors = vectors();
        let mut seen = 0;
        for case in vectors["contract_hash"].as_array().unwrap() {
            let input = &case["input"];
            if let Some(canonical) = case["scrubbed_canonical"].as_str() {
                let scrubbed: Value = serde_json::from_str(canonical).unwrap();
                assert_eq!(write(&scrubbed).unwrap(), canonical);
                assert_eq!(base32::encode(&hash(&scrubbed).unwrap()), case["hash"]);
            }
            if !input.to_string().contains("$forgettable") {
                assert_eq!(base32::encode(&hash(input).unwrap()), case["hash"]);
                seen += 1;
            }
        }
        assert!(seen > 1, "{seen}");
    }

    #[test]
    fn a_real_number_has_no_canonical_form() {
        for value in [json!(1.5), json!([{"a": 1.0}]), json!({"a": {"b": 1e30}})] {
            assert_eq!(write(&value), Err(NoInteger));
        }
        assert_eq!(
            write(&json!([u64::MAX, i64::MIN, null])).unwrap(),
            "[18446744073709551615,-9223372036854775808,null]"
        );
    }
}
