//! `netwatch netstat` prints sockets as netstat does, byte by byte.

use std::os::fd::OwnedFd;

use rustix::net::{
    AddressFamily, SocketAddrUnix, SocketFlags, SocketType, bind, connect, ipproto, listen,
    socket_with, socketpair,
};

use crate::harness::{
    ANY4, ANY6, Stage,
    netstat::{
        Mask::{self, Nothing, Seconds},
        Runner, no_name_servers,
    },
    population::Population,
};

/// Arguments, and what can't be equal.
const LINES: &[(&str, Mask)] = &[
    // Each flag alone.
    ("", Nothing),
    ("-t", Nothing),
    ("-u", Nothing),
    ("-U", Nothing),
    ("-w", Nothing),
    ("-x", Nothing),
    ("-a", Nothing),
    ("-l", Nothing),
    ("-n", Nothing),
    ("-e", Nothing),
    ("-p", Nothing),
    ("-o", Seconds),
    ("-v", Nothing),
    ("-W", Nothing),
    ("-4", Nothing),
    ("-6", Nothing),
    ("-g", Nothing),
    ("-S", Nothing),
    ("-N", Nothing),
    ("-F", Nothing),
    ("-C", Nothing),
    // What people type.
    ("-tulnp", Nothing),
    ("-plnt", Nothing),
    ("-antp", Nothing),
    ("-tuna", Nothing),
    ("-tunapl", Nothing),
    ("-tan4", Nothing),
    ("-tan6", Nothing),
    ("-ano", Seconds),
    ("-aneo", Seconds),
    ("-anpeo", Seconds),
    ("-tanpeo", Seconds),
    ("-tee", Nothing),
    ("-taeen", Nothing),
    ("-lx", Nothing),
    ("-xanp", Nothing),
    ("-xlpe", Nothing),
    ("-wanp", Nothing),
    ("-wle", Nothing),
    ("-Uan", Nothing),
    ("-uanpe", Nothing),
    ("-ulo", Seconds),
    ("-tuwUxapeeno", Seconds),
    ("-tanW", Nothing),
    ("-taW", Nothing),
    ("-an46", Nothing),
    ("-tx4", Nothing),
    ("-gt", Nothing),
    ("-gn4", Nothing),
    ("-St", Nothing),
    // Long forms, abbreviations, words.
    ("--tcp --all --numeric", Nothing),
    ("--udp --listening --programs", Nothing),
    ("--raw --extend --all", Nothing),
    ("--udplite --all --timers", Seconds),
    ("--unix --all", Nothing),
    ("--inet --numeric", Nothing),
    ("--inet6 --wide --all", Nothing),
    ("--numeric-hosts -ta", Nothing),
    ("--numeric-ports -ta", Nothing),
    ("--numeric-users -tae", Nothing),
    ("--list --numeric-h --tcp --prog", Nothing),
    ("-A inet -n", Nothing),
    ("-A inet,inet6,unix -an", Nothing),
    ("--protocol=unix -t", Nothing),
    ("word -tan word", Nothing),
    // What is not there.
    ("-A ipx", Nothing),
    ("-A ipx,inet -n", Nothing),
    ("--ax25", Nothing),
    ("-2", Nothing),
    ("-2tn", Nothing),
    ("-M", Nothing),
    ("-Z", Nothing),
];

/// Sockets of every family and state, and who holds them.
struct Populated {
    _internet: Population,
    _own: Vec<OwnedFd>,
}

#[test]
fn equal_netstat_s() {
    let stage = Stage::new();
    let _populated = populate(&stage);
    no_name_servers();
    for (line, mask) in LINES {
        Runner::root().compare(line, *mask);
    }
}

#[test]
fn nothing_open_is_printed_as_netstat_prints_it() {
    let _stage = Stage::new();
    for line in ["-tan", "-an", "-xa", "-anpeo", "-tulnp"] {
        Runner::root().compare(line, Nothing);
    }
}

fn populate(stage: &Stage) -> Populated {
    Populated {
        _internet: Population::new(stage),
        _own: own(stage),
    }
}

/// What actors have no commands for: raw sockets, UDP-Lite, Unix domain sockets.
fn own(stage: &Stage) -> Vec<OwnedFd> {
    let mut own = Vec::new();
    // Else netstat inherits them, and says that it has them itself where its process id is the lower.
    let open = |family, kind, protocol| socket_with(family, kind, SocketFlags::CLOEXEC, protocol);
    let inet = |family, kind, protocol| open(family, kind, Some(protocol)).expect("open a socket");
    let (v4, v6) = (AddressFamily::INET, AddressFamily::INET6);
    own.push(inet(v4, SocketType::RAW, ipproto::ICMP));
    own.push(inet(v4, SocketType::RAW, ipproto::RAW));
    own.push(inet(v6, SocketType::RAW, ipproto::ICMPV6));
    let towards = inet(v6, SocketType::RAW, ipproto::UDP);
    connect(&towards, &ANY6).expect("connect");
    own.push(towards);
    // Kernels since 7.1 have no UDP-Lite.
    for (family, any) in [(v4, ANY4), (v6, ANY6)] {
        if let Ok(lite) = open(family, SocketType::DGRAM, Some(ipproto::UDPLITE)) {
            bind(&lite, &any).expect("bind");
            own.push(lite);
        }
    }
    let unix = AddressFamily::UNIX;
    for (kind, name) in [
        (SocketType::STREAM, "stream socket"),
        (SocketType::DGRAM, "dgram\\x2dsocket"),
        (SocketType::SEQPACKET, "seqpacket"),
    ] {
        let bound = open(unix, kind, None).expect("open a socket");
        let path = SocketAddrUnix::new(stage.path(name)).expect("a path");
        bind(&bound, &path).expect("bind");
        if kind != SocketType::DGRAM {
            listen(&bound, 1).expect("listen");
            let client = open(unix, kind, None).expect("open a socket");
            connect(&client, &path).expect("connect");
            own.push(client);
        }
        own.push(bound);
        let flags = SocketFlags::CLOEXEC;
        let (one, other) = socketpair(unix, kind, flags, None).expect("make a pair");
        own.extend([one, other]);
    }
    let hidden = open(unix, SocketType::STREAM, None).expect("open a socket");
    let name = SocketAddrUnix::new_abstract_name(b"netwatch/test\0x").expect("a name");
    bind(&hidden, &name).expect("bind");
    listen(&hidden, 1).expect("listen");
    own.push(hidden);
    own
}
