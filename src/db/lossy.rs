//! Whether the database keeps what it says it has stored.

use sea_orm::{ConnectionTrait, Statement};

use super::{Database, DatabaseError, Writer};

/// Settings of PostgreSQL without which a transaction that was committed can be lost when the machine fails.
const OFF: &str = "SELECT name FROM pg_settings \
    WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit') AND setting = 'off' ORDER BY name";

impl Database {
    /// The settings of a PostgreSQL server that are off, and without which it can lose what it has acknowledged when its machine fails.
    /// SQLite is always used so that it does not.
    ///
    /// # Errors
    /// [`DatabaseError::Fetch`] and the like.
    pub async fn lossy_settings(&self) -> Result<Vec<String>, DatabaseError> {
        if matches!(self.writer, Writer::Sqlite(_)) {
            return Ok(Vec::new());
        }
        let statement = Statement::from_string(self.readers.get_database_backend(), OFF);
        let rows = self.readers.query_all_raw(statement).await?;
        let names = rows.iter().map(|row| row.try_get_by_index(0));
        Ok(names.collect::<Result<_, _>>()?)
    }
}
