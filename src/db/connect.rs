//! How connections are opened on either database.

use std::fs::OpenOptions;
use std::path::Path;
use std::time::Duration;

use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sea_orm::{ConnectOptions, Database, DatabaseConnection};

use super::backup::manifest;
use super::{DatabaseError, DatabaseSettings, stalls::Stalls};

const SQLITE_READERS: u32 = 4;
const POSTGRES_CONNECTIONS: u32 = 16;

/// How long PostgreSQL may take for one page of a table that is read as a whole.
const PAGE_DEADLINE: Duration = Duration::from_secs(600);

/// How many connections for queries those may use at once whom one change woke: half of them.
pub(super) fn share_of_connections(settings: &DatabaseSettings) -> Result<usize, DatabaseError> {
    let connections = match settings.sqlite_path()? {
        Some(_) => sqlite_reader_count(settings),
        None => postgres_connection_count(settings),
    };
    Ok(usize::try_from(connections / 2).unwrap_or(1).max(1))
}

fn sqlite_reader_count(settings: &DatabaseSettings) -> u32 {
    settings.max_connections.unwrap_or(SQLITE_READERS).max(1)
}

fn postgres_connection_count(settings: &DatabaseSettings) -> u32 {
    let connections = settings.max_connections;
    connections.unwrap_or(POSTGRES_CONNECTIONS).max(2)
}

/// Makes the file, readable and writable by its owner only, unless it is there. SQLite gives its side files the same mode.
pub(super) fn create_private_file(path: &Path) -> Result<(), DatabaseError> {
    refuse_special(path)?;
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop).map_err(unusable(path))
}

/// A pipe would be waited for without end.
fn refuse_special(path: &Path) -> Result<(), DatabaseError> {
    match path.metadata() {
        Ok(found) if !found.is_file() => {
            let reason = std::io::Error::other("it is no regular file");
            Err(unusable(path)(reason))
        }
        _ => Ok(()),
    }
}

fn unusable(path: &Path) -> impl FnOnce(std::io::Error) -> DatabaseError {
    move |reason| DatabaseError::File {
        path: path.to_owned(),
        reason: reason.to_string(),
    }
}

/// The connection of the one writer: what it has committed survives a power failure.
pub(super) async fn sqlite_writer(
    settings: &DatabaseSettings,
) -> Result<DatabaseConnection, DatabaseError> {
    let mut options = sqlite_options(settings, |options| {
        options
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
    });
    options.min_connections(1).max_connections(1);
    let connection = open_file(settings, options).await?;
    // What is written from now on is in no backup.
    let dropped = manifest::drop_from(&connection).await;
    dropped.map_err(DatabaseError::Start)?;
    Ok(connection)
}

/// The connections for queries, which refuse to write.
pub(super) async fn sqlite_readers(
    settings: &DatabaseSettings,
) -> Result<DatabaseConnection, DatabaseError> {
    let mut options = sqlite_options(settings, |options| options.pragma("query_only", "on"));
    options
        .min_connections(1)
        .max_connections(sqlite_reader_count(settings));
    open_file(settings, options).await
}

/// One connection that looks at a file and leaves it as it is, even if it were a file of another program.
pub(super) async fn sqlite_examiner(
    settings: &DatabaseSettings,
) -> Result<DatabaseConnection, DatabaseError> {
    let mut options = sqlite_options(settings, |options| {
        options
            .read_only(true)
            .create_if_missing(false)
            .pragma("query_only", "on")
    });
    options.min_connections(1).max_connections(1);
    open_file(settings, options).await
}

fn sqlite_options(
    settings: &DatabaseSettings,
    adjust: impl Fn(SqliteConnectOptions) -> SqliteConnectOptions + Send + Sync + 'static,
) -> ConnectOptions {
    let busy_timeout = settings.busy_timeout;
    let mut options = common_options(settings);
    options
        .test_before_acquire(false)
        .idle_timeout(None)
        .max_lifetime(None)
        .map_sqlx_sqlite_opts(move |options| {
            adjust(options.foreign_keys(true).busy_timeout(busy_timeout))
        });
    options
}

/// The connections of a server: queries and writes share them.
pub(super) async fn postgres_pool(
    settings: &DatabaseSettings,
    stalls: &Stalls,
) -> Result<DatabaseConnection, DatabaseError> {
    let mut options = common_options(settings);
    let (of_rested, of_given_back) = (stalls.clone(), stalls.clone());
    let idle_limit = settings.answer_deadline();
    options
        .max_connections(postgres_connection_count(settings))
        .test_before_acquire(false)
        .map_sqlx_postgres_before_acquire(move |connection, state| {
            Box::pin(of_rested.clone().try_rested(connection, state.idle_for))
        })
        .map_sqlx_postgres_pool_opts(move |pool| {
            let stalls = of_given_back.clone();
            pool.after_release(move |connection, _| {
                Box::pin(stalls.clone().try_given_back(connection))
            })
        })
        // A closure whose deadline has passed leaves its statement behind; the server must end it too.
        .statement_timeout(settings.write_deadline)
        // And where this side is gone without a word, the locks of its transactions must not stay for hours.
        .map_sqlx_postgres_opts(move |options| {
            let idle = idle_limit.as_millis().to_string();
            options.options([("idle_in_transaction_session_timeout", idle)])
        });
    open(options).await
}

/// One connection to a PostgreSQL server that does not write, and waits for nobody.
pub(super) async fn postgres_examiner(
    settings: &DatabaseSettings,
) -> Result<DatabaseConnection, DatabaseError> {
    let lock = settings.busy_timeout;
    postgres_reader(settings, lock, settings.answer_deadline()).await
}

/// How long what may take its time waits for a table that another session of PostgreSQL has locked.
pub(super) fn lock_patience(settings: &DatabaseSettings) -> Duration {
    settings.busy_timeout * 6
}

async fn postgres_reader(
    settings: &DatabaseSettings,
    lock: Duration,
    statement: Duration,
) -> Result<DatabaseConnection, DatabaseError> {
    let mut options = common_options(settings);
    options
        .max_connections(1)
        .statement_timeout(statement)
        .map_sqlx_postgres_opts(move |options| {
            let lock = lock.as_millis().to_string();
            options.options([
                ("default_transaction_read_only", "on"),
                ("lock_timeout", lock.as_str()),
            ])
        });
    open(options).await
}

/// One connection to a PostgreSQL server without a limit on statements, for changes of the schema.
pub(super) async fn postgres_single(
    settings: &DatabaseSettings,
) -> Result<DatabaseConnection, DatabaseError> {
    let mut options = common_options(settings);
    options.max_connections(1);
    open(options).await
}

/// One connection that reads all there is.
pub(super) async fn single_reader(
    settings: &DatabaseSettings,
) -> Result<DatabaseConnection, DatabaseError> {
    if settings.sqlite_path()?.is_none() {
        return postgres_reader(settings, lock_patience(settings), PAGE_DEADLINE).await;
    }
    let mut options = sqlite_options(settings, |options| options.pragma("query_only", "on"));
    options.min_connections(1).max_connections(1);
    open_file(settings, options).await
}

/// One connection that writes whatever it takes.
pub(super) async fn single_writer(
    settings: &DatabaseSettings,
) -> Result<DatabaseConnection, DatabaseError> {
    match settings.sqlite_path()? {
        Some(_) => sqlite_writer(settings).await,
        None => postgres_single(settings).await,
    }
}

/// One connection to an SQLite file, which stays in the mode that it is in.
pub(super) async fn sqlite_plain(
    settings: &DatabaseSettings,
) -> Result<DatabaseConnection, DatabaseError> {
    let mut options = sqlite_options(settings, |options| options);
    options.min_connections(1).max_connections(1);
    open_file(settings, options).await
}

/// One connection to an SQLite file that nobody writes to: it takes no locks and makes no files beside it.
pub(super) async fn sqlite_file(path: &Path) -> Result<DatabaseConnection, DatabaseError> {
    let settings = DatabaseSettings::of_file(path);
    let mut options = sqlite_options(&settings, |options| options.read_only(true).immutable(true));
    options.min_connections(1).max_connections(1);
    open_file(&settings, options).await
}

fn common_options(settings: &DatabaseSettings) -> ConnectOptions {
    let mut options = ConnectOptions::new(settings.url.clone());
    options
        .acquire_timeout(settings.busy_timeout)
        .sqlx_logging(false)
        .record_stmt_in_spans(false);
    options
}

/// Opens a file that is one, or is not there yet.
async fn open_file(
    settings: &DatabaseSettings,
    options: ConnectOptions,
) -> Result<DatabaseConnection, DatabaseError> {
    settings
        .sqlite_path()?
        .as_deref()
        .map_or(Ok(()), refuse_special)?;
    open(options).await
}

async fn open(options: ConnectOptions) -> Result<DatabaseConnection, DatabaseError> {
    Database::connect(options)
        .await
        .map_err(DatabaseError::Start)
}
