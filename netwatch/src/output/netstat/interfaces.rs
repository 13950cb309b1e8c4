//! Interfaces, in the short and the long form.

mod links;

use std::{
    io::{self, Write},
    net::Ipv4Addr,
};

use super::padded;
use crate::netstat::{
    args::Request,
    interfaces::{Counters, Direction, Interface, Map},
    names,
};

/// A flag of an interface (`IFF_…` of `include/uapi/linux/if.h`): letter and word.
struct Flag {
    bit: u32,
    letter: char,
    word: &'static str,
}

const fn flag(bit: u32, letter: char, word: &'static str) -> Flag {
    Flag { bit, letter, word }
}

const BROADCAST: u32 = 1 << 1;
const POINT_TO_POINT: u32 = 1 << 4;

/// In the order of their words.
const FLAGS: [Flag; 14] = [
    flag(1, 'U', "UP"),
    flag(BROADCAST, 'B', "BROADCAST"),
    flag(1 << 2, 'D', "DEBUG"),
    flag(1 << 3, 'L', "LOOPBACK"),
    flag(POINT_TO_POINT, 'P', "POINTOPOINT"),
    flag(1 << 5, 'N', "NOTRAILERS"),
    flag(1 << 6, 'R', "RUNNING"),
    flag(1 << 7, 'O', "NOARP"),
    flag(1 << 8, 'P', "PROMISC"),
    flag(1 << 9, 'A', "ALLMULTI"),
    flag(1 << 11, 's', "SLAVE"),
    flag(1 << 10, 'm', "MASTER"),
    flag(1 << 12, 'M', "MULTICAST"),
    flag(1 << 15, 'd', "DYNAMIC"),
];

/// The bits whose letters stand in a row of the short form, in its order.
const LETTERS: [u32; 14] = [
    1 << 9,
    BROADCAST,
    1 << 2,
    1 << 3,
    1 << 12,
    1 << 15,
    1 << 8,
    1 << 5,
    1 << 7,
    POINT_TO_POINT,
    1 << 11,
    1 << 10,
    1 << 6,
    1,
];

/// `IPV6_ADDR_…` of `include/net/ipv6.h`.
const SCOPES: [(u8, &str); 5] = [
    (0, "global"),
    (0x20, "link"),
    (0x40, "site"),
    (0x80, "compat"),
    (0x10, "host"),
];

/// A table, above which there is a title only the first time.
pub fn print(
    out: &mut impl Write,
    request: &Request,
    interfaces: &[Interface],
    is_first: bool,
) -> io::Result<()> {
    if is_first {
        writeln!(out, "Kernel Interface table")?;
    }
    if request.extended > 0 {
        return interfaces
            .iter()
            .try_for_each(|interface| long(out, interface));
    }
    writeln!(
        out,
        "Iface             MTU    RX-OK RX-ERR RX-DRP RX-OVR    TX-OK TX-ERR TX-DRP TX-OVR Flg"
    )?;
    interfaces
        .iter()
        .try_for_each(|interface| short(out, interface))
}

fn short(out: &mut impl Write, interface: &Interface) -> io::Result<()> {
    let link = &interface.link;
    write!(out, "{} {:>5} ", padded(&interface.name, 15), link.mtu)?;
    match &interface.counters {
        Some(Counters { received, sent, .. }) => {
            let Direction {
                packets,
                errors,
                dropped,
                overruns,
                ..
            } = received;
            write!(out, "{packets:>8} {errors:>6} {dropped:>6} {overruns:<6} ")?;
            let Direction {
                packets,
                errors,
                dropped,
                overruns,
                ..
            } = sent;
            write!(out, "{packets:>8} {errors:>6} {dropped:>6} {overruns:>6} ")?;
        }
        None => write!(out, "{:<56}", "     - no statistics available -")?,
    }
    if link.flags as u16 == 0 {
        return writeln!(out, "[NO FLAGS]");
    }
    let letters: String = LETTERS
        .iter()
        .filter(|bit| link.flags & **bit != 0)
        .filter_map(|bit| FLAGS.iter().find(|flag| flag.bit == *bit))
        .map(|flag| flag.letter)
        .collect();
    writeln!(out, "{letters}")
}

fn long(out: &mut impl Write, interface: &Interface) -> io::Result<()> {
    let link = &interface.link;
    let words: Vec<&str> = FLAGS
        .iter()
        .filter(|flag| link.flags & flag.bit != 0)
        .map(|flag| flag.word)
        .collect();
    // netstat takes the flags for a signed number of 16 bits.
    let number = (link.flags as u16).cast_signed();
    let words = match (number, &words[..]) {
        (0, _) => "<".to_owned(),
        (_, []) => String::new(),
        (_, words) => format!("<{}>", words.join(",")),
    };
    writeln!(
        out,
        "{}: flags={number}{words}  mtu {}",
        interface.name, link.mtu
    )?;
    addresses(out, interface)?;
    let hardware = links::describe(link.kind, &link.address);
    let (queue, title) = (link.queue_length, hardware.title);
    writeln!(
        out,
        "        {}  txqueuelen {queue}  ({title})",
        hardware.address
    )?;
    if let Some(read) = &interface.counters {
        counters(out, read)?;
    }
    map(out, &link.map)?;
    writeln!(out)
}

fn addresses(out: &mut impl Write, interface: &Interface) -> io::Result<()> {
    if let Some(ipv4) = interface.ipv4 {
        let bits = u32::MAX.checked_shl(32 - u32::from(ipv4.prefix_length.min(32)));
        let mask = Ipv4Addr::from_bits(bits.unwrap_or(0));
        write!(out, "        inet {}  netmask {mask}", ipv4.address)?;
        if interface.link.flags & BROADCAST != 0 {
            write!(out, "  broadcast {}", ipv4.broadcast)?;
        }
        if interface.link.flags & POINT_TO_POINT != 0 {
            write!(out, "  destination {}", ipv4.peer)?;
        }
        writeln!(out)?;
    }
    for ipv6 in &interface.ipv6 {
        let address = names::number(ipv6.address.into());
        let (length, scope) = (ipv6.prefix_length, ipv6.scope);
        let name = SCOPES.iter().find(|(known, _)| *known == scope & 0xf0);
        let name = name.map_or("unknown", |(_, name)| name);
        writeln!(
            out,
            "        inet6 {address}  prefixlen {length}  scopeid 0x{scope:x}<{name}>"
        )?;
    }
    Ok(())
}

fn counters(out: &mut impl Write, read: &Counters) -> io::Result<()> {
    let Counters { received, sent, .. } = read;
    let bytes = |of: &Direction| format!("bytes {} ({})", of.bytes, humane(of.bytes));
    writeln!(
        out,
        "        RX packets {}  {}",
        received.packets,
        bytes(received)
    )?;
    writeln!(
        out,
        "        RX errors {}  dropped {}  overruns {}  frame {}",
        received.errors, received.dropped, received.overruns, read.frame
    )?;
    writeln!(out, "        TX packets {}  {}", sent.packets, bytes(sent))?;
    writeln!(
        out,
        "        TX errors {}  dropped {} overruns {}  carrier {}  collisions {}",
        sent.errors, sent.dropped, sent.overruns, read.carrier, read.collisions
    )
}

/// Where there is any, of hardware.
fn map(out: &mut impl Write, map: &Map) -> io::Result<()> {
    if *map == Map::default() {
        return Ok(());
    }
    write!(out, "        device ")?;
    if map.interrupt != 0 {
        write!(out, "interrupt {}  ", map.interrupt)?;
    }
    if map.base != 0 {
        write!(out, "base 0x{:x}  ", map.base)?;
    }
    if map.memory_start != 0 {
        write!(
            out,
            "memory 0x{:x}-{:x}  ",
            map.memory_start, map.memory_end
        )?;
    }
    if map.dma != 0 {
        write!(out, "  dma 0x{:x}", map.dma)?;
    }
    writeln!(out)
}

/// In units of 1024, with one digit behind the point that is never rounded up.
fn humane(bytes: u64) -> String {
    const UNITS: [&str; 7] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    let mut at = 0;
    while at + 1 < UNITS.len() && bytes > 1 << (10 * (at + 1)) {
        at += 1;
    }
    let tenths = (u128::from(bytes) * 10) >> (10 * at);
    format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[at])
}

#[cfg(test)]
mod tests;
