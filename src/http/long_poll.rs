//! Requests that wait for a change: `timeout_ms`.

use std::{pin::pin, time::Duration};

use tokio::time::sleep;

use super::Deadline;
use crate::db::{Changes, Topic};

/// How long a request may wait, and for whom.
///
/// The wait is a duration of this process, not of the clock that tests move. A client that goes away ends it, as the request is dropped then.
pub struct LongPoll<'a> {
    changes: &'a Changes,
    wait: Duration,
}

impl<'a> LongPoll<'a> {
    /// As long as the client asks for (`timeout_ms`, in milliseconds; absent or 0: not at all), at most `longest`. The request may live as much longer.
    #[must_use]
    pub fn new(
        changes: &'a Changes,
        deadline: &Deadline,
        longest: Duration,
        timeout_ms: Option<u64>,
    ) -> Self {
        let wanted = Duration::from_millis(timeout_ms.unwrap_or(0));
        Self {
            changes,
            wait: deadline.extend_by(wanted.min(longest)),
        }
    }

    /// Reads, and reads again after each change of one of the topics, until what was read is what the client waits for or the time is over. Returns what
    /// was read last. A server that stops lets nobody wait.
    ///
    /// Every write that may alter what `read` finds must [announce](crate::db::WriteTransaction::announce) one of the topics.
    ///
    /// # Errors
    /// What `read` failed with, the first time it does.
    pub async fn until<T, E, F>(
        &self,
        topics: &[Topic],
        read: impl Fn() -> F + Send + Sync,
        is_done: impl Fn(&T) -> bool + Send + Sync,
    ) -> Result<T, E>
    where
        F: Future<Output = Result<T, E>> + Send,
    {
        if self.wait.is_zero() {
            return read().await;
        }
        let mut end = pin!(sleep(self.wait));
        // Taken first, so that what changes while the state is read is noticed.
        let mut watch = self.changes.watch(topics);
        let mut last = read().await?;
        while !is_done(&last) {
            tokio::select! {
                biased;
                () = &mut end => break,
                () = watch.changed() => {}
            }
            if self.changes.is_released() {
                break;
            }
            let _turn = self.changes.turn().await;
            last = read().await?;
        }
        Ok(last)
    }
}

#[cfg(test)]
mod tests;
