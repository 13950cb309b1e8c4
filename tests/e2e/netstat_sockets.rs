//! `netwatch netstat` prints sockets as netstat does, byte by byte.

use std::{
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    os::fd::OwnedFd,
};

use rustix::net::{
    AddressFamily, SocketAddrUnix, SocketFlags, SocketType, bind, connect, ipproto, listen, socket,
    socketpair,
};

use crate::harness::{
    ANY4, ANY6, Actor, Pair, Sock, Stage,
    netstat::{
        Mask::{self, Nothing, Seconds},
        Runner, no_name_servers,
    },
    peer::{self, Network, THERE},
};

/// Nobody's user id on Debian and most others.
const NOBODY: u32 = 65534;

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
    _pairs: Vec<Pair>,
    _actors: Vec<Actor>,
    _network: Network,
    _own: Vec<OwnedFd>,
}

#[test]
fn equal_netstat_s() {
    let stage = Stage::new();
    let _populated = populate(&stage);
    no_name_servers();
    every_state_is_there();
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
    let (mut pairs, mut actors) = connections(stage);
    pairs.push(waiting(stage));
    let mut network = Network::new();
    actors.extend(half_way(stage, &mut network));
    actors.push(datagrams(stage));
    Populated {
        _pairs: pairs,
        _actors: actors,
        _network: network,
        _own: own(stage),
    }
}

/// Listeners and connections of IPv4, IPv6 and IPv4 over an IPv6 socket, at a port with a name and
/// of a user with one, with bytes that nobody read.
fn connections(stage: &Stage) -> (Vec<Pair>, Vec<Actor>) {
    let mut pair = Pair::meet(stage);
    pair.client.send(&pair.near, 77);
    let mut both = stage.actor("both-families-with-a-long-name");
    let everywhere = both.listen((Ipv6Addr::UNSPECIFIED, 0).into());
    let mapped = SocketAddr::new(ANY4.ip(), everywhere.local.port());
    both.connect(mapped);
    both.accept(&everywhere);
    let six = both.listen(ANY6);
    both.connect(six.local);
    both.accept(&six);
    both.listen((Ipv4Addr::LOCALHOST, 22).into());
    let mut other = stage.actor("other");
    other.run(&format!("become {NOBODY}"));
    other.listen(ANY4);
    (vec![pair], vec![both, other])
}

/// FIN_WAIT2 and CLOSE_WAIT, and TIME_WAIT.
fn waiting(stage: &Stage) -> Pair {
    let mut pair = Pair::meet(stage);
    let near = pair.client.connect(pair.listener.local);
    let far = pair.server.accept(&pair.listener);
    pair.client.shutdown(&near);
    pair.server.drain(&far);
    pair.server.close(&far);
    pair.client.drain(&near);
    pair.client.close(&near);
    pair.client.shutdown(&pair.near);
    pair.server.drain(&pair.far);
    pair
}

/// SYN_SENT, SYN_RECV, FIN_WAIT1, CLOSING and LAST_ACK: a peer that does not answer.
fn half_way(stage: &Stage, network: &mut Network) -> [Actor; 1] {
    let mut actor = stage.actor("half-way");
    let listener = actor.listen(peer::here());
    let mut accept = |actor: &mut Actor, port| -> (peer::Peer, Sock) {
        let peer = network.connect(listener.local, port);
        (peer, actor.accept(&listener))
    };
    let (_, finished) = accept(&mut actor, 5001);
    let (mut closing_peer, closing) = accept(&mut actor, 5002);
    let (mut last_peer, last) = accept(&mut actor, 5003);
    actor.close(&finished);
    actor.close(&closing);
    network.close(&mut closing_peer);
    network.close(&mut last_peer);
    actor.drain(&last);
    actor.close(&last);
    network.knock(listener.local, 5004);

    let mut calling = actor.socket("tcp", ANY4);
    actor.set(&calling, "nonblock", 1);
    let nobody = SocketAddr::new(THERE.into(), 7777);
    let outcome = actor.connect_on(&mut calling, nobody);
    assert_eq!(outcome, Err(libc::EINPROGRESS));
    [actor]
}

fn datagrams(stage: &Stage) -> Actor {
    let mut actor = stage.actor("datagrams");
    for any in [ANY4, ANY6] {
        let mut bound = actor.socket("udp", any);
        actor.bind(&mut bound, any);
        let mut connected = actor.socket("udp", any);
        actor
            .connect_on(&mut connected, bound.local)
            .expect("connect");
        actor.send(&connected, 7);
    }
    let mut named = actor.socket("udp", ANY4);
    actor.bind(&mut named, (Ipv4Addr::UNSPECIFIED, 53).into());
    actor
}

/// What actors have no commands for: raw sockets, UDP-Lite, Unix domain sockets.
fn own(stage: &Stage) -> Vec<OwnedFd> {
    let mut own = Vec::new();
    let inet =
        |family, kind, protocol| socket(family, kind, Some(protocol)).expect("open a socket");
    let (v4, v6) = (AddressFamily::INET, AddressFamily::INET6);
    own.push(inet(v4, SocketType::RAW, ipproto::ICMP));
    own.push(inet(v4, SocketType::RAW, ipproto::RAW));
    own.push(inet(v6, SocketType::RAW, ipproto::ICMPV6));
    let towards = inet(v6, SocketType::RAW, ipproto::UDP);
    connect(&towards, &ANY6).expect("connect");
    own.push(towards);
    // Kernels since 7.1 have no UDP-Lite.
    for (family, any) in [(v4, ANY4), (v6, ANY6)] {
        if let Ok(lite) = socket(family, SocketType::DGRAM, Some(ipproto::UDPLITE)) {
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
        let bound = socket(unix, kind, None).expect("open a socket");
        let path = SocketAddrUnix::new(stage.path(name)).expect("a path");
        bind(&bound, &path).expect("bind");
        if kind != SocketType::DGRAM {
            listen(&bound, 1).expect("listen");
            let client = socket(unix, kind, None).expect("open a socket");
            connect(&client, &path).expect("connect");
            own.push(client);
        }
        own.push(bound);
        let flags = SocketFlags::CLOEXEC;
        let (one, other) = socketpair(unix, kind, flags, None).expect("make a pair");
        own.extend([one, other]);
    }
    let hidden = socket(unix, SocketType::STREAM, None).expect("open a socket");
    let name = SocketAddrUnix::new_abstract_name(b"netwatch/test\0x").expect("a name");
    bind(&hidden, &name).expect("bind");
    listen(&hidden, 1).expect("listen");
    own.push(hidden);
    own
}

fn every_state_is_there() {
    let output = Runner::root().netstat(&["-tan"]);
    let text = String::from_utf8(output.stdout).expect("netstat prints text");
    for state in [
        "LISTEN",
        "SYN_SENT",
        "SYN_RECV",
        "ESTABLISHED",
        "FIN_WAIT1",
        "FIN_WAIT2",
        "TIME_WAIT",
        "CLOSE_WAIT",
        "LAST_ACK",
        "CLOSING",
    ] {
        let is_there = text.split_ascii_whitespace().any(|word| word == state);
        assert!(is_there, "no {state} in:\n{text}");
    }
}
