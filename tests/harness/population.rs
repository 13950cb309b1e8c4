//! A namespace with sockets of every family and state.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use super::{
    ANY4, ANY6, Actor, Pair, Sock, Stage,
    host::printed,
    peer::{self, Network, THERE},
    wait::until,
};

/// Nobody's user id on Debian and most others.
const NOBODY: u32 = 65534;

/// TCP and UDP sockets of every family and state, and who holds them.
pub struct Population {
    _pairs: Vec<Pair>,
    _actors: Vec<Actor>,
    _network: Network,
}

impl Population {
    /// Fills the stage's namespace.
    pub fn new(stage: &Stage) -> Self {
        let (mut pairs, mut actors) = connections(stage);
        pairs.push(waiting(stage));
        let mut network = Network::new();
        actors.extend(half_way(stage, &mut network));
        actors.push(datagrams(stage));
        every_state_is_there();
        Self {
            _pairs: pairs,
            _actors: actors,
            _network: network,
        }
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

/// The acknowledgement of a FIN may take its time.
fn every_state_is_there() {
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
        until(&format!("a socket in {state}"), || {
            let text = printed("netstat", &["-tan"]);
            text.split_ascii_whitespace().any(|word| word == state)
        });
    }
}
