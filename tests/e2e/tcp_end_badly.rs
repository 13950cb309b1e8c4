//! Connections that end by a reset or by silence.

use crate::harness::{
    ANY4, How, Life, Pair, Reason, Stage,
    State::{Close, Established, Listen, SynSent},
    netns::NetNs,
    pair::arrived,
    skip,
    wire::{RIGHT, Traffic, Wire},
};

const ECONNRESET: i32 = libc::ECONNRESET;

#[test]
fn linger_zero() {
    let stage = Stage::new();
    let mut watch = stage.watch(&[]);
    let mut pair = Pair::meet(&stage);
    let Pair {
        client,
        server,
        near,
        far,
        ..
    } = &mut pair;
    client.send(near, 3);
    server.recv(far, 3);
    client.set(near, "linger", 0);
    client.close(near);
    let drained = server.attempt(&format!("drain {}", far.fd));
    assert_eq!(
        drained.unwrap_err(),
        ECONNRESET,
        "what the server's read fails with"
    );
    watch.expect(pair.near_life().to(&[Close]).ends(Reason::RstSent, 3, 0));
    let far = pair.far_life().to(&[Close]);
    watch.expect(far.ends(Reason::RstReceived, 0, 3).errno(ECONNRESET));
    watch.stop();
}

#[test]
fn closed_with_unread_data() {
    let stage = Stage::new();
    let mut watch = stage.watch(&[]);
    let mut pair = Pair::meet(&stage);
    let Pair {
        client,
        server,
        near,
        far,
        ..
    } = &mut pair;
    server.send(far, 100);
    client.run(&format!("peek {}", near.fd));
    client.close(near);
    watch.expect(pair.near_life().to(&[Close]).ends(Reason::RstSent, 0, 100));
    let far = pair.far_life().to(&[Close]);
    watch.expect(far.ends(Reason::RstReceived, 100, 0).errno(ECONNRESET));
    watch.stop();
}

/// The connection waits for an accept that never comes; it is its listener's process's all along.
#[test]
fn never_accepted() {
    let stage = Stage::new();
    let mut watch = stage.watch(&[]);
    let (mut client, mut server) = (stage.actor("client"), stage.actor("server"));
    let listener = server.listen(ANY4);
    let near = client.connect(listener.local);
    let waiting = Life::between(listener.local, near.local)
        .from(Listen)
        .by(&server.who, &[How::Inherited])
        .to(&[crate::harness::State::SynRecv, Established]);
    watch.wait("the connection to be established", |events| {
        waiting.is_told(events)
    });
    server.close(&listener);
    watch.expect(waiting.to(&[Close]).ends(Reason::RstSent, 0, 0));
    let near = Life::of(&near).by(&client.who, &[How::Connect]);
    let near = near.to(&[SynSent, Established, Close]);
    watch.expect(near.ends(Reason::RstReceived, 0, 0).errno(ECONNRESET));
    watch.expect(
        Life::of(&listener)
            .by(&server.who, &[How::Listen])
            .to(&[Listen, Close]),
    );
    watch.stop();
}

/// The socket is used again, for another connection: the same cookie, and not a trace of the old
/// connection's port.
#[test]
fn disconnected_and_connected_again() {
    let stage = Stage::new();
    let mut watch = stage.watch(&[]);
    let (mut client, mut server) = (stage.actor("client"), stage.actor("server"));
    let (one, two) = (server.listen(ANY4), server.listen(ANY4));
    let first = client.connect(one.local);
    let first_far = server.accept(&one);
    client.send(&first, 40);
    server.recv(&first_far, 40);
    client.run(&format!("disconnect {}", first.fd));
    let mut second = first;
    client
        .connect_on(&mut second, two.local)
        .expect("connect again");
    let second_far = server.accept(&two);
    client.send(&second, 2);
    server.recv(&second_far, 2);
    client.set(&second, "linger", 0);
    client.close(&second);

    let life = Life::of(&first).by(&client.who, &[How::Connect]);
    let life = life
        .to(&[SynSent, Established, Close])
        .ends(Reason::RstSent, 40, 0);
    let life = life.then_between(second.local, second.remote);
    let life = life
        .to(&[SynSent, Established, Close])
        .ends(Reason::RstSent, 2, 0);
    watch.expect(life);
    for (far, received) in [(first_far, 40), (second_far, 2)] {
        let life = arrived(&far, &server)
            .by(&server.who, &[How::Accept])
            .to(&[Close]);
        watch.expect(
            life.ends(Reason::RstReceived, 0, received)
                .errno(ECONNRESET),
        );
    }
    watch.stop();
}

/// Data that is never acknowledged.
#[test]
fn peer_falls_silent() {
    let stage = Stage::new();
    let away = NetNs::new();
    let wire = match Wire::new(&stage.netns, &away) {
        Ok(wire) => wire,
        Err(reason) => return skip(&reason),
    };
    let mut watch = stage.watch(&[]);
    let mut client = stage.actor("client");
    let mut server = {
        let _there = away.enter();
        stage.actor("server")
    };
    let listener = server.listen((RIGHT, 0).into());
    let near = client.connect(listener.local);
    let far = server.accept(&listener);
    client.send(&near, 5);
    server.recv(&far, 5);
    wire.set(Traffic::Dropped);
    client.set(&near, "user-timeout", 300);
    client.send(&near, 20);
    let drained = client.attempt(&format!("drain {}", near.fd));
    assert_eq!(
        drained.unwrap_err(),
        libc::ETIMEDOUT,
        "what the client's read fails with"
    );
    let life = Life::of(&near).by(&client.who, &[How::Connect]);
    let life = life.to(&[SynSent, Established, Close]);
    watch.expect(life.ends(Reason::Timeout, 25, 0).errno(libc::ETIMEDOUT));
    watch.stop();
}
