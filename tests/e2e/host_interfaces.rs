//! Interfaces are those of netstat and ip, field by field.

use std::{ffi::OsStr, net::UdpSocket, os::unix::ffi::OsStrExt as _, process::Command};

use serde_json::Value;

use crate::harness::{
    Stage, device,
    host::{Address, Interface, Repeating, at_one_moment, ip, parse, printed, refused, rows, told},
};

/// A pair that is up, one of which only one end is, and one that is down; with traffic and drops.
fn lay_links() {
    ip(&[
        "link add v0 type veth peer name v1",
        "link add v2 type veth peer name v10",
        "link add v4 type veth peer name v5",
        // The end that drops comes first: the other sends as soon as it is up.
        "link set v1 addrgenmode none promisc on allmulticast on arp off up",
        "link set v0 addrgenmode none mtu 1400 up",
        "link set v2 addrgenmode none txqueuelen 17 up",
        "address add 10.0.0.1/24 brd + dev v0",
        "address add 10.0.0.2/24 brd + dev v0 label v0:1",
        "address add 10.1.1.1 peer 10.1.1.2/32 dev v1",
        "address add 10.2.0.1/24 brd + dev v2",
        "address add fd00::1/64 dev v0 nodad valid_lft 4000 preferred_lft 3000",
    ]);
    let socket = UdpSocket::bind("0.0.0.0:0").expect("bind");
    socket.set_broadcast(true).expect("allow broadcasts");
    for to in ["10.0.0.255:9", "10.2.0.255:9"] {
        socket.send_to(&[0; 100], to).expect("send");
    }
    device::send_stray("v0").expect("send what nobody takes");
}

#[test]
fn equal_netstat_s() {
    let _stage = Stage::new();
    lay_links();
    for arguments in ["-i", "-ia"] {
        let (mut theirs, ours) = at_one_moment(
            || rows(&printed("netstat", &[arguments]), 0),
            || rows(&told(&[arguments]), 0),
        );
        // A further address is an interface for netstat, without counters.
        theirs.retain(|row| row[0] != "v0:1");
        assert_eq!(ours, theirs, "{arguments}");
    }
    let ours = rows(&told(&["-i"]), 2);
    let dropping = ours.iter().find(|row| row[0] == "v1").expect("v1 is up");
    assert_ne!(dropping[4], "0", "drops of what nobody takes: {dropping:?}");
}

/// The lines about flags, IPv4 and counters, of which both write the same.
fn common_lines(text: &str) -> Vec<String> {
    let lines = text.lines().map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        words.join(" ")
    });
    let known = |line: &String| {
        let parts = [
            "flags=",
            "inet ",
            "RX packets",
            "RX errors",
            "TX packets",
            "TX errors",
        ];
        parts.iter().any(|part| line.contains(part))
    };
    lines.filter(known).collect()
}

#[test]
fn equal_netstat_s_in_all_its_words() {
    let _stage = Stage::new();
    lay_links();
    let (theirs, ours) = at_one_moment(
        || common_lines(&printed("netstat", &["-ie"])),
        || common_lines(&told(&["-ie"])),
    );
    // An address without a broadcast has 0.0.0.0 there, and further addresses are interfaces of
    // their own, without counters.
    let mut theirs: Vec<String> = theirs
        .iter()
        .filter(|line| !line.starts_with("v0:1:"))
        .map(|line| line.replace(" broadcast 0.0.0.0", ""))
        .collect();
    // It tells the other end's address only where the link itself is between two ends.
    let ours = ours
        .iter()
        .map(|line| line.replace(" destination 10.1.1.2", ""));
    let mut ours: Vec<String> = ours.collect();
    assert_eq!(ours.first(), theirs.first(), "lo comes first");
    theirs.sort_unstable();
    ours.sort_unstable();
    assert_eq!(ours, theirs);
}

#[test]
fn equal_ip_s() {
    let _stage = Stage::new();
    lay_links();
    let (theirs, ours) = at_one_moment(
        || {
            let links = printed("ip", &["-j", "-d", "-s", "-s", "link"]);
            (links, printed("ip", &["-j", "address"]))
        },
        || told(&["interfaces", "-a", "--json"]),
    );
    let json = |text: &str| -> Vec<Value> { serde_json::from_str(text).expect("JSON of ip") };
    let (links, addresses) = (json(&theirs.0), json(&theirs.1));
    let ours: Vec<Interface> = ours.lines().map(parse).collect();
    assert_eq!(ours.len(), 7);
    assert_eq!(links.len(), ours.len());
    for own in &ours {
        let named = |all: &[Value]| {
            let found = all.iter().find(|link| link["ifname"] == own.name.as_str());
            found.expect("ip has it too").clone()
        };
        compare_link(own, &named(&links));
        let expected: Vec<Value> = named(&addresses)["addr_info"]
            .as_array()
            .expect("addresses")
            .clone();
        assert_eq!(
            own.addresses.len(),
            expected.len(),
            "addresses of {}",
            own.name
        );
        for (own, expected) in own.addresses.iter().zip(&expected) {
            compare_address(own, expected);
        }
    }
    let v0 = ours
        .iter()
        .find(|own| own.name == "v0")
        .expect("v0 is there");
    assert_eq!((v0.link.as_deref(), v0.mtu), (Some("v1"), 1400));
    assert!(v0.counters["tx_bytes"] > 100, "{:?}", v0.counters);
}

fn compare_link(own: &Interface, link: &Value) {
    let name = &own.name;
    assert_eq!(own.index, link["ifindex"], "{name}");
    assert_eq!(own.mtu, link["mtu"], "{name}");
    assert_eq!(
        own.state,
        link["operstate"].as_str().unwrap_or_default(),
        "{name}"
    );
    assert_eq!(own.qdisc.as_deref(), link["qdisc"].as_str(), "{name}");
    assert_eq!(
        own.tx_queue_length.map(u64::from),
        link["txqlen"].as_u64(),
        "{name}"
    );
    assert_eq!(
        own.kind,
        link["link_type"].as_str().unwrap_or_default(),
        "{name}"
    );
    assert_eq!(
        own.link_address.as_deref(),
        link["address"].as_str(),
        "{name}"
    );
    assert_eq!(
        own.link_broadcast.as_deref(),
        link["broadcast"].as_str(),
        "{name}"
    );
    assert_eq!(
        own.virtual_kind.as_deref(),
        link["linkinfo"]["info_kind"].as_str(),
        "{name}"
    );
    assert_eq!(own.link.as_deref(), link["link"].as_str(), "{name}");
    assert_eq!(
        own.promiscuity.map(u64::from),
        link["promiscuity"].as_u64(),
        "{name}"
    );
    // ip has NO-CARRIER where an interface is up but not RUNNING, and keeps RUNNING to itself.
    let flags = link["flags"].as_array().expect("flags").iter();
    let mut theirs: Vec<&str> = flags.filter_map(Value::as_str).collect();
    let has = |flag: &str| own.flags.iter().any(|known| known == flag);
    let is_idle = has("UP") && !has("RUNNING");
    assert_eq!(theirs.contains(&"NO-CARRIER"), is_idle, "{name}");
    // M-DOWN is about the other end.
    theirs.retain(|flag| !["NO-CARRIER", "M-DOWN"].contains(flag));
    theirs.sort_unstable();
    let mut ours: Vec<&str> = own.flags.iter().map(String::as_str).collect();
    ours.retain(|flag| *flag != "RUNNING");
    ours.sort_unstable();
    assert_eq!(ours, theirs, "{name}");
    for (own_name, way, their_name) in COUNTERS {
        let theirs = link["stats64"][way][their_name].as_u64();
        assert!(theirs.is_some(), "{way} {their_name} of ip");
        let ours = own.counters.get(*own_name).copied();
        assert_eq!(ours, theirs, "{own_name} of {name}");
    }
}

/// A counter, and where ip has it.
const COUNTERS: &[(&str, &str, &str)] = &[
    ("rx_packets", "rx", "packets"),
    ("rx_bytes", "rx", "bytes"),
    ("rx_errors", "rx", "errors"),
    ("rx_dropped", "rx", "dropped"),
    ("multicast", "rx", "multicast"),
    ("rx_length_errors", "rx", "length_errors"),
    ("rx_crc_errors", "rx", "crc_errors"),
    ("rx_frame_errors", "rx", "frame_errors"),
    ("rx_fifo_errors", "rx", "fifo_errors"),
    ("rx_over_errors", "rx", "over_errors"),
    ("rx_missed_errors", "rx", "missed_errors"),
    ("tx_packets", "tx", "packets"),
    ("tx_bytes", "tx", "bytes"),
    ("tx_errors", "tx", "errors"),
    ("tx_dropped", "tx", "dropped"),
    ("collisions", "tx", "collisions"),
    ("tx_aborted_errors", "tx", "aborted_errors"),
    ("tx_fifo_errors", "tx", "fifo_errors"),
    ("tx_window_errors", "tx", "window_errors"),
    ("tx_heartbeat_errors", "tx", "heartbeat_errors"),
];

fn compare_address(own: &Address, address: &Value) {
    let family = match own.family.as_str() {
        "ipv4" => "inet",
        _ => "inet6",
    };
    assert_eq!(address["family"], family);
    let with_peer = address["address"].as_str();
    let theirs = address["local"].as_str().unwrap_or_default();
    assert_eq!(own.address, theirs);
    assert_eq!(own.prefix_length, address["prefixlen"], "{theirs}");
    assert_eq!(own.peer.as_deref(), with_peer, "{theirs}");
    assert_eq!(
        own.broadcast.as_deref(),
        address["broadcast"].as_str(),
        "{theirs}"
    );
    assert_eq!(
        own.scope,
        address["scope"].as_str().unwrap_or_default(),
        "{theirs}"
    );
    assert_eq!(own.label.as_deref(), address["label"].as_str(), "{theirs}");
    let forever = |seconds: &Value| seconds.as_u64().filter(|left| *left != u64::from(u32::MAX));
    let valid = forever(&address["valid_life_time"]);
    assert_eq!(own.valid_s.map(u64::from), valid, "{theirs}");
    let preferred = forever(&address["preferred_life_time"]);
    assert_eq!(own.preferred_s.map(u64::from), preferred, "{theirs}");
}

#[test]
fn only_those_that_are_named() {
    let _stage = Stage::new();
    lay_links();
    let named = rows(&told(&["interfaces", "v10", "v0"]), 2);
    let names: Vec<&str> = named.iter().map(|row| row[0].as_str()).collect();
    assert_eq!(names, ["v0", "v10"], "one that is down too, in order");
    let message = refused(&["interfaces", "vv0"]);
    assert!(
        message.contains("there is no interface \"vv0\": did you mean v0?"),
        "{message}"
    );
}

#[test]
fn a_hostile_name_reaches_no_terminal() {
    let _stage = Stage::new();
    let name = OsStr::from_bytes(b"\x1b[31m\xff");
    let told_to = |before: &[&str], after: &[&str]| {
        let mut ip = Command::new("ip");
        let status = ip.args(before).arg(name).args(after).status();
        assert!(status.expect("run ip").success(), "ip refuses");
    };
    told_to(
        &["link", "add", "name"],
        &["up", "type", "veth", "peer", "name", "plain"],
    );
    told_to(&["route", "add", "10.0.0.0/8", "dev"], &[]);
    for arguments in [&["-ia"][..], &["-iea"], &["-i", "-a", "--json"], &["-rn4"]] {
        let text = told(arguments);
        assert!(!text.contains('\u{1b}'), "{arguments:?}: {text:?}");
        assert!(text.contains("u{1b}[31m"), "{arguments:?}: {text:?}");
    }
}

#[test]
fn rates_are_what_the_counters_grew_by() {
    let _stage = Stage::new();
    let mut watch = Repeating::start(&["interfaces", "lo", "-c", "0.1", "--json"]);
    let mut before: Interface = parse(&watch.line());
    assert_eq!(before.rates, None);
    let socket = UdpSocket::bind("127.0.0.1:0").expect("bind");
    let to = socket.local_addr().expect("an address");
    for _ in 0..10 {
        socket.send_to(&[0; 72], to).expect("send");
    }
    let mut seen = 0;
    while seen < 10 {
        let now: Interface = parse(&watch.line());
        let (rates, seconds) = (now.rates.expect("rates"), now.interval_s.expect("a time"));
        for (counter, rate) in rates {
            let grown = now.counters[&counter] - before.counters[&counter];
            assert_eq!((rate * seconds).round() as u64, grown, "{counter}");
            if counter == "rx_packets" {
                seen += grown;
            }
        }
        before.counters = now.counters;
    }
    let lo = &before.counters;
    assert_eq!((lo["rx_packets"], lo["rx_bytes"]), (10, 1_000));
    watch.interrupt();
}
