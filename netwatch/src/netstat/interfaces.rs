//! Interfaces: their counters from `/proc/net/dev`, IPv6 addresses in the order of
//! `/proc/net/if_inet6`, and all else over netlink.

mod link;

use std::{
    cmp::Ordering,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use anyhow::Result;

pub use link::{Link, Map};

use crate::{
    host::interfaces::{Address, addresses},
    proc_net, text,
};

/// An interface, or one of the labels that its addresses have.
#[derive(Clone, Debug)]
pub struct Interface {
    /// Clean.
    pub name: String,
    pub link: Link,
    /// A label has none of its own.
    pub counters: Option<Counters>,
    pub ipv4: Option<Ipv4>,
    pub ipv6: Vec<Ipv6>,
}

/// The first IPv4 address with the interface's name as its label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ipv4 {
    pub address: Ipv4Addr,
    pub prefix_length: u8,
    pub broadcast: Ipv4Addr,
    /// The other end, or the address itself.
    pub peer: Ipv4Addr,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ipv6 {
    pub address: Ipv6Addr,
    pub prefix_length: u8,
    /// `IPV6_ADDR_…` of `include/net/ipv6.h`.
    pub scope: u8,
}

/// A row of `/proc/net/dev`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    pub received: Direction,
    pub sent: Direction,
    /// Of received packets: those with wrong frames.
    pub frame: u64,
    pub collisions: u64,
    pub carrier: u64,
}

/// What is counted of both directions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Direction {
    pub bytes: u64,
    pub packets: u64,
    pub errors: u64,
    pub dropped: u64,
    pub overruns: u64,
}

/// `IFF_UP` of `include/uapi/linux/if.h`.
pub const UP: u32 = 1;

/// Interfaces and labels in netstat's order; those that are down only where all are wanted.
///
/// # Errors
///
/// The kernel refuses, or a file can't be read.
pub fn read(all: bool) -> Result<Vec<Interface>> {
    let counters: Vec<_> = proc_net::lines("dev")?
        .iter()
        .filter_map(|line| counters(line))
        .collect();
    let ipv6: Vec<_> = proc_net::lines("if_inet6")?
        .iter()
        .filter_map(|line| ipv6(line))
        .collect();
    let mut addresses = addresses::read()?;
    let mut interfaces = Vec::new();
    for (index, name, link) in link::read()? {
        let ipv4 = addresses.remove(&index).unwrap_or_default();
        let own = |(of, _): &&(String, Counters)| *of == name;
        interfaces.extend(labels(&name, &ipv4).into_iter().map(|label| Interface {
            link: link.clone(),
            counters: None,
            ipv4: first(&label, &ipv4),
            ipv6: Vec::new(),
            name: label,
        }));
        interfaces.push(Interface {
            counters: counters.iter().find(own).map(|(_, counters)| *counters),
            ipv4: first(&name, &ipv4),
            ipv6: ipv6
                .iter()
                .filter(|(of, _)| *of == name)
                .map(|(_, address)| *address)
                .collect(),
            link,
            name,
        });
    }
    interfaces.retain(|interface| all || interface.link.flags & UP != 0);
    interfaces.sort_by(|one, other| order(&one.name, &other.name));
    Ok(interfaces)
}

/// Labels of addresses that are not the interface's name, each once.
fn labels(name: &str, addresses: &[Address]) -> Vec<String> {
    let mut labels: Vec<String> = Vec::new();
    for label in addresses.iter().filter_map(|address| address.label.clone()) {
        if label != name && !labels.contains(&label) {
            labels.push(label);
        }
    }
    labels
}

fn first(label: &str, addresses: &[Address]) -> Option<Ipv4> {
    addresses
        .iter()
        .filter(|address| address.label.as_deref() == Some(label))
        .find_map(ipv4)
}

fn ipv4(found: &Address) -> Option<Ipv4> {
    let only_v4 = |address| match address {
        IpAddr::V4(address) => Some(address),
        IpAddr::V6(_) => None,
    };
    let address = only_v4(found.address)?;
    Some(Ipv4 {
        address,
        prefix_length: found.prefix_length,
        broadcast: found
            .broadcast
            .and_then(only_v4)
            .unwrap_or(Ipv4Addr::UNSPECIFIED),
        peer: found.peer.and_then(only_v4).unwrap_or(address),
    })
}

/// `eth0: bytes packets errs drop fifo frame compressed multicast`, and of what was sent
/// `bytes packets errs drop fifo colls carrier compressed`.
fn counters(line: &str) -> Option<(String, Counters)> {
    let (name, numbers) = line.split_once(':')?;
    let numbers: Option<Vec<u64>> = numbers
        .split_ascii_whitespace()
        .map(|number| number.parse().ok())
        .collect();
    let numbers: [u64; 16] = numbers?.try_into().ok()?;
    let [received, sent] = [0, 8].map(|at| Direction {
        bytes: numbers[at],
        packets: numbers[at + 1],
        errors: numbers[at + 2],
        dropped: numbers[at + 3],
        overruns: numbers[at + 4],
    });
    let counters = Counters {
        received,
        sent,
        frame: numbers[5],
        collisions: numbers[13],
        carrier: numbers[14],
    };
    Some((text::plain(name.trim().as_bytes()), counters))
}

/// Address, index, prefix length, scope, flags, name.
fn ipv6(line: &str) -> Option<(String, Ipv6)> {
    let mut words = line.split_ascii_whitespace();
    let address = proc_net::ipv6(words.next()?)?;
    let mut byte = || u8::from_str_radix(words.next()?, 16).ok();
    let (_, prefix_length, scope, _) = (byte()?, byte()?, byte()?, byte()?);
    let name = text::plain(words.next()?.as_bytes());
    Some((
        name,
        Ipv6 {
            address,
            prefix_length,
            scope,
        },
    ))
}

/// netstat's order: by the name without its last number, by that number, by a label's number.
fn order(one: &str, other: &str) -> Ordering {
    let key = |name: &str| {
        let (base, label) = match name.rsplit_once(':') {
            Some((base, label)) if trailing_number(label).0.is_empty() => {
                (base.to_owned(), trailing_number(label).1)
            }
            _ => (name.to_owned(), None),
        };
        let (stem, number) = trailing_number(&base);
        (stem.to_owned(), number, label, name.to_owned())
    };
    key(one).cmp(&key(other))
}

fn trailing_number(text: &str) -> (&str, Option<u64>) {
    let stem = text.trim_end_matches(|character: char| character.is_ascii_digit());
    (stem, text[stem.len()..].parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_in_netstats_order() {
        let names = [
            "br0", "eth", "eth0", "eth0:0", "eth1", "eth2", "eth10", "eth10:3", "eth0.20",
            "eth0.100", "eth0:web", "lo",
        ];
        let mut sorted = names;
        sorted.reverse();
        sorted.sort_by(|one, other| order(one, other));
        assert_eq!(sorted, names);
    }

    #[test]
    fn counters_are_read() {
        let (name, read) = counters("  eth0: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16").unwrap();
        assert_eq!(name, "eth0");
        assert_eq!(
            (read.received.bytes, read.received.overruns, read.frame),
            (1, 5, 6)
        );
        assert_eq!(
            (read.sent.packets, read.collisions, read.carrier),
            (10, 14, 15)
        );
        assert_eq!(counters(" face |bytes    packets errs"), None);
    }

    #[test]
    fn an_ipv6_address_is_read() {
        let (name, read) = ipv6("fe800000000000000000000000000001 02 40 20 80     eth0").unwrap();
        assert_eq!((&*name, read.prefix_length, read.scope), ("eth0", 64, 0x20));
    }
}
