//! How busy the database is, for the metrics.

use super::{Database, Writer};

/// How busy the connections are at this moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolStatus {
    /// Connections that are open: readers on SQLite, all on PostgreSQL.
    pub open: u32,
    /// Those of them that nobody uses.
    pub idle: u32,
    /// The most that will be opened.
    pub max: u32,
    /// Writes that wait for the writer of SQLite, or that run on PostgreSQL.
    pub writes_waiting: usize,
    /// Transactions committed since the start.
    pub commits: u64,
    /// Queries outside of them since the start.
    pub queries: u64,
}

pub(super) fn pool_status(database: &Database) -> PoolStatus {
    let connections = database.readers.connections();
    let (open, idle, max, writes_waiting, commits) = match &database.writer {
        Writer::Sqlite(writer) => {
            let pool = connections.get_sqlite_connection_pool();
            let max = pool.options().get_max_connections();
            (
                pool.size(),
                pool.num_idle(),
                max,
                writer.waiting(),
                writer.commits(),
            )
        }
        Writer::Postgres(writer) => {
            let pool = connections.get_postgres_connection_pool();
            let max = pool.options().get_max_connections();
            (
                pool.size(),
                pool.num_idle(),
                max,
                writer.running(),
                writer.commits(),
            )
        }
    };
    PoolStatus {
        open,
        idle: u32::try_from(idle).unwrap_or(u32::MAX),
        max,
        writes_waiting,
        commits,
        queries: database.readers.queries(),
    }
}
