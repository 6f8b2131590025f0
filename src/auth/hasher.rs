//! The pool that computes password hashes, bounded in time, memory and places to wait.
//!
//! Every worker is a thread that computes one hash at a time, so that the memory in use is at most
//! the number of workers times the memory of one hash. Who finds no worker free waits in a queue
//! that serves the callers' networks in turn; who finds no place in it is sent away at once.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use argon2::Params;
use tokio::sync::oneshot;

use super::network::ClientNetwork;
use super::password::{
    HashCost, HashMemory, InvalidHashCost, Password, PasswordHash, PasswordHashError,
};
use crate::random::Random;

mod pool;

pub use pool::HasherStatistics;
use pool::{Pool, Waiting};

/// The size of the pool and the cost of new hashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HasherSettings {
    /// Hashes computed at the same time.
    pub workers: NonZeroUsize,
    /// Callers that may wait, in all.
    pub queue: usize,
    /// Callers of one network that may wait.
    pub queue_per_network: usize,
    /// What a new hash costs. Stored ones are verified at the cost they were made with.
    pub cost: HashCost,
}

impl Default for HasherSettings {
    /// A worker for each core, 64 places to wait, 4 of them for one network.
    fn default() -> Self {
        Self {
            workers: std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
            queue: 64,
            queue_per_network: 4,
            cost: HashCost::default(),
        }
    }
}

/// Why the pool does not start.
#[derive(Debug, thiserror::Error)]
pub enum HasherStartError {
    /// The cost is impossible.
    #[error(transparent)]
    Cost(#[from] InvalidHashCost),
    /// The operating system gives no thread.
    #[error("a thread for password hashes cannot be started: {0}")]
    Thread(#[from] std::io::Error),
}

/// All places to wait, or those of the caller's network, are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many password checks are waiting")]
pub struct HasherBusy {
    /// After what time to try again: about what a full queue takes to empty.
    pub retry_after: Duration,
}

/// Why no hash was computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HashError {
    /// There is no place to wait.
    #[error(transparent)]
    Busy(#[from] HasherBusy),
    /// The hash could not be computed.
    #[error(transparent)]
    Hash(#[from] PasswordHashError),
    /// The worker gave up on the hash: a defect, or the server is going down.
    #[error("the password check was broken off")]
    Broken,
}

/// The pool of workers. It stops when it is dropped.
pub struct Hasher {
    pool: Arc<Pool>,
    parameters: Params,
    random: Random,
}

impl Hasher {
    /// What callers are told who find no place: two seconds empty a full queue of default size on
    /// a machine with one core, where a hash takes some 25 ms.
    pub const RETRY_AFTER: Duration = Duration::from_secs(2);

    /// Starts the workers. Salts are drawn from `random`.
    ///
    /// # Errors
    /// See [`HasherStartError`].
    pub fn start(settings: HasherSettings, random: Random) -> Result<Self, HasherStartError> {
        let parameters = settings.cost.parameters()?;
        let HasherSettings {
            workers,
            queue,
            queue_per_network,
            ..
        } = settings;
        Ok(Self {
            pool: Pool::start(workers, queue, queue_per_network)?,
            parameters,
            random,
        })
    }

    /// Hashes a new password for the database.
    ///
    /// A caller that is dropped while it waits gives its place back.
    ///
    /// # Errors
    /// See [`HashError`].
    pub async fn hash(
        &self,
        network: ClientNetwork,
        password: &Password,
    ) -> Result<PasswordHash, HashError> {
        let (password, random) = (password.clone(), self.random.clone());
        let parameters = self.parameters.clone();
        self.run(network, move |memory| {
            PasswordHash::compute(&password, &parameters, &random, memory)
        })
        .await?
        .map_err(HashError::from)
    }

    /// Whether `password` is the one that `stored` was made from.
    ///
    /// A caller that is dropped while it waits gives its place back.
    ///
    /// # Errors
    /// See [`HashError`].
    pub async fn verify(
        &self,
        network: ClientNetwork,
        password: &Password,
        stored: &PasswordHash,
    ) -> Result<bool, HashError> {
        let (password, stored) = (password.clone(), stored.clone());
        self.run(network, move |memory| stored.verify(&password, memory))
            .await?
            .map_err(HashError::from)
    }

    /// What the pool is doing and has done, for the metrics.
    pub fn statistics(&self) -> HasherStatistics {
        self.pool.statistics()
    }

    async fn run<R: Send + 'static>(
        &self,
        network: ClientNetwork,
        work: impl FnOnce(&mut HashMemory) -> R + Send + 'static,
    ) -> Result<R, HashError> {
        let (answer, answered) = oneshot::channel();
        let job = Box::new(move |memory: &mut HashMemory| {
            if !answer.is_closed() {
                // Nobody listens any more: there is nobody to tell.
                answer.send(work(memory)).ok();
            }
        });
        let busy = HasherBusy {
            retry_after: Self::RETRY_AFTER,
        };
        let ticket = self.pool.submit(network, job).ok_or(busy)?;
        let _waiting = Waiting::new(&self.pool, ticket);
        answered.await.map_err(|_| HashError::Broken)
    }
}

impl Drop for Hasher {
    fn drop(&mut self) {
        self.pool.stop();
    }
}

#[cfg(test)]
mod tests;
