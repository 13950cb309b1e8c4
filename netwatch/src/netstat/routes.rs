//! Routes, from `/proc/net/route` and `/proc/net/ipv6_route`.

use std::net::{Ipv4Addr, Ipv6Addr};

use anyhow::Result;

use crate::{proc_net, text};

/// `RTF_…` of `include/uapi/linux/route.h` and `ipv6_route.h`.
pub mod flag {
    pub const UP: u32 = 1;
    pub const HOST: u32 = 4;
    pub const REJECT: u32 = 0x200;
    /// An entry of the cache.
    pub const CACHE: u32 = 0x0100_0000;
}

/// One row of `/proc/net/route`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route4 {
    /// Clean.
    pub interface: String,
    pub destination: Ipv4Addr,
    pub gateway: Ipv4Addr,
    /// [`flag`]
    pub flags: u32,
    pub references: i64,
    pub uses: i64,
    pub metric: i64,
    pub mask: Ipv4Addr,
    /// Bytes; 0 where the route has none of its own. The kernel tells the advertised MSS plus 40.
    pub mtu: i64,
    /// Segments.
    pub window: i64,
    /// Initial round trip time.
    pub round_trip: i64,
}

/// One row of `/proc/net/ipv6_route`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route6 {
    /// Clean.
    pub interface: String,
    pub destination: Ipv6Addr,
    pub prefix_length: u8,
    pub next_hop: Ipv6Addr,
    /// netstat takes these three for signed.
    pub metric: i32,
    pub references: i32,
    pub uses: i32,
    /// [`flag`]
    pub flags: u32,
}

/// The IPv4 routes that are up; None in a network namespace that has never had one.
///
/// # Errors
///
/// The file is there and can't be read.
pub fn read_ipv4() -> Result<Option<Vec<Route4>>> {
    let lines = proc_net::lines("route")?;
    if lines.is_empty() {
        return Ok(None);
    }
    let routes = lines.iter().skip(1).filter_map(|line| route4(line));
    let up = routes.filter(|route| route.flags & flag::UP != 0);
    Ok(Some(up.collect()))
}

/// The IPv6 routes.
///
/// # Errors
///
/// The file is there and can't be read.
pub fn read_ipv6() -> Result<Vec<Route6>> {
    let lines = proc_net::lines("ipv6_route")?;
    Ok(lines.iter().filter_map(|line| route6(line)).collect())
}

/// `Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT`
fn route4(line: &str) -> Option<Route4> {
    let words: Vec<&str> = line.split_ascii_whitespace().collect();
    let [
        interface,
        destination,
        gateway,
        flags,
        references,
        uses,
        metric,
        mask,
        rest @ ..,
    ] = &words[..]
    else {
        return None;
    };
    let [mtu, window, round_trip] = rest else {
        return None;
    };
    let address = |digits: &str| {
        let word = u32::from_str_radix(digits, 16).ok()?;
        Some(Ipv4Addr::from(word.to_ne_bytes()))
    };
    Some(Route4 {
        interface: text::plain(interface.as_bytes()),
        destination: address(destination)?,
        gateway: address(gateway)?,
        flags: u32::from_str_radix(flags, 16).ok()?,
        references: references.parse().ok()?,
        uses: uses.parse().ok()?,
        metric: metric.parse().ok()?,
        mask: address(mask)?,
        mtu: mtu.parse().ok()?,
        window: window.parse().ok()?,
        round_trip: round_trip.parse().ok()?,
    })
}

/// Destination and its length, source and its length, next hop, metric, references, uses, flags,
/// interface; all numbers in hexadecimal.
fn route6(line: &str) -> Option<Route6> {
    let words: Vec<&str> = line.split_ascii_whitespace().collect();
    let [
        destination,
        length,
        _,
        _,
        next_hop,
        metric,
        references,
        uses,
        flags,
        interface,
    ] = &words[..]
    else {
        return None;
    };
    let number = |digits: &str| u32::from_str_radix(digits, 16).ok();
    Some(Route6 {
        interface: text::plain(interface.as_bytes()),
        destination: proc_net::ipv6(destination)?,
        prefix_length: u8::from_str_radix(length, 16).ok()?,
        next_hop: proc_net::ipv6(next_hop)?,
        metric: number(metric)?.cast_signed(),
        references: number(references)?.cast_signed(),
        uses: number(uses)?.cast_signed(),
        flags: number(flags)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv4_route_is_read() {
        let line = "eth0\t000200C0\t00000000\t0001\t1\t2\t100\t00FFFFFF\t1500\t4096\t30  ";
        let route = route4(line).unwrap();
        assert_eq!(route.destination, Ipv4Addr::new(192, 0, 2, 0));
        assert_eq!(route.mask, Ipv4Addr::new(255, 255, 255, 0));
        assert_eq!((route.references, route.uses, route.metric), (1, 2, 100));
        assert_eq!(
            (route.mtu, route.window, route.round_trip),
            (1500, 4096, 30)
        );
        assert_eq!(route4("eth0 000200C0"), None);
    }

    #[test]
    fn an_ipv6_route_is_read() {
        let zero = "0".repeat(32);
        let line =
            format!("{zero} 00 {zero} 00 {zero} ffffffff 00000001 00000000 00200200       lo");
        let route = route6(&line).unwrap();
        assert_eq!((route.metric, route.references, route.uses), (-1, 1, 0));
        assert_eq!((route.flags, &*route.interface), (0x0020_0200, "lo"));
        assert_eq!(route6("00 00"), None);
    }
}
