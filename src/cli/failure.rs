//! How a verb ends when it does not do what it was asked for.

use std::process::ExitCode;

use crate::config::ConfigError;

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

    /// The database cannot be reached or opened (4).
    pub fn database(message: impl Into<String>) -> Self {
        Self::new(Exit::Database, message)
    }

    /// The schema is another one (5).
    pub fn schema(message: impl Into<String>) -> Self {
        Self::new(Exit::Schema, message)
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::new(Exit::Configuration, error.to_string())
    }
}
