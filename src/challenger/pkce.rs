//! Proof Key for Code Exchange (RFC 7636): whoever exchanges the code is who began.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use entity::validation::CodeChallengeMethod;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::error::Error;

/// Lengths of a verifier, and of a challenge that is one (RFC 7636 §4.1).
const LENGTHS: std::ops::RangeInclusive<usize> = 43..=128;

/// Characters of a SHA-256 in base64url.
const S256_LENGTH: usize = 43;

/// A code challenge and how it was made.
pub type CodeChallenge = (String, CodeChallengeMethod);

/// Reads the parameters of an authorization request; without a method, `plain` is meant (RFC 7636 §4.3).
///
/// # Errors
/// [`Error::Malformed`].
pub fn read(
    challenge: Option<String>,
    method: Option<String>,
) -> Result<Option<CodeChallenge>, Error> {
    let malformed = |parameter, reason| Err(Error::Malformed { parameter, reason });
    let method = match method.as_deref() {
        Some("S256") => CodeChallengeMethod::S256,
        Some("plain") => CodeChallengeMethod::Plain,
        None if challenge.is_none() => return Ok(None),
        None => CodeChallengeMethod::Plain,
        Some(_) => {
            return malformed(
                "code_challenge_method",
                "has to be S256, plain, or left out",
            );
        }
    };
    match challenge {
        None => malformed(
            "code_challenge_method",
            "is of no use without `code_challenge`",
        ),
        Some(challenge) if is_challenge(&challenge, method) => Ok(Some((challenge, method))),
        Some(_) => malformed(
            "code_challenge",
            "has to be 43 characters of base64url for S256, or 43 to 128 unreserved characters for plain",
        ),
    }
}

fn is_challenge(text: &str, method: CodeChallengeMethod) -> bool {
    match method {
        CodeChallengeMethod::Plain => is_verifier(text),
        CodeChallengeMethod::S256 => {
            text.len() == S256_LENGTH && BASE64_URL_SAFE_NO_PAD.decode(text).is_ok()
        }
    }
}

fn is_verifier(text: &str) -> bool {
    let is_unreserved =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
    LENGTHS.contains(&text.len()) && text.bytes().all(is_unreserved)
}

/// Whether a token request has the verifier of the challenge, or neither of them: a verifier without a challenge may mean that
/// somebody took the challenge out on the way (RFC 9700 §2.1.1).
#[must_use]
pub fn is_proven(challenge: Option<&CodeChallenge>, verifier: Option<&str>) -> bool {
    match (challenge, verifier) {
        (None, None) => true,
        (Some((challenge, method)), Some(verifier)) if is_verifier(verifier) => {
            let expected = match method {
                CodeChallengeMethod::Plain => verifier.to_owned(),
                CodeChallengeMethod::S256 => {
                    BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()))
                }
            };
            challenge.as_bytes().ct_eq(expected.as_bytes()).into()
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn vectors() -> Value {
        serde_json::from_str(include_str!("../../tests/data/pkce.json")).unwrap()
    }

    fn text(value: &Value) -> Option<String> {
        value.as_str().map(str::to_owned)
    }

    #[test]
    fn the_verifier_proves_the_challenge() {
        let vectors = vectors();
        for method in ["S256", "plain"] {
            for pair in vectors[method].as_array().unwrap() {
                let challenge = read(text(&pair["challenge"]), Some(method.to_owned())).unwrap();
                let verifier = pair["verifier"].as_str();
                assert!(is_proven(challenge.as_ref(), verifier), "{pair}");
                assert!(!is_proven(challenge.as_ref(), None), "{pair}");
                assert!(!is_proven(None, verifier), "{pair}");
            }
        }
        assert!(is_proven(None, None));
    }

    #[test]
    fn nothing_else_does() {
        for case in vectors()["reject"].as_array().unwrap() {
            let read = read(text(&case["challenge"]), text(&case["method"]));
            let is_refused = read.map_or(true, |challenge| {
                !is_proven(challenge.as_ref(), case["verifier"].as_str())
            });
            assert!(is_refused, "{case}");
        }
        assert!(read(None, Some("S256".to_owned())).is_err());
    }

    #[test]
    fn without_a_method_the_challenge_is_plain() {
        let challenge = "a".repeat(43);
        let read = read(Some(challenge.clone()), None).unwrap();
        assert_eq!(read, Some((challenge.clone(), CodeChallengeMethod::Plain)));
        assert!(is_proven(read.as_ref(), Some(&challenge)));
    }
}
