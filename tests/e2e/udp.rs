//! Flows of one socket and one remote.

use std::{net::SocketAddr, time::Instant};

use crate::harness::{
    ANY4, ANY6, Actor, Flow,
    How::{Bind, Connect, Create, Io},
    Phase, Sock, Stage,
    schema::Detail,
};

/// The server's owner: it bound the socket, and used it.
const SERVES: &[crate::harness::How] = &[Bind, Io];

fn well_known(server: &mut Actor, address: SocketAddr) -> Sock {
    let mut socket = server.socket("udp", address);
    server.bind(&mut socket, address);
    socket
}

fn connected(client: &mut Actor, to: SocketAddr) -> Sock {
    let mut socket = client.socket("udp", to);
    client.connect_on(&mut socket, to).expect("connect");
    socket
}

/// Three datagrams there and back on a connected socket, told in full on both sides.
fn converse(address: SocketAddr, arguments: &[&str]) {
    let stage = Stage::new();
    let mut watch = stage.watch(arguments);
    let (mut client, mut server) = (stage.actor("client"), stage.actor("server"));
    let far = well_known(&mut server, address);
    let near = connected(&mut client, far.local);
    for bytes in [100, 0, 1000] {
        client.send(&near, bytes);
        server.run(&format!("echo {} 1", far.fd));
        client.run(&format!("recv-from {}", near.fd));
    }
    client.close(&near);
    server.close(&far);
    let flow = Flow::of(&near, far.local)
        .connected()
        .sent(3, 1100)
        .received(3, 1100);
    watch.expect_flow(
        flow.opened_by(&client.who, &[Connect])
            .closed_by(&client.who, &[Connect]),
    );
    let flow = Flow::of(&far, near.local).sent(3, 1100).received(3, 1100);
    watch.expect_flow(
        flow.opened_by(&server.who, SERVES)
            .closed_by(&server.who, SERVES),
    );
    watch.stop();
}

#[test]
fn connected_ipv4() {
    converse(ANY4, &["--udp", "-4"]);
}

#[test]
fn connected_ipv6() {
    converse(ANY6, &["-6"]);
}

/// A connected socket may send elsewhere all the same.
#[test]
fn connected_and_sending_elsewhere() {
    for any in [ANY4, ANY6] {
        let stage = Stage::new();
        let mut watch = stage.watch(&[]);
        let mut client = stage.actor("client");
        let (mut server, mut other) = (stage.actor("server"), stage.actor("other"));
        let (far, elsewhere) = (well_known(&mut server, any), well_known(&mut other, any));
        let near = connected(&mut client, far.local);
        client.send(&near, 10);
        for _ in 0..3 {
            client.run(&format!("send-to {} {} 50", near.fd, elsewhere.local));
        }
        client.send(&near, 20);
        client.close(&near);
        watch.expect_flow(Flow::of(&near, far.local).connected().sent(2, 30));
        watch.expect_flow(Flow::of(&near, elsewhere.local).connected().sent(3, 150));
        watch.stop();
    }
}

/// Neither bound nor connected: the kernel chooses the port at the first send.
#[test]
fn unconnected_and_autobound() {
    let stage = Stage::new();
    let mut watch = stage.watch(&[]);
    let (mut client, mut server) = (stage.actor("client"), stage.actor("server"));
    let far = well_known(&mut server, ANY4);
    let mut near = client.socket("udp", ANY4);
    for _ in 0..2 {
        client.run(&format!("send-to {} {} 50", near.fd, far.local));
        let answer = server.run(&format!("recv-from {}", far.fd));
        assert_eq!(answer.get::<usize>(1), 50, "bytes that arrived");
        near.local = answer.get(0);
    }
    server.run(&format!("send-to {} {} 5", far.fd, near.local));
    client.run(&format!("recv-from {}", near.fd));
    client.close(&near);
    server.close(&far);
    let flow = Flow::of(&near, far.local).sent(2, 100).received(1, 5);
    watch.expect_flow(
        flow.opened_by(&client.who, &[Create, Io])
            .closed_by(&client.who, &[Create, Io]),
    );
    let flow = Flow::of(&far, near.local).sent(1, 5).received(2, 100);
    watch.expect_flow(
        flow.opened_by(&server.who, SERVES)
            .closed_by(&server.who, SERVES),
    );
    watch.stop();
}

/// Bound to a port and to every address.
#[test]
fn bound_to_any() {
    let stage = Stage::new();
    let mut watch = stage.watch(&[]);
    let (mut client, mut server) = (stage.actor("client"), stage.actor("server"));
    let far = well_known(&mut server, "0.0.0.0:5353".parse().expect("an address"));
    let near = well_known(&mut client, "0.0.0.0:5454".parse().expect("an address"));
    let far_at = SocketAddr::from(([127, 0, 0, 1], 5353));
    let near_at = SocketAddr::from(([127, 0, 0, 1], 5454));
    client.run(&format!("send-to {} {far_at} 44", near.fd));
    server.run(&format!("echo {} 1", far.fd));
    client.run(&format!("recv-from {}", near.fd));
    client.close(&near);
    server.exit();
    watch.expect_flow(Flow::of(&near, far_at).sent(1, 44).received(1, 44));
    watch.expect_flow(Flow::of(&far, near_at).sent(1, 44).received(1, 44));
    watch.stop();
}

/// A socket of IPv6 that talks IPv4 on both sides: family ipv6, IPv4 text, counted once.
#[test]
fn ipv4_mapped() {
    let stage = Stage::new();
    let mut watch = stage.watch(&[]);
    let (mut client, mut server) = (stage.actor("client"), stage.actor("server"));
    let mut far = server.socket("udp", ANY6);
    server.set(&far, "v6only", 0);
    server.bind(&mut far, "[::]:0".parse().expect("an address"));
    let mapped = format!("[::ffff:127.0.0.1]:{}", far.local.port());
    let near = connected(&mut client, mapped.parse().expect("an address"));
    assert!(near.local.is_ipv6(), "the client's socket is of IPv6");
    client.send(&near, 70);
    server.run(&format!("echo {} 1", far.fd));
    client.run(&format!("recv-from {}", near.fd));
    client.close(&near);
    server.close(&far);
    let flow = Flow::of(&near, near.remote)
        .connected()
        .sent(1, 70)
        .received(1, 70);
    watch.expect_flow(flow.opened_by(&client.who, &[Connect]));
    // What its wildcard address became is not part of what is asked here.
    let flow = Flow::of(&far, crate::harness::life::plain(near.local));
    watch.expect_flow(
        flow.sent(1, 70)
            .received(1, 70)
            .closed_by(&server.who, SERVES),
    );
    watch.stop();
}

/// A flow that goes on is told once a second at most, and at least once.
#[test]
fn updates() {
    let stage = Stage::new();
    let mut watch = stage.watch(&[]);
    let (mut client, mut server) = (stage.actor("client"), stage.actor("server"));
    let far = well_known(&mut server, ANY4);
    let start = Instant::now();
    let near = connected(&mut client, far.local);
    client.run(&format!("send-paced {} 10 26 100", near.fd));
    client.close(&near);
    let took = start.elapsed();
    server.close(&far);
    watch.expect_flow(Flow::of(&near, far.local).connected().sent(26, 260));
    watch.expect_flow(Flow::of(&far, near.local).received(26, 260));
    let ended = watch.stop();
    let updates = ended.events.iter().filter(|event| match &event.detail {
        Detail::UdpFlow(socket, flow) => {
            socket.cookie == near.cookie && flow.phase == Phase::Update
        }
        _ => false,
    });
    let (updates, most) = (updates.count(), took.as_secs() as usize + 1);
    assert!(
        (1..=most).contains(&updates),
        "{updates} updates in {took:?}"
    );
}
