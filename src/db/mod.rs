//! The database: two doors, and every SQL statement of the project.
//!
//! - [`Database::read`] gives a connection for queries. On SQLite it cannot write.
//! - [`Database::write`] runs a closure in a transaction. On SQLite one writer serves all of them, and writes that wait share one durable commit; on
//!   PostgreSQL each is a transaction of its own, repeated when the database asks for it. Either way a closure **can run more than once**: time,
//!   randomness, hashes and numbers are made outside, and effects follow only from what it returned.
//! - The modules below hold the queries, one file per aggregate. They take a connection of either door; those that change rows are meant for
//!   [`WriteTransaction`].
//!
//! Conflicts are told by `ON CONFLICT` and row counts, never by catching errors: PostgreSQL ends a transaction at the first error, so a write in
//! which a statement failed is never committed, on SQLite neither.

pub mod access_token;
pub mod address_grant;
pub mod audit;
pub mod backup;
pub mod bank_account;
pub mod challenge;
pub mod client;
pub mod code_counter;
pub mod credential;
pub mod examination;
pub mod exchange;
pub mod instance;
pub mod key;
pub mod kyc_check;
pub mod login_attempt;
pub mod otp_device;
pub mod sweep;
pub mod transfer;
pub mod validation;

mod changes;
mod connect;
mod error;
mod lossy;
mod page;
mod postgres;
mod read;
mod schema;
mod serve_lock;
mod settings;
mod sqlite;
mod stalls;
mod status;
mod unique;
mod write;

use std::sync::{Mutex, MutexGuard, PoisonError};

use futures_util::future::BoxFuture;
use tokio::task::JoinSet;

pub use changes::{Changes, Topic, Watch};
pub use error::DatabaseError;
pub(crate) use error::said_by_database;
pub use page::Page;
pub use read::ReadConnection;
pub use schema::SchemaStatus;
pub use serve_lock::ServeLock;
pub use settings::DatabaseSettings;
pub use status::PoolStatus;
pub use write::WriteTransaction;

/// The database of this process. There is one, held by the application and not clonable, so that no write can carry it into itself.
///
/// ```compile_fail
/// fn clonable<T: Clone>() {}
/// clonable::<kontor::db::Database>();
/// ```
pub struct Database {
    settings: DatabaseSettings,
    readers: ReadConnection,
    writer: Writer,
    changes: Changes,
    /// The task that hears other processes, once there is one.
    listener: Mutex<JoinSet<()>>,
}

enum Writer {
    Sqlite(sqlite::SqliteWriter),
    Postgres(postgres::PostgresWriter),
}

impl Database {
    /// Opens the database, creating the file of an SQLite database (readable by its owner only) where there is none. The schema is not touched: see
    /// [`Database::migrate`].
    ///
    /// # Errors
    /// [`DatabaseError::Url`] for an address that is neither `sqlite://FILE` nor `postgres://…`; [`DatabaseError::Start`] when the database cannot be
    /// opened or reached.
    pub async fn connect(settings: &DatabaseSettings) -> Result<Self, DatabaseError> {
        let settings = settings.clone();
        let changes = Changes::new(connect::share_of_connections(&settings)?);
        match settings.sqlite_path()? {
            Some(path) => {
                connect::create_private_file(&path)?;
                // The writer first: it switches a new file to write-ahead logging.
                let writer = sqlite::SqliteWriter::start(&settings, changes.clone()).await?;
                let readers = connect::sqlite_readers(&settings).await?;
                Ok(Self {
                    settings,
                    readers: ReadConnection::new(readers, None),
                    writer: Writer::Sqlite(writer),
                    changes,
                    listener: Mutex::default(),
                })
            }
            None => {
                let stalls = stalls::Stalls::new(settings.busy_timeout);
                let pool = connect::postgres_pool(&settings, &stalls).await?;
                let writer = postgres::PostgresWriter::new(
                    pool.clone(),
                    changes.clone(),
                    &settings,
                    stalls.clone(),
                );
                let patience = read::Patience {
                    limit: settings.answer_deadline(),
                    stalls,
                };
                Ok(Self {
                    settings,
                    readers: ReadConnection::new(pool, Some(patience)),
                    writer: Writer::Postgres(writer),
                    changes,
                    listener: Mutex::default(),
                })
            }
        }
    }

    /// A connection for queries. What it shows is committed.
    pub fn read(&self) -> &ReadConnection {
        &self.readers
    }

    /// Runs `closure` in a transaction and returns what it returned once that is durably stored.
    ///
    /// The closure can run twice and more, and must finish within [`DatabaseSettings::write_deadline`] each time. Its `Err` rolls back this write alone.
    /// A refusal that must be remembered (a failed login) is therefore an `Ok`. Nothing slow belongs into it: no network call, no hashing, no waiting.
    ///
    /// A caller that goes away does no harm; whether its write is stored is then not known.
    ///
    /// # Errors
    /// What the closure returned, or its `E::from` a [`DatabaseError`]: `Start` (nothing ran), `Store` (a statement failed, although the closure went on),
    /// `Soft` (conflicts with other writes did not end), `Commit` (failed, **or not known**), `Panic`, `Deadline`, `Closed`, `Nested`.
    pub async fn write<T, E, F>(&self, closure: F) -> Result<T, E>
    where
        F: for<'t> Fn(&'t WriteTransaction) -> BoxFuture<'t, Result<T, E>> + Send + Sync + 'static,
        T: Send + 'static,
        E: From<DatabaseError> + Send + 'static,
    {
        if write::is_inside_write() {
            return Err(DatabaseError::Nested.into());
        }
        match &self.writer {
            Writer::Sqlite(writer) => writer.write(closure).await,
            Writer::Postgres(writer) => writer.write(closure).await,
        }
    }

    /// What changes: for requests that wait.
    pub fn changes(&self) -> &Changes {
        &self.changes
    }

    /// Hears from now on what other processes change: for a server. On PostgreSQL this takes a connection of its own; if that is lost, it is opened again.
    /// On SQLite there is no other server, and nothing to hear. A second call does nothing.
    pub fn listen(&self) {
        let mut listener = self.listener();
        if matches!(self.writer, Writer::Postgres(_)) && listener.is_empty() {
            let url = self.settings.url.clone();
            listener.spawn(changes::listener::run(url, self.changes.clone()));
        }
    }

    fn listener(&self) -> MutexGuard<'_, JoinSet<()>> {
        self.listener.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Brings the schema up to date, in one transaction; safe when several processes do it at once. Does nothing on a current one.
    ///
    /// # Errors
    /// [`DatabaseError::TooNew`] when the database has steps that this program does not know: nothing is written then. [`DatabaseError::Migrate`] when a
    /// step fails: nothing of any step is kept.
    pub async fn migrate(&self) -> Result<(), DatabaseError> {
        schema::migrate(&self.settings).await
    }

    /// How the schema compares with what this program needs. Reads only.
    ///
    /// # Errors
    /// [`DatabaseError::Fetch`] or [`DatabaseError::Start`] when the database does not answer.
    pub async fn schema_status(&self) -> Result<SchemaStatus, DatabaseError> {
        schema::status(&self.readers).await
    }

    /// How busy the connections are.
    pub fn pool_status(&self) -> PoolStatus {
        status::pool_status(self)
    }

    /// Takes no more writes, finishes those that were handed in, and closes all connections that still answer. Waiting is not ended: see [`Changes::release`].
    pub async fn close(&self) {
        let mut listener = std::mem::take(&mut *self.listener());
        listener.shutdown().await;
        match &self.writer {
            Writer::Sqlite(writer) => writer.close().await,
            Writer::Postgres(writer) => writer.close().await,
        }
        let patience = self.settings.answer_deadline();
        if tokio::time::timeout(patience, self.readers.close())
            .await
            .is_err()
        {
            tracing::warn!("connections to the database that do not answer were left behind");
        }
    }
}
