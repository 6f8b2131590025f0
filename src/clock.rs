//! The time of day as an argument: the system's in the server, a hand-set one in tests.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime};

/// A point in time: microseconds since 1970-01-01T00:00:00Z, leap seconds not counted.
///
/// The unit is that of Taler's relative times and signed structures; the range is that of a
/// signed 64-bit database column. Arithmetic saturates at the ends of that range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixMicros(i64);

impl UnixMicros {
    /// The point in time this many microseconds after (or, negative, before) 1970.
    pub const fn new(micros: i64) -> Self {
        Self(micros)
    }

    /// The point in time this many whole seconds after (or, negative, before) 1970.
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1_000_000))
    }

    /// Microseconds since 1970, as the database stores it.
    pub const fn get(self) -> i64 {
        self.0
    }

    /// Whole seconds since 1970, rounded down.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// This point moved into the future by `duration`, whose parts below a microsecond are dropped.
    #[must_use]
    pub fn after(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(micros(duration)))
    }

    /// This point moved into the past by `duration`, whose parts below a microsecond are dropped.
    #[must_use]
    pub fn before(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(micros(duration)))
    }

    /// How long after `earlier` this point is; zero where it is not after it.
    pub fn since(self, earlier: Self) -> Duration {
        let micros = i128::from(self.0) - i128::from(earlier.0);
        Duration::from_micros(u64::try_from(micros).unwrap_or(0))
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

/// Where the time comes from. Clones are cheap and show the same time.
#[derive(Clone)]
pub struct Clock(Source);

#[derive(Clone)]
enum Source {
    System,
    Mock(Arc<AtomicI64>),
}

impl Clock {
    /// The clock of the operating system.
    pub const fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands still until its [`MockClock`] moves it.
    pub fn mock(start: UnixMicros) -> (Self, MockClock) {
        let time = Arc::new(AtomicI64::new(start.0));
        (Self(Source::Mock(Arc::clone(&time))), MockClock(time))
    }

    /// The present point in time.
    pub fn now(&self) -> UnixMicros {
        match &self.0 {
            Source::System => system_now(),
            Source::Mock(time) => UnixMicros(time.load(Ordering::SeqCst)),
        }
    }

    /// Starts to measure a duration that corrections of the system's clock do not disturb.
    pub fn stopwatch(&self) -> Stopwatch {
        Stopwatch(match &self.0 {
            Source::System => Start::System(monotonic_now()),
            Source::Mock(_) => Start::Mock(self.clone(), self.now()),
        })
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self.0 {
            Source::System => "Clock(system)",
            Source::Mock(_) => "Clock(mock)",
        })
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the system's clock"
)]
fn system_now() -> UnixMicros {
    let now = SystemTime::now();
    match now.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => UnixMicros(micros(since)),
        Err(earlier) => UnixMicros(-micros(earlier.duration())),
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the monotonic clock"
)]
fn monotonic_now() -> Instant {
    Instant::now()
}

/// The hand on a mock [`Clock`].
#[derive(Clone, Debug)]
pub struct MockClock(Arc<AtomicI64>);

impl MockClock {
    /// Sets the clock, forwards or backwards.
    pub fn set(&self, time: UnixMicros) {
        self.0.store(time.0, Ordering::SeqCst);
    }

    /// Moves the clock forwards.
    pub fn advance(&self, duration: Duration) {
        self.0.fetch_add(micros(duration), Ordering::SeqCst);
    }
}

/// A running measurement of time, made by [`Clock::stopwatch`].
#[derive(Clone, Debug)]
pub struct Stopwatch(Start);

#[derive(Clone, Debug)]
enum Start {
    System(Instant),
    Mock(Clock, UnixMicros),
}

impl Stopwatch {
    /// The time gone by since the measurement began.
    pub fn elapsed(&self) -> Duration {
        match &self.0 {
            Start::System(start) => start.elapsed(),
            Start::Mock(clock, start) => clock.now().since(*start),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mock_clock_moves_only_by_hand() {
        let (clock, hand) = Clock::mock(UnixMicros::from_seconds(1_700_000_000));
        let stopwatch = clock.stopwatch();
        assert_eq!(clock.now(), clock.clone().now());
        hand.advance(Duration::from_millis(1_500));
        assert_eq!(clock.now().get(), 1_700_000_001_500_000);
        assert_eq!(clock.now().seconds(), 1_700_000_001);
        assert_eq!(stopwatch.elapsed(), Duration::from_millis(1_500));
        hand.set(UnixMicros::new(0));
        assert_eq!(clock.now().get(), 0);
        assert_eq!(stopwatch.elapsed(), Duration::ZERO);
    }

    #[test]
    fn system_clock_is_past_2025() {
        let clock = Clock::system();
        assert!(clock.now() > UnixMicros::from_seconds(1_735_689_600));
        assert!(clock.stopwatch().elapsed() < Duration::from_secs(60));
    }

    #[test]
    fn arithmetic_saturates() {
        let last = UnixMicros::new(i64::MAX);
        let first = UnixMicros::new(i64::MIN);
        assert_eq!(last.after(Duration::MAX), last);
        assert_eq!(first.before(Duration::MAX), first);
        assert_eq!(first.since(last), Duration::ZERO);
        assert_eq!(last.since(first), Duration::from_micros(u64::MAX));
        assert_eq!(UnixMicros::new(-1).seconds(), -1);
    }
}
