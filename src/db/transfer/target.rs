//! The database that is filled.

use std::fs::Permissions;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, SqliteTransactionMode,
    TransactionOptions, TransactionTrait,
};

use super::digest::TableSummary;
use super::error::TransferError;
use super::snapshot::{Snapshot, identity};
use super::table::{TABLES, table_names};
use crate::db::{DatabaseError, DatabaseSettings, SchemaStatus, connect, schema};

/// Takes everything over into a database without rows, whose tables are made if there are none. Others see all of it or nothing, and the caller keeps
/// servers away: see [`ServeLock`](crate::db::ServeLock). An SQLite file that other users could open is its owner's alone from then on.
///
/// # Errors
/// [`TransferError::SameDatabase`], [`TransferError::TargetSchema`], [`TransferError::NotEmpty`], [`TransferError::Mismatch`], and those of the database;
/// the target has no rows then. A commit that ends in [`DatabaseError::Commit`] may have been done.
pub async fn copy(
    source: &Snapshot,
    target: &DatabaseSettings,
) -> Result<Vec<TableSummary>, TransferError> {
    let Some(path) = target.sqlite_path()? else {
        return open_and_copy(source, target).await;
    };
    connect::create_private_file(&path)?;
    let before = path.metadata().map_err(TransferError::file(&path))?;
    let before = before.permissions();
    // Before it is opened, since the files beside it get the same mode.
    set_mode(&path, Permissions::from_mode(before.mode() & !0o077))?;
    let outcome = open_and_copy(source, target).await;
    if outcome.is_err() {
        set_mode(&path, before)?;
    }
    outcome
}

fn set_mode(path: &Path, mode: Permissions) -> Result<(), TransferError> {
    for ending in ["", "-wal", "-shm"] {
        let mut file = path.as_os_str().to_owned();
        file.push(ending);
        match std::fs::set_permissions(&file, mode.clone()) {
            Err(error) if ending.is_empty() || error.kind() != ErrorKind::NotFound => {
                return Err(TransferError::file(file)(error));
            }
            _ => {}
        }
    }
    Ok(())
}

async fn open_and_copy(
    source: &Snapshot,
    target: &DatabaseSettings,
) -> Result<Vec<TableSummary>, TransferError> {
    let connection = connect::single_writer(target).await?;
    let outcome = copy_into(source, target, &connection).await;
    if let Err(error) = connection.close().await {
        tracing::warn!(%error, "the connection to the copy did not close");
    }
    outcome
}

async fn copy_into(
    source: &Snapshot,
    target: &DatabaseSettings,
    connection: &DatabaseConnection,
) -> Result<Vec<TableSummary>, TransferError> {
    if identity(connection, target).await? == source.identity {
        return Err(TransferError::SameDatabase);
    }
    match schema::compared(connection).await? {
        SchemaStatus::Empty => schema::migrate(target).await?,
        SchemaStatus::Current => {}
        other => return Err(TransferError::TargetSchema(other)),
    }
    let transaction = begin(connection, target).await?;
    let summaries = fill(source, &transaction).await?;
    let committed = transaction.commit().await;
    committed.map_err(DatabaseError::Commit)?;
    Ok(summaries)
}

/// Nobody else writes to the target until the transaction ends.
async fn begin(
    connection: &DatabaseConnection,
    settings: &DatabaseSettings,
) -> Result<DatabaseTransaction, TransferError> {
    let is_sqlite = connection.get_database_backend() == DbBackend::Sqlite;
    let options = TransactionOptions {
        sqlite_transaction_mode: is_sqlite.then_some(SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    };
    let transaction = connection.begin_with_options(options).await;
    let transaction = transaction.map_err(DatabaseError::Start)?;
    if !is_sqlite {
        let patience = connect::lock_patience(settings).as_millis();
        let patience = format!("SET LOCAL lock_timeout = {patience}");
        transaction.execute_unprepared(&patience).await?;
        let names: Vec<_> = table_names().map(|name| format!("\"{name}\"")).collect();
        let lock = format!("LOCK TABLE {} IN EXCLUSIVE MODE", names.join(", "));
        transaction.execute_unprepared(&lock).await?;
    }
    Ok(transaction)
}

async fn fill(
    source: &Snapshot,
    into: &DatabaseTransaction,
) -> Result<Vec<TableSummary>, TransferError> {
    for table in TABLES {
        if table.has_rows(into).await? {
            let table = table.name();
            return Err(TransferError::NotEmpty { table });
        }
    }
    let mut sent = Vec::with_capacity(TABLES.len());
    for table in TABLES {
        sent.push(table.read(&source.transaction, Some(into)).await?);
    }
    for (table, sent) in TABLES.iter().zip(&sent) {
        if table.read(into, None).await? != *sent {
            let table = table.name();
            return Err(TransferError::Mismatch { table });
        }
    }
    Ok(sent)
}
