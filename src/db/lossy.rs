//! Whether the database keeps what it says it has stored.

use sea_orm::{ConnectionTrait, DbBackend, Statement};

use super::{Database, DatabaseError};

/// Settings of PostgreSQL without which a transaction that was committed can be lost when the machine fails.
const OFF: &str = "SELECT name || ' = ' || setting FROM pg_settings \
    WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit') AND setting = 'off' ORDER BY name";

impl Database {
    /// The settings of a PostgreSQL server, such as `fsync = off`, by which it can lose what it has acknowledged when its machine
    /// fails. SQLite is always used so that it does not.
    ///
    /// # Errors
    /// [`DatabaseError::Fetch`] and the like.
    pub async fn lossy_settings(&self) -> Result<Vec<String>, DatabaseError> {
        lossy_settings(&self.readers).await
    }
}

/// The same on any connection.
pub(super) async fn lossy_settings(
    connection: &impl ConnectionTrait,
) -> Result<Vec<String>, DatabaseError> {
    let backend = connection.get_database_backend();
    if backend == DbBackend::Sqlite {
        return Ok(Vec::new());
    }
    let statement = Statement::from_string(backend, OFF);
    let rows = connection.query_all_raw(statement).await?;
    let settings = rows.iter().map(|row| row.try_get_by_index(0));
    Ok(settings.collect::<Result<_, _>>()?)
}
