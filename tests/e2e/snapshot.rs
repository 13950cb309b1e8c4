//! Connections that were open before netwatch.

use crate::harness::{
    How, Life, Pair, Reason, Stage,
    State::{
        Close, CloseWait, Established, FinWait1, FinWait2, LastAck, Listen, SynSent, TimeWait,
    },
    pair::arrived,
    schema::{Detail, Event},
    skip,
};

/// Their owners are known from their open descriptors until they are seen using them, and their
/// figures are whole all the same.
#[test]
fn opened_before_and_closed_after() {
    let stage = Stage::new();
    let mut pair = Pair::meet(&stage);
    let Pair {
        client,
        server,
        near,
        far,
        ..
    } = &mut pair;
    client.send(near, 70);
    server.recv(far, 70);
    server.send(far, 700);
    client.recv(near, 700);
    let mut watch = stage.watch(&[]);
    client.close(near);
    server.drain(far);
    server.close(far);

    let life = Life::of(near)
        .from(Established)
        .by(&client.who, &[How::Close]);
    let life = life
        .to(&[FinWait1, FinWait2, TimeWait])
        .ends(Reason::LocalFin, 70, 700);
    watch.expect(life);
    let life = Life::of(far)
        .from(Established)
        .by(&server.who, &[How::Snapshot]);
    // Where no rung tells of its reading, its closing is the first that is seen of it.
    let how = match watch.rung("io") {
        "none" => How::Close,
        _ => How::Io,
    };
    let life = life
        .to(&[CloseWait])
        .by(&server.who, &[how])
        .to(&[LastAck, Close]);
    watch.expect(life.ends(Reason::RemoteFin, 700, 70));
    let ended = watch.stop();
    let Detail::Start(start) = &ended.events[0].detail else {
        unreachable!()
    };
    assert!(
        start.sockets >= 3,
        "two ends and a listener were there: {start:?}"
    );
}

/// A listener that was there already hands its owner down.
#[test]
fn listener_before_and_connection_after() {
    let stage = Stage::new();
    let (mut client, mut server) = (stage.actor("client"), stage.actor("server"));
    let listener = server.listen(crate::harness::ANY4);
    let mut watch = stage.watch(&[]);
    let near = client.connect(listener.local);
    let far = server.accept(&listener);
    server.close(&far);
    client.drain(&near);
    client.close(&near);
    server.close(&listener);

    let life = arrived(&far, &server).by(&server.who, &[How::Accept]);
    watch.expect(
        life.to(&[FinWait1, FinWait2, TimeWait])
            .ends(Reason::LocalFin, 0, 0),
    );
    let life = Life::of(&near).by(&client.who, &[How::Connect]);
    let life = life.to(&[SynSent, Established, CloseWait, LastAck, Close]);
    watch.expect(life.ends(Reason::RemoteFin, 0, 0));
    let life = Life::of(&listener)
        .from(Listen)
        .by(&server.who, &[How::Close]);
    watch.expect(life.to(&[Close]));
    watch.stop();
}

/// A peer that was away at the start closes, while this end only watches.
#[test]
fn half_closed_before() {
    let stage = Stage::new();
    let mut pair = Pair::meet(&stage);
    let Pair {
        client,
        server,
        near,
        far,
        ..
    } = &mut pair;
    client.send(near, 9);
    client.shutdown(near);
    server.drain(far);
    let mut watch = stage.watch(&[]);
    server.close(far);
    let life = Life::of(far).from(CloseWait).by(&server.who, &[How::Close]);
    watch.expect(life.to(&[LastAck, Close]).ends(Reason::RemoteFin, 0, 9));
    let life = Life::of(near)
        .from(FinWait2)
        .by(&client.who, &[How::Snapshot]);
    watch.expect(life.to(&[TimeWait]).ends(Reason::LocalFin, 9, 0));
    watch.stop();
}

/// The kernel makes the TCP sockets below MPTCP as its own, but they are a process's.
#[test]
fn mptcp_is_not_the_kernel_s() {
    let stage = Stage::new();
    let (mut client, mut server) = (stage.actor("client"), stage.actor("server"));
    let fd = match server.attempt("socket mptcp4") {
        Ok(answer) => answer.get::<i32>(0),
        Err(error) => return skip(&format!("no MPTCP: errno {error}")),
    };
    server.run(&format!("bind {fd} 127.0.0.1:7000"));
    server.run(&format!("listen {fd} 16"));
    let near: i32 = client.run("socket mptcp4").get(0);
    client.run(&format!("connect {near} 127.0.0.1:7000"));
    let far: i32 = server.run(&format!("accept {fd}")).get(0);

    let mut watch = stage.watch(&[]);
    client.run(&format!("close {near}"));
    server.run(&format!("close {far}"));
    let ended = |event: &Event| matches!(event.detail, Detail::TcpClose(..));
    watch.wait("both ends", |events| {
        events.iter().filter(|event| ended(event)).count() == 2
    });
    for socket in watch.events().iter().filter_map(Event::socket) {
        assert_ne!(socket.how, Some(How::Kernel), "{socket:?}");
    }
    watch.stop();
}
