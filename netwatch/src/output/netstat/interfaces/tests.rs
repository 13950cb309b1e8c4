use super::*;
use crate::netstat::interfaces::{Ipv4, Ipv6, Link};

fn interface() -> Interface {
    let direction = Direction {
        bytes: 1_048_575,
        packets: 2,
        errors: 3,
        dropped: 4,
        overruns: 5,
    };
    Interface {
        name: "eth0".to_owned(),
        link: Link {
            kind: 1,
            flags: 0x1043,
            mtu: 1500,
            queue_length: 1000,
            address: vec![2, 0, 0, 0, 0, 1],
            map: Map {
                interrupt: 19,
                ..Map::default()
            },
        },
        counters: Some(Counters {
            received: direction,
            sent: direction,
            frame: 6,
            collisions: 7,
            carrier: 8,
        }),
        ipv4: Some(Ipv4 {
            address: Ipv4Addr::new(192, 0, 2, 1),
            prefix_length: 24,
            broadcast: Ipv4Addr::new(192, 0, 2, 255),
            peer: Ipv4Addr::new(192, 0, 2, 1),
        }),
        ipv6: vec![Ipv6 {
            address: "fe80::1".parse().unwrap(),
            prefix_length: 64,
            scope: 0x20,
        }],
    }
}

#[test]
fn the_short_form_has_netstats_columns() {
    let mut out = Vec::new();
    print(&mut out, &Request::default(), &[interface()], true).unwrap();
    let row = String::from_utf8(out)
        .unwrap()
        .lines()
        .last()
        .unwrap()
        .to_owned();
    assert_eq!(
        row,
        "eth0             1500        2      3      4 5             2      3      4      5 BMRU"
    );
}

#[test]
fn the_long_form_is_ifconfigs() {
    let request = Request {
        extended: 1,
        ..Request::default()
    };
    let mut out = Vec::new();
    print(&mut out, &request, &[interface()], false).unwrap();
    let expected = "\
eth0: flags=4163<UP,BROADCAST,RUNNING,MULTICAST>  mtu 1500
        inet 192.0.2.1  netmask 255.255.255.0  broadcast 192.0.2.255
        inet6 fe80::1  prefixlen 64  scopeid 0x20<link>
        ether 02:00:00:00:00:01  txqueuelen 1000  (Ethernet)
        RX packets 2  bytes 1048575 (1023.9 KiB)
        RX errors 3  dropped 4  overruns 5  frame 6
        TX packets 2  bytes 1048575 (1023.9 KiB)
        TX errors 3  dropped 4 overruns 5  carrier 8  collisions 7
        device interrupt 19  \n
";
    assert_eq!(String::from_utf8(out).unwrap(), expected);
}

#[test]
fn bytes_are_never_rounded_up() {
    for (bytes, text) in [
        (0, "0.0 B"),
        (1024, "1024.0 B"),
        (1999, "1.9 KiB"),
        (10230, "9.9 KiB"),
        (1_073_741_824, "1024.0 MiB"),
        (1_073_741_825, "1.0 GiB"),
    ] {
        assert_eq!(humane(bytes), text);
    }
}

#[test]
fn every_letter_has_its_flag() {
    for bit in LETTERS {
        assert!(FLAGS.iter().any(|flag| flag.bit == bit), "{bit:#x}");
    }
}
