//! What the supervisor that started the server is told, if it wants to know: systemd, and whatever else sets `NOTIFY_SOCKET`.

use sd_notify::NotifyState;

/// The server listens, and its tables are up to date: what waits for it may start.
pub fn is_ready() {
    tell(&[NotifyState::Ready, NotifyState::Status("Serves requests")]);
}

/// The server takes no more requests and finishes those that are open.
pub fn is_stopping() {
    tell(&[
        NotifyState::Stopping,
        NotifyState::Status("Finishes open requests"),
    ]);
}

/// A supervisor that does not listen is told to the log: it will end a server of which it hears nothing.
fn tell(states: &[NotifyState]) {
    if let Err(reason) = sd_notify::notify(states) {
        tracing::warn!(%reason, "the supervisor that set NOTIFY_SOCKET cannot be told");
    }
}
