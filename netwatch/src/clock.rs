//! The kernel's monotonic clock, and wall time beside it.

use std::fmt;

use jiff::{Timestamp, Zoned, tz::TimeZone};
use rustix::time::{ClockId, clock_gettime};

use crate::event::MonoNs;

/// Now, in ns of `CLOCK_MONOTONIC`: what `bpf_ktime_get_ns` reads.
pub fn monotonic() -> MonoNs {
    let now = clock_gettime(ClockId::Monotonic);
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}

/// Turns monotonic time into wall time, by one reading of both clocks.
#[derive(Clone, Debug)]
pub struct Clock {
    /// ns since 1970 at monotonic zero.
    offset: i128,
    zone: TimeZone,
}

impl Clock {
    /// Reads both clocks, and the system's time zone.
    pub fn now() -> Self {
        let wall = Timestamp::now();
        Self::new(monotonic(), wall, TimeZone::system())
    }

    /// From one reading of both clocks.
    pub fn new(mono: MonoNs, wall: Timestamp, zone: TimeZone) -> Self {
        Self {
            offset: wall.as_nanosecond() - i128::from(mono),
            zone,
        }
    }

    /// RFC 3339 in UTC with nanoseconds, as JSON has it.
    pub fn rfc3339(&self, mono: MonoNs) -> impl fmt::Display {
        self.wall(mono).strftime("%Y-%m-%dT%H:%M:%S.%9fZ")
    }

    /// Local time of day with milliseconds, as text has it.
    pub fn time_of_day(&self, mono: MonoNs) -> String {
        let local: Zoned = self.wall(mono).to_zoned(self.zone.clone());
        local.strftime("%H:%M:%S.%3f").to_string()
    }

    fn wall(&self, mono: MonoNs) -> Timestamp {
        Timestamp::from_nanosecond(self.offset + i128::from(mono)).unwrap_or(Timestamp::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn monotonic_time_becomes_wall_time() {
        let wall = "2026-11-23T12:28:37Z".parse().unwrap();
        let clock = Clock::new(5_000_000_000, wall, TimeZone::fixed(jiff::tz::offset(1)));
        let later = 5_000_000_000 + 1_123_456_789;
        assert_eq!(
            clock.rfc3339(later).to_string(),
            "2026-11-23T12:28:38.123456789Z"
        );
        assert_eq!(clock.time_of_day(later), "13:28:38.123");
    }
}
