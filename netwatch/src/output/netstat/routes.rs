//! Tables of routes.

use std::{
    io::{self, Write},
    net::Ipv4Addr,
};

use super::padded;
use crate::netstat::{
    args::Request,
    names::Names,
    routes::{Route4, Route6, flag},
};

/// Letters by flag (`include/uapi/linux/route.h`), in netstat's order.
const FLAGS4: [(u32, char); 19] = [
    (1, 'U'),
    (1 << 1, 'G'),
    (1 << 2, 'H'),
    (1 << 3, 'R'),
    (1 << 4, 'D'),
    (1 << 5, 'M'),
    (1 << 6, 'u'),
    (1 << 7, 'w'),
    (1 << 8, 'i'),
    (1 << 10, 'n'),
    (1 << 16, 'd'),
    (1 << 17, 'a'),
    (1 << 18, 'c'),
    (1 << 21, 'o'),
    (1 << 22, 'e'),
    (1 << 24, 'c'),
    (1 << 25, 'f'),
    (1 << 26, 'p'),
    (1 << 31, 'l'),
];

/// The same of IPv6 (`include/uapi/linux/ipv6_route.h`).
const FLAGS6: [(u32, char); 12] = [
    (1, 'U'),
    (flag::REJECT, '!'),
    (1 << 1, 'G'),
    (1 << 2, 'H'),
    (1 << 16, 'D'),
    (1 << 18, 'A'),
    (flag::CACHE, 'C'),
    (1 << 17, 'a'),
    (1 << 22, 'e'),
    (1 << 5, 'm'),
    (1 << 21, 'n'),
    (1 << 25, 'f'),
];

/// A name takes no more of the IPv4 table.
const NAME_WIDTH: usize = 15;

/// Headings without `-e`, with one, and with two; beyond that netstat has none.
const HEADINGS4: [&str; 3] = [
    "Destination     Gateway         Genmask         Flags   MSS Window  irtt Iface",
    "Destination     Gateway         Genmask         Flags Metric Ref    Use Iface",
    "Destination     Gateway         Genmask         Flags Metric Ref    Use Iface    \
     MSS   Window irtt",
];

/// The same of the cache.
const CACHE_HEADINGS4: [&str; 3] = [
    "Source          Destination     Gateway         Flags   MSS Window  irtt Iface",
    "Source          Destination     Gateway         Flags Metric Ref    Use Iface",
    "Source          Destination     Gateway         Flags Metric Ref    Use Iface    \
     MSS   Window irtt  TOS HHRef HHUptod     SpecDst",
];

pub fn print_ipv4(
    out: &mut impl Write,
    request: &Request,
    routes: &[Route4],
    names: &mut Names,
) -> io::Result<()> {
    writeln!(out, "Kernel IP routing table")?;
    let Some(heading) = HEADINGS4.get(usize::from(request.extended)) else {
        return Ok(());
    };
    writeln!(out, "{heading}")?;
    for route in routes {
        let destination = destination4(route, names);
        if route.flags & flag::REJECT != 0 {
            rejecting4(out, request, route, &destination)?;
        } else {
            let gateway = cut(names.host(route.gateway.into()));
            let destination = format!("{destination} {gateway}");
            row4(out, request, route, &destination)?;
        }
    }
    Ok(())
}

fn row4(out: &mut impl Write, request: &Request, route: &Route4, ends: &str) -> io::Result<()> {
    let (mask, flags) = (route.mask, letters(&FLAGS4, route.flags));
    let interface = &route.interface;
    let (metric, references, uses) = (route.metric, route.references, route.uses);
    let (mss, window, round_trip) = (route.mtu, route.window, route.round_trip);
    let mask = mask.to_string();
    write!(out, "{ends} {mask:<15} {flags:<5} ")?;
    match request.extended {
        0 => writeln!(out, "{mss:>5} {window:<5} {round_trip:>6} {interface}"),
        1 => writeln!(out, "{metric:<6} {references:<2} {uses:>7} {interface}"),
        _ => {
            let interface: String = interface.chars().take(6).collect();
            writeln!(
                out,
                "{metric:<6} {references:<3} {uses:>6} {interface:<6}   \
                 {mss:<5} {window:<6} {round_trip}"
            )
        }
    }
}

/// A route that refuses has nowhere to go, and a mark in the place of the first letter.
fn rejecting4(
    out: &mut impl Write,
    request: &Request,
    route: &Route4,
    destination: &str,
) -> io::Result<()> {
    let (mask, metric, uses) = (route.mask.to_string(), route.metric, route.uses);
    let flags = format!("!{}", letters(&FLAGS4[1..], route.flags));
    write!(out, "{destination} -               {mask:<15} {flags:<5} ")?;
    match request.extended {
        0 => writeln!(out, "    - -          - -"),
        1 => writeln!(out, "{metric:<6} -  {uses:>7} -"),
        _ => writeln!(out, "{metric:<6} -  {uses:>7} -        -     -      -"),
    }
}

/// A host where there are bits beyond the mask or the route is a host's, and a network otherwise.
fn destination4(route: &Route4, names: &mut Names) -> String {
    let (addr, mask) = (route.destination, route.mask);
    let is_host = route.flags & flag::HOST != 0 || addr.to_bits() & !mask.to_bits() != 0;
    if addr.is_unspecified() {
        let is_default = mask == Ipv4Addr::UNSPECIFIED && !names.are_numeric();
        return cut(if is_default { "default" } else { "0.0.0.0" });
    }
    if is_host {
        cut(names.host(addr.into()))
    } else {
        cut(&names.network(addr))
    }
}

/// As wide as the column, neither more nor less.
fn cut(name: &str) -> String {
    padded(&name[..name.floor_char_boundary(NAME_WIDTH)], NAME_WIDTH)
}

/// Only the headings: the kernel has no such cache since 3.6.
pub fn print_ipv4_cache(out: &mut impl Write, request: &Request) -> io::Result<()> {
    writeln!(out, "Kernel IP routing cache")?;
    match CACHE_HEADINGS4.get(usize::from(request.extended)) {
        Some(heading) => writeln!(out, "{heading}"),
        None => Ok(()),
    }
}

pub fn print_ipv6(
    out: &mut impl Write,
    what: &str,
    routes: &[Route6],
    names: &mut Names,
) -> io::Result<()> {
    writeln!(out, "Kernel IPv6 routing {what}")?;
    writeln!(
        out,
        "Destination                    Next Hop                   Flag Met Ref  Use If"
    )?;
    for route in routes {
        let host = names.host(route.destination.into());
        let destination = padded(&format!("{host}/{}", route.prefix_length), 30);
        let next_hop = padded(names.host(route.next_hop.into()), 26);
        writeln!(
            out,
            "{destination} {next_hop} {:<4} {:<3} {:<1} {:>6} {}",
            letters(&FLAGS6, route.flags),
            route.metric,
            route.references,
            route.uses,
            route.interface
        )?;
    }
    Ok(())
}

fn letters(table: &[(u32, char)], flags: u32) -> String {
    let set = table.iter().filter(|(flag, _)| flags & flag != 0);
    set.map(|(_, letter)| letter).collect()
}
