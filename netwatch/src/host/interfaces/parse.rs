//! From a netlink message to an interface.

use super::{HEADER, Interface, counters::Counters};
use crate::host::netlink::{attributes, text, u32};

/// `IFLA_…`.
mod kind {
    pub const ADDRESS: u16 = 1;
    pub const BROADCAST: u16 = 2;
    pub const IFNAME: u16 = 3;
    pub const MTU: u16 = 4;
    pub const LINK: u16 = 5;
    pub const QDISC: u16 = 6;
    pub const MASTER: u16 = 10;
    pub const TXQLEN: u16 = 13;
    pub const OPERSTATE: u16 = 16;
    pub const LINKINFO: u16 = 18;
    pub const STATS64: u16 = 23;
    pub const PROMISCUITY: u16 = 30;
    pub const CARRIER_CHANGES: u16 = 35;
    pub const LINK_NETNSID: u16 = 37;
    /// `IFLA_INFO_KIND`, within `LINKINFO`.
    pub const INFO_KIND: u16 = 1;
}

/// `struct ifinfomsg`: family, padding, type, index, flags, change.
pub fn interface(message: &[u8]) -> Option<Interface> {
    let (header, rest) = message.split_first_chunk::<HEADER>()?;
    let [_, _, low, high, ..] = *header;
    let mut interface = Interface {
        link_type: u16::from_ne_bytes([low, high]),
        index: u32(&header[4..])?,
        flags: u32(&header[8..])?,
        ..Interface::default()
    };
    for (kind, value) in attributes(rest) {
        take(&mut interface, kind, value);
    }
    Some(interface)
}

/// Number and name.
pub fn name(message: &[u8]) -> Option<(u32, String)> {
    let (header, rest) = message.split_first_chunk::<HEADER>()?;
    let (_, name) = attributes(rest).find(|(kind, _)| *kind == kind::IFNAME)?;
    Some((u32(&header[4..])?, text(name)))
}

fn take(interface: &mut Interface, kind: u16, value: &[u8]) {
    match kind {
        kind::ADDRESS => interface.link_address = value.to_vec(),
        kind::BROADCAST => interface.link_broadcast = value.to_vec(),
        kind::IFNAME => interface.name = text(value),
        kind::MTU => interface.mtu = u32(value).unwrap_or_default(),
        kind::LINK => interface.parent = u32(value).filter(|index| *index != 0),
        kind::QDISC => interface.qdisc = Some(text(value)),
        kind::MASTER => interface.master = u32(value),
        kind::TXQLEN => interface.queue_length = u32(value),
        kind::OPERSTATE => interface.state = value.first().copied().unwrap_or_default(),
        kind::LINKINFO => {
            let found = attributes(value).find(|(kind, _)| *kind == kind::INFO_KIND);
            interface.kind = found.map(|(_, value)| text(value));
        }
        kind::STATS64 => interface.counters = Counters::from_kernel(value),
        kind::PROMISCUITY => interface.promiscuity = u32(value),
        kind::CARRIER_CHANGES => interface.carrier_changes = u32(value),
        kind::LINK_NETNSID => interface.parent_is_elsewhere = true,
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::{interfaces::counters::Counter, netlink::tests::attribute};

    fn message(attributes: &[(u16, &[u8])]) -> Vec<u8> {
        let mut bytes = vec![0, 0, 1, 0];
        for number in [7_u32, 0x1043, 0] {
            bytes.extend(number.to_ne_bytes());
        }
        for (kind, value) in attributes {
            bytes.extend(attribute(*kind, value));
        }
        bytes
    }

    #[test]
    fn attributes_are_understood_and_unknown_ones_passed_over() {
        let stats: Vec<u8> = (1..=24_u64).flat_map(u64::to_ne_bytes).collect();
        let read = interface(&message(&[
            (kind::IFNAME, b"veth0\0"),
            (0x3fff, b"from the future"),
            (kind::ADDRESS, &[2, 0, 0, 0, 0, 1]),
            (kind::MTU, &1400_u32.to_ne_bytes()),
            (kind::OPERSTATE, &[6]),
            (kind::LINKINFO, &attribute(kind::INFO_KIND, b"veth\0")),
            (kind::LINK, &9_u32.to_ne_bytes()),
            (kind::STATS64, &stats),
        ]))
        .unwrap();
        assert_eq!(
            (read.index, read.name.as_str(), read.mtu),
            (7, "veth0", 1400)
        );
        assert_eq!((read.link_type, read.flags, read.state), (1, 0x1043, 6));
        assert_eq!(read.kind.as_deref(), Some("veth"));
        assert_eq!(read.parent, Some(9));
        assert_eq!(read.link_address, [2, 0, 0, 0, 0, 1]);
        assert_eq!(read.counters.get(Counter::RxNohandler), Some(24));
        assert_eq!(read.counters.get(Counter::RxOtherhostDropped), None);
    }

    #[test]
    fn a_name_that_is_no_text_neither_hides_the_interface_nor_reaches_a_terminal() {
        let (index, name) = name(&message(&[(kind::IFNAME, b"\x1b[31m\xff\0")])).unwrap();
        assert_eq!((index, name.as_str()), (7, "\\u{1b}[31m\\xff"));
        assert_eq!(interface(&[0; 8]), None, "too short");
    }
}
