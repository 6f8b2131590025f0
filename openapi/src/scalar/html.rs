//! Pages for people.

use poem::http::HeaderMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A page in HTML, with the headers that go with it: its language, what it may load, and whether it may be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The page.
    pub html: String,
    /// Its headers, without `Content-Type`.
    pub headers: HeaderMap,
}

/// The page alone; its headers travel beside it.
impl Serialize for Page {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.html)
    }
}

impl<'de> Deserialize<'de> for Page {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self {
            html: String::deserialize(deserializer)?,
            headers: HeaderMap::new(),
        })
    }
}
