//! Numbers as people read them, in few characters.

use std::time::Duration;

/// A count in at most four characters: `999`, `1.2k`, `123k`, `4.5M`.
pub fn count(number: u64) -> String {
    const UNITS: [(&str, u64); 6] = [
        ("E", 1_000_000_000_000_000_000),
        ("P", 1_000_000_000_000_000),
        ("T", 1_000_000_000_000),
        ("G", 1_000_000_000),
        ("M", 1_000_000),
        ("k", 1_000),
    ];
    for (unit, size) in UNITS {
        if number >= 10 * size {
            return format!("{}{unit}", number / size);
        }
        if number >= size {
            return format!("{}.{}{unit}", number / size, number % size / (size / 10));
        }
    }
    number.to_string()
}

/// A duration in at most six characters: `17µs`, `2.3ms`, `1.2s`, `3m07s`, `5h12m`, `4d03h`.
pub fn duration(time: Duration) -> String {
    let micros = time.as_micros();
    let seconds = time.as_secs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match seconds {
        0 if micros < 1_000 => format!("{micros}µs"),
        0 if micros < 100_000 => format!("{}.{}ms", micros / 1_000, micros % 1_000 / 100),
        0 => format!("{}ms", micros / 1_000),
        1..60 => format!("{seconds}.{}s", time.subsec_millis() / 100),
        60..3600 => format!("{minutes}m{:02}s", seconds % 60),
        3600..86_400 => format!("{hours}h{:02}m", minutes % 60),
        _ => format!("{days}d{:02}h", hours % 24),
    }
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
