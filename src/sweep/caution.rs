//! Whether the clock is believed when it says that everything has ended.

use std::time::Duration;

use crate::{
    clock::{Clock, Stopwatch, UnixMicros},
    config::duration,
};

/// A clock that is so far ahead of what is known is not believed at once: it may be wrong, and what is removed is gone for good.
const LEAP: Duration = Duration::from_secs(7 * 86_400);

/// For how long it has to stay there to be believed: time services have set it right by then, and a server that was off for a
/// month removes what has ended all the same.
const PATIENCE: Duration = Duration::from_secs(3_600);

/// Compares the clock with the last time that is known to have been.
#[derive(Debug)]
pub struct Caution {
    known: Option<UnixMicros>,
    doubt: Option<Stopwatch>,
}

impl Caution {
    /// With the time when something was last stored; `None` where nothing is stored that could be lost.
    #[must_use]
    pub fn new(last_stored_us: Option<i64>) -> Self {
        Self {
            known: last_stored_us.map(UnixMicros::new),
            doubt: None,
        }
    }

    /// Whether what the clock says has ended may be removed now. The first doubt is logged.
    pub fn believes(&mut self, clock: &Clock) -> bool {
        let now = clock.now();
        let ahead = self.known.map(|known| now.since(known));
        if let Some(ahead) = ahead.filter(|ahead| *ahead > LEAP) {
            let doubt = self.doubt.get_or_insert_with(|| {
                warn_of_leap(ahead);
                clock.stopwatch()
            });
            if doubt.elapsed() < PATIENCE {
                return false;
            }
        }
        self.doubt = None;
        self.known = Some(now);
        true
    }
}

fn warn_of_leap(ahead: Duration) {
    let ahead = Duration::from_secs(ahead.as_secs() / 3_600 * 3_600);
    tracing::warn!(
        clock.ahead = duration::print(ahead),
        "the clock is far ahead of what was stored last: what has ended is not removed before it has shown so for {}; \
         nothing needs to be done if it is right",
        duration::print(PATIENCE)
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMicros = UnixMicros::from_seconds(1_700_000_000);
    const YEAR: Duration = Duration::from_secs(365 * 86_400);

    #[test]
    fn a_clock_that_is_far_ahead_is_believed_after_an_hour() {
        let (clock, hand) = Clock::mock(NOW.after(YEAR));
        let mut caution = Caution::new(Some(NOW.get()));
        assert!(!caution.believes(&clock));
        hand.advance(PATIENCE - Duration::from_secs(1));
        assert!(!caution.believes(&clock));
        hand.advance(Duration::from_secs(1));
        assert!(caution.believes(&clock));
        assert!(caution.believes(&clock));
    }

    #[test]
    fn a_clock_that_is_set_right_is_believed_at_once() {
        let (clock, hand) = Clock::mock(NOW.after(YEAR));
        let mut caution = Caution::new(Some(NOW.get()));
        assert!(!caution.believes(&clock));
        hand.set(NOW.after(LEAP));
        assert!(caution.believes(&clock));
        // And doubted again, for as long, where it leaps while the server runs.
        hand.set(NOW.after(YEAR));
        assert!(!caution.believes(&clock));
        hand.advance(PATIENCE);
        assert!(caution.believes(&clock));
    }

    #[test]
    fn nothing_is_doubted_that_goes_its_way() {
        let (clock, hand) = Clock::mock(NOW);
        assert!(Caution::new(None).believes(&clock));
        let mut caution = Caution::new(Some(NOW.after(YEAR).get()));
        for _ in 0..500 {
            assert!(caution.believes(&clock));
            hand.advance(Duration::from_secs(300));
        }
    }
}
