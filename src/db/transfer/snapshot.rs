//! One moment of a database, for reading.

use std::path::Path;

use sea_orm::{
    AccessMode, ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend,
    IsolationLevel, Statement, TransactionOptions, TransactionTrait,
};

use super::digest::TableSummary;
use super::error::TransferError;
use super::table::TABLES;
use crate::db::{DatabaseError, DatabaseSettings, SchemaStatus, connect, key, schema};

/// A database as it was when this was opened. A server may go on to write; on PostgreSQL that costs it space until this is closed, on SQLite the
/// write-ahead log grows.
pub struct Snapshot {
    pub(super) transaction: DatabaseTransaction,
    connection: DatabaseConnection,
    /// What no other database has in common with it.
    pub(super) identity: String,
}

impl Snapshot {
    /// Of the database at an address, which must be there.
    ///
    /// # Errors
    /// [`DatabaseError::Start`] and the like; [`TransferError::SourceSchema`] unless it has exactly the tables of this program.
    pub async fn of_database(settings: &DatabaseSettings) -> Result<Self, TransferError> {
        let connection = connect::single_reader(settings).await?;
        let identity = identity(&connection, settings).await?;
        Self::open(connection, identity).await
    }

    /// Of a file that nobody writes to. Nothing is made beside it.
    ///
    /// # Errors
    /// As [`Snapshot::of_database`].
    pub async fn of_file(path: &Path) -> Result<Self, TransferError> {
        let connection = connect::sqlite_file(path).await?;
        Self::open(connection, format!("file {}", path.display())).await
    }

    async fn open(connection: DatabaseConnection, identity: String) -> Result<Self, TransferError> {
        let is_postgres = connection.get_database_backend() == DbBackend::Postgres;
        let options = TransactionOptions {
            isolation_level: is_postgres.then_some(IsolationLevel::RepeatableRead),
            access_mode: is_postgres.then_some(AccessMode::ReadOnly),
            ..TransactionOptions::default()
        };
        let transaction = connection.begin_with_options(options).await;
        let transaction = transaction.map_err(DatabaseError::Start)?;
        // The first query fixes the moment, on both databases.
        match schema::compared(&transaction).await? {
            SchemaStatus::Current => Ok(Self {
                transaction,
                connection,
                identity,
            }),
            SchemaStatus::TooNew { unknown } => Err(DatabaseError::TooNew { unknown }.into()),
            other => Err(TransferError::SourceSchema(other)),
        }
    }

    /// What every table holds.
    ///
    /// # Errors
    /// [`DatabaseError::Fetch`] and the like, also for a row that is not as this program writes them.
    pub async fn summaries(&self) -> Result<Vec<TableSummary>, TransferError> {
        let mut summaries = Vec::with_capacity(TABLES.len());
        for table in TABLES {
            summaries.push(table.read(&self.transaction, None).await?);
        }
        Ok(summaries)
    }

    /// The keys that its sealed rows were made with.
    ///
    /// # Errors
    /// [`DatabaseError::Fetch`] and the like.
    pub async fn keys(&self) -> Result<Vec<entity::key::Model>, TransferError> {
        Ok(key::all(&self.transaction).await?)
    }

    /// Lets the source go.
    pub async fn close(self) {
        let rolled_back = self.transaction.rollback().await;
        if let Err(error) = rolled_back.and(self.connection.close().await) {
            tracing::debug!(%error, "the connection of a snapshot did not close");
        }
    }
}

/// What tells a database from every other one: two addresses can lead to the same.
pub(super) async fn identity(
    connection: &impl ConnectionTrait,
    settings: &DatabaseSettings,
) -> Result<String, TransferError> {
    use std::os::unix::fs::MetadataExt as _;

    if let Some(path) = settings.sqlite_path()? {
        let file = std::fs::metadata(&path).map_err(TransferError::file(path))?;
        return Ok(format!("file {} {}", file.dev(), file.ino()));
    }
    const SQL: &str = "SELECT concat_ws(' ', pg_postmaster_start_time(), inet_server_port(), oid, current_schema()) \
         FROM pg_database WHERE datname = current_database()";
    let statement = Statement::from_string(DbBackend::Postgres, SQL);
    let row = connection.query_one_raw(statement).await?;
    let row = row.ok_or_else(|| DatabaseError::Invariant("a database without a row".to_owned()))?;
    Ok(row.try_get_by_index(0)?)
}
