//! A write that waits for the writer of SQLite, whatever it returns.

use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::oneshot;
use tracing::{Instrument, Span};

use crate::db::write::{self, Run};
use crate::db::{DatabaseError, WriteTransaction};

/// How one run of a job ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum JobRun {
    /// It is to be committed.
    Done,
    /// It is to be rolled back; another run may end otherwise.
    Refused,
    /// It is to be rolled back and not to be run again.
    Interrupted,
}

/// A closure with the one who waits for it.
pub(super) trait Job: Send {
    /// Whether nobody waits any more.
    fn is_abandoned(&self) -> bool;

    /// Runs the closure and keeps what it returned, in place of what an earlier run had returned.
    fn run<'t>(&'t mut self, transaction: &'t WriteTransaction) -> BoxFuture<'t, JobRun>;

    /// Answers with what the last run returned if the fate of its batch is known to be good, else with that failure. What interrupted a job is its
    /// answer in any case.
    fn finish(self: Box<Self>, fate: Result<(), DatabaseError>);
}

/// The only kind of job.
pub(super) struct TypedJob<T, E, F> {
    closure: F,
    deadline: Duration,
    last: Option<Run<T, E>>,
    answer: oneshot::Sender<Result<T, E>>,
    /// Where the closure logs: in the request that asked for it.
    span: Span,
}

impl<T, E, F> TypedJob<T, E, F> {
    pub(super) fn new(
        closure: F,
        deadline: Duration,
        answer: oneshot::Sender<Result<T, E>>,
    ) -> Self {
        Self {
            closure,
            deadline,
            last: None,
            answer,
            span: Span::current(),
        }
    }
}

impl<T, E, F> Job for TypedJob<T, E, F>
where
    F: for<'t> Fn(&'t WriteTransaction) -> BoxFuture<'t, Result<T, E>> + Send + Sync,
    T: Send,
    E: From<DatabaseError> + Send,
{
    fn is_abandoned(&self) -> bool {
        self.answer.is_closed()
    }

    fn run<'t>(&'t mut self, transaction: &'t WriteTransaction) -> BoxFuture<'t, JobRun> {
        Box::pin(async move {
            let run = write::run(&self.closure, transaction, self.deadline);
            let run = run.instrument(self.span.clone()).await;
            let kind = match &run {
                Run::Done(_) => JobRun::Done,
                Run::Refused(_) => JobRun::Refused,
                Run::Interrupted(_) => JobRun::Interrupted,
            };
            self.last = Some(run);
            kind
        })
    }

    fn finish(self: Box<Self>, fate: Result<(), DatabaseError>) {
        let answer = match (self.last, fate) {
            (Some(Run::Interrupted(error)), _) | (_, Err(error)) => Err(error.into()),
            (Some(Run::Done(value)), Ok(())) => Ok(value),
            (Some(Run::Refused(refusal)), Ok(())) => Err(refusal),
            (None, Ok(())) => {
                Err(DatabaseError::Invariant("a write did not run".to_owned()).into())
            }
        };
        // Whoever asked may have gone: then nobody needs the answer.
        drop(self.answer.send(answer));
    }
}
