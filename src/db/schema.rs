//! Whether the schema is the one that this program needs, and how it becomes so.

use std::collections::HashSet;

use migration::{Migrator, MigratorTrait, SchemaManager};
use sea_orm::{
    ConnectionTrait, DatabaseExecutor, DatabaseTransaction, DbErr, SqliteTransactionMode,
    Statement, TransactionOptions, TransactionTrait,
};

use super::{DatabaseError, DatabaseSettings, ReadConnection, connect};

/// The number of the advisory lock that processes queue for on PostgreSQL: "kontor" in ASCII.
const MIGRATION_LOCK: i64 = 0x6b6f_6e74_6f72;

/// How the schema of the database compares with what this program needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SchemaStatus {
    /// No step was ever applied.
    Empty,
    /// Exactly the steps that this program knows.
    Current,
    /// Some steps are missing.
    Behind {
        /// Their names, oldest first.
        pending: Vec<String>,
    },
    /// Steps of a newer program.
    TooNew {
        /// Their names.
        unknown: Vec<String>,
    },
}

impl SchemaStatus {
    /// The names of the steps that are missing, oldest first; none for a database without any tables.
    #[must_use]
    pub fn pending(&self) -> &[String] {
        match self {
            Self::Behind { pending } => pending,
            Self::Empty | Self::Current | Self::TooNew { .. } => &[],
        }
    }
}

/// Compares, by queries only.
pub(super) async fn status(connection: &ReadConnection) -> Result<SchemaStatus, DatabaseError> {
    connection
        .answered(compared(connection.connections()))
        .await
}

/// The same on any connection, or in a transaction.
pub(super) async fn compared<'c>(
    connection: impl Into<DatabaseExecutor<'c>>,
) -> Result<SchemaStatus, DatabaseError> {
    let manager = SchemaManager::new(connection.into());
    if !manager.has_table(Migrator::table_name()).await? {
        return Ok(SchemaStatus::Empty);
    }
    Ok(compare(&applied(manager.get_connection()).await?))
}

/// Applies what is missing, all in one transaction that no other process can enter meanwhile.
pub(super) async fn migrate(settings: &DatabaseSettings) -> Result<(), DatabaseError> {
    let is_sqlite = settings.sqlite_path()?.is_some();
    let connection = connect::single_writer(settings).await?;
    let options = TransactionOptions {
        sqlite_transaction_mode: is_sqlite.then_some(SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    };
    let outcome = match connection.begin_with_options(options).await {
        Ok(transaction) => migrate_inside(transaction, is_sqlite).await,
        Err(error) => Err(DatabaseError::Start(error)),
    };
    if let Err(error) = connection.close().await {
        tracing::warn!(%error, "the connection for the schema did not close");
    }
    outcome
}

async fn migrate_inside(
    transaction: DatabaseTransaction,
    is_sqlite: bool,
) -> Result<(), DatabaseError> {
    if !is_sqlite {
        let lock = format!("SELECT pg_advisory_xact_lock({MIGRATION_LOCK})");
        transaction
            .execute_unprepared(&lock)
            .await
            .map_err(DatabaseError::Migrate)?;
    }
    if SchemaManager::new(&transaction)
        .has_table(Migrator::table_name())
        .await?
    {
        match compare(&applied(&transaction).await?) {
            SchemaStatus::TooNew { unknown } => return Err(DatabaseError::TooNew { unknown }),
            SchemaStatus::Current => return Ok(()),
            SchemaStatus::Empty | SchemaStatus::Behind { .. } => {}
        }
    }
    Migrator::up(&transaction, None)
        .await
        .map_err(DatabaseError::Migrate)?;
    transaction.commit().await.map_err(DatabaseError::Migrate)
}

fn compare(applied: &HashSet<String>) -> SchemaStatus {
    let known = Migrator::step_names();
    let mut unknown: Vec<String> = applied
        .iter()
        .filter(|name| !known.contains(name))
        .cloned()
        .collect();
    unknown.sort_unstable();
    let pending: Vec<String> = known
        .into_iter()
        .filter(|name| !applied.contains(name))
        .collect();
    match (unknown.is_empty(), applied.is_empty(), pending.is_empty()) {
        (false, _, _) => SchemaStatus::TooNew { unknown },
        (true, true, _) => SchemaStatus::Empty,
        (true, false, true) => SchemaStatus::Current,
        (true, false, false) => SchemaStatus::Behind { pending },
    }
}

async fn applied(connection: &impl ConnectionTrait) -> Result<HashSet<String>, DbErr> {
    let sql = format!("SELECT version FROM {}", Migrator::table_name());
    let statement = Statement::from_string(connection.get_database_backend(), sql);
    let rows = connection.query_all_raw(statement).await?;
    rows.iter().map(|row| row.try_get_by_index(0)).collect()
}
