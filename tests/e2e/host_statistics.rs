//! Protocol counters are those of the kernel's files, of nstat and of netstat.

use std::{
    collections::BTreeMap,
    fs,
    io::ErrorKind,
    net::{Ipv4Addr, SocketAddrV4, TcpListener, TcpStream, UdpSocket},
};

use rustix::net::{
    AddressFamily, SocketFlags, SocketType, bind, connect, getsockname, listen, socket_with,
};
use serde_json::Value;

use crate::harness::{
    Stage,
    host::{Repeating, at_one_moment, parse_statistics, printed, told},
};

/// Datagrams to a port where nobody is, and TCP connections.
fn make_traffic() {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("bind");
    for _ in 0..7 {
        match socket.send_to(&[0; 10], "127.0.0.1:9") {
            // The answer to the one before.
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => {}
            sent => assert_eq!(sent.expect("send"), 10),
        }
    }
    let socket = UdpSocket::bind("[::1]:0").expect("bind");
    let to = socket.local_addr().expect("an address");
    for _ in 0..5 {
        socket.send_to(&[0; 10], to).expect("send");
    }
    let listener = TcpListener::bind("127.0.0.1:0").expect("listen");
    let to = listener.local_addr().expect("an address");
    for _ in 0..3 {
        let near = TcpStream::connect(to).expect("connect");
        listener.accept().expect("accept");
        drop(near);
    }
}

#[test]
fn equal_nstat_s_and_the_kernel_s_files() {
    let _stage = Stage::new();
    make_traffic();
    let (theirs, ours) = at_one_moment(
        || {
            let nstat = printed("nstat", &["-j", "-a", "-s", "-z"]);
            let file = |name| fs::read_to_string(format!("/proc/thread-self/net/{name}"));
            let files = ["snmp", "netstat", "snmp6"].map(|name| file(name).expect("read"));
            (nstat, files)
        },
        || parse_statistics(told(&["statistics", "--json"]).trim()).1,
    );
    let (nstat, files) = theirs;
    let whole: BTreeMap<String, i128> = ours
        .iter()
        .flat_map(|(section, counters)| {
            counters
                .iter()
                .map(move |(name, number)| (format!("{section}{name}"), *number))
        })
        .collect();
    let nstat: Value = serde_json::from_str(&nstat).expect("JSON of nstat");
    let nstat = nstat["kernel"].as_object().expect("counters");
    assert!(nstat.len() > 200);
    for (name, number) in nstat {
        // It has one that no kernel has, and reads those without a sign.
        if let Some(ours) = whole.get(name) {
            assert_eq!(Some(*ours), number.as_u64().map(i128::from), "{name}");
        } else {
            assert!(
                !files.iter().any(|file| file.contains(name.as_str())),
                "{name}"
            );
        }
    }
    let lines = files[2].lines().map(|line| line.split_whitespace());
    for mut words in lines {
        let (name, number) = (
            words.next().expect("a name"),
            words.next().expect("a number"),
        );
        assert_eq!(
            whole.get(name).map(i128::to_string).as_deref(),
            Some(number),
            "{name}"
        );
    }
    let words = |text: &str| text.split_whitespace().count();
    let names: usize = files[..2].iter().map(|file| words(file) / 2).sum();
    let headings: usize = files[..2].iter().map(|file| file.lines().count() / 2).sum();
    let expected = names - headings + files[2].lines().count();
    assert_eq!(whole.len(), expected, "as many as the files have");
}

#[test]
fn traffic_is_counted_as_netstat_counts_it() {
    let _stage = Stage::new();
    make_traffic();
    let (theirs, ours) = at_one_moment(
        || printed("netstat", &["-s"]),
        || parse_statistics(told(&["-s", "--json"]).trim()).1,
    );
    assert_eq!(ours["Udp"]["NoPorts"], 7);
    assert_eq!(ours["Udp6"]["OutDatagrams"], 5);
    assert_eq!(
        (ours["Tcp"]["ActiveOpens"], ours["Tcp"]["PassiveOpens"]),
        (3, 3)
    );
    for line in [
        "3 active connection openings".to_owned(),
        "3 passive connection openings".to_owned(),
        "7 packets to unknown port received".to_owned(),
        format!("{} segments sent out", ours["Tcp"]["OutSegs"]),
        format!("{} total packets received", ours["Ip"]["InReceives"]),
        format!("InOctets: {}", ours["IpExt"]["InOctets"]),
    ] {
        assert!(theirs.contains(&line), "{line:?} in {theirs}");
    }
}

#[test]
fn text_has_the_kernel_s_names_and_no_zeros() {
    let _stage = Stage::new();
    make_traffic();
    let udp = told(&["-su"]);
    let lines: Vec<Vec<&str>> = udp
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    assert_eq!(lines[0], ["Udp"]);
    let closed = lines
        .iter()
        .find(|line| line[0] == "NoPorts")
        .expect("NoPorts");
    assert_eq!(closed[1], "7");
    assert!(closed.len() > 5, "a sentence: {closed:?}");
    assert!(
        !udp.contains("Tcp") && !udp.contains("InCsumErrors"),
        "{udp}"
    );
    assert!(told(&["-sua"]).contains("InCsumErrors"));
    let tcp = told(&["-st"]);
    assert!(tcp.contains("TcpExt") && !tcp.contains("Udp"), "{tcp}");
}

/// Connections at a listener that accepts none.
fn overflow() {
    let open = |flags| {
        let flags = flags | SocketFlags::CLOEXEC;
        socket_with(AddressFamily::INET, SocketType::STREAM, flags, None).expect("a socket")
    };
    let listener = open(SocketFlags::empty());
    bind(&listener, &SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0)).expect("bind");
    listen(&listener, 0).expect("listen");
    let to = getsockname(&listener).expect("an address");
    for _ in 0..4 {
        let near = open(SocketFlags::NONBLOCK);
        let outcome = connect(&near, &to);
        assert!(matches!(
            outcome,
            Ok(()) | Err(rustix::io::Errno::INPROGRESS)
        ));
    }
}

#[test]
fn changes_are_told_and_trouble_is_marked() {
    let _stage = Stage::new();
    let mut json = Repeating::start(&["-s", "-c", "0.1", "--json"]);
    let mut text = Repeating::start(&["-s", "-c0.1"]);
    let (first, mut before) = parse_statistics(&json.line());
    assert_eq!(
        (first.changes, first.trouble, first.interval_s),
        (None, None, None)
    );
    text.line();
    overflow();
    loop {
        let (changes, now) = parse_statistics(&json.line());
        // Where one comes late, the next may come sooner.
        assert!(changes.interval_s.expect("a time") > 0.0);
        for (section, counters) in changes.changes.expect("changes") {
            for (name, change) in counters {
                let then = before.get(&section).and_then(|section| section.get(&name));
                let expected = now[&section][&name] - then.copied().unwrap_or(0);
                assert_eq!(change, expected, "{section} {name}");
            }
        }
        before = now;
        let trouble = changes.trouble.expect("a list");
        if trouble.iter().any(|name| name == "TcpExtListenOverflows") {
            break;
        }
    }
    let marked = |line: &str| line.starts_with("! ListenOverflows +");
    while !marked(&text.line()) {}
    json.interrupt();
    text.interrupt();
}
