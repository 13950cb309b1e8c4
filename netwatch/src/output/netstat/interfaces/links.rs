//! Kinds of links, by `ARPHRD_…` of `include/uapi/linux/if_arp.h`.

/// How a link's address is written.
#[derive(Clone, Copy, Debug)]
enum Address {
    None,
    /// There is room for one that netstat leaves empty.
    Empty,
    /// So many bytes, joined by a colon.
    Colons(usize),
    /// The same with dashes, in capitals.
    Dashes(usize),
    /// The same with colons, in capitals.
    Capitals(usize),
}

struct Kind {
    number: u16,
    name: &'static str,
    title: &'static str,
    address: Address,
}

const fn kind(number: u16, name: &'static str, title: &'static str, address: Address) -> Kind {
    Kind {
        number,
        name,
        title,
        address,
    }
}

const KINDS: &[Kind] = &[
    kind(1, "ether", "Ethernet", Address::Colons(6)),
    kind(7, "arcnet", "ARCnet", Address::Capitals(1)),
    kind(27, "eui64", "Generic EUI-64", Address::Capitals(8)),
    kind(256, "slip", "Serial Line IP", Address::None),
    kind(257, "cslip", "VJ Serial Line IP", Address::None),
    kind(258, "slip6", "6-bit Serial Line IP", Address::None),
    kind(259, "cslip6", "VJ 6-bit Serial Line IP", Address::None),
    kind(264, "adaptive", "Adaptive Serial Line IP", Address::None),
    kind(512, "ppp", "Point-to-Point Protocol", Address::None),
    kind(513, "hdlc", "(Cisco)-HDLC", Address::None),
    kind(516, "lapb", "LAPB", Address::None),
    kind(768, "tunnel", "IPIP Tunnel", Address::Empty),
    kind(770, "frad", "Frame Relay Access Device", Address::None),
    kind(772, "loop", "Local Loopback", Address::None),
    kind(
        774,
        "fddi",
        "Fiber Distributed Data Interface",
        Address::Dashes(6),
    ),
    kind(776, "sit", "IPv6-in-IPv4", Address::None),
    kind(780, "hippi", "HIPPI", Address::Capitals(6)),
];

/// All that netstat does not know.
const UNSPECIFIED: Kind = kind(u16::MAX, "unspec", "UNSPEC", Address::Dashes(16));

/// netstat keeps no more of an address.
const KEPT: usize = 8;

/// A link in netstat's words.
#[derive(Debug, PartialEq, Eq)]
pub struct Described {
    /// Its kind and, where it has one, address.
    pub address: String,
    pub title: &'static str,
}

pub fn describe(number: u16, address: &[u8]) -> Described {
    let known = KINDS.iter().find(|kind| kind.number == number);
    let kind = known.unwrap_or(&UNSPECIFIED);
    let byte = |at: usize| address.get(at).filter(|_| at < KEPT).copied().unwrap_or(0);
    let joined = |count: usize, separator: &str| {
        let bytes: Vec<String> = (0..count).map(|at| format!("{:02X}", byte(at))).collect();
        bytes.join(separator)
    };
    let name = kind.name;
    Described {
        address: match kind.address {
            Address::None => name.to_owned(),
            Address::Empty => format!("{name} "),
            Address::Colons(count) => format!("{name} {}", joined(count, ":").to_lowercase()),
            Address::Dashes(count) => format!("{name} {}", joined(count, "-")),
            Address::Capitals(count) => format!("{name} {}", joined(count, ":")),
        },
        title: kind.title,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_listed_once() {
        for (index, kind) in KINDS.iter().enumerate() {
            let others = &KINDS[index + 1..];
            assert!(others.iter().all(|other| other.number != kind.number));
        }
    }

    #[test]
    fn links_are_described_as_netstat_does() {
        let address: Vec<u8> = (1..=14).collect();
        for (number, text, title) in [
            (1, "ether 01:02:03:04:05:06", "Ethernet"),
            (772, "loop", "Local Loopback"),
            (768, "tunnel ", "IPIP Tunnel"),
            (27, "eui64 01:02:03:04:05:06:07:08", "Generic EUI-64"),
            (
                65534,
                "unspec 01-02-03-04-05-06-07-08-00-00-00-00-00-00-00-00",
                "UNSPEC",
            ),
        ] {
            let described = describe(number, &address);
            assert_eq!((&*described.address, described.title), (text, title));
        }
    }
}
