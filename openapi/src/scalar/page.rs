//! Pages of a list.

use std::{num::NonZeroI16, str::FromStr};

use serde::{Deserialize, Serialize};

use super::Malformed;

/// Size and direction of a page: negative, newest first; positive, oldest first; never 0, at most 1024 either way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "i64")]
pub struct PageLimit(NonZeroI16);

impl PageLimit {
    /// The largest page.
    pub const MAX: i64 = 1024;

    /// Whether the newest come first.
    #[must_use]
    pub fn is_descending(self) -> bool {
        self.0.is_negative()
    }

    /// How many entries the page has at the most.
    #[must_use]
    pub fn size(self) -> u64 {
        u64::from(self.0.unsigned_abs().get())
    }
}

impl Default for PageLimit {
    /// The 20 newest.
    fn default() -> Self {
        Self(const { NonZeroI16::new(-20).expect("not 0") })
    }
}

impl TryFrom<i64> for PageLimit {
    type Error = Malformed;

    fn try_from(value: i64) -> Result<Self, Malformed> {
        let small = i16::try_from(value)
            .ok()
            .filter(|_| value.abs() <= Self::MAX);
        small
            .and_then(NonZeroI16::new)
            .map(Self)
            .ok_or(Malformed::new("must be between -1024 and 1024 and not 0"))
    }
}

impl From<PageLimit> for i64 {
    fn from(limit: PageLimit) -> Self {
        Self::from(limit.0.get())
    }
}

impl FromStr for PageLimit {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        text.parse::<i64>()
            .map_err(|_| Malformed::new("must be an integer"))?
            .try_into()
    }
}

kontor_openapi::parameter_type!(PageLimit, "integer");

/// The number of the row that a page begins after.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "i64")]
pub struct PageOffset(i64);

impl TryFrom<i64> for PageOffset {
    type Error = Malformed;

    fn try_from(value: i64) -> Result<Self, Malformed> {
        if value < 0 {
            Err(Malformed::new("must not be negative"))
        } else {
            Ok(Self(value))
        }
    }
}

impl From<PageOffset> for i64 {
    fn from(offset: PageOffset) -> Self {
        offset.0
    }
}

impl FromStr for PageOffset {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        text.parse::<i64>()
            .map_err(|_| Malformed::new("must be an integer"))?
            .try_into()
    }
}

kontor_openapi::parameter_type!(PageOffset, "integer");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits() {
        for good in ["1", "-1", "1024", "-1024", "+5"] {
            assert!(good.parse::<PageLimit>().is_ok(), "{good}");
        }
        for bad in [
            "0",
            "1025",
            "-1025",
            "",
            "1x",
            " 1",
            "1.0",
            "99999999999999999999",
        ] {
            assert!(bad.parse::<PageLimit>().is_err(), "{bad}");
        }
        assert_eq!(
            (
                PageLimit::default().is_descending(),
                PageLimit::default().size()
            ),
            (true, 20)
        );
        assert!("-1".parse::<PageOffset>().is_err());
    }
}
