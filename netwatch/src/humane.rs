//! Numbers as people read them, in few characters.

use std::time::Duration;

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
    let seconds = time.as_secs();
    let micros = time.subsec_micros();
    let two = |out: &mut String, whole: u64, unit: &str, part: u64, part_unit: &str| {
        push_number(out, whole);
        out.push_str(unit);
        if part < 10 {
            out.push('0');
        }
        push_number(out, part);
        out.push_str(part_unit);
    };
    match seconds {
        0 if micros < 1_000 => {
            push_number(out, micros);
            out.push_str("µs");
        }
        0 if micros < 100_000 => push_tenths(out, micros / 100, "ms"),
        0 => {
            push_number(out, micros / 1_000);
            out.push_str("ms");
        }
        1..60 => push_tenths(out, seconds as u32 * 10 + micros / 100_000, "s"),
        60..3600 => two(out, seconds / 60, "m", seconds % 60, "s"),
        3600..86_400 => two(out, seconds / 3600, "h", seconds / 60 % 60, "m"),
        _ => two(out, seconds / 86_400, "d", seconds / 3600 % 24, "h"),
    }
}

fn push_number(out: &mut String, number: impl itoa::Integer) {
    out.push_str(itoa::Buffer::new().format(number));
}

fn push_tenths(out: &mut String, tenths: u32, unit: &str) {
    push_number(out, tenths / 10);
    out.push('.');
    push_number(out, tenths % 10);
    out.push_str(unit);
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
