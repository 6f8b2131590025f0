//! The ids by which clients name challenges.

use std::fmt;

use kontor_openapi::scalar::base32;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::random::Random;

/// How many ids of one request are looked at; the rest counts as absent.
const MOST_PRESENTED: usize = 16;

/// The id of a challenge: 32 random bytes, 52 characters of Crockford's base32. Whoever holds it can have codes sent and try them, and opens the sealed
/// body; only its hash is stored.
#[derive(Clone)]
pub struct ChallengeId(Zeroizing<[u8; 32]>);

impl ChallengeId {
    /// A new one.
    #[must_use]
    pub fn generate(random: &Random) -> Self {
        Self(Zeroizing::new(random.bytes()))
    }

    /// Reads what a client sends; nothing where it cannot be an id.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = base32::decode_exact(text)?;
        Some(Self(Zeroizing::new(bytes)))
    }

    /// Its text, for the client alone.
    #[must_use]
    pub fn expose(&self) -> String {
        base32::encode(self.0.as_ref())
    }

    /// What is stored of it: SHA-256, enough for a value of full entropy.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        Sha256::digest(self.0.as_ref()).into()
    }

    pub(super) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for ChallengeId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ChallengeId(..)")
    }
}

/// The ids that a request brings, in `Taler-Challenge-Ids` or under the older name `X-Challenge-Id`.
#[derive(Clone, Debug, Default)]
pub struct PresentedIds(Vec<ChallengeId>);

impl PresentedIds {
    /// Reads both headers: ids between commas, with or without blanks. What cannot be an id counts as absent.
    #[must_use]
    pub fn read(taler_challenge_ids: Option<String>, x_challenge_id: Option<String>) -> Self {
        let lists = [taler_challenge_ids, x_challenge_id];
        let texts = lists.iter().flatten().flat_map(|list| list.split(','));
        let ids = texts.filter_map(|text| ChallengeId::parse(text.trim()));
        Self(ids.take(MOST_PRESENTED).collect())
    }

    /// The id with this digest.
    pub(super) fn with_digest(&self, digest: &[u8]) -> Option<&ChallengeId> {
        self.0.iter().find(|id| id.digest() == *digest)
    }

    /// What to look them up by.
    pub(super) fn digests(&self) -> Vec<[u8; 32]> {
        self.0.iter().map(ChallengeId::digest).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(seed: u64) -> ChallengeId {
        ChallengeId::generate(&Random::seeded(seed))
    }

    #[test]
    fn text_round_trips_and_is_not_shown() {
        let id = id(1);
        let text = id.expose();
        assert_eq!(text.len(), 52);
        assert_eq!(
            ChallengeId::parse(&text).map(|read| read.digest()),
            Some(id.digest())
        );
        assert!(ChallengeId::parse(&text[1..]).is_none());
        assert_eq!(format!("{id:?}"), "ChallengeId(..)");
    }

    #[test]
    fn headers_hold_one_or_more_with_blanks_or_without() {
        let (one, two) = (id(1), id(2));
        let (first, second) = (one.expose(), two.expose());
        let both = vec![one.digest(), two.digest()];
        for list in [
            format!("{first},{second}"),
            format!(" {first} , {second} "),
            format!("{first},,nonsense,\t{second},"),
        ] {
            assert_eq!(PresentedIds::read(Some(list), None).digests(), both);
        }
        assert_eq!(
            PresentedIds::read(Some(first.clone()), Some(second)).digests(),
            both
        );
        assert!(
            PresentedIds::read(Some(String::new()), None)
                .digests()
                .is_empty()
        );
        let many = vec![first.as_str(); 100].join(",");
        assert_eq!(PresentedIds::read(Some(many), None).digests().len(), 16);
    }
}
