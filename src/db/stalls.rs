//! Connections to PostgreSQL that no longer answer: how they are noticed, and given up.
//!
//! What stands between may forget a connection without a word, and a machine may fail without one. Then nothing comes back on it until
//! the operating system gives up, after a quarter of an hour. The pool tries each connection that is given back, for as long as it takes,
//! so that a few of those would leave none for anybody. Hence, once somebody has waited in vain, connections that are given back have a
//! moment to answer, and are closed if they do not. Otherwise they are not tried here at all, since that costs a round trip. Those that
//! rested are tried before they are used. What cannot be helped: one that the pool is just trying when it happens is lost until the operating
//! system notices.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use sea_orm::sqlx::postgres::PgConnection;
use sea_orm::sqlx::{Connection as _, Error};

use crate::clock::{Clock, Stopwatch};

/// How long connections are looked at with suspicion after somebody has waited in vain. The one that he left is given back at once.
const SUSPICION: Duration = Duration::from_secs(60);
/// The longest that a connection has to show that it answers.
const LONGEST_MOMENT: Duration = Duration::from_secs(2);
/// A connection that rested longer is tried before it is used: the server may have gone meanwhile. Trying every time would double the cost of a query.
const UNTRIED_REST: Duration = Duration::from_secs(1);

/// Remembers when somebody last waited in vain.
#[derive(Clone)]
pub(super) struct Stalls(Arc<Inner>);

struct Inner {
    age: Stopwatch,
    /// Milliseconds of `age` until which suspicion lasts.
    suspicious_until: AtomicU64,
    /// What a connection has to show that it answers.
    moment: Duration,
}

impl Stalls {
    /// Among those who wait so long for a connection: trying one must leave the time to open another.
    pub fn new(acquire_timeout: Duration) -> Self {
        Self(Arc::new(Inner {
            age: Clock::system().stopwatch(),
            suspicious_until: AtomicU64::new(0),
            moment: LONGEST_MOMENT.min(acquire_timeout / 2),
        }))
    }

    /// Notices if the future is dropped before it has ended, even before the connection that it uses is given back.
    pub fn watch<F: Future>(&self, future: F) -> Watched<F> {
        Watched {
            stalls: Some(self.clone()),
            future: Box::pin(future),
        }
    }

    /// Somebody waits in vain, and is about to give back a connection.
    pub fn suspect(&self) {
        let until = millis(self.0.age.elapsed() + SUSPICION);
        self.0.suspicious_until.fetch_max(until, Ordering::SeqCst);
    }

    fn is_suspicious(&self) -> bool {
        millis(self.0.age.elapsed()) < self.0.suspicious_until.load(Ordering::SeqCst)
    }

    /// Whether a connection that is given back can be used again.
    ///
    /// # Errors
    /// It does not answer, or says that it is broken; then it is closed.
    pub async fn try_given_back(self, connection: &mut PgConnection) -> Result<bool, Error> {
        match self.is_suspicious() {
            true => self.answers(connection).await,
            false => Ok(true),
        }
    }

    /// Whether a connection that has rested can be used again.
    ///
    /// # Errors
    /// As [`Stalls::try_given_back`].
    pub async fn try_rested(
        self,
        connection: &mut PgConnection,
        rest: Duration,
    ) -> Result<bool, Error> {
        match rest >= UNTRIED_REST {
            true => self.answers(connection).await,
            false => Ok(true),
        }
    }

    async fn answers(&self, connection: &mut PgConnection) -> Result<bool, Error> {
        let answered = tokio::time::timeout(self.0.moment, connection.ping()).await;
        let answered =
            answered.unwrap_or_else(|_| Err(Error::Io(std::io::ErrorKind::TimedOut.into())));
        // Nothing that anybody has to do something about: the pool opens another one.
        answered.map(|()| true).inspect_err(|error| {
            tracing::info!(
                %error,
                "a connection to the database no longer answers; another one takes its place"
            );
        })
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// A future that should not be dropped before it has ended.
pub(super) struct Watched<F> {
    stalls: Option<Stalls>,
    future: Pin<Box<F>>,
}

impl<F: Future> Future for Watched<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let poll = self.future.as_mut().poll(context);
        if poll.is_ready() {
            self.stalls = None;
        }
        poll
    }
}

impl<F> Drop for Watched<F> {
    /// Runs before the future itself is dropped.
    fn drop(&mut self) {
        if let Some(stalls) = &self.stalls {
            stalls.suspect();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_goes_away_leaves_suspicion_and_who_is_answered_does_not() {
        let stalls = Stalls::new(Duration::from_secs(5));
        stalls.watch(std::future::ready(())).await;
        assert!(!stalls.is_suspicious());
        drop(stalls.watch(std::future::pending::<()>()));
        assert!(stalls.is_suspicious());
    }

    #[tokio::test]
    async fn suspicion_comes_before_the_connection_is_given_back() {
        struct GivenBack(Stalls);

        impl Drop for GivenBack {
            fn drop(&mut self) {
                assert!(self.0.is_suspicious());
            }
        }

        let stalls = Stalls::new(Duration::from_secs(5));
        let connection = GivenBack(stalls.clone());
        drop(stalls.watch(async move {
            std::future::pending::<()>().await;
            drop(connection);
        }));
    }
}
