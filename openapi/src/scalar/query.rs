//! What many lists let a client ask for in the query.

use std::{fmt, str::FromStr};

use super::{MAX_SAFE_INTEGER, Malformed, Timestamp, string_scalar};

/// Which entries of a list are wanted: those that are so, those that are not, or both. Read in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum YesNoAll {
    /// `YES`: those that are so.
    Yes,
    /// `NO`: those that are not.
    No,
    /// `ALL`: both.
    All,
}

impl YesNoAll {
    /// Whether an entry is wanted that is so, or that is not.
    #[must_use]
    pub fn admits(self, is_so: bool) -> bool {
        match self {
            Self::Yes => is_so,
            Self::No => !is_so,
            Self::All => true,
        }
    }
}

impl FromStr for YesNoAll {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        match text.to_ascii_uppercase().as_str() {
            "YES" => Ok(Self::Yes),
            "NO" => Ok(Self::No),
            "ALL" => Ok(Self::All),
            _ => Err(Malformed::new("must be YES, NO or ALL")),
        }
    }
}

impl fmt::Display for YesNoAll {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Yes => "YES",
            Self::No => "NO",
            Self::All => "ALL",
        })
    }
}

string_scalar!(YesNoAll);

/// A point in time as a parameter: digits alone, whole seconds since 1970 up to 2^53 - 1, or `never`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimestampParameter(pub Timestamp);

impl FromStr for TimestampParameter {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        if text == "never" {
            return Ok(Self(Timestamp::Never));
        }
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Malformed::new("must be whole seconds since 1970, or never"));
        }
        let seconds = text.parse().ok();
        let seconds = seconds.filter(|seconds| *seconds <= MAX_SAFE_INTEGER);
        let seconds = seconds.ok_or(Malformed::new("must be at most 9007199254740991"))?;
        Ok(Self(Timestamp::Seconds(seconds)))
    }
}

impl fmt::Display for TimestampParameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Timestamp::Seconds(seconds) => seconds.fmt(f),
            Timestamp::Never => f.write_str("never"),
        }
    }
}

string_scalar!(TimestampParameter);

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn yes_no_and_all_are_read_in_any_case() {
        for (text, meaning) in [
            ("YES", YesNoAll::Yes),
            ("yes", YesNoAll::Yes),
            ("No", YesNoAll::No),
            ("aLL", YesNoAll::All),
        ] {
            assert_eq!(text.parse(), Ok(meaning), "{text}");
        }
        for bad in ["", "Y", "true", "1", " YES", "YES ", "ALLE", "ſ", "NO\0"] {
            assert!(bad.parse::<YesNoAll>().is_err(), "{bad}");
        }
        assert_eq!(serde_json::to_value(YesNoAll::All).unwrap(), "ALL");
    }

    #[test]
    fn all_admits_what_yes_and_no_do() {
        for is_so in [true, false] {
            assert_eq!(YesNoAll::Yes.admits(is_so), is_so);
            assert_eq!(YesNoAll::No.admits(is_so), !is_so);
            assert!(YesNoAll::All.admits(is_so));
        }
    }

    #[test]
    fn times_are_digits_or_never() {
        for (text, time) in [
            ("0", Timestamp::Seconds(0)),
            ("007", Timestamp::Seconds(7)),
            ("9007199254740991", Timestamp::Seconds(MAX_SAFE_INTEGER)),
            ("never", Timestamp::Never),
        ] {
            assert_eq!(text.parse(), Ok(TimestampParameter(time)), "{text}");
        }
        for bad in [
            "",
            "-1",
            "+1",
            "1.0",
            "1e3",
            " 1",
            "1 ",
            "0x10",
            "Never",
            "forever",
            "9007199254740992",
            "18446744073709551616",
            "99999999999999999999999999",
            "١",
        ] {
            assert!(bad.parse::<TimestampParameter>().is_err(), "{bad}");
        }
    }

    #[test]
    fn times_are_written_as_they_are_read() {
        for value in [json!("0"), json!("9007199254740991"), json!("never")] {
            let time: TimestampParameter = serde_json::from_value(value.clone()).unwrap();
            assert_eq!(serde_json::to_value(time).unwrap(), value);
        }
        for bad in [
            json!("-1"),
            json!("1.5"),
            json!(0),
            json!("9007199254740992"),
        ] {
            let time: Result<TimestampParameter, _> = serde_json::from_value(bad.clone());
            assert!(time.is_err(), "{bad}");
        }
    }
}
