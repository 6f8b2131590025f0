//! Points and lengths of time.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use serde_json::{Value, json};

use super::MAX_SAFE_INTEGER;

/// A point in time: `{"t_s": seconds since 1970}`, or `{"t_s": "never"}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Timestamp {
    /// Whole seconds since 1970-01-01T00:00:00Z, at most 2^53 - 1.
    Seconds(u64),
    /// A point in time that does not come.
    Never,
}

/// A length of time: `{"d_us": microseconds}`, or `{"d_us": "forever"}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RelativeTime {
    /// Microseconds, at most 2^53 - 1.
    Microseconds(u64),
    /// A length of time that does not end.
    Forever,
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = read(deserializer, "t_s", "never")?;
        Ok(value.map_or(Self::Never, Self::Seconds))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Seconds(seconds) => json!({ "t_s": seconds }),
            Self::Never => json!({ "t_s": "never" }),
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for RelativeTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = read(deserializer, "d_us", "forever")?;
        Ok(value.map_or(Self::Forever, Self::Microseconds))
    }
}

impl Serialize for RelativeTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Microseconds(microseconds) => json!({ "d_us": microseconds }),
            Self::Forever => json!({ "d_us": "forever" }),
        }
        .serialize(serializer)
    }
}

/// The number in a member, or none for the word that stands for no end.
fn read<'de, D: Deserializer<'de>>(
    deserializer: D,
    member: &'static str,
    endless: &str,
) -> Result<Option<u64>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    let value = value
        .get(member)
        .ok_or_else(|| D::Error::missing_field(member))?;
    if value.as_str() == Some(endless) {
        return Ok(None);
    }
    let number = value.as_u64().filter(|number| *number <= MAX_SAFE_INTEGER);
    number.map(Some).ok_or_else(|| {
        D::Error::custom(format!(
            "`{member}` is an integer from 0 to 2^53 - 1, or \"{endless}\""
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors() {
        let vectors: Value =
            serde_json::from_str(include_str!("../../tests/data/time.json")).unwrap();
        let cases = |name: &str| vectors[name].as_array().unwrap().clone();
        for case in cases("timestamp_valid") {
            let time: Timestamp = serde_json::from_value(case.clone()).unwrap();
            assert_eq!(serde_json::to_value(time).unwrap(), case);
        }
        for case in cases("relative_valid") {
            let time: RelativeTime = serde_json::from_value(case.clone()).unwrap();
            assert_eq!(serde_json::to_value(time).unwrap(), case);
        }
        for case in cases("timestamp_invalid") {
            assert!(
                serde_json::from_value::<Timestamp>(case.clone()).is_err(),
                "{case}"
            );
        }
        for case in cases("relative_invalid") {
            assert!(
                serde_json::from_value::<RelativeTime>(case.clone()).is_err(),
                "{case}"
            );
        }
    }

    #[test]
    fn order() {
        assert!(Timestamp::Seconds(u64::MAX) < Timestamp::Never);
        assert!(RelativeTime::Microseconds(u64::MAX) < RelativeTime::Forever);
    }
}
