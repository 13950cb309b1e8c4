//! Numbers as people read them, in few characters.

use std::{fmt::Write as _, time::Duration};

/// Writes a count in at most five characters: `999`, `1.2k`, `123k`, `4.5M`.
pub fn push_count(out: &mut String, number: u64) {
    const UNITS: [(&str, u64); 6] = [
        ("E", 1_000_000_000_000_000_000),
        ("P", 1_000_000_000_000_000),
        ("T", 1_000_000_000_000),
        ("G", 1_000_000_000),
        ("M", 1_000_000),
        ("k", 1_000),
    ];
    let mut digits = itoa::Buffer::new();
    for (unit, size) in UNITS {
        if number >= size {
            out.push_str(digits.format(number / size));
            if number < 10 * size {
                out.push('.');
                out.push_str(digits.format(number % size / (size / 10)));
            }
            out.push_str(unit);
            return;
        }
    }
    out.push_str(digits.format(number));
}

/// Writes a duration in at most six characters: `17µs`, `2.3ms`, `1.2s`, `3m07s`, `5h12m`, `4d03h`.
pub fn push_duration(out: &mut String, time: Duration) {
    let micros = time.as_micros();
    let seconds = time.as_secs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    // Writing to a String can't fail.
    let _ = match seconds {
        0 if micros < 1_000 => write!(out, "{micros}µs"),
        0 if micros < 100_000 => write!(out, "{}.{}ms", micros / 1_000, micros % 1_000 / 100),
        0 => write!(out, "{}ms", micros / 1_000),
        1..60 => write!(out, "{seconds}.{}s", time.subsec_millis() / 100),
        60..3600 => write!(out, "{minutes}m{:02}s", seconds % 60),
        3600..86_400 => write!(out, "{hours}h{:02}m", minutes % 60),
        _ => write!(out, "{days}d{:02}h", hours % 24),
    };
}

/// A count, as [`push_count`] writes it.
pub fn count(number: u64) -> String {
    let mut text = String::new();
    push_count(&mut text, number);
    text
}

/// A duration, as [`push_duration`] writes it.
pub fn duration(time: Duration) -> String {
    let mut text = String::new();
    push_duration(&mut text, time);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts() {
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1.0k"),
            (1_234, "1.2k"),
            (9_999, "9.9k"),
            (123_456, "123k"),
            (999_999, "999k"),
            (4_560_000, "4.5M"),
            (u64::MAX, "18E"),
        ] {
            assert_eq!(count(number), text);
        }
    }

    #[test]
    fn durations() {
        for (micros, text) in [
            (0, "0µs"),
            (17, "17µs"),
            (2_345, "2.3ms"),
            (99_999, "99.9ms"),
            (345_000, "345ms"),
            (1_250_000, "1.2s"),
            (187_000_000, "3m07s"),
            (18_720_000_000, "5h12m"),
            (356_400_000_000, "4d03h"),
        ] {
            assert_eq!(duration(Duration::from_micros(micros)), text);
        }
    }
}
