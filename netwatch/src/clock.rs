//! The kernel's monotonic clock, and wall time beside it.

use std::fmt::{self, Write as _};

use jiff::{Timestamp, Zoned, tz::TimeZone};
use rustix::time::{ClockId, clock_gettime};

use crate::event::MonoNs;

/// Now, in ns of `CLOCK_MONOTONIC`: what `bpf_ktime_get_ns` reads.
pub fn monotonic() -> MonoNs {
    let now = clock_gettime(ClockId::Monotonic);
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}

/// Turns monotonic time into wall time, by a reading of both clocks.
#[derive(Clone, Debug)]
pub struct Clock {
    /// ns since 1970 at monotonic zero.
    offset: i128,
    zone: TimeZone,
}

/// A smaller difference between two readings is left alone, so that times that belong together keep
/// their distance.
const TOLERANCE_NS: i128 = 1_000_000;

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

    /// Reads both clocks again: wall time may have been set, and goes on while the machine sleeps,
    /// which monotonic time does not. Whether that was so.
    pub fn refresh(&mut self) -> bool {
        let before = monotonic();
        let wall = Timestamp::now();
        self.adopt(before, wall, monotonic())
    }

    /// Takes over a reading of wall time between two of monotonic time, where it says for certain
    /// that wall time has moved.
    fn adopt(&mut self, before: MonoNs, wall: Timestamp, after: MonoNs) -> bool {
        let offset = wall.as_nanosecond() - i128::from(before);
        let uncertainty = i128::from(after) - i128::from(before);
        let has_moved = (offset - self.offset).abs() > TOLERANCE_NS + uncertainty;
        if has_moved {
            self.offset = offset;
        }
        has_moved
    }

    /// RFC 3339 in UTC with nanoseconds, as JSON has it.
    pub fn rfc3339(&self, mono: MonoNs) -> impl fmt::Display {
        self.wall(mono).strftime("%Y-%m-%dT%H:%M:%S.%9fZ")
    }

    /// Local time of day with milliseconds, as text has it.
    pub fn time_of_day(&self, mono: MonoNs) -> String {
        self.local(mono).strftime("%H:%M:%S.%3f").to_string()
    }

    fn local(&self, mono: MonoNs) -> Zoned {
        self.wall(mono).to_zoned(self.zone.clone())
    }

    fn wall(&self, mono: MonoNs) -> Timestamp {
        Timestamp::from_nanosecond(self.offset + i128::from(mono)).unwrap_or(Timestamp::MAX)
    }
}

/// Writes times one after another: what the times of one second share is made once.
#[derive(Clone, Debug)]
pub struct Stamps {
    clock: Clock,
    /// When the second began that the texts are of.
    second: MonoNs,
    utc: String,
    local: String,
}

const SECOND_NS: MonoNs = 1_000_000_000;

impl Stamps {
    pub const fn new(clock: Clock) -> Self {
        Self {
            clock,
            second: MonoNs::MAX,
            utc: String::new(),
            local: String::new(),
        }
    }

    /// As [`Clock::refresh`].
    pub fn refresh(&mut self) {
        if self.clock.refresh() {
            self.second = MonoNs::MAX;
        }
    }

    /// As [`Clock::rfc3339`].
    pub fn rfc3339(&mut self, mono: MonoNs, out: &mut String) {
        let nanos = self.enter(mono);
        out.push_str(&self.utc);
        push_digits(out, nanos, 9);
        out.push('Z');
    }

    /// As [`Clock::time_of_day`].
    pub fn time_of_day(&mut self, mono: MonoNs, out: &mut String) {
        let nanos = self.enter(mono);
        out.push_str(&self.local);
        push_digits(out, nanos / 1_000_000, 3);
    }

    /// Makes the texts of a time's second, up to the point; gives back its nanoseconds.
    fn enter(&mut self, mono: MonoNs) -> u32 {
        if let Some(nanos) = mono.checked_sub(self.second)
            && nanos < SECOND_NS
        {
            return nanos as u32;
        }
        let at = self.clock.wall(mono);
        self.utc.clear();
        self.local.clear();
        // Writing to a String can't fail.
        let _ = write!(self.utc, "{}", at.strftime("%Y-%m-%dT%H:%M:%S."));
        let local = at.to_zoned(self.clock.zone.clone());
        let _ = write!(self.local, "{}", local.strftime("%H:%M:%S."));
        let wall = self.clock.offset + i128::from(mono);
        let nanos = wall.rem_euclid(i128::from(SECOND_NS)) as u32;
        // A second that began before monotonic zero is made anew each time.
        self.second = mono.checked_sub(nanos.into()).unwrap_or(MonoNs::MAX);
        nanos
    }
}

/// A number of so many digits, with zeros in front.
fn push_digits(out: &mut String, mut number: u32, count: usize) {
    let mut digits = [b'0'; 9];
    for digit in digits[..count].iter_mut().rev() {
        *digit += (number % 10) as u8;
        number /= 10;
    }
    out.extend(digits[..count].iter().map(|digit| char::from(*digit)));
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

    #[test]
    fn wall_time_is_followed_but_not_the_jitter_of_its_reading() {
        const MS: MonoNs = 1_000_000;
        let start: Timestamp = "2026-11-23T12:00:00Z".parse().unwrap();
        let mut clock = Clock::new(0, start, TimeZone::UTC);
        let wall = |ms: i64| start + jiff::SignedDuration::from_millis(ms);
        let mut read = |before: MonoNs, ms: i64, after: MonoNs| {
            let has_moved = clock.adopt(before, wall(ms), after);
            assert_eq!(has_moved, clock.wall(before) == wall(ms));
            has_moved
        };
        assert!(!read(10 * MS, 11, 10 * MS), "a millisecond");
        assert!(!read(20 * MS, 25, 25 * MS), "read in between");
        assert!(read(30 * MS, 60_030, 30 * MS), "slept for a minute");
        assert!(read(40 * MS, -1_000, 40 * MS), "set back");
    }

    #[test]
    fn stamps_are_those_of_the_clock() {
        let wall = "2026-11-23T23:59:58.999999999Z".parse().unwrap();
        let clock = Clock::new(5, wall, TimeZone::fixed(jiff::tz::offset(1)));
        let mut stamps = Stamps::new(clock.clone());
        for mono in [5, 6, 4, 1_000_000_006, 0, 999_999_999_999, 6] {
            let (mut utc, mut local) = (String::new(), String::new());
            stamps.rfc3339(mono, &mut utc);
            stamps.time_of_day(mono, &mut local);
            assert_eq!(utc, clock.rfc3339(mono).to_string());
            assert_eq!(local, clock.time_of_day(mono));
        }
    }
}
