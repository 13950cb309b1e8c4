//! The kernel's protocol counters: `/proc/net/snmp`, `/proc/net/netstat` and `/proc/net/snmp6`.

pub mod meaning;

use std::{fs, io::ErrorKind, time::Duration};

use anyhow::{Context as _, Result};

/// The counters of one protocol, or of an extension to one, in the kernel's order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// The kernel's name: `Tcp`, `TcpExt`, `Ip6`.
    pub name: String,
    /// The kernel's name and number of each. Few are negative, and mean by that that there is no
    /// limit; most are 64 bits without a sign.
    pub counters: Vec<(String, i128)>,
}

/// Everything that was counted since the namespace began.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statistics(pub Vec<Section>);

/// What changed between two readings.
#[derive(Clone, Debug, PartialEq)]
pub struct Changes {
    /// Only counters that changed, each with the difference.
    pub counters: Statistics,
    pub time: Duration,
}

/// The protocols that are wanted; none is all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Protocols {
    pub tcp: bool,
    pub udp: bool,
}

impl Protocols {
    fn takes(self, section: &str) -> bool {
        let of = |protocol| section.trim_start_matches("MP").starts_with(protocol);
        let takes_all = !self.tcp && !self.udp;
        takes_all || self.tcp && of("Tcp") || self.udp && of("Udp")
    }
}

/// Files whose lines come in pairs, names above numbers; and one with a pair to the line.
const PAIRED: [&str; 2] = ["snmp", "netstat"];
const LISTED: &str = "snmp6";

/// Reads them for this thread's network namespace.
///
/// # Errors
///
/// A file can't be read. That of IPv6 need not be there.
pub fn read(protocols: Protocols) -> Result<Statistics> {
    let mut sections = Vec::new();
    for file in PAIRED {
        sections.extend(paired(&text(file)?));
    }
    sections.extend(listed(&text(LISTED)?));
    sections.retain(|section| protocols.takes(&section.name));
    Ok(Statistics(sections))
}

fn text(file: &str) -> Result<String> {
    // Not /proc/net: that is where the process's first thread is, whichever asks.
    let path = format!("/proc/thread-self/net/{file}");
    let bytes = match fs::read(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound && file == LISTED => Vec::new(),
        read => read.with_context(|| format!("read {path}"))?,
    };
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// `Tcp: ActiveOpens …` above `Tcp: 1 …`.
fn paired(text: &str) -> Vec<Section> {
    let lines: Vec<&str> = text.lines().collect();
    let pairs = lines.chunks_exact(2).filter_map(|pair| {
        let (name, names) = pair[0].split_once(':')?;
        let (_, numbers) = pair[1].split_once(':').filter(|(same, _)| *same == name)?;
        let names = names.split_ascii_whitespace().map(str::to_owned);
        let numbers = numbers
            .split_ascii_whitespace()
            .map_while(|number| number.parse().ok());
        Some(Section {
            name: name.to_owned(),
            counters: names.zip(numbers).collect(),
        })
    });
    pairs.collect()
}

/// `Ip6InReceives 1`: a section's name, which ends with 6, and the counter's.
fn listed(text: &str) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    for line in text.lines() {
        let mut words = line.split_ascii_whitespace();
        let name = words.next().and_then(|word| word.split_once('6'));
        let number = words.next().and_then(|word| word.parse().ok());
        let (Some((section, counter)), Some(number)) = (name, number) else {
            continue;
        };
        let section = format!("{section}6");
        if sections.last().is_none_or(|last| last.name != section) {
            sections.push(Section {
                name: section,
                counters: Vec::new(),
            });
        }
        if let Some(last) = sections.last_mut() {
            last.counters.push((counter.to_owned(), number));
        }
    }
    sections
}

impl Statistics {
    /// One counter, by section and name.
    pub fn get(&self, section: &str, counter: &str) -> Option<i128> {
        let section = self.0.iter().find(|known| known.name == section)?;
        let found = section.counters.iter().find(|(name, _)| name == counter);
        found.map(|(_, number)| *number)
    }

    /// What changed since an earlier reading, by how much. A counter that was not there began at 0.
    pub fn since(&self, earlier: &Self) -> Self {
        let sections = self.0.iter().map(|section| Section {
            name: section.name.clone(),
            counters: grown(section, earlier),
        });
        Self(
            sections
                .filter(|section| !section.counters.is_empty())
                .collect(),
        )
    }
}

fn grown(section: &Section, earlier: &Statistics) -> Vec<(String, i128)> {
    let then = earlier.0.iter().find(|then| then.name == section.name);
    let then = then.map_or(&[][..], |then| &then.counters);
    let counters = section.counters.iter().enumerate();
    let changes = counters.map(|(index, (name, now))| {
        // In the same place, but where the kernel has begun to list further ones.
        let same = |(known, _): &&(String, i128)| known == name;
        let then = then
            .get(index)
            .filter(same)
            .or_else(|| then.iter().find(same));
        (name.clone(), now - then.map_or(0, |(_, number)| *number))
    });
    changes.filter(|(_, change)| *change != 0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SNMP: &str = "\
Tcp: RtoMax MaxConn ActiveOpens OutSegs
Tcp: 120000 -1 3 18446744073709551615
IcmpMsg: InType3
IcmpMsg: 4
";

    fn section(name: &str, counters: &[(&str, i128)]) -> Section {
        Section {
            name: name.to_owned(),
            counters: counters
                .iter()
                .map(|(name, number)| ((*name).to_owned(), *number))
                .collect(),
        }
    }

    #[test]
    fn pairs_of_lines_are_read() {
        let tcp = [
            ("RtoMax", 120_000),
            ("MaxConn", -1),
            ("ActiveOpens", 3),
            ("OutSegs", u64::MAX.into()),
        ];
        let expected = [section("Tcp", &tcp), section("IcmpMsg", &[("InType3", 4)])];
        assert_eq!(paired(SNMP), expected);
        assert_eq!(paired("Tcp: A\nUdp: 1\n"), [], "lines that are no pair");
    }

    #[test]
    fn pairs_in_a_line_are_read() {
        let text = "Ip6InReceives  5\nIp6OutRequests 6\nIcmp6OutType133 7\nUdpLite6InErrors 8\n";
        let expected = [
            section("Ip6", &[("InReceives", 5), ("OutRequests", 6)]),
            section("Icmp6", &[("OutType133", 7)]),
            section("UdpLite6", &[("InErrors", 8)]),
        ];
        assert_eq!(listed(text), expected);
    }

    #[test]
    fn only_what_changed_remains_of_a_difference() {
        let then = Statistics(paired(SNMP));
        let mut now = then.clone();
        assert_eq!(now.since(&then), Statistics::default());
        now.0[0].counters[2].1 = 10;
        now.0[1].counters.insert(0, ("InType0".to_owned(), 2));
        let expected = [
            section("Tcp", &[("ActiveOpens", 7)]),
            section("IcmpMsg", &[("InType0", 2)]),
        ];
        assert_eq!(now.since(&then).0, expected);
        assert_eq!(now.get("Tcp", "MaxConn"), Some(-1));
        assert_eq!(now.get("Tcp", "Nothing"), None);
    }

    #[test]
    fn a_protocol_has_its_extensions_and_versions() {
        let sections = [
            "Ip", "Tcp", "TcpExt", "MPTcpExt", "Udp", "UdpLite6", "Icmp6",
        ];
        let taken = |tcp, udp| -> Vec<&str> {
            let protocols = Protocols { tcp, udp };
            let taken = sections.iter().copied();
            taken.filter(|name| protocols.takes(name)).collect()
        };
        assert_eq!(taken(true, false), ["Tcp", "TcpExt", "MPTcpExt"]);
        assert_eq!(taken(false, true), ["Udp", "UdpLite6"]);
        assert_eq!(taken(false, false), sections);
    }
}
