//! The door for changes: what both databases have in common.

use std::any::Any;
use std::collections::BTreeSet;
use std::panic::AssertUnwindSafe;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use sea_orm::prelude::async_trait::async_trait;
use sea_orm::{
    ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, ExecResult, QueryResult, Statement,
    TransactionTrait,
};

use super::DatabaseError;
use super::changes::{self, Topic};

tokio::task_local! {
    static INSIDE_WRITE: ();
}

/// The transaction of a write. It can be queried and changed, but neither ended nor nested:
///
/// ```compile_fail
/// async fn nested(transaction: &kontor::db::WriteTransaction) {
///     use sea_orm::TransactionTrait;
///     let _ = transaction.begin().await;
/// }
/// ```
pub struct WriteTransaction {
    transaction: DatabaseTransaction,
    /// The first statement that failed. The closure may have turned it into an error of its own, or ignored it; the door must know.
    failure: OnceLock<DbErr>,
    /// What it changes that somebody may wait for.
    announced: Mutex<BTreeSet<Topic>>,
}

impl WriteTransaction {
    pub(super) fn new(transaction: DatabaseTransaction) -> Self {
        Self {
            transaction,
            failure: OnceLock::new(),
            announced: Mutex::default(),
        }
    }

    /// Says that this write changes something that requests may [wait for](super::Changes). They wake when it is stored, and not at all if it is rolled
    /// back; to announce the same twice is to announce it once.
    pub fn announce(&self, topic: Topic) {
        self.announced().insert(topic);
    }

    /// Takes over what a part of it announced that has ended well.
    pub(super) fn announce_all(&self, mut topics: BTreeSet<Topic>) {
        self.announced().append(&mut topics);
    }

    /// Has the server tell other processes what was announced, once this is committed.
    pub(super) async fn notify_others(&self) -> Result<(), DbErr> {
        let announced = self.announced().clone();
        changes::notify(self, &announced).await
    }

    fn announced(&self) -> MutexGuard<'_, BTreeSet<Topic>> {
        self.announced
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn failure(&self) -> Option<&DbErr> {
        self.failure.get()
    }

    /// Returns what was announced: to be published, or handed to the transaction that this was a part of.
    pub(super) async fn commit(self) -> Result<BTreeSet<Topic>, DbErr> {
        self.transaction.commit().await?;
        Ok(self
            .announced
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) async fn roll_back(self) -> Result<(), DbErr> {
        self.transaction.rollback().await
    }

    /// A part of this transaction that can be taken back alone. Its `commit` and `roll_back` end the part.
    pub(super) async fn part(&self) -> Result<Self, DbErr> {
        self.transaction.begin().await.map(Self::new)
    }

    fn note<T>(&self, result: Result<T, DbErr>) -> Result<T, DbErr> {
        if let Err(error) = &result {
            self.failure.get_or_init(|| error.clone());
        }
        result
    }
}

#[async_trait]
impl ConnectionTrait for WriteTransaction {
    fn get_database_backend(&self) -> DbBackend {
        self.transaction.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.note(self.transaction.execute_raw(statement).await)
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.note(self.transaction.execute_unprepared(sql).await)
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.note(self.transaction.query_one_raw(statement).await)
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.note(self.transaction.query_all_raw(statement).await)
    }
}

/// How one run of a closure ended.
pub(super) enum Run<T, E> {
    /// It returned a value, and every statement succeeded.
    Done(T),
    /// It returned an error, or a statement failed: what it says depends on what the transaction had seen.
    Refused(E),
    /// It panicked or took too long. Running it again would not help.
    Interrupted(DatabaseError),
}

/// Runs a closure once, whatever it does.
pub(super) async fn run<T, E, F>(
    closure: &F,
    transaction: &WriteTransaction,
    deadline: Duration,
) -> Run<T, E>
where
    F: for<'t> Fn(&'t WriteTransaction) -> BoxFuture<'t, Result<T, E>>,
    E: From<DatabaseError>,
{
    let body = INSIDE_WRITE.scope((), async { closure(transaction).await });
    match tokio::time::timeout(deadline, AssertUnwindSafe(body).catch_unwind()).await {
        Err(_elapsed) => Run::Interrupted(DatabaseError::Deadline),
        Ok(Err(panic)) => {
            tracing::error!(panic = panic_message(panic.as_ref()), "a write panicked");
            Run::Interrupted(DatabaseError::Panic)
        }
        Ok(Ok(Err(refusal))) => Run::Refused(refusal),
        Ok(Ok(Ok(value))) => match transaction.failure() {
            None => Run::Done(value),
            Some(failure) => Run::Refused(DatabaseError::store(failure.clone()).into()),
        },
    }
}

/// Whether the running task is in the closure of a write.
pub(super) fn is_inside_write() -> bool {
    INSIDE_WRITE.try_with(|()| ()).is_ok()
}

fn panic_message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&'static str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("not a text")
}
