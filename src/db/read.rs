//! The door for queries.

use std::sync::atomic::{AtomicU64, Ordering};

use std::time::Duration;

use sea_orm::prelude::async_trait::async_trait;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbBackend, DbErr, ExecResult, QueryResult, RuntimeErr,
    Statement,
};

use super::stalls::Stalls;

/// Connections for queries. It begins no transaction, and on SQLite the connections behind it refuse to write.
pub struct ReadConnection {
    connections: DatabaseConnection,
    queries: AtomicU64,
    /// Where somebody else may fail to answer.
    patience: Option<Patience>,
}

/// How long an answer is waited for.
pub(super) struct Patience {
    pub limit: Duration,
    pub stalls: Stalls,
}

impl ReadConnection {
    pub(super) fn new(connections: DatabaseConnection, patience: Option<Patience>) -> Self {
        Self {
            connections,
            queries: AtomicU64::new(0),
            patience,
        }
    }

    pub(super) fn connections(&self) -> &DatabaseConnection {
        &self.connections
    }

    /// Queries begun so far.
    pub(super) fn queries(&self) -> u64 {
        self.queries.load(Ordering::Relaxed)
    }

    /// Waits for an answer as long as there is hope for one.
    ///
    /// # Errors
    /// Those of the query; and that there was no answer.
    pub(super) async fn answered<T, E: From<DbErr>>(
        &self,
        query: impl Future<Output = Result<T, E>> + Send,
    ) -> Result<T, E> {
        let Some(Patience { limit, stalls }) = &self.patience else {
            return query.await;
        };
        let answer = tokio::time::timeout(*limit, stalls.watch(query)).await;
        answer.unwrap_or_else(|_elapsed| {
            let reason = "the server did not answer in time".to_owned();
            Err(DbErr::Query(RuntimeErr::Internal(reason)).into())
        })
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
        self.answered(self.counted().execute_raw(statement)).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.answered(self.counted().execute_unprepared(sql)).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.answered(self.counted().query_one_raw(statement)).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.answered(self.counted().query_all_raw(statement)).await
    }
}
