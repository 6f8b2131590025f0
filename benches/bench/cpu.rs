//! Processor time, as Linux tells it. A busy machine disturbs it far less than it disturbs requests per second.

use std::{fs, time::Duration};

/// The kernel's unit in `/proc/self/stat`: the same on every Linux.
const TICKS_PER_SECOND: u64 = 100;

/// What this process has used except for the calling thread; `None` on other systems.
pub fn used_by_other_threads() -> Option<Duration> {
    let process = fs::read_to_string("/proc/self/stat").ok()?;
    // The name of the program stands in brackets and may hold spaces.
    let mut fields = process.rsplit_once(')')?.1.split_whitespace().skip(11);
    let mut ticks = || fields.next()?.parse::<u64>().ok();
    let process = Duration::from_millis((ticks()? + ticks()?) * 1000 / TICKS_PER_SECOND);
    let thread = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let thread = Duration::from_nanos(thread.split_whitespace().next()?.parse().ok()?);
    Some(process.saturating_sub(thread))
}
