//! The kernel's numbers about interfaces, and the field's words for them.

/// `IFF_…` of `include/uapi/linux/if.h`.
pub const FLAGS: &[(u32, &str)] = &[
    (0x1, "UP"),
    (0x2, "BROADCAST"),
    (0x4, "DEBUG"),
    (0x8, "LOOPBACK"),
    (0x10, "POINTOPOINT"),
    (0x20, "NOTRAILERS"),
    (0x40, "RUNNING"),
    (0x80, "NOARP"),
    (0x100, "PROMISC"),
    (0x200, "ALLMULTI"),
    (0x400, "MASTER"),
    (0x800, "SLAVE"),
    (0x1000, "MULTICAST"),
    (0x2000, "PORTSEL"),
    (0x4000, "AUTOMEDIA"),
    (0x8000, "DYNAMIC"),
    (0x1_0000, "LOWER_UP"),
    (0x2_0000, "DORMANT"),
    (0x4_0000, "ECHO"),
];

/// The letters of `netstat -i`, in its order.
const LETTERS: [(u32, char); 12] = [
    (0x200, 'A'),
    (0x2, 'B'),
    (0x4, 'D'),
    (0x8, 'L'),
    (0x1000, 'M'),
    (0x100, 'P'),
    (0x80, 'O'),
    (0x10, 'P'),
    (0x800, 's'),
    (0x400, 'm'),
    (0x40, 'R'),
    (0x1, 'U'),
];

/// `IF_OPER_…` of `include/uapi/linux/if.h`.
pub const STATES: &[(u32, &str)] = &[
    (0, "UNKNOWN"),
    (1, "NOTPRESENT"),
    (2, "DOWN"),
    (3, "LOWERLAYERDOWN"),
    (4, "TESTING"),
    (5, "DORMANT"),
    (6, "UP"),
];

/// `ARPHRD_…` of `include/uapi/linux/if_arp.h`, as iproute2 writes them.
pub const LINK_TYPES: &[(u32, &str)] = &[
    (1, "ether"),
    (24, "ieee1394"),
    (32, "infiniband"),
    (256, "slip"),
    (280, "can"),
    (512, "ppp"),
    (519, "rawip"),
    (768, "ipip"),
    (769, "tunnel6"),
    (772, "loopback"),
    (776, "sit"),
    (778, "gre"),
    (801, "ieee802.11"),
    (803, "ieee802.11/radiotap"),
    (804, "ieee802.15.4"),
    (823, "gre6"),
    (824, "netlink"),
    (825, "6lowpan"),
    (826, "vsockmon"),
    (0xfffe, "none"),
    (0xffff, "void"),
];

/// `IFA_F_…` of `include/uapi/linux/if_addr.h`, as iproute2 writes them.
pub const ADDRESS_FLAGS: &[(u32, &str)] = &[
    (0x1, "secondary"),
    (0x2, "nodad"),
    (0x4, "optimistic"),
    (0x8, "dadfailed"),
    (0x10, "home"),
    (0x20, "deprecated"),
    (0x40, "tentative"),
    (0x80, "permanent"),
    (0x100, "mngtmpaddr"),
    (0x200, "noprefixroute"),
    (0x400, "autojoin"),
    (0x800, "stable-privacy"),
];

/// The letters of the flags that are set, as netstat has them.
pub fn flag_letters(flags: u32) -> String {
    let set = LETTERS.iter().filter(|(bit, _)| flags & bit != 0);
    set.map(|(_, letter)| *letter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flag_is_one_bit_and_stands_once() {
        assert!(FLAGS.is_sorted_by(|one, next| one.0 < next.0));
        for (bit, name) in FLAGS {
            assert!(bit.is_power_of_two(), "{name}");
        }
        for words in [STATES, LINK_TYPES, ADDRESS_FLAGS] {
            assert!(words.is_sorted_by(|one, next| one.0 < next.0), "{words:?}");
        }
    }

    #[test]
    fn letters_are_netstat_s() {
        for (flags, letters) in [
            (73 | 0x1_0000, "LRU"),
            (4163, "BMRU"),
            (4241, "MOPU"),
            (4291, "BMORU"),
            (4931, "ABMPRU"),
            (5059, "ABMPORU"),
            (4098, "BM"),
        ] {
            assert_eq!(flag_letters(flags), letters, "{flags}");
        }
        for (bit, _) in LETTERS {
            assert!(FLAGS.iter().any(|(known, _)| *known == bit), "{bit:#x}");
        }
    }
}
