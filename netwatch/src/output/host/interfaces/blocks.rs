//! All that is known of an interface, in a block.

use std::{
    fmt::Write as _,
    io::{self, Write},
    net::{IpAddr, Ipv4Addr},
};

use super::super::InterfaceReading;
use crate::host::{
    interfaces::{
        Address, Interface,
        counters::{Counter, RX_DROPS, RX_FRAME, TX_CARRIER},
        words::{FLAGS, LINK_TYPES, STATES},
    },
    route::words::{SCOPES, set, word},
};

const INDENT: &str = "        ";

/// The flags that `netstat -ie` can show: 16 bits.
const SHOWN_FLAGS: u32 = 0xffff;

/// Writes a block for each, with an empty line after it.
///
/// # Errors
///
/// It can't be written.
pub fn blocks(out: &mut impl Write, reading: &InterfaceReading) -> io::Result<()> {
    writeln!(out, "Kernel Interface table")?;
    for interface in &reading.interfaces {
        let flags = interface.flags & SHOWN_FLAGS;
        let (name, names, mtu) = (&interface.name, set(FLAGS, flags).join(","), interface.mtu);
        writeln!(out, "{name}: flags={flags}<{names}>  mtu {mtu}")?;
        for address in &interface.addresses {
            writeln!(out, "{INDENT}{}", address_line(address))?;
        }
        writeln!(out, "{INDENT}{}", link_line(interface))?;
        writeln!(out, "{INDENT}{}", place_line(interface, reading))?;
        received(out, interface)?;
        sent(out, interface)?;
        writeln!(out)?;
    }
    Ok(())
}

fn address_line(address: &Address) -> String {
    let (own, length) = (address.address, address.prefix_length);
    let scope = word(SCOPES, address.scope.into());
    let mut line = match own {
        IpAddr::V4(_) => {
            let zeros = 32 - u32::from(length.min(32));
            let mask = Ipv4Addr::from_bits(u32::MAX.checked_shl(zeros).unwrap_or(0));
            format!("inet {own}  netmask {mask}")
        }
        IpAddr::V6(_) => format!("inet6 {own}  prefixlen {length}  scope {scope}"),
    };
    // Writing to a String can't fail.
    if let Some(broadcast) = address.broadcast {
        let _ = write!(line, "  broadcast {broadcast}");
    }
    if let Some(peer) = address.peer {
        let _ = write!(line, "  destination {peer}");
    }
    if let Some(seconds) = address.valid_s {
        let _ = write!(line, "  valid {seconds}s");
    }
    line
}

fn link_line(interface: &Interface) -> String {
    let mut line = word(LINK_TYPES, interface.link_type.into());
    if interface.link_address.iter().any(|byte| *byte != 0) {
        let _ = write!(line, " {}", colons(&interface.link_address));
    }
    if let Some(length) = interface.queue_length {
        let _ = write!(line, "  txqueuelen {length}");
    }
    line
}

/// What stands between its bytes in a link-layer address.
pub fn colons(bytes: &[u8]) -> String {
    let bytes: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    bytes.join(":")
}

fn place_line(interface: &Interface, reading: &InterfaceReading) -> String {
    let mut line = format!("index {}", interface.index);
    let _ = write!(line, "  state {}", word(STATES, interface.state.into()));
    let name = |index: u32| {
        let name = reading.names.get(&index).cloned();
        name.unwrap_or_else(|| format!("#{index}"))
    };
    let parent = interface.parent.map(|parent| {
        if interface.parent_is_elsewhere {
            format!("#{parent} of another namespace")
        } else {
            name(parent)
        }
    });
    let facts = [
        ("kind", interface.kind.clone()),
        ("qdisc", interface.qdisc.clone()),
        ("master", interface.master.map(name)),
        ("link", parent),
        (
            "carrier changes",
            interface.carrier_changes.map(|count| count.to_string()),
        ),
    ];
    for (what, fact) in facts {
        if let Some(fact) = fact {
            let _ = write!(line, "  {what} {fact}");
        }
    }
    line
}

fn received(out: &mut impl Write, interface: &Interface) -> io::Result<()> {
    let sum = |counters: &[Counter]| interface.counters.sum(counters);
    volume(
        out,
        "RX",
        sum(&[Counter::RxPackets]),
        sum(&[Counter::RxBytes]),
    )?;
    writeln!(
        out,
        "{INDENT}RX errors {}  dropped {}  overruns {}  frame {}",
        sum(&[Counter::RxErrors]),
        sum(RX_DROPS),
        sum(&[Counter::RxFifoErrors]),
        sum(RX_FRAME),
    )?;
    details(
        out,
        interface,
        &[
            ("length", Counter::RxLengthErrors),
            ("over", Counter::RxOverErrors),
            ("crc", Counter::RxCrcErrors),
            ("align", Counter::RxFrameErrors),
            ("missed", Counter::RxMissedErrors),
            ("nohandler", Counter::RxNohandler),
            ("otherhost", Counter::RxOtherhostDropped),
            ("compressed", Counter::RxCompressed),
            ("multicast", Counter::Multicast),
        ],
    )
}

fn sent(out: &mut impl Write, interface: &Interface) -> io::Result<()> {
    let sum = |counters: &[Counter]| interface.counters.sum(counters);
    volume(
        out,
        "TX",
        sum(&[Counter::TxPackets]),
        sum(&[Counter::TxBytes]),
    )?;
    writeln!(
        out,
        "{INDENT}TX errors {}  dropped {}  overruns {}  carrier {}  collisions {}",
        sum(&[Counter::TxErrors]),
        sum(&[Counter::TxDropped]),
        sum(&[Counter::TxFifoErrors]),
        sum(TX_CARRIER),
        sum(&[Counter::Collisions]),
    )?;
    details(
        out,
        interface,
        &[
            ("carrier-lost", Counter::TxCarrierErrors),
            ("aborted", Counter::TxAbortedErrors),
            ("window", Counter::TxWindowErrors),
            ("heartbeat", Counter::TxHeartbeatErrors),
            ("compressed", Counter::TxCompressed),
        ],
    )
}

fn volume(out: &mut impl Write, way: &str, packets: u64, bytes: u64) -> io::Result<()> {
    let size = size(bytes);
    writeln!(
        out,
        "{INDENT}{way} packets {packets}  bytes {bytes} ({size})"
    )
}

/// The single counters behind the sums, and those that netstat leaves out.
fn details(
    out: &mut impl Write,
    interface: &Interface,
    counters: &[(&str, Counter)],
) -> io::Result<()> {
    let known = counters.iter().filter_map(|(name, counter)| {
        let number = interface.counters.get(*counter)?;
        Some(format!("{name} {number}"))
    });
    let known: Vec<String> = known.collect();
    writeln!(out, "{INDENT}   {}", known.join("  "))
}

/// Bytes as netstat writes them for people.
fn size(bytes: u64) -> String {
    const UNITS: [&str; 7] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    let unit = (bytes.max(1).ilog2() / 10) as usize;
    let size = bytes as f64 / (1_u64 << (10 * unit)) as f64;
    format!("{size:.1} {}", UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        for (bytes, text) in [
            (0, "0.0 B"),
            (1_023, "1023.0 B"),
            (1_046, "1.0 KiB"),
            (5 << 20, "5.0 MiB"),
            (u64::MAX, "16.0 EiB"),
        ] {
            assert_eq!(size(bytes), text);
        }
    }
}
