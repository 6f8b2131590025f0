//! What the tests print, and how they take turns.

use std::{fmt::Display, io::Write as _, time::Duration};

use tokio::sync::{Mutex, MutexGuard};

/// Waits until no other test of this program runs: what one does, the figures of another would show.
pub async fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::const_new(());
    TURN.lock().await
}

/// Prints a line of figures, whatever becomes of the test.
pub fn say(what: &str, figures: impl Display) {
    // Nobody reads it where this fails.
    drop(writeln!(std::io::stderr(), "  {what}: {figures}"));
}

/// Times that something took.
#[derive(Default)]
pub struct Times(Vec<Duration>);

impl Times {
    pub fn note(&mut self, time: Duration) {
        self.0.push(time);
    }

    pub fn append(&mut self, mut other: Self) {
        self.0.append(&mut other.0);
    }

    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// The time that this share of all was within.
    pub fn within(&self, share: f64) -> Duration {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let last = sorted.len().checked_sub(1).expect("times");
        sorted[(last as f64 * share).round() as usize]
    }

    pub fn text(&self) -> String {
        format!(
            "{} in p50 {:.1?}, p99 {:.1?}, at most {:.1?}",
            self.count(),
            self.within(0.5),
            self.within(0.99),
            self.within(1.0)
        )
    }
}
