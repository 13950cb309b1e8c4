//! The kernel's numbers about routes, and iproute2's words for them.

/// `RTN_…` of `include/uapi/linux/rtnetlink.h`.
pub const KINDS: &[(u32, &str)] = &[
    (0, "unspec"),
    (1, "unicast"),
    (2, "local"),
    (3, "broadcast"),
    (4, "anycast"),
    (5, "multicast"),
    (6, "blackhole"),
    (7, "unreachable"),
    (8, "prohibit"),
    (9, "throw"),
    (10, "nat"),
    (11, "xresolve"),
];

/// `RTPROT_…`.
pub const PROTOCOLS: &[(u32, &str)] = &[
    (0, "unspec"),
    (1, "redirect"),
    (2, "kernel"),
    (3, "boot"),
    (4, "static"),
    (8, "gated"),
    (9, "ra"),
    (10, "mrt"),
    (11, "zebra"),
    (12, "bird"),
    (13, "dnrouted"),
    (14, "xorp"),
    (15, "ntk"),
    (16, "dhcp"),
    (17, "mrouted"),
    (18, "keepalived"),
    (42, "babel"),
    (84, "ovn"),
    (99, "openr"),
    (186, "bgp"),
    (187, "isis"),
    (188, "ospf"),
    (189, "rip"),
    (192, "eigrp"),
];

/// `RT_SCOPE_…`.
pub const SCOPES: &[(u32, &str)] = &[
    (0, "global"),
    (200, "site"),
    (253, "link"),
    (254, "host"),
    (255, "nowhere"),
];

/// `RTNH_F_…`, bits.
pub const FLAGS: &[(u32, &str)] = &[
    (1, "dead"),
    (2, "pervasive"),
    (4, "onlink"),
    (8, "offload"),
    (16, "linkdown"),
    (32, "unresolved"),
    (64, "trap"),
];

/// `RTAX_…`. `rtt` and `rttvar` are milliseconds, which the kernel keeps as eighths and quarters.
pub const METRICS: &[(u32, &str)] = &[
    (1, "lock"),
    (2, "mtu"),
    (3, "window"),
    (4, "rtt"),
    (5, "rttvar"),
    (6, "ssthresh"),
    (7, "cwnd"),
    (8, "advmss"),
    (9, "reordering"),
    (10, "hoplimit"),
    (11, "initcwnd"),
    (12, "features"),
    (13, "rto_min"),
    (14, "initrwnd"),
    (15, "quickack"),
    (17, "fastopen_no_cookie"),
];

/// The word for a number; the number itself where there is none.
pub fn word(words: &[(u32, &'static str)], number: u32) -> String {
    let found = words.iter().find(|(known, _)| *known == number);
    found.map_or_else(|| number.to_string(), |(_, word)| (*word).to_owned())
}

/// The words for the bits that are set.
pub fn set(words: &[(u32, &'static str)], bits: u32) -> Vec<&'static str> {
    let set = words.iter().filter(|(bit, _)| bits & bit != 0);
    set.map(|(_, word)| *word).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_is_in_order_and_no_word_stands_twice() {
        for words in [KINDS, PROTOCOLS, SCOPES, FLAGS, METRICS] {
            assert!(words.is_sorted_by(|one, next| one.0 < next.0), "{words:?}");
            let mut sorted: Vec<&str> = words.iter().map(|(_, word)| *word).collect();
            sorted.sort_unstable();
            sorted.dedup();
            assert_eq!(sorted.len(), words.len(), "{words:?}");
        }
    }

    #[test]
    fn numbers_without_a_word_stay_numbers() {
        assert_eq!(word(KINDS, 7), "unreachable");
        assert_eq!(word(KINDS, 77), "77");
        assert_eq!(set(FLAGS, 0x85), ["dead", "onlink"]);
    }
}
