//! `[database]`: where everything is kept.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use url::Url;
use zeroize::Zeroizing;

use super::values::duration;

/// Where everything is kept.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Database {
    /// Database to use: `sqlite://FILE` for an embedded one, which is created at the first start, or
    /// `postgres://USER:PASSWORD@HOST/NAME`. `url_file` names a file that holds the URL instead.
    pub url: DatabaseUrl,
    /// Most connections kept open at once: the readers of SQLite (its one writer comes on top), readers and
    /// writers together of PostgreSQL (one comes on top, on which a server hears what others change; it must reach the
    /// server itself, or a pooler in session mode).
    pub max_connections: u32,
    /// How long a request waits for a free connection before it is given up.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub acquire_timeout: Duration,
    /// Whether `kontor serve` brings the tables up to date at its start. Without it an older schema ends the
    /// start with exit code 5, until `kontor migrate` was run.
    pub migrate: bool,
}

impl Default for Database {
    fn default() -> Self {
        Self {
            url: DatabaseUrl(Zeroizing::new("sqlite://kontor.db".to_owned())),
            max_connections: 8,
            acquire_timeout: Duration::from_secs(5),
            migrate: true,
        }
    }
}

/// A database URL. It may hold a password, so that printing it in any way shows `***` instead.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(Zeroizing<String>);

/// Whether a parameter in the URL of a PostgreSQL database has a meaning. The driver passes over others without a word.
fn is_known(name: &str) -> bool {
    const KNOWN: [&str; 18] = [
        "application_name",
        "dbname",
        "host",
        "hostaddr",
        "options",
        "password",
        "port",
        "ssl-ca",
        "ssl-cert",
        "ssl-key",
        "ssl-mode",
        "ssl-root-cert",
        "sslcert",
        "sslkey",
        "sslmode",
        "sslrootcert",
        "statement-cache-capacity",
        "user",
    ];
    KNOWN.contains(&name) || name.starts_with("options[") && name.ends_with(']')
}

impl DatabaseUrl {
    /// Reads a database URL.
    ///
    /// # Errors
    /// A sentence that says what is wrong, without the text itself: it may hold a password.
    pub fn parse(text: &str) -> Result<Self, String> {
        if let Some(file) = text.strip_prefix("sqlite:") {
            let file = file.trim_start_matches("//");
            if file.is_empty() || file.starts_with('?') {
                return Err(
                    "the database URL names no file; write for example \"sqlite://kontor.db\""
                        .to_owned(),
                );
            }
        } else if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            let url = Url::parse(text)
                .map_err(|reason| format!("the database URL cannot be read ({reason})"))?;
            let mut names = url.query_pairs().map(|(name, _)| name);
            if let Some(name) = names.find(|name| !is_known(name)) {
                return Err(format!(
                    "the database URL has the parameter {name:?}, which means nothing to Kontor"
                ));
            }
        } else {
            return Err("a database URL begins with sqlite:// or postgres://".to_owned());
        }
        Ok(Self(Zeroizing::new(text.to_owned())))
    }

    /// The URL of a SQLite database in this file.
    #[must_use]
    pub fn sqlite_file(file: &Path) -> Self {
        // The driver decodes percent signs and takes what follows a question mark as options.
        let path = file
            .to_string_lossy()
            .replace('%', "%25")
            .replace('?', "%3F")
            .replace('#', "%23");
        Self(Zeroizing::new(format!("sqlite://{path}")))
    }

    /// The whole URL with its password, for the driver only.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether this is the embedded database.
    #[must_use]
    pub fn is_sqlite(&self) -> bool {
        self.0.starts_with("sqlite:")
    }

    /// Whether it holds a password.
    #[must_use]
    pub fn has_password(&self) -> bool {
        let url = Url::parse(&self.0).ok().filter(|_| !self.is_sqlite());
        url.is_some_and(|url| {
            url.password().is_some() || url.query_pairs().any(|(name, _)| name == "password")
        })
    }

    /// The same URL with a relative SQLite file taken from `folder`.
    #[must_use]
    pub(super) fn under(&self, folder: &Path) -> Self {
        let Some(rest) = self.0.strip_prefix("sqlite:") else {
            return self.clone();
        };
        let rest = rest.strip_prefix("//").unwrap_or(rest);
        if rest.starts_with([':', '/']) || folder.as_os_str().is_empty() {
            return self.clone();
        }
        let folder = Self::sqlite_file(folder);
        Self(Zeroizing::new(
            PathBuf::from(folder.expose())
                .join(rest)
                .to_string_lossy()
                .into_owned(),
        ))
    }

    fn redacted(&self) -> String {
        if self.is_sqlite() {
            return self.0.to_string();
        }
        let Ok(mut url) = Url::parse(&self.0) else {
            return "postgres://***".to_owned();
        };
        if url.password().is_some() && url.set_password(Some("***")).is_err() {
            return "postgres://***".to_owned();
        }
        if url.query().is_some() {
            let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
            url.query_pairs_mut()
                .clear()
                .extend_pairs(pairs.iter().map(|(name, value)| {
                    (
                        name.as_str(),
                        if name == "password" {
                            "***"
                        } else {
                            value.as_str()
                        },
                    )
                }));
        }
        url.to_string()
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.redacted())
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl<'de> Deserialize<'de> for DatabaseUrl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

impl Serialize for DatabaseUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl JsonSchema for DatabaseUrl {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "DatabaseUrl".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "format": "database-url", "writeOnly": true})
    }
}
