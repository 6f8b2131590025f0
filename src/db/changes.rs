//! What changed: how a request that waits learns that a write has stored what it waits for.
//!
//! A write announces [`Topic`]s inside of its closure ([`WriteTransaction::announce`](super::WriteTransaction::announce)); when, and only when, it is
//! durably stored, every [`Watch`] on one of them wakes. A watch is taken **before** the state is read, so that nothing is missed in between. To wait
//! costs no query, no task and no connection, and of a topic that nobody watches nothing is kept.
//!
//! On PostgreSQL the same transaction notifies all processes on this database, over one channel for each schema; those that [listen] wake their own
//! watches. A process also hears itself, so that a watch can wake twice, and one that lost its connection to the server wakes all watches
//! once it is back. To wake says "look again", never more. On SQLite there is one server, and what the command line writes beside it wakes
//! nobody.
//!
//! [listen]: super::Database::listen

pub(super) mod listener;
mod notification;
#[cfg(test)]
mod tests;
mod topic;

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::future::select_all;
use tokio::sync::{Semaphore, SemaphorePermit, watch};

pub(super) use notification::notify;
pub use topic::Topic;

/// All watches of this process. Clones are cheap and are the same.
#[derive(Clone)]
pub struct Changes(Arc<Shared>);

struct Shared {
    /// Only topics that somebody watches.
    topics: Mutex<Topics>,
    is_released: AtomicBool,
    waiting: AtomicUsize,
    turns: Semaphore,
}

type Topics = HashMap<Topic, watch::Sender<()>>;

impl Changes {
    /// Nobody watches yet. Of those that one change wakes, so many may read at once.
    pub(crate) fn new(turns: usize) -> Self {
        Self(Arc::new(Shared {
            topics: Mutex::default(),
            is_released: AtomicBool::new(false),
            waiting: AtomicUsize::new(0),
            turns: Semaphore::new(turns),
        }))
    }

    /// Notices each change of these topics from now on.
    #[must_use]
    pub fn watch(&self, topics: &[Topic]) -> Watch {
        let mut watched = self.topics();
        let receivers = topics.iter().map(|topic| {
            let sender = watched.entry(*topic).or_default();
            (*topic, sender.subscribe())
        });
        Watch {
            receivers: receivers.collect(),
            changes: self.clone(),
            is_counted: true,
        }
    }

    /// Ends all waiting, now and for ever: the server stops.
    pub fn release(&self) {
        self.0.is_released.store(true, Ordering::SeqCst);
        self.wake_all();
    }

    /// Whether nobody is to wait any more.
    #[must_use]
    pub fn is_released(&self) -> bool {
        self.0.is_released.load(Ordering::SeqCst)
    }

    /// How many wait at this moment.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.0.waiting.load(Ordering::Relaxed)
    }

    /// How many topics are watched at this moment.
    #[must_use]
    pub fn watched(&self) -> usize {
        self.topics().len()
    }

    /// Waits until it is one's turn to read again, first come, first served. One change may wake thousands; without turns they would take all
    /// connections from the requests that come in meanwhile. `None` where there are no turns, which does not happen.
    pub async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        self.0.turns.acquire().await.ok()
    }

    /// Wakes those who watch one of these. For the writers, which know what is stored; who writes announces.
    pub(crate) fn publish(&self, changed: &BTreeSet<Topic>) {
        if changed.is_empty() {
            return;
        }
        let senders: Vec<_> = {
            let watched = self.topics();
            let senders = changed.iter().filter_map(|topic| watched.get(topic));
            senders.cloned().collect()
        };
        wake(&senders);
    }

    /// Wakes everybody: something may have been missed.
    pub(super) fn wake_all(&self) {
        let senders: Vec<_> = self.topics().values().cloned().collect();
        wake(&senders);
    }

    fn topics(&self) -> MutexGuard<'_, Topics> {
        self.0.topics.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn wake(senders: &[watch::Sender<()>]) {
    for sender in senders {
        sender.send_replace(());
    }
}

/// Notices the changes of some topics, from when it was made until it is dropped.
pub struct Watch {
    receivers: Vec<(Topic, watch::Receiver<()>)>,
    changes: Changes,
    is_counted: bool,
}

impl Watch {
    /// Does not count as [waiting](Changes::waiting): it is no client who waits.
    #[must_use]
    pub fn quietly(mut self) -> Self {
        self.is_counted = false;
        self
    }

    /// Waits for a change that came after the watch was made, and after the one that this noticed last; changes that came meanwhile count as one.
    /// Returns without one where waiting [was ended](Changes::is_released). Can be dropped and called again without missing any.
    pub async fn changed(&mut self) {
        if self.changes.is_released() {
            return;
        }
        let _waiting = self
            .is_counted
            .then(|| Waiting::begin(&self.changes.0.waiting));
        let receivers = self.receivers.iter_mut();
        let each = receivers.map(|(_, receiver)| Box::pin(receiver.changed()));
        match each.len() {
            // Who watches nothing waits for ever.
            0 => std::future::pending().await,
            _ => drop(select_all(each).await),
        }
        for (_, receiver) in &mut self.receivers {
            receiver.mark_unchanged();
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let mut watched = self.changes.topics();
        for (topic, receiver) in self.receivers.drain(..) {
            drop(receiver);
            // Receivers come and go under the lock only.
            if watched
                .get(&topic)
                .is_some_and(|sender| sender.receiver_count() == 0)
            {
                watched.remove(&topic);
            }
        }
    }
}

/// Counts one who waits, until it is dropped.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn begin(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
