//! What a database connection is made from.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use percent_encoding::percent_decode_str;

use super::DatabaseError;

/// Where the database is and how it is used.
#[derive(Clone)]
pub struct DatabaseSettings {
    /// `sqlite://FILE` or `postgres://USER:PASSWORD@HOST/NAME`. Never printed: it may hold a password.
    pub url: String,
    /// Most connections at once: readers on SQLite (the writer is one more), everything on PostgreSQL but the one on which a server
    /// [listens](super::Database::listen). `None`: 4 on SQLite, 16 on PostgreSQL.
    pub max_connections: Option<u32>,
    /// How long to wait for a free connection, and for another process that writes to the same SQLite file.
    pub busy_timeout: Duration,
    /// How long the closure of one write may take, and on PostgreSQL one statement.
    pub write_deadline: Duration,
}

impl DatabaseSettings {
    /// The defaults for the database at `url`: time-outs of 5 seconds.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            max_connections: None,
            busy_timeout: Duration::from_secs(5),
            write_deadline: Duration::from_secs(5),
        }
    }

    /// How long a query, its wait for a connection included, and each step of a write may take on a PostgreSQL server that answers at
    /// all: it ends every statement sooner.
    pub(super) fn answer_deadline(&self) -> Duration {
        self.busy_timeout + self.write_deadline
    }

    /// The defaults for the SQLite database in a file, whatever its name.
    pub fn of_file(path: &Path) -> Self {
        // The driver decodes percent signs, and takes what follows a question mark for options.
        let path = path.to_string_lossy();
        let path = path
            .replace('%', "%25")
            .replace('?', "%3F")
            .replace('#', "%23");
        Self::new(format!("sqlite://{path}"))
    }

    /// The file of an SQLite database; `None` for PostgreSQL.
    ///
    /// # Errors
    /// [`DatabaseError::Url`] for any other address, an SQLite database in memory included: its connections would not see each other.
    pub fn sqlite_path(&self) -> Result<Option<PathBuf>, DatabaseError> {
        if self.url.starts_with("postgres://") || self.url.starts_with("postgresql://") {
            return Ok(None);
        }
        let Some(path) = self.url.strip_prefix("sqlite://") else {
            return Err(DatabaseError::Url(
                "it begins with neither sqlite:// nor postgres://",
            ));
        };
        match path {
            "" | ":memory:" => Err(DatabaseError::Url("sqlite:// needs the name of a file")),
            path if path.contains(['?', '#']) => Err(DatabaseError::Url(
                "sqlite:// takes a file name and nothing more",
            )),
            path => match percent_decode_str(path).decode_utf8() {
                Ok(path) => Ok(Some(PathBuf::from(&*path))),
                Err(_) => Err(DatabaseError::Url("the name of its file is not UTF-8")),
            },
        }
    }
}

impl fmt::Debug for DatabaseSettings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("DatabaseSettings")
            .field("max_connections", &self.max_connections)
            .field("busy_timeout", &self.busy_timeout)
            .field("write_deadline", &self.write_deadline)
            .finish_non_exhaustive()
    }
}
