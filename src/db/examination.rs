//! What `kontor doctor` asks a database. Nothing is changed, and a file that is not there is not made.

use entity::{
    access_token, audit_event, challenge_group, client, code_counter, credential, instance,
    validation,
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, DbErr, EntityTrait, PaginatorTrait, QueryFilter,
    QuerySelect, Statement, TryGetable,
};

use super::{
    DatabaseError, DatabaseSettings, ReadConnection, SchemaStatus, code_counter::WINDOW_US,
    connect, error::said_by_database, lossy::lossy_settings, read::Patience, schema,
    stalls::Stalls,
};

/// A connection that only looks.
pub struct Examination {
    connection: ReadConnection,
}

/// How a PostgreSQL server is set up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostgresFacts {
    /// Its version as a number: 150004 is 15.4.
    pub version: i64,
    /// Its version as it is written.
    pub version_text: String,
    /// The encoding of the database.
    pub encoding: String,
    /// Connections that ordinary users may have open, all together.
    pub connections: i64,
    /// Settings that are not as they must be for a commit to survive a power failure.
    pub forgetful: Vec<String>,
    /// Its clock, in microseconds since 1970.
    pub now_us: i64,
}

/// A table that a session of PostgreSQL keeps others from reading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockedTable {
    /// Its name.
    pub table: String,
    /// The number of the process of PostgreSQL that serves the session.
    pub process: i64,
}

/// Findings that one look reports at most.
const MOST: usize = 5;

impl Examination {
    /// Opens the database.
    ///
    /// # Errors
    /// [`DatabaseError::Url`]; [`DatabaseError::Start`] when it cannot be reached or opened.
    pub async fn begin(settings: &DatabaseSettings) -> Result<Self, DatabaseError> {
        let connection = match settings.sqlite_path()? {
            Some(_) => ReadConnection::new(connect::sqlite_examiner(settings).await?, None),
            None => {
                let connections = connect::postgres_examiner(settings).await?;
                // Where the network is gone, the server's own limit comes to nothing.
                let patience = Patience {
                    limit: settings.answer_deadline() + settings.busy_timeout,
                    stalls: Stalls::new(settings.busy_timeout),
                };
                ReadConnection::new(connections, Some(patience))
            }
        };
        Ok(Self { connection })
    }

    /// The connection.
    #[must_use]
    pub fn read(&self) -> &ReadConnection {
        &self.connection
    }

    /// Closes it.
    pub async fn end(self) {
        self.connection.close().await;
    }

    /// How the schema compares with what this program needs.
    ///
    /// # Errors
    /// [`DatabaseError::Fetch`] and the like.
    pub async fn schema_status(&self) -> Result<SchemaStatus, DatabaseError> {
        schema::status(&self.connection).await
    }

    /// What an SQLite database says of damage to itself; nothing where it is whole.
    ///
    /// Damage that keeps SQLite from looking further is one line of it.
    pub async fn damage(&self) -> Vec<String> {
        match self.column(&format!("PRAGMA quick_check({MOST})")).await {
            Ok(said) => said.into_iter().filter(|line| line != "ok").collect(),
            Err(error) => vec![said_by_database(&error)],
        }
    }

    /// Tables of an SQLite database with rows that refer to rows which are not there.
    ///
    /// # Errors
    /// [`DatabaseError::Fetch`] and the like.
    pub async fn dangling(&self) -> Result<Vec<String>, DatabaseError> {
        let sql = "SELECT DISTINCT \"table\" FROM pragma_foreign_key_check ORDER BY 1";
        self.column(sql).await
    }

    /// How an SQLite database keeps its journal: `wal`, as it should, or another word.
    ///
    /// # Errors
    /// [`DatabaseError::Fetch`] and the like.
    pub async fn journal_mode(&self) -> Result<String, DatabaseError> {
        self.value("PRAGMA journal_mode").await
    }

    /// How a PostgreSQL server is set up.
    ///
    /// # Errors
    /// [`DatabaseError::Fetch`] and the like.
    pub async fn postgres(&self) -> Result<PostgresFacts, DatabaseError> {
        const CONNECTIONS: &str = "\
            SELECT current_setting('max_connections')::bigint - current_setting('superuser_reserved_connections')::bigint";
        const NOW: &str = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint";
        Ok(PostgresFacts {
            version: self
                .value("SELECT current_setting('server_version_num')::bigint")
                .await?,
            version_text: self
                .value("SELECT current_setting('server_version')")
                .await?,
            encoding: self
                .value("SELECT current_setting('server_encoding')")
                .await?,
            connections: self.value(CONNECTIONS).await?,
            forgetful: lossy_settings(&self.connection).await?,
            now_us: self.value(NOW).await?,
        })
    }

    /// Tables of a PostgreSQL database that somebody keeps others from reading.
    ///
    /// # Errors
    /// [`DatabaseError::Fetch`] and the like.
    pub async fn locked_tables(&self) -> Result<Vec<LockedTable>, DatabaseError> {
        let sql = format!(
            "SELECT DISTINCT c.relname::text, l.pid::bigint FROM pg_locks l JOIN pg_class c ON c.oid = l.relation \
             WHERE l.mode = 'AccessExclusiveLock' AND l.granted AND c.relkind = 'r' \
             AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) \
             AND c.relnamespace = current_schema()::regnamespace ORDER BY 1, 2 LIMIT {MOST}"
        );
        let statement = Statement::from_string(self.connection.get_database_backend(), sql);
        let rows = self.connection.query_all_raw(statement).await?;
        let tables: Result<_, DbErr> = rows
            .iter()
            .map(|row| {
                Ok(LockedTable {
                    table: row.try_get_by_index(0)?,
                    process: row.try_get_by_index(1)?,
                })
            })
            .collect();
        Ok(tables?)
    }

    /// When something was last stored, in microseconds since 1970, by the clock of the machine that stored it.
    ///
    /// # Errors
    /// [`DatabaseError::Fetch`] and the like.
    pub async fn last_stored_us(&self) -> Result<Option<i64>, DatabaseError> {
        let times = [
            self.greatest::<audit_event::Entity>(audit_event::Column::AtUs)
                .await?,
            self.greatest::<access_token::Entity>(access_token::Column::CreatedAtUs)
                .await?,
            self.greatest::<code_counter::Entity>(code_counter::Column::TouchedAtUs)
                .await?,
            self.greatest::<validation::Entity>(validation::Column::CreatedAtUs)
                .await?,
        ];
        Ok(times.into_iter().flatten().max())
    }

    /// Rows that were to be removed before this time: requests for codes, validations, counters.
    ///
    /// # Errors
    /// [`DatabaseError::Fetch`] and the like.
    pub async fn overdue(&self, before_us: i64) -> Result<u64, DatabaseError> {
        let requests = challenge_group::Entity::find()
            .filter(challenge_group::Column::ExpiresAtUs.lt(before_us));
        let validations =
            validation::Entity::find().filter(validation::Column::ExpiresAtUs.lt(before_us));
        let untouched = code_counter::Column::TouchedAtUs.lt(before_us.saturating_sub(WINDOW_US));
        let counters = code_counter::Entity::find().filter(untouched);
        Ok(requests.count(self.read()).await?
            + validations.count(self.read()).await?
            + counters.count(self.read()).await?)
    }

    /// Instances whose owners log in with a secret of the older form.
    ///
    /// # Errors
    /// [`DatabaseError::Fetch`] and the like.
    pub async fn legacy_credentials(&self) -> Result<u64, DatabaseError> {
        let legacy = credential::Entity::find().filter(credential::Column::IsLegacy.eq(true));
        Ok(legacy.count(self.read()).await?)
    }

    /// Live instances that signed up by themselves.
    ///
    /// # Errors
    /// [`DatabaseError::Fetch`] and the like.
    pub async fn bound_instances(&self) -> Result<u64, DatabaseError> {
        let bound = instance::Entity::find()
            .filter(instance::Column::IsBound.eq(true))
            .filter(instance::Column::DeletedAtUs.is_null());
        Ok(bound.count(self.read()).await?)
    }

    /// The clients of the Challenger.
    ///
    /// # Errors
    /// [`DatabaseError::Fetch`] and the like.
    pub async fn clients(&self) -> Result<Vec<client::Model>, DatabaseError> {
        super::client::list(self.read()).await
    }

    async fn greatest<E: EntityTrait>(
        &self,
        column: E::Column,
    ) -> Result<Option<i64>, DatabaseError> {
        let greatest = E::find().select_only().column_as(column.max(), "greatest");
        let found: Option<Option<i64>> = greatest.into_tuple().one(self.read()).await?;
        Ok(found.flatten())
    }

    async fn column<T: TryGetable>(&self, sql: &str) -> Result<Vec<T>, DatabaseError> {
        let backend: DbBackend = self.connection.get_database_backend();
        let statement = Statement::from_string(backend, sql.to_owned());
        let rows = self.connection.query_all_raw(statement).await?;
        let values: Result<_, DbErr> = rows.iter().map(|row| row.try_get_by_index(0)).collect();
        Ok(values?)
    }

    async fn value<T: TryGetable>(&self, sql: &str) -> Result<T, DatabaseError> {
        let values = self.column(sql).await?.into_iter().next();
        values.ok_or_else(|| DatabaseError::Invariant(format!("no answer to {sql:?}")))
    }
}
