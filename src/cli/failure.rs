//! How a verb ends when it does not do what it was asked for.

use std::error::Error as _;
use std::process::ExitCode;

use crate::app::StartError;
use crate::config::{ConfigError, duration};
use crate::db::transfer::TransferError;
use crate::db::{DatabaseError, SchemaStatus, said_by_database};
use crate::error::Error;
use crate::tan::printable;

/// What a verb ends with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// What was asked for could not be done.
    Failed = 1,
    /// The arguments do not fit.
    Usage = 2,
    /// The configuration cannot be used.
    Configuration = 3,
    /// The database cannot be reached or opened.
    Database = 4,
    /// The schema of the database is not the one that this program works with.
    Schema = 5,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a verb failed: an exit code, and plain sentences for the user, one a line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// What the program ends with.
    pub exit: Exit,
    /// What is wrong, where, and what to do. It holds no secret.
    pub message: String,
}

impl Failure {
    /// A failure with this exit code.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self {
            exit,
            message: message.into(),
        }
    }

    /// What was asked for could not be done (1).
    pub fn failed(message: impl Into<String>) -> Self {
        Self::new(Exit::Failed, message)
    }

    /// The arguments do not fit (2).
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// The configuration, or a file that it names, cannot be used (3).
    pub fn configuration(message: impl Into<String>) -> Self {
        Self::new(Exit::Configuration, message)
    }

    /// The database cannot be reached or opened (4).
    pub fn database(message: impl Into<String>) -> Self {
        Self::new(Exit::Database, message)
    }

    /// The schema is another one (5).
    pub fn schema(message: impl Into<String>) -> Self {
        Self::new(Exit::Schema, message)
    }

    /// A failure of which everything was said already.
    #[must_use]
    pub fn told(exit: Exit) -> Self {
        Self::new(exit, "")
    }

    /// A database chose some of the words, so that what looks like a second sentence is none of ours.
    fn on_one_line(self) -> Self {
        Self::new(self.exit, printable(&self.message))
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::new(Exit::Configuration, error.to_string())
    }
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Self {
        match error {
            StartError::Database(error) => error.into(),
            StartError::SchemaBehind => Self::schema(error.to_string()),
            StartError::Settings(_)
            | StartError::Legal(_)
            | StartError::Tan(_)
            | StartError::KeyFile(_)
            | StartError::WrongKey { .. }
            | StartError::KeyFileLost(_)
            | StartError::Outbound(_)
            | StartError::Hasher(_) => Self::configuration(error.to_string()),
        }
    }
}

impl From<DatabaseError> for Failure {
    fn from(error: DatabaseError) -> Self {
        match &error {
            DatabaseError::TooNew { .. } => Self::schema(format!(
                "{error}; run the newer program, or restore a backup that this one made"
            )),
            DatabaseError::Url(_) => Self::configuration(error.to_string()),
            _ => Self::database(with_cause(&error)),
        }
        .on_one_line()
    }
}

impl From<TransferError> for Failure {
    fn from(error: TransferError) -> Self {
        match error {
            TransferError::Database(error) => error.into(),
            TransferError::SameDatabase => Self::usage(error.to_string()),
            TransferError::SourceSchema(SchemaStatus::Behind { .. }) => {
                Self::schema(format!(
                    "{error}; let the release that wrote them make a backup, and only then run \"kontor migrate\""
                ))
            }
            TransferError::SourceSchema(_) | TransferError::TargetSchema(_) => {
                Self::schema(error.to_string())
            }
            TransferError::NotEmpty { .. } => Self::failed(format!("{error}; nothing was changed")),
            TransferError::Mismatch { .. } => {
                Self::failed(format!("{error}; the target was left empty"))
            }
            TransferError::Exists(_)
            | TransferError::File { .. }
            | TransferError::Damaged { .. } => Self::failed(error.to_string()),
        }
        .on_one_line()
    }
}

/// The error and what lies at the bottom of it; what is between says the same in other words.
fn with_cause(error: &DatabaseError) -> String {
    match error.source() {
        Some(cause) => format!("{error}: {}", said_by_database(cause)),
        None => error.to_string(),
    }
}

impl Failure {
    /// An operation on an instance was refused.
    #[must_use]
    pub fn of_operation(error: Error, instance: &str) -> Self {
        let message = match error {
            Error::Database(error) => return error.into(),
            Error::InstanceUnknown => {
                format!("there is no instance {instance:?}; \"kontor instance list\" shows them")
            }
            Error::InstanceDeleted | Error::DeletedUnchangeable => {
                format!(
                    "the instance {instance:?} is disabled; only \"kontor instance delete\" is possible"
                )
            }
            Error::InstanceExists => format!(
                "an instance {instance:?} exists already, with other settings or another password; nothing was changed"
            ),
            Error::PurgeRequired(reason) => format!("{reason}; nothing was changed"),
            Error::BadAuthAtCreation(reason) | Error::BadAuth(reason) => reason.to_owned(),
            Error::Malformed { parameter, reason } => format!("the {parameter} {reason}"),
            Error::LoginLimited { retry_after } => format!(
                "too many wrong passwords for the instance {instance:?}; try again in {}",
                duration::print(retry_after)
            ),
            other => other.to_string(),
        };
        Self::failed(message)
    }
}
