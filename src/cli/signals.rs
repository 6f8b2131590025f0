//! The signals that end a server, and one that must not.

use std::sync::Arc;
use std::time::Duration;

use rustix::process::Signal as Number;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;

use super::failure::Failure;
use super::supervisor;
use crate::app::App;
use crate::server::{self, Listeners};

/// SIGTERM and SIGINT of this process. As long as it lives, neither ends the process by itself, and SIGXFSZ does not end it at all:
/// a write to a file that may not grow fails, as one on a full disk does.
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
    _file_too_long: Signal,
}

impl Signals {
    /// Begins to catch them.
    ///
    /// # Errors
    /// The operating system does not allow it.
    pub fn catch() -> Result<Self, Failure> {
        let catch = |kind| {
            signal(kind)
                .map_err(|reason| Failure::failed(format!("cannot catch signals: {reason}")))
        };
        Ok(Self {
            terminate: catch(SignalKind::terminate())?,
            interrupt: catch(SignalKind::interrupt())?,
            _file_too_long: catch(SignalKind::from_raw(Number::XFSZ.as_raw()))?,
        })
    }

    /// The name of the next one.
    pub async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}

/// Does work until it is done or a signal asks to stop. Work that is stopped is dropped, and its temporary files with it.
///
/// # Errors
/// Those of the work; exit code 1 where it was stopped.
pub async fn unless_stopped<T>(
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    let mut signals = Signals::catch()?;
    tokio::select! {
        done = work => done,
        name = signals.next() => Err(Failure::failed(format!("stopped by {name} before it was done"))),
    }
}

/// Serves until the first signal, and then until open requests are finished or a second signal comes.
///
/// # Errors
/// A listener that fails; requests that were broken off by the second signal.
pub async fn serve_until_stopped(
    app: Arc<App>,
    listeners: Listeners,
    mut signals: Signals,
    notice: Duration,
) -> Result<(), Failure> {
    let (stop, stopped) = oneshot::channel::<()>();
    let second_signal = async move {
        let name = signals.next().await;
        tracing::info!(signal = name, "stopping: open requests are finished first");
        supervisor::is_stopping();
        // A server that has stopped by itself needs not be told.
        stop.send(()).ok();
        signals.next().await
    };
    let serving = server::serve(app, listeners, ended(stopped), notice);
    tokio::select! {
        served = serving => served.map_err(|error| Failure::failed(error.to_string())),
        name = second_signal => Err(Failure::failed(format!(
            "stopped by a second {name}, before all requests were finished"
        ))),
    }
}

async fn ended(stopped: oneshot::Receiver<()>) {
    drop(stopped.await);
}
