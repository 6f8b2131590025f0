//! Why a database was not taken over.

use std::path::{Path, PathBuf};

use sea_orm::DbErr;

use crate::db::{DatabaseError, SchemaStatus};

/// Why a copy, a backup or a restoration did not come about. What it was to be written to is as before.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// The database behind it.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// Both ends are one database.
    #[error("both are the same database")]
    SameDatabase,
    /// The source has other tables than this program.
    #[error("the tables of the source are not those of this program: {}", standing(.0))]
    SourceSchema(SchemaStatus),
    /// The target has other tables than this program.
    #[error("the tables of the target are not those of this program: {}", standing(.0))]
    TargetSchema(SchemaStatus),
    /// The target is in use.
    #[error("the target is not empty: its table {table} has rows")]
    NotEmpty {
        /// The first table with rows.
        table: &'static str,
    },
    /// What was read back is not what was written.
    #[error("the table {table} did not arrive as it was sent")]
    Mismatch {
        /// The table.
        table: &'static str,
    },
    /// A file that is to be written exists.
    #[error("{} exists already, and is not overwritten", .0.display())]
    Exists(PathBuf),
    /// A file cannot be read or written.
    #[error("cannot use {}: {reason}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        reason: String,
    },
    /// A file is no backup, or not a whole one.
    #[error("{} is no backup that can be used: {reason}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

impl From<DbErr> for TransferError {
    fn from(error: DbErr) -> Self {
        Self::Database(error.into())
    }
}

impl TransferError {
    /// For files: what the operating system said.
    pub(in crate::db) fn file(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |reason| Self::File {
            path,
            reason: reason.to_string(),
        }
    }
}

impl TransferError {
    /// The same of a file that is to be known by another name.
    pub(in crate::db) fn at(self, path: &Path) -> Self {
        match self {
            Self::Damaged { reason, .. } => Self::Damaged {
                path: path.to_owned(),
                reason,
            },
            other => other,
        }
    }
}

fn standing(status: &SchemaStatus) -> String {
    match status {
        SchemaStatus::Empty => "there are none yet".to_owned(),
        SchemaStatus::Current => "they are current".to_owned(),
        SchemaStatus::Behind { pending } => format!("the steps {} are missing", pending.join(", ")),
        SchemaStatus::TooNew { unknown } => {
            format!("it has the unknown steps {}", unknown.join(", "))
        }
    }
}
