//! The door for queries.

use std::sync::atomic::{AtomicU64, Ordering};

use sea_orm::prelude::async_trait::async_trait;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbBackend, DbErr, ExecResult, QueryResult, Statement,
};

/// Connections for queries. It begins no transaction, and on SQLite the connections behind it refuse to write.
pub struct ReadConnection {
    connections: DatabaseConnection,
    queries: AtomicU64,
}

impl ReadConnection {
    pub(super) fn new(connections: DatabaseConnection) -> Self {
        Self {
            connections,
            queries: AtomicU64::new(0),
        }
    }

    pub(super) fn connections(&self) -> &DatabaseConnection {
        &self.connections
    }

    /// Queries begun so far.
    pub(super) fn queries(&self) -> u64 {
        self.queries.load(Ordering::Relaxed)
    }

    fn counted(&self) -> &DatabaseConnection {
        self.queries.fetch_add(1, Ordering::Relaxed);
        &self.connections
    }

    pub(super) async fn close(&self) {
        if let Err(error) = self.connections.close_by_ref().await {
            tracing::warn!(%error, "the connections for queries did not close");
        }
    }
}

#[async_trait]
impl ConnectionTrait for ReadConnection {
    fn get_database_backend(&self) -> DbBackend {
        self.connections.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.counted().execute_raw(statement).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.counted().execute_unprepared(sql).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.counted().query_one_raw(statement).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.counted().query_all_raw(statement).await
    }
}
