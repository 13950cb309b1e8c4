//! What the counters mean, and which mean trouble when they grow.

mod table;

pub use table::MEANINGS;

use super::Statistics;

/// What one counter says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meaning {
    /// The kernel's names of section and counter. The sections of IPv6 share the rows of IPv4, where
    /// they have none of their own.
    pub section: &'static str,
    pub counter: &'static str,
    pub kind: Kind,
    pub sentence: &'static str,
}

/// What a change of it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Something ordinary happened.
    Plain,
    /// Something was lost, refused or given up.
    Trouble,
    /// It is no counter but a level, which falls as well.
    Level,
}

/// What this counter means, where it is known.
pub fn of(section: &str, counter: &str) -> Option<&'static Meaning> {
    let exact = |section: &str| {
        let mut rows = MEANINGS.iter();
        rows.find(|row| row.section == section && row.counter == counter)
    };
    exact(section).or_else(|| exact(section.strip_suffix('6')?))
}

/// Whether its growth means trouble.
pub fn is_trouble(section: &str, counter: &str, change: i128) -> bool {
    change > 0 && of(section, counter).is_some_and(|meaning| meaning.kind == Kind::Trouble)
}

/// The share of segments that were sent again, among all that were sent meanwhile; None where none
/// was sent.
pub fn retransmitted(changes: &Statistics) -> Option<f64> {
    let again = changes.get("Tcp", "RetransSegs").unwrap_or(0);
    let sent = changes.get("Tcp", "OutSegs").unwrap_or(0);
    // The kernel doesn't count in OutSegs what it sends again.
    (sent + again > 0).then(|| again as f64 / (sent + again) as f64)
}

/// From this share on, retransmissions are trouble.
pub const TOO_MANY_RETRANSMITTED: f64 = 0.01;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::statistics::Section;

    #[test]
    fn rows_of_ipv4_are_those_of_ipv6_too() {
        assert_eq!(of("Udp6", "InErrors"), of("Udp", "InErrors"));
        assert!(of("Udp", "InErrors").is_some());
        assert_eq!(of("Udp", "Nothing"), None);
        assert!(is_trouble("TcpExt", "ListenOverflows", 1));
        assert!(!is_trouble("TcpExt", "ListenOverflows", 0));
        assert!(!is_trouble("Tcp", "ActiveOpens", 1));
    }

    #[test]
    fn the_share_of_retransmitted_segments() {
        let of = |sent, again| {
            let counters = [("OutSegs", sent), ("RetransSegs", again)];
            let section = Section {
                name: "Tcp".to_owned(),
                counters: counters
                    .map(|(name, number)| (name.to_owned(), number))
                    .into(),
            };
            retransmitted(&Statistics(vec![section]))
        };
        assert_eq!(of(0, 0), None);
        assert_eq!(of(99, 1), Some(0.01));
        assert_eq!(of(0, 1), Some(1.0));
    }
}
