//! Backups: a database in one SQLite file, whatever it was taken from.

mod draft;
pub(in crate::db) mod manifest;

use std::ffi::OsString;
use std::fs::{File, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr, Statement};
use tempfile::TempDir;

use self::draft::Draft;
use self::manifest::{Flaw, Manifest};
use super::error::said_by_database;
use super::transfer::{Snapshot, TableSummary, TransferError, copy};
use super::{DatabaseError, DatabaseSettings, SchemaStatus, connect, schema};
use crate::clock::UnixMicros;
use crate::tan::plain;

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
    /// When it was made, in microseconds since 1970. `None` where the file does not say what was written into it, so that nobody can tell
    /// whether that changed: a copy of a database that was no backup, or a backup of a release that noted nothing.
    pub made_at_us: Option<i64>,
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
/// The file has its name only when it is complete, found whole, and on the disk, and holds digests of all that was written into it. Until then it is
/// in a folder beside it whose name begins with `.kontor-backup-`; one that is left behind by a process that was killed, the same user's next
/// backup into the same folder removes after a day. A PostgreSQL database must have exactly the tables of this program; an SQLite database may have older ones.
///
/// # Errors
/// [`TransferError::Exists`], [`TransferError::File`], [`TransferError::SourceSchema`], [`TransferError::Damaged`], and those of the database.
pub async fn write(
    source: &DatabaseSettings,
    path: &Path,
    now: UnixMicros,
) -> Result<Contents, TransferError> {
    let draft = Draft::begin(path, now)?;
    match source.sqlite_path()? {
        Some(_) => vacuum_into(source, &draft.file()).await?,
        None => transfer_into(source, &draft.file()).await?,
    }
    note_contents(&draft.file(), now).await?;
    let opened = Backup::open(&draft.file()).await;
    let contents = opened.map_err(|error| error.at(path))?.close().await;
    draft.keep()?;
    Ok(contents)
}

/// Has the file say what is in it.
async fn note_contents(path: &Path, now: UnixMicros) -> Result<(), TransferError> {
    let connection = connect::sqlite_plain(&DatabaseSettings::of_file(path)).await?;
    let noted = manifest::write(&connection, now).await;
    close(connection).await;
    Ok(noted?)
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
    written
        .map(drop)
        .map_err(|error| unwritten(said_by_database(&error)))
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
        if !metadata.is_file() {
            return Err(damaged("it is no regular file".to_owned()));
        }
        if has_log(path) {
            let reason = "it is a database in use, of which \"kontor backup\" makes backups";
            return Err(damaged(reason.to_owned()));
        }
        let (schema, manifest) = examine(path).await.map_err(damaged)?;
        let schema = match schema {
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
        let tables = snapshot.summaries().await;
        let contents = Contents {
            schema,
            size: metadata.len(),
            tables: tables.map_err(|error| damaged(unreadable(&error)))?,
            keys: snapshot.keys().await?,
            made_at_us: manifest.map(|manifest| manifest.made_at_us),
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

/// The standing of the tables in a file that is a database without a flaw, and what it says of itself; else what is wrong with it.
async fn examine(path: &Path) -> Result<(SchemaStatus, Option<Manifest>), String> {
    let connection = connect::sqlite_file(path).await;
    let connection = connection.map_err(|error| unreadable(&error))?;
    let examined = examine_open(&connection).await;
    close(connection).await;
    examined.map_err(|flaw| match flaw {
        Flaw::Sentence(sentence) => sentence,
        Flaw::Store(error) => unreadable(&error),
    })
}

async fn examine_open(
    connection: &DatabaseConnection,
) -> Result<(SchemaStatus, Option<Manifest>), Flaw> {
    let flaws = rows_of(connection, "PRAGMA integrity_check(1)").await?;
    if let Some(flaw) = flaws.into_iter().find(|flaw| flaw != "ok") {
        return Err(Flaw::Sentence(damage(&flaw)));
    }
    let manifest = manifest::verify(connection).await?;
    let orphans = rows_of(connection, "PRAGMA foreign_key_check").await?;
    if let Some(table) = orphans.first() {
        let sentence = format!("a row of its table {table} refers to one that is not there");
        return Err(Flaw::Sentence(sentence));
    }
    let status = schema::compared(connection).await;
    status
        .map(|status| (status, manifest))
        .map_err(|error| Flaw::Sentence(unreadable(&error)))
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

/// What to say of a file that SQLite finds damaged.
fn damage(said: &str) -> String {
    format!(
        "it is damaged, so use another one (SQLite: {})",
        plain(said)
    )
}

/// What to say of a file that SQLite cannot read.
fn unreadable(error: &(dyn std::error::Error + 'static)) -> String {
    let said = said_by_database(error);
    match said.contains("not a database") {
        true => "it is no SQLite database".to_owned(),
        false => damage(&said),
    }
}
