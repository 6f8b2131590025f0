//! An address that codes are sent to, as it may be kept: masked.

use serde::Serialize;

use crate::tan::{self, Channel};

/// What stands in a masked address for what it hides.
const MASK: &str = "***";

/// Longest masked address that is kept, in characters.
const LONGEST: usize = 64;

/// An e-mail address, phone number or postal address of which most is hidden, such as `a***@e***.org`.
///
/// It is made of text that was masked before. What shows no mask, is too long or has control characters was not, and nothing of
/// it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MaskedAddress(String);

impl MaskedAddress {
    /// Masks an address of a channel.
    #[must_use]
    pub fn of(channel: Channel, address: &str) -> Self {
        Self::new(&tan::hint(channel, address))
    }

    /// Takes masked text.
    #[must_use]
    pub fn new(masked: &str) -> Self {
        let is_masked = masked.contains(MASK)
            && masked.chars().count() <= LONGEST
            && !masked.chars().any(char::is_control);
        Self(if is_masked { masked } else { MASK }.to_owned())
    }

    /// The masked text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_masked_is_kept() {
        for kept in ["a***@e***.org", "***1234", "***"] {
            assert_eq!(MaskedAddress::new(kept).as_str(), kept);
        }
        let long = format!("***{}", "a".repeat(LONGEST));
        for hidden in ["alice@example.org", "1234-5678", "", "***\u{1b}[2J", &long] {
            assert_eq!(MaskedAddress::new(hidden).as_str(), "***", "{hidden:?}");
        }
    }
}
