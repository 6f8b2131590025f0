//! The threads of the hasher and how work reaches them.

use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use super::super::fair_queue::{FairQueue, Ticket};
use super::super::network::ClientNetwork;
use super::super::password::HashMemory;

/// After this time without work a worker gives its memory back.
const KEEP_MEMORY: Duration = Duration::from_secs(30);

pub(super) type Job = Box<dyn FnOnce(&mut HashMemory) + Send>;

/// What the pool is doing and has done since it started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HasherStatistics {
    /// Callers that wait for a worker now.
    pub waiting: usize,
    /// Hashes that are computed now.
    pub running: usize,
    /// Hashes that workers are done with, broken ones among them.
    pub finished: u64,
    /// Callers that were sent away because no place was free.
    pub refused: u64,
    /// Callers that went away while they waited.
    pub abandoned: u64,
}

/// What the callers and the workers share.
pub(super) struct Pool {
    workers: usize,
    state: Mutex<State>,
    claimed: Condvar,
}

/// A caller that finds a worker idle claims it at once and never counts as waiting; only when none
/// is idle does the queue hold anything. So the limits do not depend on how fast threads wake up.
struct State {
    /// Workers that nobody has claimed.
    idle: usize,
    /// Jobs whose callers have claimed a worker.
    claims: VecDeque<Job>,
    queue: FairQueue<Job>,
    stopping: bool,
    finished: u64,
    refused: u64,
    abandoned: u64,
}

impl Pool {
    pub(super) fn start(
        workers: NonZeroUsize,
        queue: usize,
        queue_per_network: usize,
    ) -> std::io::Result<Arc<Self>> {
        let pool = Arc::new(Self {
            workers: workers.get(),
            state: Mutex::new(State {
                idle: workers.get(),
                claims: VecDeque::new(),
                queue: FairQueue::new(queue, queue_per_network),
                stopping: false,
                finished: 0,
                refused: 0,
                abandoned: 0,
            }),
            claimed: Condvar::new(),
        });
        for number in 0..workers.get() {
            let worker = Arc::clone(&pool);
            let thread = thread::Builder::new().name(format!("hasher-{number}"));
            let run = move || {
                step_back();
                worker.work();
            };
            if let Err(error) = thread.spawn(run) {
                pool.stop();
                return Err(error);
            }
        }
        Ok(pool)
    }

    /// Hands a job to an idle worker or puts it into the queue; nothing where that has no place.
    pub(super) fn submit(&self, network: ClientNetwork, job: Job) -> Option<Place> {
        let mut state = self.lock();
        if state.idle > 0 {
            state.idle -= 1;
            state.claims.push_back(job);
            self.claimed.notify_one();
            return Some(Place::Claimed);
        }
        match state.queue.push(network, job) {
            Ok(ticket) => Some(Place::Queued(ticket)),
            Err(_) => {
                state.refused += 1;
                None
            }
        }
    }

    pub(super) fn statistics(&self) -> HasherStatistics {
        let state = self.lock();
        HasherStatistics {
            waiting: state.queue.len(),
            running: self.workers - state.idle,
            finished: state.finished,
            refused: state.refused,
            abandoned: state.abandoned,
        }
    }

    /// Lets every worker end after the hash that it is computing.
    pub(super) fn stop(&self) {
        self.lock().stopping = true;
        self.claimed.notify_all();
    }

    fn work(&self) {
        let mut memory = HashMemory::default();
        while let Some(job) = self.wait_for_claim(&mut memory) {
            let mut next = Some(job);
            while let Some(job) = next {
                // A panic is the end of this job alone: its caller sees that no answer comes.
                if catch_unwind(AssertUnwindSafe(|| job(&mut memory))).is_err() {
                    memory.release();
                }
                next = self.finish();
            }
        }
    }

    fn wait_for_claim(&self, memory: &mut HashMemory) -> Option<Job> {
        let mut state = self.lock();
        loop {
            if state.stopping {
                return None;
            }
            if let Some(job) = state.claims.pop_front() {
                return Some(job);
            }
            if memory.is_held() {
                let waited = self.claimed.wait_timeout(state, KEEP_MEMORY);
                let (guard, waited) = waited.unwrap_or_else(PoisonError::into_inner);
                state = guard;
                if waited.timed_out() && state.claims.is_empty() {
                    memory.release();
                }
            } else {
                let waited = self.claimed.wait(state);
                state = waited.unwrap_or_else(PoisonError::into_inner);
            }
        }
    }

    /// Counts a job as done and takes the next one from the queue; without one the worker is idle.
    fn finish(&self) -> Option<Job> {
        let mut state = self.lock();
        state.finished += 1;
        let next = if state.stopping {
            None
        } else {
            state.queue.pop()
        };
        if next.is_none() {
            state.idle += 1;
        }
        next
    }

    fn cancel(&self, ticket: Ticket) {
        let mut state = self.lock();
        let job = state.queue.cancel(ticket);
        state.abandoned += u64::from(job.is_some());
        drop(state);
        drop(job);
    }

    /// The lock is held only for a few steps that cannot panic and leave it half changed.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where a submitted job is.
pub(super) enum Place {
    Claimed,
    Queued(Ticket),
}

/// A caller that waits for its job. Dropped before its turn, it gives its place back.
pub(super) struct Waiting<'pool> {
    pool: &'pool Pool,
    place: Place,
}

impl<'pool> Waiting<'pool> {
    pub(super) fn new(pool: &'pool Pool, place: Place) -> Self {
        Self { pool, place }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if let Place::Queued(ticket) = self.place {
            self.pool.cancel(ticket);
        }
    }
}

/// Lets the threads that serve requests go first: a hash takes long enough for many of them.
#[cfg(target_os = "linux")]
fn step_back() {
    /// A third of the share that a thread has otherwise.
    const NICENESS: i32 = 5;
    if let Err(error) = rustix::process::nice(NICENESS) {
        tracing::debug!(%error, "the hasher's thread keeps its priority");
    }
}

/// Threads have no priority of their own here.
#[cfg(not(target_os = "linux"))]
fn step_back() {}
