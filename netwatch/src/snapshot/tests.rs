//! Every way finds the same.

use std::{
    collections::BTreeMap,
    net::{SocketAddr, TcpListener, TcpStream, UdpSocket},
};

use netwatch_common::detail;

use super::*;
use crate::{
    enrich::Processes,
    event::{Found, FoundKind, Snapshot, State},
    netns::own,
    probes::{self, LoadOptions},
};

/// Everything as one way of reading finds it.
fn read(way: Way) -> Snapshot {
    let raw = everything(way, HashSet::new()).unwrap().finish().unwrap();
    assert_eq!(raw.undecodable, 0);
    raw.resolve(&mut Processes::default())
}

/// What was found at these ends in this network namespace, without what the ways differ in: the time,
/// and for `/proc/net` the cookie.
fn at(snapshot: &Snapshot, ends: &[SocketAddr]) -> BTreeMap<String, String> {
    let is_one = |found: &&Found| {
        let local = found.socket.local;
        let end = local.addr.zip(local.port).map(SocketAddr::from);
        found.socket.netns == own() && end.is_some_and(|end| ends.contains(&end))
    };
    let found = snapshot.found.iter().filter(is_one);
    found
        .map(|Found { socket, kind, .. }| {
            let owner = socket.owner.as_ref();
            let owner = owner.map(|owner| (owner.how, socket.process().map(|process| process.pid)));
            let place = (socket.protocol, socket.family, socket.local, socket.remote);
            let is = (socket.state, kind, owner);
            (format!("{place:?}"), format!("{is:?}"))
        })
        .collect()
}

#[test]
fn the_lower_ways_find_what_the_iterators_find() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (far, _) = listener.accept().unwrap();
    let six = TcpListener::bind("[::1]:0").unwrap();
    let both = TcpListener::bind("[::]:0").unwrap();
    let mapped = TcpStream::connect(("127.0.0.1", both.local_addr().unwrap().port())).unwrap();
    let bound = UdpSocket::bind("127.0.0.1:0").unwrap();
    let connected = UdpSocket::bind("[::1]:0").unwrap();
    connected.connect("[::1]:9").unwrap();
    let over = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let ended = over.local_addr().unwrap();
    let (peer, _) = listener.accept().unwrap();
    drop((over, peer));
    let ends: Vec<SocketAddr> = [
        listener.local_addr(),
        near.local_addr(),
        far.local_addr(),
        six.local_addr(),
        both.local_addr(),
        mapped.local_addr(),
        bound.local_addr(),
        connected.local_addr(),
        Ok(ended),
    ]
    .map(|end| end.unwrap())
    .into();
    // Not seen using them, only holding them.
    let attached = probes::attach(&LoadOptions {
        ring_bytes: 1 << 16,
        diagnostics: false,
        detail: detail::ALL,
        udp: false,
        rungs: Vec::new(),
        btf: None,
    })
    .unwrap();
    let programs = Arc::new(Mutex::new(attached.ebpf));
    let best = read(Way::of("iter", &programs));
    let expected = at(&best, &ends);
    let mine = format!(
        "Some(({:?}, Some({})))",
        crate::event::How::Snapshot,
        std::process::id()
    );
    let held = expected
        .values()
        .filter(|is| is.ends_with(&format!("{mine})")));
    assert!(held.count() >= 8, "{expected:#?}");
    for rung in RUNGS {
        attempt(rung).unwrap();
        let found = read(Way::of(rung, &programs));
        assert_eq!(at(&found, &ends), expected, "{rung}");
        assert!(best.visited.is_subset(&found.visited), "{rung}");
    }
    let waits = |kind: &FoundKind| *kind != FoundKind::Full;
    for rung in RUNGS {
        let raw = waiting(Way::of(rung, &programs), HashSet::new()).unwrap();
        let look = raw
            .finish()
            .unwrap()
            .resolve_alone(&mut Processes::default());
        assert!(look.found.iter().all(|found| waits(&found.kind)), "{rung}");
        let rest = look.found.iter().find(|found| {
            found.socket.local.port == Some(ended.port())
                && matches!(found.socket.state, State::TimeWait | State::FinWait2)
        });
        assert!(rest.is_some(), "{rung}: what is left of {ended}");
    }
}
