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

/// How old the note may be that says when the clock was last believed.
const NOTE: Duration = Duration::from_secs(86_400);

/// Compares the clock with the last time that it was believed. What is stored otherwise would not do: a clock that is wrong stores rows too.
#[derive(Debug)]
pub struct Caution {
    known: Option<UnixMicros>,
    noted: Option<UnixMicros>,
    doubt: Option<Stopwatch>,
}

impl Caution {
    /// With what was noted before; `None` where that is nothing.
    #[must_use]
    pub fn new(noted_us: Option<i64>) -> Self {
        let noted = noted_us.map(UnixMicros::new);
        Self {
            known: noted,
            noted,
            doubt: None,
        }
    }

    /// What is to be noted now, in microseconds since 1970, of a clock that is believed.
    #[must_use]
    pub fn due(&self, clock: &Clock) -> Option<i64> {
        let now = clock.now();
        let is_noted = self
            .noted
            .is_some_and(|noted| noted <= now && now.since(noted) < NOTE);
        (!is_noted).then_some(now.get())
    }

    /// That was noted.
    pub fn noted(&mut self, at_us: i64) {
        self.noted = Some(UnixMicros::new(at_us));
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
        "the clock is far ahead of when it was last believed: what has ended is not removed before it has shown so for {}; \
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
    fn it_is_noted_once_a_day_and_when_the_clock_went_back() {
        let (clock, hand) = Clock::mock(NOW);
        let mut caution = Caution::new(None);
        assert_eq!(caution.due(&clock), Some(NOW.get()));
        caution.noted(NOW.get());
        hand.advance(NOTE - Duration::from_secs(1));
        assert_eq!(caution.due(&clock), None);
        hand.advance(Duration::from_secs(1));
        assert_eq!(caution.due(&clock), Some(NOW.after(NOTE).get()));
        hand.set(NOW.before(NOTE));
        assert_eq!(caution.due(&clock), Some(NOW.before(NOTE).get()));
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
