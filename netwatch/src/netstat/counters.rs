//! Protocol counters, from `/proc/net/snmp`, `netstat` and `snmp6`.

use anyhow::Result;

use super::args::Protocols;
use crate::proc_net;

/// Counters under one heading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The kernel's name.
    pub name: String,
    /// Names and values, in the kernel's order.
    pub counters: Vec<(String, u64)>,
    /// Whether its protocol was chosen.
    pub is_chosen: bool,
}

/// Which groups belong to a protocol; all others are always shown.
const PROTOCOLS: &[(&str, Protocols)] = &[
    ("Ip", Protocols::RAW),
    ("Icmp", Protocols::RAW),
    ("Tcp", Protocols::TCP),
    ("TcpExt", Protocols::TCP),
    ("Udp", Protocols::UDP),
    ("Ip6", Protocols::RAW),
    ("Icmp6", Protocols::RAW),
    ("Udp6", Protocols::UDP),
];

/// Groups of `/proc/net/snmp6`: how their counters' names begin, the longer before the shorter.
const GROUPS6: [&str; 4] = ["Ip6", "Icmp6", "UdpLite6", "Udp6"];

/// The counters of IPv4 and of what both families share.
///
/// # Errors
///
/// A file is there and can't be read.
pub fn read(chosen: Protocols) -> Result<Vec<Group>> {
    let mut groups = pairs(&proc_net::lines("snmp")?);
    groups.extend(pairs(&proc_net::lines("netstat")?));
    choose(&mut groups, chosen);
    Ok(groups)
}

/// The counters of IPv6, and those of TCP, which both families share.
///
/// # Errors
///
/// A file is there and can't be read.
pub fn read_ipv6(chosen: Protocols) -> Result<Vec<Group>> {
    let mut groups = singles(&proc_net::lines("snmp6")?);
    let tcp = pairs(&proc_net::lines("snmp")?);
    groups.extend(tcp.into_iter().filter(|group| group.name == "Tcp"));
    choose(&mut groups, chosen);
    Ok(groups)
}

fn choose(groups: &mut [Group], chosen: Protocols) {
    for group in groups {
        let row = PROTOCOLS.iter().find(|(name, _)| *name == group.name);
        group.is_chosen =
            chosen.is_empty() || row.is_none_or(|(_, protocol)| chosen.has(*protocol));
    }
}

/// A line of names and a line of values, both beginning with the group's name.
fn pairs(lines: &[String]) -> Vec<Group> {
    let pairs = lines.chunks_exact(2).filter_map(|pair| {
        let (name, names) = pair[0].split_once(':')?;
        let (_, values) = pair[1].split_once(':')?;
        // Negative is only what is never shown.
        let values = values.split_ascii_whitespace();
        let values = values.map(|value| value.parse().unwrap_or_default());
        let names = names.split_ascii_whitespace().map(str::to_owned);
        Some(Group {
            name: name.to_owned(),
            counters: names.zip(values).collect(),
            is_chosen: true,
        })
    });
    pairs.collect()
}

/// A line for each counter, whose name begins with its group's.
fn singles(lines: &[String]) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for line in lines {
        let mut words = line.split_ascii_whitespace();
        let (Some(name), Some(value)) = (words.next(), words.next()) else {
            continue;
        };
        let Some(group) = GROUPS6.iter().find(|group| name.starts_with(**group)) else {
            continue;
        };
        let counter = (name.to_owned(), value.parse().unwrap_or_default());
        match groups.last_mut() {
            Some(last) if last.name == *group => last.counters.push(counter),
            _ => groups.push(Group {
                name: (*group).to_owned(),
                counters: vec![counter],
                is_chosen: true,
            }),
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn names_and_values_are_joined() {
        let groups = pairs(&lines("Ip: A B\nIp: 1 2\nTcp: MaxConn C\nTcp: -1 3\n"));
        assert_eq!(groups[0].name, "Ip");
        assert_eq!(
            groups[0].counters,
            [("A".to_owned(), 1), ("B".to_owned(), 2)]
        );
        assert_eq!(groups[1].counters[1], ("C".to_owned(), 3));
    }

    #[test]
    fn a_counters_name_tells_its_group() {
        let groups = singles(&lines(
            "Ip6InReceives  5\nUdp6NoPorts 1\nUdpLite6NoPorts 2\n",
        ));
        let names: Vec<_> = groups.iter().map(|group| group.name.as_str()).collect();
        assert_eq!(names, ["Ip6", "Udp6", "UdpLite6"]);
    }

    #[test]
    fn chosen_protocols_leave_out_others() {
        let groups = pairs(&lines(
            "Tcp: A\nTcp: 1\nUdp: A\nUdp: 1\nIpExt: A\nIpExt: 1\n",
        ));
        let chosen = |protocols| {
            let mut groups = groups.clone();
            choose(&mut groups, protocols);
            groups
                .iter()
                .map(|group| group.is_chosen)
                .collect::<Vec<_>>()
        };
        assert_eq!(chosen(Protocols::default()), [true, true, true]);
        assert_eq!(chosen(Protocols::UDP), [false, true, true]);
    }
}
