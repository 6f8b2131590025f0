//! Backups: a database in one SQLite file, whatever it was taken from.

use std::ffi::OsString;
use std::fs::{File, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr, Statement};
use tempfile::{NamedTempFile, TempDir};

use super::transfer::{Snapshot, TableSummary, TransferError, copy};
use super::{DatabaseError, DatabaseSettings, SchemaStatus, connect, schema};

/// What a backup holds that was found to be whole.
#[derive(Clone, Debug)]
pub struct Contents {
    /// How its tables compare with those of this program: current, or behind.
    pub schema: SchemaStatus,
    /// Its length in bytes.
    pub size: u64,
    /// What every table holds, brought up to date where the schema is behind.
    pub tables: Vec<TableSummary>,
    /// The keys that its sealed rows were made with.
    pub keys: Vec<entity::key::Model>,
}

/// A backup that is open and was found to be whole.
pub struct Backup {
    /// What it holds.
    pub contents: Contents,
    /// Its rows, in tables of this program.
    pub snapshot: Snapshot,
    /// Where older tables were brought up to date.
    _upgraded: Option<TempDir>,
}

/// Writes a backup of a database into a new file, which its owner alone can read; a server may be running meanwhile.
///
/// The file has its name only when it is complete, found whole, and on the disk. What is cut off can leave a file beside it whose name begins with
/// `.kontor-backup-`. A PostgreSQL database must have exactly the tables of this program; an SQLite database may have older ones.
///
/// # Errors
/// [`TransferError::Exists`], [`TransferError::File`], [`TransferError::SourceSchema`], [`TransferError::Damaged`], and those of the database.
pub async fn write(source: &DatabaseSettings, path: &Path) -> Result<Contents, TransferError> {
    if path.symlink_metadata().is_ok() {
        return Err(TransferError::Exists(path.to_owned()));
    }
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let file = tempfile::Builder::new()
        .prefix(".kontor-backup-")
        .permissions(Permissions::from_mode(0o600))
        .tempfile_in(folder)
        .map_err(TransferError::file(folder))?;
    match source.sqlite_path()? {
        Some(_) => vacuum_into(source, file.path()).await?,
        None => transfer_into(source, file.path()).await?,
    }
    let contents = Backup::open(file.path()).await?.close().await;
    keep(file, path)?;
    let synced = File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(TransferError::file(folder))?;
    Ok(contents)
}

/// Gives a complete file its name, once its content is on the disk.
fn keep(file: NamedTempFile, path: &Path) -> Result<(), TransferError> {
    let synced = file.as_file().sync_all();
    synced.map_err(TransferError::file(path))?;
    match file.persist_noclobber(path) {
        Ok(_) => Ok(()),
        Err(failed) if failed.error.kind() == std::io::ErrorKind::AlreadyExists => {
            Err(TransferError::Exists(path.to_owned()))
        }
        Err(failed) => Err(TransferError::file(path)(failed.error)),
    }
}

/// SQLite copies itself, as of one moment. The file is there and empty, which it takes for a new one.
async fn vacuum_into(source: &DatabaseSettings, path: &Path) -> Result<(), TransferError> {
    let unwritten = |reason: String| TransferError::File {
        path: path.to_owned(),
        reason,
    };
    let name = path.to_str();
    let name = name.ok_or_else(|| unwritten("its name is not UTF-8".to_owned()))?;
    let connection = connect::sqlite_plain(source).await?;
    let backend = connection.get_database_backend();
    let vacuum = Statement::from_sql_and_values(backend, "VACUUM INTO $1", [name.into()]);
    let written = connection.execute_raw(vacuum).await;
    close(connection).await;
    written.map(drop).map_err(|error| unwritten(cause(&error)))
}

/// Another database is taken over row by row.
async fn transfer_into(source: &DatabaseSettings, path: &Path) -> Result<(), TransferError> {
    let target = DatabaseSettings::of_file(path);
    let snapshot = Snapshot::of_database(source).await?;
    let copied = copy(&snapshot, &target).await;
    snapshot.close().await;
    copied?;
    // A backup is one file, without a log beside it.
    let connection = connect::sqlite_plain(&target).await?;
    let left = connection.execute_unprepared("PRAGMA journal_mode = DELETE");
    let left = left.await;
    close(connection).await;
    Ok(left.map(drop)?)
}

impl Backup {
    /// Opens a backup and looks whether it is whole: every page, index, reference and row. Nothing is written but where its tables are older: those are
    /// brought up to date in a copy, in the folder for temporary files, which is gone when this is closed.
    ///
    /// # Errors
    /// [`TransferError::Damaged`], [`TransferError::File`], [`DatabaseError::TooNew`] and the like.
    pub async fn open(path: &Path) -> Result<Self, TransferError> {
        let metadata = path.metadata().map_err(TransferError::file(path))?;
        let damaged = |reason: String| TransferError::Damaged {
            path: path.to_owned(),
            reason,
        };
        if has_log(path) {
            let reason = "it is a database in use, of which \"kontor backup\" makes backups";
            return Err(damaged(reason.to_owned()));
        }
        let schema = match examine(path).await.map_err(damaged)? {
            SchemaStatus::Empty => return Err(damaged("it has no tables of Kontor".to_owned())),
            SchemaStatus::TooNew { unknown } => {
                return Err(DatabaseError::TooNew { unknown }.into());
            }
            known => known,
        };
        let upgraded = match schema {
            SchemaStatus::Current => None,
            _ => Some(upgrade(path).await?),
        };
        let current = upgraded.as_ref().map(upgraded_file);
        let snapshot = Snapshot::of_file(current.as_deref().unwrap_or(path)).await?;
        let contents = Contents {
            schema,
            size: metadata.len(),
            tables: snapshot.summaries().await?,
            keys: snapshot.keys().await?,
        };
        Ok(Self {
            contents,
            snapshot,
            _upgraded: upgraded,
        })
    }

    /// Lets the file go.
    pub async fn close(self) -> Contents {
        self.snapshot.close().await;
        self.contents
    }
}

/// Whether SQLite has changes beside the file that are not in it.
fn has_log(path: &Path) -> bool {
    let mut name = OsString::from(path);
    name.push("-wal");
    let log = Path::new(&name).metadata();
    log.is_ok_and(|log| log.len() > 0)
}

/// The standing of the tables in a file that is a database without a flaw; else what is wrong with it.
async fn examine(path: &Path) -> Result<SchemaStatus, String> {
    let connection = connect::sqlite_file(path).await;
    let connection = connection.map_err(|error| cause(&error))?;
    let examined = examine_open(&connection).await;
    close(connection).await;
    examined
}

async fn examine_open(connection: &DatabaseConnection) -> Result<SchemaStatus, String> {
    let flaws = rows_of(connection, "PRAGMA integrity_check(1)").await;
    let flaws = flaws.map_err(|error| cause(&error))?;
    if let Some(flaw) = flaws.into_iter().find(|flaw| flaw != "ok") {
        return Err(flaw);
    }
    let orphans = rows_of(connection, "PRAGMA foreign_key_check").await;
    let orphans = orphans.map_err(|error| cause(&error))?;
    if let Some(table) = orphans.first() {
        return Err(format!(
            "a row of its table {table} refers to one that is not there"
        ));
    }
    let status = schema::compared(connection).await;
    status.map_err(|error| cause(&error))
}

/// The first column of what a statement answers.
async fn rows_of(connection: &DatabaseConnection, sql: &str) -> Result<Vec<String>, DbErr> {
    let backend = connection.get_database_backend();
    let rows = connection.query_all_raw(Statement::from_string(backend, sql));
    let rows = rows.await?;
    rows.iter().map(|row| row.try_get_by_index(0)).collect()
}

/// A copy of an older backup, in a folder that its owner alone can enter, with the tables of this program.
async fn upgrade(path: &Path) -> Result<TempDir, TransferError> {
    let folder = tempfile::Builder::new()
        .prefix("kontor-backup-")
        .permissions(Permissions::from_mode(0o700))
        .tempdir();
    let folder = folder.map_err(TransferError::file(std::env::temp_dir()))?;
    let copy = upgraded_file(&folder);
    connect::create_private_file(&copy)?;
    let mut source = File::open(path).map_err(TransferError::file(path))?;
    let written = File::options()
        .write(true)
        .open(&copy)
        .and_then(|mut copy| std::io::copy(&mut source, &mut copy));
    written.map_err(TransferError::file(&copy))?;
    schema::migrate(&DatabaseSettings::of_file(&copy)).await?;
    Ok(folder)
}

fn upgraded_file(folder: &TempDir) -> PathBuf {
    folder.path().join("backup.db")
}

async fn close(connection: DatabaseConnection) {
    if let Err(error) = connection.close().await {
        tracing::debug!(%error, "the connection to a file did not close");
    }
}

/// What lies at the bottom of an error.
fn cause(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |cause| cause.source());
    causes.last().map(ToString::to_string).unwrap_or_default()
}
