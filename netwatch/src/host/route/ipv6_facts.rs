//! What `/proc/net/ipv6_route` tells of IPv6 routes beside netlink: their flags and references.

use std::{
    collections::HashMap,
    fs,
    io::ErrorKind,
    net::{IpAddr, Ipv6Addr},
};

use anyhow::{Context as _, Result};

use super::Route;

/// One line's last words (`ipv6_route_native_seq_show` in `net/ipv6/ip6_fib.c`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// `RTF_…` of `include/uapi/linux/route.h` and `ipv6_route.h`.
    pub flags: u32,
    /// References to the kernel's object.
    pub references: u32,
    /// How often it was used; the kernel no longer counts.
    pub used: u32,
}

/// What makes a line that of a route's way: destination and source with their lengths, gateway,
/// metric, interface.
type Key = ((IpAddr, u8), (IpAddr, u8), IpAddr, u32, String);

/// Adds what is told to those routes that it is told of.
///
/// # Errors
///
/// The file can't be read, though the kernel has IPv6.
pub fn add(routes: &mut [Route]) -> Result<()> {
    const PATH: &str = "/proc/thread-self/net/ipv6_route";
    let lines = match fs::read(PATH) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        read => read.with_context(|| format!("read {PATH}"))?,
    };
    let lines = String::from_utf8_lossy(&lines);
    let told: HashMap<Key, Facts> = lines.lines().filter_map(line).collect();
    for route in routes {
        let to = (route.destination, route.prefix_length);
        let from = route.source.unwrap_or((UNSPECIFIED, 0));
        for hop in &mut route.next_hops {
            let gateway = hop.gateway.unwrap_or(UNSPECIFIED);
            let interface = hop.interface.clone().unwrap_or_default();
            let key = (to, from, gateway, route.metric, interface);
            hop.facts = told.get(&key).copied();
        }
    }
    Ok(())
}

const UNSPECIFIED: IpAddr = IpAddr::V6(Ipv6Addr::UNSPECIFIED);

fn line(line: &str) -> Option<(Key, Facts)> {
    let words: Vec<&str> = line.split_ascii_whitespace().collect();
    let &[
        to,
        to_length,
        from,
        from_length,
        gateway,
        ref numbers @ ..,
        interface,
    ] = &words[..]
    else {
        return None;
    };
    let &[metric, references, used, flags] = numbers else {
        return None;
    };
    let number = |text| u32::from_str_radix(text, 16).ok();
    let length = |text| u8::from_str_radix(text, 16).ok();
    let address = |text| {
        let bits = u128::from_str_radix(text, 16).ok()?;
        Some(IpAddr::V6(Ipv6Addr::from_bits(bits)))
    };
    let key = (
        (address(to)?, length(to_length)?),
        (address(from)?, length(from_length)?),
        address(gateway)?,
        number(metric)?,
        crate::text::clean(interface.as_bytes()),
    );
    let facts = Facts {
        flags: number(flags)?,
        references: number(references)?,
        used: number(used)?,
    };
    Some((key, facts))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read() {
        let text = "fd990000000000000000000000000001 80 00000000000000000000000000000000 00 \
            fd000000000000000000000000000005 00000005 00000002 00000000 00000003       v1";
        let (key, facts) = line(text).unwrap();
        let (to, gateway) = ("fd99::1".parse().unwrap(), "fd00::5".parse().unwrap());
        let nowhere = (UNSPECIFIED, 0);
        assert_eq!(key, ((to, 128), nowhere, gateway, 5, "v1".to_owned()));
        let expected = Facts {
            flags: 3,
            references: 2,
            used: 0,
        };
        assert_eq!(facts, expected);
        assert_eq!(line("fd99"), None);
    }
}
