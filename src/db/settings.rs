//! What a database connection is made from.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

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

    /// The file of an SQLite database, as written in the address; `None` for PostgreSQL.
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
            path => Ok(Some(PathBuf::from(path))),
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
