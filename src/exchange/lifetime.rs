//! How long keys may be used, and when they are downloaded again.

use std::time::Duration;

use kontor_openapi::scalar::Timestamp;

use crate::random::Random;

/// Keys are used at least so long, whatever the payment provider says: nothing is asked more often than that makes necessary.
const SHORTEST: Duration = Duration::from_secs(10 * 60);
/// Keys are used at most so long: what has been revoked must be noticed.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);
/// Where the payment provider does not say.
const UNSAID: Duration = Duration::from_secs(60 * 60);
/// First pause after a failure.
const FIRST_PAUSE: Duration = Duration::from_secs(15);
/// Longest pause after many failures.
const LAST_PAUSE: Duration = Duration::from_secs(60 * 60);

/// When keys end, and when they are downloaded again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// They may be used before this time, in microseconds since 1970.
    pub expire_at_us: i64,
    /// They are downloaded again at this time: after three quarters of their life.
    pub next_at_us: i64,
}

/// The schedule of keys that were downloaded now. `said` is how long the answer says that it is fresh; `signing_ends` is when the last signing key ends.
#[must_use]
pub fn schedule(now_us: i64, said: Option<Duration>, signing_ends: Timestamp) -> Schedule {
    let life = said.unwrap_or(UNSAID).clamp(SHORTEST, LONGEST);
    let end_us = match signing_ends {
        Timestamp::Never => i64::MAX,
        Timestamp::Seconds(seconds) => {
            i64::try_from(seconds.saturating_mul(1_000_000)).unwrap_or(i64::MAX)
        }
    };
    let expire_at_us = now_us.saturating_add(micros(life)).min(end_us);
    let left_us = expire_at_us.saturating_sub(now_us);
    Schedule {
        expire_at_us,
        next_at_us: now_us.saturating_add((left_us / 4 * 3).max(micros(FIRST_PAUSE))),
    }
}

/// When to try again after so many failures one after the other: twice as late each time, between half of that and all of it by chance, so that servers
/// that failed together do not come back together.
#[must_use]
pub fn next_try_us(now_us: i64, failures: u32, random: &Random) -> i64 {
    let doublings = failures.saturating_sub(1).min(16);
    let pause = FIRST_PAUSE.saturating_mul(1 << doublings).min(LAST_PAUSE);
    let half_us = micros(pause) / 2;
    let chance = i64::from(u32::from_be_bytes(random.bytes()));
    // Half an hour in microseconds times 2^32 is just below 2^63.
    let jitter_us = half_us.saturating_mul(chance) >> 32;
    now_us.saturating_add(half_us).saturating_add(jitter_us)
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_700_000_000_000_000;
    const MINUTE: i64 = 60_000_000;

    fn life(said: Option<u64>, ends: Timestamp) -> (i64, i64) {
        let schedule = schedule(NOW, said.map(Duration::from_secs), ends);
        (schedule.expire_at_us - NOW, schedule.next_at_us - NOW)
    }

    #[test]
    fn what_the_answer_says_is_bounded() {
        let never = Timestamp::Never;
        assert_eq!(life(None, never), (60 * MINUTE, 45 * MINUTE));
        assert_eq!(life(Some(7200), never), (120 * MINUTE, 90 * MINUTE));
        assert_eq!(life(Some(0), never).0, 10 * MINUTE);
        assert_eq!(life(Some(u64::MAX), never).0, 24 * 60 * MINUTE);
    }

    #[test]
    fn keys_end_with_the_last_signing_key() {
        let soon = Timestamp::Seconds(1_700_000_000 + 240);
        assert_eq!(life(None, soon), (4 * MINUTE, 3 * MINUTE));
        let at_once = Timestamp::Seconds(1_700_000_000 + 1);
        assert_eq!(life(None, at_once), (1_000_000, 15_000_000));
    }

    #[test]
    fn pauses_double_up_to_an_hour() {
        let random = Random::seeded(7);
        let mut wanted_us = 15_000_000;
        for failures in 1..40 {
            let pause_us = next_try_us(NOW, failures, &random) - NOW;
            assert!(pause_us >= wanted_us / 2, "{failures}: {pause_us}");
            assert!(pause_us <= wanted_us, "{failures}: {pause_us}");
            wanted_us = (wanted_us * 2).min(60 * MINUTE);
        }
        let pauses: Vec<i64> = (0..4).map(|_| next_try_us(NOW, 9, &random)).collect();
        assert!(pauses.windows(2).any(|two| two[0] != two[1]));
    }
}
