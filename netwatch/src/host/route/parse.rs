//! From a netlink message to a route.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use super::{HEADER, NextHop, Route, words};
use crate::{
    event::Family,
    host::netlink::{address, attributes, u32},
};

/// `RTA_…`.
mod kind {
    pub const DST: u16 = 1;
    pub const SRC: u16 = 2;
    pub const OIF: u16 = 4;
    pub const GATEWAY: u16 = 5;
    pub const PRIORITY: u16 = 6;
    pub const PREFSRC: u16 = 7;
    pub const METRICS: u16 = 8;
    pub const MULTIPATH: u16 = 9;
    pub const CACHEINFO: u16 = 12;
    pub const TABLE: u16 = 15;
    pub const VIA: u16 = 18;
    pub const NH_ID: u16 = 30;
}

/// `RTM_F_CLONED`: an entry of a cache, no route.
const CLONED: u32 = 0x200;

/// `AF_INET` and `AF_INET6`.
const FAMILIES: [(u8, Family); 2] = [(2, Family::Ipv4), (10, Family::Ipv6)];

pub fn family_number(family: Family) -> u8 {
    FAMILIES[usize::from(family == Family::Ipv6)].0
}

/// A route; None where the message is about something else.
pub fn route(message: &[u8], names: &HashMap<u32, String>) -> Option<Route> {
    let (header, rest) = message.split_first_chunk::<HEADER>()?;
    let [
        family,
        prefix_length,
        source_length,
        tos,
        table,
        protocol,
        scope,
        kind,
        ..,
    ] = *header;
    let (_, family) = *FAMILIES.iter().find(|(number, _)| *number == family)?;
    let flags = u32(&header[8..])?;
    if flags & CLONED != 0 {
        return None;
    }
    let mut route = Route {
        family,
        kind,
        destination: unspecified(family),
        prefix_length,
        source: None,
        table: table.into(),
        protocol,
        scope,
        tos,
        metric: 0,
        preferred_source: None,
        metrics: Vec::new(),
        expires_s: None,
        next_hops: Vec::new(),
        next_hop_id: None,
    };
    for (kind, value) in attributes(rest) {
        take(&mut route, kind, value, names);
        if kind == kind::SRC {
            route.source = address(value).map(|source| (source, source_length));
        }
    }
    // What stands beside a single way is about it; of several each says it for itself.
    let only = next_hop(rest, flags, 1, names);
    if only.index.is_some() || only.gateway.is_some() {
        route.next_hops = vec![only];
    }
    Some(route)
}

fn take(route: &mut Route, kind: u16, value: &[u8], names: &HashMap<u32, String>) {
    match kind {
        kind::DST => route.destination = address(value).unwrap_or(route.destination),
        kind::PRIORITY => route.metric = u32(value).unwrap_or(route.metric),
        kind::PREFSRC => route.preferred_source = address(value),
        kind::METRICS => route.metrics = attributes(value).filter_map(metric).collect(),
        kind::MULTIPATH => route.next_hops = next_hops(value, names),
        kind::CACHEINFO => route.expires_s = expires_s(value),
        kind::TABLE => route.table = u32(value).unwrap_or(route.table),
        kind::NH_ID => route.next_hop_id = u32(value),
        _ => {}
    }
}

fn metric((number, value): (u16, &[u8])) -> Option<(&'static str, u32)> {
    let known = |(known, _): &&(u32, &str)| *known == u32::from(number);
    let (_, name) = words::METRICS.iter().find(known)?;
    let value = u32(value)?;
    let value = match *name {
        "rtt" => value / 8,
        "rttvar" => value / 4,
        _ => value,
    };
    Some((name, value))
}

/// `rta_expires`, the third number of `struct rta_cacheinfo`, in hundredths of seconds (`USER_HZ`).
fn expires_s(value: &[u8]) -> Option<u64> {
    let ticks = u32(value.get(8..)?)?.cast_signed();
    u64::try_from(ticks)
        .ok()
        .filter(|ticks| *ticks != 0)
        .map(|ticks| ticks / 100)
}

/// The way that a list of attributes describes.
fn next_hop(list: &[u8], flags: u32, weight: u32, names: &HashMap<u32, String>) -> NextHop {
    let mut hop = NextHop {
        gateway: None,
        index: None,
        interface: None,
        weight,
        flags,
        facts: None,
    };
    for (kind, value) in attributes(list) {
        match kind {
            kind::OIF => hop.index = u32(value),
            kind::GATEWAY => hop.gateway = address(value),
            // `struct rtvia`: the family, then the address.
            kind::VIA => hop.gateway = value.get(2..).and_then(address),
            _ => {}
        }
    }
    hop.interface = hop.index.and_then(|index| names.get(&index).cloned());
    hop
}

/// `struct rtnexthop`: length, flags, weight less one, interface; its attributes follow.
const NEXT_HOP: usize = 8;

fn next_hops(mut rest: &[u8], names: &HashMap<u32, String>) -> Vec<NextHop> {
    let mut hops = Vec::new();
    while let Some((&[low, high, flags, share, i, n, d, x], _)) =
        rest.split_first_chunk::<NEXT_HOP>()
    {
        let length = usize::from(u16::from_ne_bytes([low, high]));
        let Some(list) = rest.get(NEXT_HOP..length) else {
            break;
        };
        let index = u32::from_ne_bytes([i, n, d, x]);
        let hop = next_hop(list, flags.into(), u32::from(share) + 1, names);
        hops.push(NextHop {
            index: Some(index),
            interface: names.get(&index).cloned(),
            ..hop
        });
        rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    hops
}

const fn unspecified(family: Family) -> IpAddr {
    match family {
        Family::Ipv4 => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        Family::Ipv6 => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::netlink::tests::attribute;

    fn names() -> HashMap<u32, String> {
        HashMap::from([(2, "eth0".to_owned()), (3, "eth1".to_owned())])
    }

    /// A message of IPv4 about 10.0.0.0/8 of table 254, made by boot.
    fn message(kind: u8, flags: u32, attributes: &[(u16, &[u8])]) -> Vec<u8> {
        let mut bytes = vec![2, 8, 0, 0, 254, 3, 0, kind];
        bytes.extend(flags.to_ne_bytes());
        bytes.extend(attribute(kind::DST, &[10, 0, 0, 0]));
        for (kind, value) in attributes {
            bytes.extend(attribute(*kind, value));
        }
        bytes
    }

    #[test]
    fn one_way_with_metrics() {
        let metrics = [(2, 1400), (4, 160), (99, 1)]
            .map(|(kind, value): (u16, u32)| attribute(kind, &value.to_ne_bytes()))
            .concat();
        let expires = [0_u32, 0, 6_000].map(u32::to_ne_bytes).concat();
        let message = message(
            1,
            4,
            &[
                (kind::GATEWAY, &[192, 0, 2, 1]),
                (kind::OIF, &2_u32.to_ne_bytes()),
                (kind::PRIORITY, &100_u32.to_ne_bytes()),
                (kind::TABLE, &1000_u32.to_ne_bytes()),
                (kind::METRICS, &metrics),
                (kind::CACHEINFO, &expires),
            ],
        );
        let route = route(&message, &names()).unwrap();
        assert_eq!(route.destination.to_string(), "10.0.0.0");
        assert_eq!((route.table, route.metric, route.protocol), (1000, 100, 3));
        assert_eq!(route.metrics, [("mtu", 1400), ("rtt", 20)]);
        assert_eq!(route.expires_s, Some(60));
        let [hop] = &route.next_hops[..] else {
            panic!("{:?}", route.next_hops);
        };
        assert_eq!(hop.gateway, Some(IpAddr::from([192, 0, 2, 1])));
        assert_eq!((hop.interface.as_deref(), hop.flags), (Some("eth0"), 4));
    }

    #[test]
    fn several_ways() {
        let via = [&10_u16.to_ne_bytes()[..], &[0xfd; 16]].concat();
        let one = attribute(kind::GATEWAY, &[192, 0, 2, 1]);
        let other = attribute(kind::VIA, &via);
        let mut hops = Vec::new();
        for (list, share, index) in [(one, 1, 2_u32), (other, 0, 9)] {
            hops.extend(((NEXT_HOP + list.len()) as u16).to_ne_bytes());
            hops.extend([16, share]);
            hops.extend(index.to_ne_bytes());
            hops.extend(list);
        }
        // Shorter than its own header: the end.
        hops.extend([4, 0, 0, 0, 0, 0, 0, 0]);
        let route = route(&message(1, 0, &[(kind::MULTIPATH, &hops)]), &names()).unwrap();
        let told: Vec<_> = route
            .next_hops
            .iter()
            .map(|hop| (hop.interface.as_deref(), hop.index, hop.weight, hop.flags))
            .collect();
        assert_eq!(
            told,
            [(Some("eth0"), Some(2), 2, 16), (None, Some(9), 1, 16)]
        );
        assert_eq!(route.next_hops[1].gateway, Some(IpAddr::from([0xfd; 16])));
    }

    #[test]
    fn nowhere() {
        let blackhole = route(&message(6, 0, &[]), &names()).unwrap();
        assert_eq!(blackhole.next_hops, []);
        assert_eq!(
            route(&message(1, CLONED, &[]), &names()),
            None,
            "of a cache"
        );
        assert_eq!(route(&[7; 12], &names()), None, "of another family");
        assert_eq!(route(&[2; 5], &names()), None, "cut off");
    }
}
