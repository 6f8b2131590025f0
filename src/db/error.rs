//! What can go wrong with the database.

use std::path::PathBuf;

use sea_orm::sqlx::Error as SqlxError;
use sea_orm::{DbErr, RuntimeErr};

/// A failure of the database. The source is for the log, not for the caller of the API.
#[derive(Clone, Debug, thiserror::Error)]
pub enum DatabaseError {
    /// The address of the database cannot be used.
    #[error("the address of the database is not usable: {0}")]
    Url(&'static str),
    /// The file of the database or its lock cannot be made.
    #[error("cannot use the file {path}: {reason}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        reason: String,
    },
    /// Another server runs on the same SQLite file.
    #[error("another server already runs on this database: {path} is locked")]
    AlreadyServed {
        /// The lock file.
        path: PathBuf,
    },
    /// The SQLite file has several names, by each of which a server could run on it.
    #[error(
        "{path} has {names} names (hard links), and SQLite keeps what is written to it apart for each: \
         remove the others, or serve a copy that \"kontor copy\" makes"
    )]
    ManyNames {
        /// The file.
        path: PathBuf,
        /// How many.
        names: u64,
    },
    /// The database was written by a newer version of the program.
    #[error("the database is newer than this program: it has the unknown steps {}", unknown.join(", "))]
    TooNew {
        /// The steps that this program does not know.
        unknown: Vec<String>,
    },
    /// A step of the schema failed; nothing was changed.
    #[error("the schema of the database cannot be brought up to date")]
    Migrate(#[source] DbErr),
    /// No connection, or no transaction: nothing was done.
    #[error("the database cannot be reached")]
    Start(#[source] DbErr),
    /// A statement that changes rows failed.
    #[error("a statement failed to store")]
    Store(#[source] DbErr),
    /// A query failed.
    #[error("a query failed")]
    Fetch(#[source] DbErr),
    /// The commit failed, or its outcome is not known.
    #[error("the commit failed or its outcome is not known")]
    Commit(#[source] DbErr),
    /// Conflicts with other transactions did not end; a later try may succeed.
    #[error("conflicts with other transactions did not end")]
    Soft(#[source] DbErr),
    /// What is stored contradicts what the program stores.
    #[error("the stored data is not as it should be: {0}")]
    Invariant(String),
    /// The closure of a write panicked; it was rolled back.
    #[error("a write panicked")]
    Panic,
    /// The closure of a write took too long; it was rolled back.
    #[error("a write took longer than allowed")]
    Deadline,
    /// The database was closed before the write began.
    #[error("the database is closed")]
    Closed,
    /// A write was asked for from within a write; it would wait for itself.
    #[error("a write was begun inside a write")]
    Nested,
}

impl DatabaseError {
    /// Whether PostgreSQL ended the wait for a table that another session has locked.
    #[must_use]
    pub fn is_lock_timeout(&self) -> bool {
        match self {
            Self::Start(error) | Self::Fetch(error) | Self::Store(error) => {
                code(error).as_deref() == Some("55P03")
            }
            _ => false,
        }
    }

    /// For statements that change rows and return some of them: their failures look like those of a query.
    pub(super) fn store(error: DbErr) -> Self {
        match error.into() {
            Self::Fetch(error) => Self::Store(error),
            other => other,
        }
    }
}

impl From<DbErr> for DatabaseError {
    fn from(error: DbErr) -> Self {
        match error {
            DbErr::ConnectionAcquire(_) | DbErr::Conn(_) => Self::Start(error),
            DbErr::Exec(_) | DbErr::RecordNotInserted | DbErr::RecordNotUpdated => {
                Self::Store(error)
            }
            DbErr::Query(_) | DbErr::RecordNotFound(_) => Self::Fetch(error),
            other => Self::Invariant(other.to_string()),
        }
    }
}

/// Whether PostgreSQL asks to run the whole transaction again: a serialization failure or a deadlock.
pub(super) fn is_conflict(error: &DbErr) -> bool {
    matches!(code(error).as_deref(), Some("40001" | "40P01"))
}

/// Whether SQLite found the file locked by another process.
pub(super) fn is_busy(error: &DbErr) -> bool {
    const SQLITE_BUSY: u32 = 5;
    code(error)
        .and_then(|code| code.parse::<u32>().ok())
        .is_some_and(|code| code & 0xff == SQLITE_BUSY)
}

/// What the database itself said, without the words that libraries put around it; else what lies at the bottom of the error.
pub(crate) fn said_by_database(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |cause| cause.source());
    let mut last = String::new();
    for cause in causes {
        let of_database = cause.downcast_ref::<DbErr>().and_then(of_driver);
        if let Some(error) = of_database {
            return error.message().to_owned();
        }
        last = cause.to_string();
    }
    last
}

/// The code that the database itself gave: an SQLSTATE of PostgreSQL, an extended result code of SQLite.
fn code(error: &DbErr) -> Option<String> {
    of_driver(error)?.code().map(|code| code.into_owned())
}

/// The answer of the database, where it is one.
fn of_driver(error: &DbErr) -> Option<&dyn sea_orm::sqlx::error::DatabaseError> {
    let (DbErr::Exec(RuntimeErr::SqlxError(error))
    | DbErr::Query(RuntimeErr::SqlxError(error))
    | DbErr::Conn(RuntimeErr::SqlxError(error))) = error
    else {
        return None;
    };
    match error.as_ref() {
        SqlxError::Database(error) => Some(error.as_ref()),
        _ => None,
    }
}
