//! Many flows, and many datagrams at once.

use procfs::sys::kernel::Version;

use crate::harness::{
    ANY4, Flow,
    How::{Bind, Connect, Create, Io},
    Stage, Watch,
    netns::NetNs,
    skip,
    wire::{RIGHT, Wire},
};

/// One server socket and a hundred peers, each with its own count in both directions.
#[test]
fn a_hundred_peers() {
    let stage = Stage::new();
    let mut watch = stage.watch(&[]);
    let (mut client, mut server) = (stage.actor("client"), stage.actor("server"));
    let mut far = server.socket("udp", ANY4);
    server.bind(&mut far, ANY4);
    let mut peers = Vec::new();
    for number in 0..100_u64 {
        let mut near = client.socket("udp", ANY4);
        client.connect_on(&mut near, far.local).expect("connect");
        let (packets, bytes) = (number % 7 + 1, number * 11);
        for _ in 0..packets {
            client.send(&near, bytes as usize);
            server.run(&format!("echo {} 1", far.fd));
        }
        peers.push((near, packets, packets * bytes));
    }
    for (near, ..) in &peers {
        client.close(near);
    }
    server.close(&far);
    for (near, packets, bytes) in peers {
        let flow = Flow::of(&near, far.local).connected().sent(packets, bytes);
        let flow = flow.opened_by(&client.who, &[Connect]);
        watch.expect_flow(
            flow.received(packets, bytes)
                .closed_by(&client.who, &[Connect]),
        );
        let flow = Flow::of(&far, near.local)
            .sent(packets, bytes)
            .received(packets, bytes);
        watch.expect_flow(flow.closed_by(&server.who, &[Bind, Io]));
    }
    watch.stop();
}

#[test]
fn sendmmsg() {
    let stage = Stage::new();
    let mut watch = stage.watch(&[]);
    let (mut client, mut server) = (stage.actor("client"), stage.actor("server"));
    let mut far = server.socket("udp", ANY4);
    server.bind(&mut far, ANY4);
    let mut near = client.socket("udp", ANY4);
    let sent = client.run(&format!("send-many {} {} 32 16", near.fd, far.local));
    assert_eq!(sent.get::<u32>(0), 16, "datagrams sent by one call");
    for _ in 0..16 {
        near.local = server.run(&format!("recv-from {}", far.fd)).get(0);
    }
    client.close(&near);
    server.close(&far);
    let flow = Flow::of(&near, far.local).sent(16, 512);
    watch.expect_flow(flow.closed_by(&client.who, &[Create, Io]));
    watch.expect_flow(Flow::of(&far, near.local).received(16, 512));
    watch.stop();
}

/// One send, which the kernel cuts into datagrams: they are counted, not the send.
#[test]
fn segmentation_offload() {
    let stage = Stage::new();
    let mut watch = stage.watch(&[]);
    let (mut client, mut server) = (stage.actor("client"), stage.actor("server"));
    let mut far = server.socket("udp", ANY4);
    server.bind(&mut far, ANY4);
    let mut near = client.socket("udp", ANY4);
    client.connect_on(&mut near, far.local).expect("connect");
    if let Err(error) = client.attempt(&format!("send-segmented {} 5100 500", near.fd)) {
        return skip(&format!("no UDP_SEGMENT here: errno {error}"));
    }
    for _ in 0..11 {
        server.run(&format!("recv-from {}", far.fd));
    }
    client.close(&near);
    server.close(&far);
    watch.expect_flow(Flow::of(&near, far.local).connected().sent(11, 5100));
    watch.expect_flow(Flow::of(&far, near.local).received(11, 5100));
    watch.stop();
}

/// The receiver takes the segments in one piece; they are datagrams all the same.
#[test]
fn receive_offload() {
    let stage = Stage::new();
    let mut watch = stage.watch(&[]);
    let (mut client, mut server) = (stage.actor("client"), stage.actor("server"));
    let mut far = server.socket("udp", ANY4);
    server.bind(&mut far, ANY4);
    server.set(&far, "gro", 1);
    let mut near = client.socket("udp", ANY4);
    client.connect_on(&mut near, far.local).expect("connect");
    if let Err(error) = client.attempt(&format!("send-segmented {} 2000 500", near.fd)) {
        return skip(&format!("no UDP_SEGMENT here: errno {error}"));
    }
    let mut receive = || -> usize { server.run(&format!("recv-from {}", far.fd)).get(1) };
    let mut received = receive();
    let is_old = Version::current().expect("the kernel's version") < Version::new(6, 1, 0);
    if is_old && received == 500 {
        skip(
            "this kernel hands over on loopback what was sent in one piece as datagrams of their own",
        );
        received += receive() + receive() + receive();
    }
    assert_eq!(received, 2000, "bytes received");
    client.close(&near);
    server.close(&far);
    watch.expect_flow(Flow::of(&near, far.local).connected().sent(4, 2000));
    watch.expect_flow(Flow::of(&far, near.local).received(4, 2000));
    watch.stop();
}

/// A datagram that goes over the wire in pieces is one datagram.
#[test]
fn fragmented() {
    let stage = Stage::new();
    let away = NetNs::new();
    let _wire = match Wire::new(&stage.netns, &away) {
        Ok(wire) => wire,
        Err(reason) => return skip(&reason),
    };
    let mut watch = Watch::start(&["trace", "--json"], &[stage.netns.inode, away.inode]);
    let mut client = stage.actor("client");
    let mut server = {
        let _there = away.enter();
        stage.actor("server")
    };
    let mut far = server.socket("udp", ANY4);
    server.bind(&mut far, (RIGHT, 0).into());
    let mut near = client.socket("udp", ANY4);
    client.connect_on(&mut near, far.local).expect("connect");
    client.send(&near, 5000);
    server.run(&format!("echo {} 1", far.fd));
    client.run(&format!("recv-from {}", near.fd));
    client.close(&near);
    server.close(&far);
    watch.expect_flow(
        Flow::of(&near, far.local)
            .connected()
            .sent(1, 5000)
            .received(1, 5000),
    );
    watch.expect_flow(Flow::of(&far, near.local).sent(1, 5000).received(1, 5000));
    watch.stop();
}
