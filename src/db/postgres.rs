//! Writes on PostgreSQL: a transaction each, run again when the server asks for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::BoxFuture;
use sea_orm::{DatabaseConnection, DbErr, TransactionTrait};
use tokio::sync::RwLock;
use tracing::Instrument;

use super::error::is_conflict;
use super::stalls::Stalls;
use super::write::{self, Run};
use super::{Changes, DatabaseError, DatabaseSettings, WriteTransaction};

/// How often a transaction is tried.
const ATTEMPTS: u32 = 8;
/// The longest pause before the second attempt; it doubles with each.
const FIRST_PAUSE: Duration = Duration::from_millis(4);

/// What all writes share.
pub(super) struct PostgresWriter(Arc<Inner>);

struct Inner {
    pool: DatabaseConnection,
    changes: Changes,
    deadline: Duration,
    /// The longest wait for a connection and the begin of a transaction on it.
    begin_deadline: Duration,
    stalls: Stalls,
    commits: AtomicU64,
    running: AtomicUsize,
    pauses: AtomicU64,
    /// Held for reading by each write, so that closing can wait for them; true once closed.
    closed: Arc<RwLock<bool>>,
}

/// How one attempt ended.
enum Attempt<T, E> {
    /// The answer to the caller.
    Answer(Result<T, E>),
    /// Nothing is stored, and the server asks to try again.
    Conflict(DbErr),
}

impl PostgresWriter {
    pub(super) fn new(
        pool: DatabaseConnection,
        changes: Changes,
        settings: &DatabaseSettings,
        stalls: Stalls,
    ) -> Self {
        Self(Arc::new(Inner {
            pool,
            changes,
            deadline: settings.write_deadline,
            begin_deadline: settings.answer_deadline(),
            stalls,
            commits: AtomicU64::new(0),
            running: AtomicUsize::new(0),
            pauses: AtomicU64::new(0),
            closed: Arc::default(),
        }))
    }

    /// Runs the closure in a task of its own: a caller that goes away leaves no transaction half done.
    pub(super) async fn write<T, E, F>(&self, closure: F) -> Result<T, E>
    where
        F: for<'t> Fn(&'t WriteTransaction) -> BoxFuture<'t, Result<T, E>> + Send + Sync + 'static,
        T: Send + 'static,
        E: From<DatabaseError> + Send + 'static,
    {
        let gate = Arc::clone(&self.0.closed).read_owned().await;
        if *gate {
            return Err(DatabaseError::Closed.into());
        }
        let inner = Arc::clone(&self.0);
        let task = async move {
            inner.running.fetch_add(1, Ordering::Relaxed);
            let answer = inner.attempt_all(&closure).await;
            inner.running.fetch_sub(1, Ordering::Relaxed);
            drop(gate);
            answer
        };
        match tokio::spawn(task.in_current_span()).await {
            Ok(answer) => answer,
            Err(error) if error.is_panic() => Err(DatabaseError::Panic.into()),
            Err(_cancelled) => Err(DatabaseError::Closed.into()),
        }
    }

    /// Lets the writes that run finish.
    pub(super) async fn close(&self) {
        *self.0.closed.write().await = true;
    }

    /// Writes that run.
    pub(super) fn running(&self) -> usize {
        self.0.running.load(Ordering::Relaxed)
    }

    /// Transactions committed so far.
    pub(super) fn commits(&self) -> u64 {
        self.0.commits.load(Ordering::Relaxed)
    }
}

impl Inner {
    async fn attempt_all<T, E, F>(&self, closure: &F) -> Result<T, E>
    where
        F: for<'t> Fn(&'t WriteTransaction) -> BoxFuture<'t, Result<T, E>>,
        E: From<DatabaseError>,
    {
        let mut number = 1;
        loop {
            match self.attempt(closure).await {
                Attempt::Answer(answer) => return answer,
                Attempt::Conflict(error) if number == ATTEMPTS => {
                    return Err(DatabaseError::Soft(error).into());
                }
                Attempt::Conflict(error) => tracing::debug!(%error, number, "a write is repeated"),
            }
            tokio::time::sleep(self.pause(number)).await;
            number += 1;
        }
    }

    async fn attempt<T, E, F>(&self, closure: &F) -> Attempt<T, E>
    where
        F: for<'t> Fn(&'t WriteTransaction) -> BoxFuture<'t, Result<T, E>>,
        E: From<DatabaseError>,
    {
        let begin = self.stalls.watch(self.pool.begin());
        let transaction = match tokio::time::timeout(self.begin_deadline, begin).await {
            Ok(Ok(transaction)) => WriteTransaction::new(transaction),
            Ok(Err(error)) => return Attempt::Answer(Err(DatabaseError::Start(error).into())),
            Err(_elapsed) => {
                return Attempt::Answer(Err(DatabaseError::Start(no_answer()).into()));
            }
        };
        let run = write::run(closure, &transaction, self.deadline).await;
        let conflict = transaction
            .failure()
            .filter(|error| is_conflict(error))
            .cloned();
        match run {
            Run::Done(value) => self.commit(transaction, value).await,
            Run::Refused(refusal) => {
                self.roll_back(transaction).await;
                conflict.map_or(Attempt::Answer(Err(refusal)), Attempt::Conflict)
            }
            // The connection may be busy with a statement; the pool rolls back when it has ended, or closes it when it does not.
            Run::Interrupted(error) => {
                self.stalls.suspect();
                Attempt::Answer(Err(error.into()))
            }
        }
    }

    async fn commit<T, E>(&self, transaction: WriteTransaction, value: T) -> Attempt<T, E>
    where
        E: From<DatabaseError>,
    {
        let ending = async {
            transaction.notify_others().await?;
            transaction.commit().await
        };
        let ending = self.stalls.watch(ending);
        let error = match tokio::time::timeout(self.deadline, ending).await {
            Ok(Ok(announced)) => {
                self.commits.fetch_add(1, Ordering::Relaxed);
                self.changes.publish(&announced);
                return Attempt::Answer(Ok(value));
            }
            Ok(Err(error)) if is_conflict(&error) => return Attempt::Conflict(error),
            Ok(Err(error)) => error,
            Err(_elapsed) => no_answer(),
        };
        tracing::error!(%error, "a commit failed");
        Attempt::Answer(Err(DatabaseError::Commit(error).into()))
    }

    /// Done before the answer, so that the locks are free when the caller goes on.
    async fn roll_back(&self, transaction: WriteTransaction) {
        let roll_back = self.stalls.watch(transaction.roll_back());
        match tokio::time::timeout(self.deadline, roll_back).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(%error, "a roll-back failed"),
            Err(_elapsed) => tracing::debug!("a roll-back was not answered in time"),
        }
    }

    /// Between half and all of a span that doubles. Writes that ran into each other get different pauses: each takes the next step of the golden
    /// ratio, which spreads over the span evenly.
    fn pause(&self, number: u32) -> Duration {
        const GOLDEN_RATIO: u64 = 0x9e37_79b9_7f4a_7c15;
        let step = self.pauses.fetch_add(1, Ordering::Relaxed);
        let spread =
            f64::from((step.wrapping_mul(GOLDEN_RATIO) >> 32) as u32) / f64::from(u32::MAX);
        (FIRST_PAUSE * (1 << (number - 1))).mul_f64(0.5 + spread / 2.0)
    }
}

fn no_answer() -> DbErr {
    DbErr::Custom("the server did not answer in time".to_owned())
}
