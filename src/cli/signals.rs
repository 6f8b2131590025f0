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

fn catch(kind: SignalKind) -> Result<Signal, Failure> {
    signal(kind).map_err(|reason| Failure::failed(format!("cannot catch signals: {reason}")))
}

/// Signals by which a terminal ends what was started in it: when it is closed or its connection breaks, and `Ctrl-\`.
struct OfTerminal {
    hang_up: Option<Signal>,
    quit: Option<Signal>,
}

impl OfTerminal {
    fn catch() -> Result<Self, Failure> {
        let heeded = |number: Number| match is_ignored(number) {
            true => Ok(None),
            false => catch(SignalKind::from_raw(number.as_raw())).map(Some),
        };
        Ok(Self {
            hang_up: heeded(Number::HUP)?,
            quit: heeded(Number::QUIT)?,
        })
    }

    /// The name of the next one.
    async fn next(&mut self) -> &'static str {
        tokio::select! {
            Some(()) = received(&mut self.hang_up) => "SIGHUP",
            Some(()) = received(&mut self.quit) => "SIGQUIT",
            else => std::future::pending().await,
        }
    }
}

async fn received(signal: &mut Option<Signal>) -> Option<()> {
    signal.as_mut()?.recv().await
}

/// Whether whoever started this process wants it to go on when this signal comes, as `nohup` does. Whoever catches one heeds it again.
fn is_ignored(number: Number) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (number.as_raw() - 1) & 1 == 1)
}

/// Does work until it is done or a signal asks to stop. Work that is stopped is dropped, and its temporary files with it.
///
/// # Errors
/// Those of the work; exit code 1 where it was stopped.
pub async fn unless_stopped<T>(
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    let mut of_terminal = OfTerminal::catch()?;
    let mut signals = Signals::catch()?;
    let name = tokio::select! {
        done = work => return done,
        name = signals.next() => name,
        name = of_terminal.next() => name,
    };
    Err(Failure::failed(format!(
        "stopped by {name} before it was done"
    )))
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
