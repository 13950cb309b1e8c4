//! Which sockets an expression selects.

use super::*;

/// Expressions that the usual socket fulfils.
const TRUE: &[&str] = &[
    "",
    "tcp",
    "ipv6",
    "inet6",
    "not udp",
    "! ipv4",
    "port 443",
    "port = 50000",
    "port 80,443",
    "port https",
    "port != 80",
    "port != 80,81",
    "port > 40000",
    "sport 443",
    "sport = :443",
    "sport eq https",
    "dport >= 50000",
    "dport leq :50000",
    "dport = *",
    "sport != 22",
    "host 10.0.0.0/8",
    "addr 192.0.2.9",
    "addr ::ffff:192.0.2.9",
    "addr ::ffff:10.0.0.0/104",
    "host 10.1.2.3:443",
    "host != 10.9.9.9",
    "src 10.1.2.3",
    "src 10.1.2.3:https",
    "src 10/8",
    "src 10.1/16:443",
    "src = 10.0.0.0/8:443",
    "src inet6:*:443",
    "src [::ffff:10.1.2.3]:443",
    "src ::ffff:0:0/96",
    "dst :50000",
    "dst *:50000",
    "dst *",
    "dst any",
    "dst != 10.0.0.0/8",
    "dst 0.0.0.0/0",
    "dst ::/0",
    "pid 77",
    "pid 78",
    "pid != 1",
    "pid 1,78",
    "comm nginx",
    "comm ngin*",
    "comm php",
    "comm != apache",
    "exe /usr/sbin/*",
    "exe != /bin/sh",
    "cgroup = /system.slice/nginx.service",
    "cgroup /sys/fs/cgroup/system.slice/*",
    "cgroup != /",
    "user www-data",
    "user 33",
    "user != 0",
    "uid = 33",
    "owner accept",
    "owner != connect",
    "netns web",
    "netns 5",
    "netns != 6",
    "inode 1234",
    "inode != 1",
    "cookie 42",
    "cookie 0x2a",
    "cookie sk:2a",
    "cookie != 43",
    "fwmark = 5",
    "mark 0x1/0x3",
    "fwmark != 4",
    "dev = eth0",
    "interface 2",
    "dev != lo",
    "age > 10m",
    "age >= 1h",
    "age = 1h",
    "age != 1m",
    "rtt > 100ms",
    "rtt lt 1s",
    "bytes > 1MB",
    "bytes <= 1100000",
    "state established",
    "state ESTAB",
    "state = established",
    "state != listening",
    "state connected",
    "state synchronized",
    "state big",
    "state time-wait state established",
    "state established state time-wait port 443",
    "exclude listening",
    "exclude listening exclude time-wait",
    "state connected exclude time-wait",
    "port 443 and state established",
    // As for ss, `and` and `or` bind alike, from left to right.
    "udp and udp or tcp",
    "tcp or udp and tcp",
    "tcp or ( udp and udp )",
    "tcp and not udp",
    "tcp && ! udp || udp",
    "not not tcp",
    "not ( udp or ipv4 )",
];

/// Expressions that it doesn't.
const FALSE: &[&str] = &[
    "udp",
    "ipv4",
    "inet",
    "port 80",
    "port != 443",
    "port != 80,443",
    "sport 50000",
    "dport < 1024",
    "src 10.1.2.4",
    "src 192.0.2.9",
    "src inet:*:443",
    "src inet:10.1.2.3",
    "src [::1]",
    "src 10.1.2.3:80",
    "dst != 192.0.2.9",
    "addr ::ffff:10.0.0.0/112",
    "addr 10.0.0.0/16",
    "pid 1",
    "pid != 78",
    "comm ngin",
    "comm != php",
    "exe /bin/*",
    "cgroup /",
    "user 0",
    "owner connect",
    "netns 6",
    "inode != 1234",
    "cookie sk:42",
    "fwmark = 1",
    "fwmark != 0x1/0x3",
    "dev = lo",
    "dev 1",
    "age < 10m",
    "rtt > 1s",
    "bytes > 2MiB",
    "state listening",
    "state bucket",
    "state closed",
    "exclude established",
    "exclude connected",
    "state established exclude established",
    "state time-wait and state established",
    // And so the whole of the left is what `and` restricts.
    "tcp or tcp and udp",
    "tcp or tcp udp",
    "not tcp or udp",
    "not ( tcp or udp )",
    "autobound",
];

#[test]
fn conditions_hold_or_not() {
    for (texts, expected) in [(TRUE, true), (FALSE, false)] {
        for text in texts {
            assert_eq!(matches(text, &socket(), &facts()), expected, "{text}");
        }
    }
}

#[test]
fn what_is_unknown_neither_equals_nor_differs() {
    let unknown = Socket {
        netns: None,
        owner: None,
        ..socket()
    };
    let nothing = Facts::default();
    let filter = |text: &str| {
        parsed(text).matches(&Subject {
            socket: &unknown,
            facts: &nothing,
            interface: None,
            holders: &[],
        })
    };
    for key in [
        "pid 7",
        "comm x",
        "exe /x",
        "cgroup /x",
        "user 1",
        "owner io",
        "netns 1",
    ] {
        let (name, value) = key.split_once(' ').unwrap();
        assert!(
            !filter(key) && !filter(&format!("{name} != {value}")),
            "{key}"
        );
    }
    for key in ["inode", "fwmark", "dev"] {
        assert!(
            !filter(&format!("{key} = 1")) && !filter(&format!("{key} != 1")),
            "{key}"
        );
    }
    for key in ["age", "rtt"] {
        assert!(
            !filter(&format!("{key} > 0s")) && !filter(&format!("{key} <= 9d")),
            "{key}"
        );
    }
    assert!(!filter("bytes >= 0") && !filter("bytes < 1"));
}

#[test]
fn a_socket_without_a_peer_has_zeros_there_as_for_ss() {
    let alone = |family, addr: &str| Socket {
        family,
        local: end(addr, 53),
        remote: Endpoint::default(),
        protocol: Protocol::Udp,
        state: State::Close,
        ..socket()
    };
    for (text, ipv4, ipv6) in [
        ("dport = 0", true, true),
        ("dport != 22", true, true),
        ("dport < 100", true, true),
        ("dst 0.0.0.0", true, false),
        ("dst 0.0.0.0/0", true, false),
        ("dst ::/0", false, true),
        ("dst [::]", false, true),
        ("dst *", true, true),
        ("not dst 10.0.0.0/8", true, true),
    ] {
        let matches = |socket| matches(text, &socket, &facts());
        assert_eq!(matches(alone(Family::Ipv4, "0.0.0.0")), ipv4, "{text}");
        assert_eq!(matches(alone(Family::Ipv6, "::")), ipv6, "{text}");
    }
}

#[test]
fn ss_s_closed_is_close_and_unconn() {
    let in_close = |protocol| Socket {
        protocol,
        state: State::Close,
        ..socket()
    };
    for (text, tcp, udp) in [
        ("state closed", true, true),
        ("state unconnected", true, true),
        ("state CLOSE", true, true),
        ("state UNCONN", false, true),
        ("state closed exclude unconn", true, false),
        ("state connected", false, false),
    ] {
        let matches = |protocol| matches(text, &in_close(protocol), &facts());
        assert_eq!(
            (matches(Protocol::Tcp), matches(Protocol::Udp)),
            (tcp, udp),
            "{text}"
        );
    }
}

#[test]
fn the_kernel_s_own_sockets_have_its_name() {
    let socket = Socket {
        owner: Some(Owner {
            process: None,
            how: How::Kernel,
        }),
        ..socket()
    };
    let matches = |text| {
        parsed(text).matches(&Subject {
            socket: &socket,
            facts: &Facts::default(),
            interface: None,
            holders: &[],
        })
    };
    assert!(matches("comm [kernel]") && matches("comm *") && matches("owner kernel"));
    assert!(!matches("pid 0") && !matches("comm != [kernel]"));
}

#[test]
fn a_name_stands_for_each_of_its_addresses() {
    let to = |addr| Socket {
        family: if addr == "::1" {
            Family::Ipv6
        } else {
            Family::Ipv4
        },
        remote: end(addr, 22),
        ..socket()
    };
    for (addr, expected) in [("127.0.0.1", true), ("::1", true), ("127.0.0.2", false)] {
        for text in [
            "dst localhost:ssh",
            "host localhost",
            "not dst != localhost",
        ] {
            assert_eq!(
                matches(text, &to(addr), &facts()),
                expected,
                "{text} {addr}"
            );
        }
    }
}

#[test]
fn the_last_colon_stands_before_a_port_where_it_can() {
    for (text, meant) in [
        ("src ::1:8080", "src [::1]:8080"),
        ("src inet6:::1:8080", "src [::1]:8080"),
        ("src ::1", "src [::1]"),
        ("src fe80::1", "src [fe80::1]"),
        ("src [::1]/64:22", "src [::1]/64:22"),
        ("src [::1/64]:22", "src [::1]/64:22"),
        ("src ::1/64:22", "src [::1]/64:22"),
        ("src 1:2:3:4:5:6:7:8", "src [1:2:3:4:5:6:7:8]"),
        ("host ::1:8080", "host [::1:8080]"),
        ("src 10/8", "src 10.0.0.0/8"),
    ] {
        assert_eq!(parsed(text).to_string(), meant);
        assert_eq!(parsed(text), parsed(meant));
    }
}

#[test]
fn a_port_of_the_kernel_s_choice_is_in_its_range() {
    let socket = |port| Socket {
        local: end("10.1.2.3", port),
        ..socket()
    };
    for (port, expected) in [
        (32_767, false),
        (32_768, true),
        (60_999, true),
        (61_000, false),
    ] {
        assert_eq!(matches("autobound", &socket(port), &facts()), expected);
    }
}

#[test]
fn filters_add_up_or_are_alternatives() {
    let all = Filter::default();
    let (tcp, port) = (parsed("tcp"), parsed("port 80 or port 81"));
    assert_eq!(all.clone().and(tcp.clone()), tcp);
    assert_eq!(tcp.clone().and(all.clone()), tcp);
    let both = tcp.clone().and(port.clone());
    assert_eq!(both, parsed("tcp and (port 80 or port 81)"));
    assert_eq!(
        Filter::any([tcp.clone(), port]),
        parsed("tcp or port 80 or port 81")
    );
    assert_eq!(
        Filter::any([tcp, all.clone()]),
        all,
        "everything is one of the alternatives"
    );
    assert_eq!(Filter::any([]), all);
}

#[test]
fn a_protocol_that_nothing_can_want_needs_no_probes() {
    for (text, tcp, udp) in [
        ("", true, true),
        ("port 443", true, true),
        ("tcp", true, false),
        ("tcp and port 443", true, false),
        ("not udp and comm nginx", true, false),
        ("udp or pid 77", true, true),
        ("( tcp and port 1 ) or ( tcp and port 2 )", true, false),
        ("udp port 53", false, true),
        ("not ( tcp or udp )", false, false),
        ("not ( tcp and port 443 )", true, true),
    ] {
        let filter = Filter::parse(text, &Fake).expect(text);
        let wants = [Protocol::Tcp, Protocol::Udp].map(|protocol| filter.may_want(protocol));
        assert_eq!(wants, [tcp, udp], "{text}");
    }
}
