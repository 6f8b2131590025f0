//! How values are written in the configuration: durations, sizes, networks, URLs.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use url::Url;

/// A duration as text: `30 s`, `5 min`, `1 day`, or several of them one after the other.
pub mod duration {
    use super::*;

    /// Reads a duration.
    ///
    /// # Errors
    /// Text that is no duration, with an example of one.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        deserializer.deserialize_str(DurationVisitor)
    }

    struct DurationVisitor;

    impl de::Visitor<'_> for DurationVisitor {
        type Value = Duration;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("a duration with its unit such as \"30 s\", \"5 min\" or \"1 day\"")
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<Duration, E> {
            parse(text).map_err(E::custom)
        }
    }

    /// Writes the duration in the largest unit that holds it exactly.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(value: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&print(*value))
    }

    /// The same for a key that need not be set.
    pub mod optional {
        use super::*;

        /// Reads a duration, if there is one.
        ///
        /// # Errors
        /// As [`super::deserialize`].
        pub fn deserialize<'de, D: Deserializer<'de>>(
            deserializer: D,
        ) -> Result<Option<Duration>, D::Error> {
            super::deserialize(deserializer).map(Some)
        }

        /// Writes the duration, or nothing.
        ///
        /// # Errors
        /// Those of the serializer.
        pub fn serialize<S: Serializer>(
            value: &Option<Duration>,
            serializer: S,
        ) -> Result<S::Ok, S::Error> {
            match value {
                Some(value) => super::serialize(value, serializer),
                None => serializer.serialize_none(),
            }
        }
    }

    /// Reads a duration from text.
    ///
    /// # Errors
    /// A sentence that says what is wrong with the text.
    pub fn parse(text: &str) -> Result<Duration, String> {
        humantime::parse_duration(text).map_err(|_| {
            format!(
                "{text:?} is not a duration; write for example \"30 s\", \"5 min\" or \"1 day\""
            )
        })
    }

    /// Writes a duration so that [`parse`] reads the same one.
    #[must_use]
    pub fn print(value: Duration) -> String {
        const UNITS: [(u64, &str); 4] = [(86_400, "day"), (3_600, "h"), (60, "min"), (1, "s")];
        let seconds = value.as_secs();
        if value.subsec_nanos() != 0 || seconds == 0 {
            return humantime::format_duration(value).to_string();
        }
        UNITS
            .iter()
            .find(|(length, _)| seconds.is_multiple_of(*length))
            .map_or_else(String::new, |(length, unit)| match seconds / length {
                1 => format!("1 {unit}"),
                count if *unit == "day" => format!("{count} days"),
                count => format!("{count} {unit}"),
            })
    }
}

/// How long something lives: a duration, or `forever`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lifetime {
    /// It ends after this time.
    Limited(Duration),
    /// It never ends by itself.
    Forever,
}

impl std::str::FromStr for Lifetime {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "forever" => Ok(Self::Forever),
            text => duration::parse(text)
                .map(Self::Limited)
                .map_err(|reason| format!("{reason}, or \"forever\"")),
        }
    }
}

impl<'de> Deserialize<'de> for Lifetime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(de::Error::custom)
    }
}

impl Serialize for Lifetime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Forever => serializer.serialize_str("forever"),
            Self::Limited(value) => duration::serialize(value, serializer),
        }
    }
}

impl JsonSchema for Lifetime {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Lifetime".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string"})
    }
}

/// A number of bytes: a whole number, or text with a unit such as `1 MiB`.
pub mod size {
    use super::*;

    /// Reads a size from a number or a text.
    ///
    /// # Errors
    /// Text that is no size, with an example of one.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
        deserializer.deserialize_any(SizeVisitor)
    }

    /// Writes the size in the largest unit that holds it exactly.
    ///
    /// # Errors
    /// Those of the serializer.
    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "the signature that serde calls"
    )]
    pub fn serialize<S: Serializer>(value: &usize, serializer: S) -> Result<S::Ok, S::Error> {
        const UNITS: [(usize, &str); 3] = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
        match UNITS
            .iter()
            .find(|(length, _)| *value != 0 && value.is_multiple_of(*length))
        {
            Some((length, unit)) => serializer.serialize_str(&format!("{} {unit}", value / length)),
            None => value.serialize(serializer),
        }
    }

    struct SizeVisitor;

    impl de::Visitor<'_> for SizeVisitor {
        type Value = usize;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("a size such as \"1 MiB\" or a number of bytes")
        }

        fn visit_u64<E: de::Error>(self, value: u64) -> Result<usize, E> {
            usize::try_from(value).map_err(|_| {
                E::custom(format!(
                    "{value} bytes are more than this machine can address"
                ))
            })
        }

        fn visit_i64<E: de::Error>(self, value: i64) -> Result<usize, E> {
            usize::try_from(value)
                .map_err(|_| E::custom(format!("{value} is not a number of bytes")))
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<usize, E> {
            let size: bytesize::ByteSize = text.parse().map_err(|_| {
                E::custom(format!(
                    "{text:?} is not a size; write for example \"1 MiB\" or a number of bytes"
                ))
            })?;
            self.visit_u64(size.as_u64())
        }
    }
}

/// A list of IP networks; a single address counts as the network that holds it alone.
pub mod networks {
    use std::net::IpAddr;

    use ipnet::IpNet;

    use super::*;

    /// Reads the list.
    ///
    /// # Errors
    /// An entry that is neither a network nor an address.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<IpNet>, D::Error> {
        let entries = Vec::<String>::deserialize(deserializer)?;
        entries
            .iter()
            .map(|entry| parse(entry).map_err(de::Error::custom))
            .collect()
    }

    fn parse(entry: &str) -> Result<IpNet, String> {
        entry
            .parse::<IpNet>()
            .or_else(|_| entry.parse::<IpAddr>().map(IpNet::from))
            .map_err(|_| {
                format!(
                    "{entry:?} is not an IP network; write for example \"10.0.0.0/8\" or \"::1\""
                )
            })
    }
}

/// A base URL as clients see it: http or https, always with a slash at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl(Url);

impl PublicUrl {
    /// Reads a base URL and puts the slash at its end where it is missing.
    ///
    /// # Errors
    /// A sentence that says what is wrong: no URL, another scheme, credentials, a query or a fragment.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut url = Url::parse(text).map_err(|reason| {
            format!("{text:?} is not a URL ({reason}); write for example \"https://shop.example/\"")
        })?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(format!("{text:?} must begin with http:// or https://"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("a base URL holds no user name and no password".to_owned());
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(format!(
                "{text:?} must end with its path: no query and no fragment"
            ));
        }
        if !url.path().ends_with('/') {
            url.set_path(&format!("{}/", url.path()));
        }
        Ok(Self(url))
    }

    /// The configured URL, else http and the address that a service listens at.
    ///
    /// A wildcard address stands for every interface, so the URL then names the loopback one.
    ///
    /// # Errors
    /// None in practice: every socket address makes a URL. The sentence would name the address.
    pub fn or_of_listener(configured: Option<&Self>, listen: SocketAddr) -> Result<Self, String> {
        if let Some(url) = configured {
            return Ok(url.clone());
        }
        let host = match listen.ip() {
            IpAddr::V4(address) if address.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(address) if address.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
            address => address,
        };
        Self::parse(&format!("http://{}/", SocketAddr::new(host, listen.port())))
    }

    /// The URL itself.
    #[must_use]
    pub fn as_url(&self) -> &Url {
        &self.0
    }

    /// The URL as text, with the slash at its end.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for PublicUrl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

impl Serialize for PublicUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// A regular expression that was compiled when the configuration was read.
#[derive(Clone, Debug)]
pub struct Pattern(regex::Regex);

impl Pattern {
    /// Whether the expression is found in the text. Anchor it with `^` and `$` to mean the whole text.
    #[must_use]
    pub fn is_match(&self, text: &str) -> bool {
        self.0.is_match(text)
    }

    /// The expression as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        regex::Regex::new(&text).map(Self).map_err(|reason| {
            let reason = reason.to_string();
            let last = reason.lines().last().unwrap_or_default();
            de::Error::custom(format!(
                "{text:?} is not a regular expression ({})",
                last.trim_start_matches("error: ")
            ))
        })
    }
}

impl Serialize for Pattern {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
