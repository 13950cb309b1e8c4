//! The kernel's numbers about interfaces, and the field's words for them.

/// `IFF_…` of `include/uapi/linux/if.h`: bit, name, and the letter of `netstat -i`.
pub const FLAGS: &[(u32, &str, Option<char>)] = &[
    (0x1, "UP", Some('U')),
    (0x2, "BROADCAST", Some('B')),
    (0x4, "DEBUG", Some('D')),
    (0x8, "LOOPBACK", Some('L')),
    (0x10, "POINTOPOINT", Some('P')),
    (0x20, "NOTRAILERS", None),
    (0x40, "RUNNING", Some('R')),
    (0x80, "NOARP", Some('O')),
    (0x100, "PROMISC", Some('P')),
    (0x200, "ALLMULTI", Some('A')),
    (0x400, "MASTER", Some('m')),
    (0x800, "SLAVE", Some('s')),
    (0x1000, "MULTICAST", Some('M')),
    (0x2000, "PORTSEL", None),
    (0x4000, "AUTOMEDIA", None),
    (0x8000, "DYNAMIC", None),
    (0x1_0000, "LOWER_UP", None),
    (0x2_0000, "DORMANT", None),
    (0x4_0000, "ECHO", None),
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

/// The names of the flags that are set.
pub fn flag_names(flags: u32) -> Vec<&'static str> {
    let set = FLAGS.iter().filter(|(bit, ..)| flags & bit != 0);
    set.map(|(_, name, _)| *name).collect()
}

/// The letters of the flags that are set, in the order of the alphabet, as netstat has them.
pub fn flag_letters(flags: u32) -> String {
    let set = FLAGS.iter().filter(|(bit, ..)| flags & bit != 0);
    let mut letters: Vec<char> = set.filter_map(|(.., letter)| *letter).collect();
    letters.sort_by_key(|letter| (letter.to_ascii_uppercase(), *letter));
    letters.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flag_is_one_bit_and_stands_once() {
        assert!(FLAGS.is_sorted_by(|one, next| one.0 < next.0));
        for (bit, name, _) in FLAGS {
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
            (4098, "BM"),
        ] {
            assert_eq!(flag_letters(flags), letters, "{flags}");
        }
        assert_eq!(flag_names(73), ["UP", "LOOPBACK", "RUNNING"]);
    }
}
