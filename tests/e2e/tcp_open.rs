//! How connections begin, and beginnings that come to nothing.

use std::net::SocketAddr;

use crate::harness::{
    ANY4, ANY6, Actor, How, Life, Reason, Sock, Stage,
    State::{
        Close, CloseWait, Established, FinWait1, FinWait2, LastAck, Listen, SynSent, TimeWait,
    },
    Watch,
    netns::NetNs,
    pair::arrived,
    skip,
    wire::{LEFT, RIGHT, Traffic, Wire},
};

#[test]
fn refused() {
    let stage = Stage::new();
    let mut watch = stage.watch(&[]);
    let (mut client, mut holder) = (stage.actor("client"), stage.actor("holder"));
    let mut deaf = holder.socket("tcp", ANY4);
    holder.bind(&mut deaf, ANY4);
    fails(
        &mut watch,
        &mut client,
        deaf.local,
        (Reason::Refused, libc::ECONNREFUSED),
    );
    watch.stop();
}

#[test]
fn timed_out() {
    nobody_answers(Traffic::Dropped, (Reason::Timeout, libc::ETIMEDOUT));
}

#[test]
fn unreachable() {
    nobody_answers(
        Traffic::Unreachable,
        (Reason::Unreachable, libc::EHOSTUNREACH),
    );
}

fn nobody_answers(traffic: Traffic, outcome: (Reason, i32)) {
    let stage = Stage::new();
    let away = NetNs::new();
    let wire = match Wire::new(&stage.netns, &away) {
        Ok(wire) => wire,
        Err(reason) => return skip(&reason),
    };
    wire.set(traffic);
    stage.netns.sysctl("ipv4/tcp_syn_retries", "1");
    let mut watch = stage.watch(&[]);
    fails(
        &mut watch,
        &mut stage.actor("client"),
        (RIGHT, 7777).into(),
        outcome,
    );
    watch.stop();
}

fn fails(watch: &mut Watch, client: &mut Actor, to: SocketAddr, (reason, errno): (Reason, i32)) {
    let mut socket = client.socket("tcp", to);
    // The port that connect would choose is gone once it has failed.
    client.bind(
        &mut socket,
        if to.ip().is_loopback() {
            ANY4
        } else {
            (LEFT, 0).into()
        },
    );
    assert_eq!(
        client.connect_on(&mut socket, to),
        Err(errno),
        "what connect fails with"
    );
    socket.remote = to;
    let life = Life::of(&socket)
        .by(&client.who, &[How::Connect])
        .to(&[SynSent, Close]);
    watch.expect(life.ends(reason, 0, 0).errno(errno));
}

/// The kernel chooses the port inside listen, after it has said that the socket listens.
#[test]
fn listen_without_bind() {
    let stage = Stage::new();
    let mut watch = stage.watch(&[]);
    let (mut client, mut server) = (stage.actor("client"), stage.actor("server"));
    let mut listener = server.socket("tcp", ANY4);
    server.listen_on(&mut listener);
    assert_ne!(listener.local.port(), 0, "the kernel chose a port");
    let near = client.connect(([127, 0, 0, 1], listener.local.port()).into());
    let far = server.accept(&listener);
    converse(&mut watch, &mut client, &near, &mut server, &far);
    server.close(&listener);
    watch.expect(
        Life::of(&listener)
            .by(&server.who, &[How::Listen])
            .to(&[Listen, Close]),
    );
    watch.stop();
}

#[test]
fn ipv6() {
    let stage = Stage::new();
    let mut watch = stage.watch(&["-6"]);
    let (mut client, mut server) = (stage.actor("client"), stage.actor("server"));
    let listener = server.listen(ANY6);
    let near = client.connect(listener.local);
    let far = server.accept(&listener);
    converse(&mut watch, &mut client, &near, &mut server, &far);
    watch.stop();
}

/// A socket of IPv6 that talks IPv4: its family is ipv6, its addresses are IPv4 text.
#[test]
fn ipv4_mapped() {
    let stage = Stage::new();
    let mut watch = stage.watch(&[]);
    let (mut client, mut server) = (stage.actor("client"), stage.actor("server"));
    let mut listener = server.socket("tcp", ANY6);
    server.set(&listener, "v6only", 0);
    server.bind(&mut listener, "[::]:0".parse().expect("an address"));
    server.listen_on(&mut listener);
    for address in ["127.0.0.1", "[::ffff:127.0.0.1]"] {
        let to = format!("{address}:{}", listener.local.port())
            .parse()
            .expect("an address");
        let near = client.connect(to);
        let far = server.accept(&listener);
        assert!(far.local.is_ipv6(), "the server's end is of IPv6");
        converse(&mut watch, &mut client, &near, &mut server, &far);
    }
    watch.stop();
}

/// A short exchange on a new connection, client first to close, told in full on both sides.
fn converse(watch: &mut Watch, client: &mut Actor, near: &Sock, server: &mut Actor, far: &Sock) {
    client.send(near, 60);
    server.recv(far, 60);
    server.send(far, 6);
    client.recv(near, 6);
    client.close(near);
    server.drain(far);
    server.close(far);
    let life = Life::of(near).by(&client.who, &[How::Connect]);
    let life = life.to(&[SynSent, Established, FinWait1, FinWait2, TimeWait]);
    watch.expect(life.ends(Reason::LocalFin, 60, 6));
    let life = arrived(far, server).by(&server.who, &[How::Accept]);
    watch.expect(
        life.to(&[CloseWait, LastAck, Close])
            .ends(Reason::RemoteFin, 6, 60),
    );
}
