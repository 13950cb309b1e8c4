//! Quantities with units.

use std::time::Duration;

/// Units of time in nanoseconds, the greatest first.
const TIMES: &[(&str, u64)] = &[
    ("d", 86_400_000_000_000),
    ("h", 3_600_000_000_000),
    ("min", 60_000_000_000),
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("us", 1_000),
    ("µs", 1_000),
    ("ns", 1),
];

/// Units of data in bytes.
const SIZES: &[(&str, u64)] = &[
    ("", 1),
    ("B", 1),
    ("k", 1_000),
    ("kB", 1_000),
    ("M", 1_000_000),
    ("MB", 1_000_000),
    ("G", 1_000_000_000),
    ("GB", 1_000_000_000),
    ("T", 1_000_000_000_000),
    ("TB", 1_000_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
];

/// A time such as `1.5s`.
pub fn duration(text: &str) -> Option<Duration> {
    quantity(text, TIMES).map(Duration::from_nanos)
}

/// A number of bytes such as `1MB`, which is 1 000 000, or `1MiB`.
pub fn bytes(text: &str) -> Option<u64> {
    quantity(text, SIZES)
}

/// A time as [`duration`] reads it, in the greatest unit that gives a whole number.
pub fn written(time: Duration) -> String {
    let nanos = time.as_nanos();
    let whole = |row: &&(&str, u64)| nanos.is_multiple_of(row.1.into()) && row.0 != "min";
    // Whole nanoseconds are always some.
    let (unit, size) = TIMES.iter().find(whole).copied().unwrap_or(("ns", 1));
    let unit = if nanos == 0 { "s" } else { unit };
    format!("{}{unit}", nanos / u128::from(size))
}

fn quantity(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let end = text.find(|character: char| !character.is_ascii_digit() && character != '.');
    let (number, unit) = text.split_at(end.unwrap_or(text.len()));
    let row = |row: &&(&str, u64)| row.0.eq_ignore_ascii_case(unit);
    let (_, size) = units.iter().find(row)?;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    // More digits than a unit has parts say nothing.
    if whole.is_empty() || fraction.is_empty() || fraction.len() > 15 {
        return None;
    }
    let parts = u128::from(fraction.parse::<u64>().ok()?) * u128::from(*size);
    let part = parts / 10_u128.pow(fraction.len() as u32);
    let whole = whole.parse::<u64>().ok()?.checked_mul(*size)?;
    whole.checked_add(u64::try_from(part).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_have_units() {
        for (text, nanos) in [
            ("10m", Some(600_000_000_000)),
            ("100ms", Some(100_000_000)),
            ("1.5s", Some(1_500_000_000)),
            ("0.1us", Some(100)),
            ("10", None),
            ("s", None),
            ("1.s", None),
            ("1 s", None),
            ("99999999999d", None),
        ] {
            assert_eq!(duration(text), nanos.map(Duration::from_nanos), "{text}");
        }
        for (text, expected) in [
            ("1MB", Some(1_000_000)),
            ("1mb", Some(1_000_000)),
            ("2MiB", Some(2 << 20)),
            ("1.5k", Some(1_500)),
            ("7", Some(7)),
            ("7x", None),
            ("-1", None),
        ] {
            assert_eq!(bytes(text), expected, "{text}");
        }
    }

    #[test]
    fn a_time_is_written_as_it_is_read() {
        for text in ["0s", "1ns", "1500ms", "90s", "2h", "3d", "7us"] {
            let time = duration(text).unwrap();
            assert_eq!(written(time), text);
            assert_eq!(duration(&written(time)), Some(time));
        }
    }
}
