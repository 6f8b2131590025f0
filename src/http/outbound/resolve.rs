//! From names to addresses.

use std::{
    io,
    net::{IpAddr, ToSocketAddrs as _},
    sync::Arc,
};

use futures_util::future::BoxFuture;
use tokio::{sync::Semaphore, task::spawn_blocking};

/// Names that are looked up at once. The system's resolver holds a thread for each, and gives it back late where a name
/// server is silent.
const AT_ONCE: usize = 64;

/// Finds the addresses of a host.
pub trait Resolve: Send + Sync + 'static {
    /// All addresses of a name, the preferred one first.
    ///
    /// # Errors
    /// When there is no answer.
    fn resolve(&self, name: &str) -> BoxFuture<'static, io::Result<Vec<IpAddr>>>;
}

/// The resolver of the system, with its hosts file and its name servers.
#[derive(Debug)]
pub struct SystemResolver {
    turns: Arc<Semaphore>,
}

impl Default for SystemResolver {
    fn default() -> Self {
        Self {
            turns: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }
}

impl Resolve for SystemResolver {
    fn resolve(&self, name: &str) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        let (turns, name) = (Arc::clone(&self.turns), name.to_owned());
        Box::pin(async move {
            let turn = turns.acquire_owned().await.map_err(io::Error::other)?;
            let look_up = move || {
                // Held by the thread, not by the caller, who may have stopped waiting.
                let _turn = turn;
                let found = (name.as_str(), 0).to_socket_addrs()?;
                Ok(found.map(|address| address.ip()).collect())
            };
            spawn_blocking(look_up).await.map_err(io::Error::other)?
        })
    }
}
