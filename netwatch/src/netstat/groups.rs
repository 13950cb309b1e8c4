//! Memberships in multicast groups, from `/proc/net/igmp` and `/proc/net/igmp6`.

use std::net::{IpAddr, Ipv4Addr};

use anyhow::Result;

use super::args::Choice;
use crate::proc_net;
use crate::text;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    /// Clean.
    pub interface: String,
    /// How many asked for it.
    pub references: u64,
    pub group: IpAddr,
}

/// Those of the families that were chosen, IPv4 first.
///
/// # Errors
///
/// A file is there and can't be read.
pub fn read(choice: &Choice) -> Result<Vec<Membership>> {
    let mut memberships = Vec::new();
    if choice.ipv4 {
        memberships.extend(ipv4(&proc_net::lines("igmp")?));
    }
    if choice.ipv6 {
        let lines = proc_net::lines("igmp6")?;
        memberships.extend(lines.iter().filter_map(|line| ipv6(line)));
    }
    Ok(memberships)
}

/// A line for each interface, below it an indented one for each of its groups.
fn ipv4(lines: &[String]) -> Vec<Membership> {
    let mut interface = String::new();
    let mut memberships = Vec::new();
    for line in lines.iter().skip(1) {
        let mut words = line.split_ascii_whitespace();
        let (first, second) = (words.next(), words.next());
        if !line.starts_with(char::is_whitespace) {
            let name = second.unwrap_or_default().trim_end_matches(':');
            interface = text::plain(name.as_bytes());
            continue;
        }
        let group = first.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let references = second.and_then(|number| number.parse().ok());
        if let (Some(group), Some(references)) = (group, references) {
            memberships.push(Membership {
                interface: interface.clone(),
                references,
                group: Ipv4Addr::from(group.to_ne_bytes()).into(),
            });
        }
    }
    memberships
}

/// Index, interface, group, references, flags, timer.
fn ipv6(line: &str) -> Option<Membership> {
    let mut words = line.split_ascii_whitespace().skip(1);
    Some(Membership {
        interface: text::plain(words.next()?.as_bytes()),
        group: proc_net::ipv6(words.next()?)?.into(),
        references: words.next()?.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_endian = "little")]
    fn groups_belong_to_the_interface_above_them() {
        let text = "Idx\tDevice    : Count Querier\tGroup    Users Timer\tReporter\n\
                    1\tlo        :     1      V3\n\t\t\t\t010000E0     1 0:00000000\t\t0\n\
                    2\tverylongname012:     2      V3\n\t\t\t\tFB0000E0    12 0:00000000\t\t0\n";
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let told: Vec<String> = ipv4(&lines)
            .iter()
            .map(|one| format!("{} {} {}", one.interface, one.references, one.group))
            .collect();
        assert_eq!(told, ["lo 1 224.0.0.1", "verylongname012 12 224.0.0.251"]);
    }

    #[test]
    fn an_ipv6_group_is_read() {
        let line = "1    lo              ff020000000000000000000000000001     1 0000000C 0";
        let membership = ipv6(line).unwrap();
        assert_eq!(membership.group, "ff02::1".parse::<IpAddr>().unwrap());
        assert_eq!((membership.references, &*membership.interface), (1, "lo"));
    }
}
