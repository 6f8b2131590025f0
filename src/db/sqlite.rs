//! Writes on SQLite: one task, one connection, one durable commit for all writes that wait.
//!
//! A batch first runs without savepoints, which would cost as much as the writes themselves. When one write of several refuses, everything is rolled
//! back and run again with a savepoint each: what a refusal said may rest on what an earlier write of the same batch had stored, so it must be said
//! again, and is only handed out together with the others. A write that panicked or took too long is not run again. So a write runs twice at most.

mod job;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use futures_util::future::BoxFuture;
use sea_orm::{
    DatabaseConnection, DbErr, SqliteTransactionMode, TransactionOptions, TransactionTrait,
};
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::task::JoinHandle;

use self::job::{Job, JobRun, TypedJob};
use super::error::is_busy;
use super::{Changes, DatabaseError, DatabaseSettings, WriteTransaction, connect};

/// The most writes that share a commit.
const BATCH: usize = 128;
/// The most writes that wait; the next ones wait to be let in.
const QUEUE: usize = 1024;

/// The way to the writer task.
pub(super) struct SqliteWriter {
    /// `None` once closed; the task ends when it has served what was sent before.
    queue: RwLock<Option<mpsc::Sender<Box<dyn Job>>>>,
    task: Mutex<Option<JoinHandle<()>>>,
    commits: Arc<AtomicU64>,
    deadline: Duration,
}

impl SqliteWriter {
    /// Opens the connection and starts the task.
    pub(super) async fn start(
        settings: &DatabaseSettings,
        changes: Changes,
    ) -> Result<Self, DatabaseError> {
        let commits = Arc::new(AtomicU64::new(0));
        let connection = connect::sqlite_writer(settings).await?;
        let task = WriterTask {
            settings: settings.clone(),
            connection: Some(connection),
            commits: Arc::clone(&commits),
            changes,
        };
        let (queue, jobs) = mpsc::channel(QUEUE);
        Ok(Self {
            queue: RwLock::new(Some(queue)),
            task: Mutex::new(Some(tokio::spawn(task.serve(jobs)))),
            commits,
            deadline: settings.write_deadline,
        })
    }

    /// Hands the closure to the task and waits for its answer.
    pub(super) async fn write<T, E, F>(&self, closure: F) -> Result<T, E>
    where
        F: for<'t> Fn(&'t WriteTransaction) -> BoxFuture<'t, Result<T, E>> + Send + Sync + 'static,
        T: Send + 'static,
        E: From<DatabaseError> + Send + 'static,
    {
        let Some(queue) = self.queue() else {
            return Err(DatabaseError::Closed.into());
        };
        let (sender, answer) = oneshot::channel();
        let job = TypedJob::new(closure, self.deadline, sender);
        if queue.send(Box::new(job)).await.is_err() {
            return Err(DatabaseError::Closed.into());
        }
        drop(queue);
        // The task answers every job; only the end of the whole runtime drops one.
        answer
            .await
            .unwrap_or_else(|_| Err(DatabaseError::Closed.into()))
    }

    /// Lets the task finish what it was sent, and ends it.
    pub(super) async fn close(&self) {
        drop(
            self.queue
                .write()
                .unwrap_or_else(PoisonError::into_inner)
                .take(),
        );
        if let Some(task) = self.task.lock().await.take()
            && let Err(error) = task.await
        {
            tracing::error!(%error, "the writer of the database ended badly");
        }
    }

    /// Writes that wait for the task.
    pub(super) fn waiting(&self) -> usize {
        self.queue()
            .map_or(0, |queue| queue.max_capacity() - queue.capacity())
    }

    /// Transactions committed so far.
    pub(super) fn commits(&self) -> u64 {
        self.commits.load(Ordering::Relaxed)
    }

    fn queue(&self) -> Option<mpsc::Sender<Box<dyn Job>>> {
        self.queue
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// The one that writes.
struct WriterTask {
    settings: DatabaseSettings,
    /// `None` after a failure that leaves the state of the connection in doubt.
    connection: Option<DatabaseConnection>,
    commits: Arc<AtomicU64>,
    changes: Changes,
}

impl WriterTask {
    async fn serve(mut self, mut jobs: mpsc::Receiver<Box<dyn Job>>) {
        let mut batch = Vec::with_capacity(BATCH);
        while jobs.recv_many(&mut batch, BATCH).await > 0 {
            batch.retain(|job| !job.is_abandoned());
            if !batch.is_empty() {
                self.run_together(std::mem::take(&mut batch)).await;
            }
        }
        self.drop_connection().await;
    }

    /// Runs a batch without savepoints; at the first failure takes everything back.
    async fn run_together(&mut self, mut batch: Vec<Box<dyn Job>>) {
        let transaction = match self.begin().await {
            Ok(transaction) => transaction,
            Err(error) => return finish_all(batch, &Err(error)),
        };
        let mut failed = None;
        for (index, job) in batch.iter_mut().enumerate() {
            match job.run(&transaction).await {
                JobRun::Done => {}
                run => {
                    failed = Some((index, run));
                    break;
                }
            }
        }
        let Some((index, run)) = failed else {
            return self.commit(transaction, batch).await;
        };
        self.roll_back(transaction).await;
        if run == JobRun::Interrupted || batch.len() == 1 {
            batch.remove(index).finish(Ok(()));
        }
        if !batch.is_empty() {
            self.run_apart(batch).await;
        }
    }

    /// Runs a batch with a savepoint for each write.
    async fn run_apart(&mut self, mut batch: Vec<Box<dyn Job>>) {
        let transaction = match self.begin().await {
            Ok(transaction) => transaction,
            Err(error) => return finish_all(batch, &Err(error)),
        };
        for job in &mut batch {
            if let Err(error) = run_in_part(&transaction, job.as_mut()).await {
                tracing::warn!(%error, "the transaction of a batch was lost");
                self.roll_back(transaction).await;
                return finish_all(batch, &Err(DatabaseError::Store(error)));
            }
        }
        self.commit(transaction, batch).await;
    }

    /// Opens a transaction that holds the write lock from the start. A connection that has gone bad is replaced once.
    async fn begin(&mut self) -> Result<WriteTransaction, DatabaseError> {
        if let Some(connection) = &self.connection {
            match begin_immediate(connection).await {
                Ok(transaction) => return Ok(transaction),
                Err(error) if is_busy(&error) => return Err(DatabaseError::Start(error)),
                Err(error) => tracing::warn!(%error, "the writer of the database reconnects"),
            }
            self.drop_connection().await;
        }
        let connection = connect::sqlite_writer(&self.settings).await?;
        let transaction = begin_immediate(&connection)
            .await
            .map_err(DatabaseError::Start);
        self.connection = Some(connection);
        transaction
    }

    async fn commit(&mut self, transaction: WriteTransaction, batch: Vec<Box<dyn Job>>) {
        match transaction.commit().await {
            Ok(announced) => {
                self.commits.fetch_add(1, Ordering::Relaxed);
                self.changes.publish(&announced);
                finish_all(batch, &Ok(()));
            }
            Err(error) => {
                tracing::error!(%error, writes = batch.len(), "a commit failed");
                finish_all(batch, &Err(DatabaseError::Commit(error)));
                self.drop_connection().await;
            }
        }
    }

    async fn roll_back(&mut self, transaction: WriteTransaction) {
        if let Err(error) = transaction.roll_back().await {
            tracing::warn!(%error, "a roll-back failed");
            self.drop_connection().await;
        }
    }

    async fn drop_connection(&mut self) {
        if let Some(connection) = self.connection.take()
            && let Err(error) = connection.close().await
        {
            tracing::warn!(%error, "the connection of the writer did not close");
        }
    }
}

/// Runs one write in a savepoint and keeps or takes back what it did. An error means that the transaction as a whole is gone.
async fn run_in_part(transaction: &WriteTransaction, job: &mut dyn Job) -> Result<(), DbErr> {
    let part = transaction.part().await?;
    match job.run(&part).await {
        JobRun::Done => {
            transaction.announce_all(part.commit().await?);
            Ok(())
        }
        JobRun::Refused | JobRun::Interrupted => part.roll_back().await,
    }
}

async fn begin_immediate(connection: &DatabaseConnection) -> Result<WriteTransaction, DbErr> {
    let options = TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    };
    connection
        .begin_with_options(options)
        .await
        .map(WriteTransaction::new)
}

fn finish_all(batch: Vec<Box<dyn Job>>, fate: &Result<(), DatabaseError>) {
    for job in batch {
        job.finish(fate.clone());
    }
}
