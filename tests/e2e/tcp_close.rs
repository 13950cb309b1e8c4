//! Connections that end in good order: who closed first, and what was carried.

use crate::harness::{
    ANY4, How, Life, Pair, Reason, Stage,
    State::{
        Close, CloseWait, Closing, Established, FinWait1, FinWait2, LastAck, Listen, SynRecv,
        SynSent, TimeWait,
    },
    netns::NetNs,
    netwatch::Watch,
    skip,
    wire::{RIGHT, Traffic, Wire},
};

#[test]
fn client_first() {
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
    client.send(near, 100);
    server.recv(far, 100);
    server.send(far, 2_000_000);
    client.recv(near, 2_000_000);
    client.close(near);
    server.drain(far);
    server.close(far);
    let near = pair.near_life().to(&[FinWait1, FinWait2, TimeWait]);
    watch.expect(near.ends(Reason::LocalFin, 100, 2_000_000));
    let far = pair.far_life().to(&[CloseWait, LastAck, Close]);
    watch.expect(far.ends(Reason::RemoteFin, 2_000_000, 100));
    watch.stop();
}

#[test]
fn server_first() {
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
    server.send(far, 7);
    server.close(far);
    client.drain(near);
    client.close(near);
    let far = pair.far_life().to(&[FinWait1, FinWait2, TimeWait]);
    watch.expect(far.ends(Reason::LocalFin, 7, 0));
    let near = pair.near_life().to(&[CloseWait, LastAck, Close]);
    watch.expect(near.ends(Reason::RemoteFin, 0, 7));
    watch.stop();
}

/// Each side sends its FIN before it has seen the other's: they cross on the wire.
#[test]
fn both_at_once() {
    let stage = Stage::new();
    let away = NetNs::new();
    let wire = match Wire::new(&stage.netns, &away) {
        Ok(wire) => wire,
        Err(reason) => return skip(&reason),
    };
    let mut watch = Watch::start(&["trace", "--json"], &[stage.netns.inode, away.inode]);
    let mut client = stage.actor("client");
    let mut server = {
        let _there = away.enter();
        stage.actor("server")
    };
    let listener = server.listen((RIGHT, 0).into());
    let near = client.connect(listener.local);
    let far = server.accept(&listener);
    client.send(&near, 11);
    server.recv(&far, 11);
    wire.set(Traffic::Held);
    client.shutdown(&near);
    server.shutdown(&far);
    wire.set(Traffic::Flows);
    client.drain(&near);
    server.drain(&far);
    let end = [FinWait1, Closing, TimeWait];
    let client_life = Life::of(&near).by(&client.who, &[How::Connect]);
    let client_life = client_life.to(&[SynSent, Established]).to(&end);
    watch.expect(client_life.ends(Reason::LocalFin, 11, 0));
    let server_life = Life::of(&far)
        .from(Listen)
        .by(&server.who, &[How::Inherited]);
    let server_life = server_life.to(&[SynRecv, Established]);
    let server_life = server_life.by(&server.who, &[How::Accept]).to(&end);
    watch.expect(server_life.ends(Reason::LocalFin, 0, 11));
    watch.stop();
}

/// The client ends its own direction, and still receives.
#[test]
fn half_close() {
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
    client.send(near, 10);
    client.shutdown(near);
    server.drain(far);
    server.send(far, 1000);
    client.recv(near, 1000);
    server.close(far);
    client.drain(near);
    client.close(near);
    let near = pair.near_life().to(&[FinWait1, FinWait2, TimeWait]);
    watch.expect(near.ends(Reason::LocalFin, 10, 1000));
    let far = pair.far_life().to(&[CloseWait, LastAck, Close]);
    watch.expect(far.ends(Reason::RemoteFin, 1000, 10));
    watch.stop();
}

#[test]
fn accepted_and_never_used() {
    let stage = Stage::new();
    let mut watch = stage.watch(&[]);
    let mut pair = Pair::meet(&stage);
    pair.client.close(&pair.near);
    pair.server.drain(&pair.far);
    pair.server.close(&pair.far);
    let near = pair.near_life().to(&[FinWait1, FinWait2, TimeWait]);
    watch.expect(near.ends(Reason::LocalFin, 0, 0));
    let far = pair.far_life().to(&[CloseWait, LastAck, Close]);
    watch.expect(far.ends(Reason::RemoteFin, 0, 0));
    watch.stop();
}

/// A listener has its own two transitions, and no end of a connection.
#[test]
fn listener() {
    let stage = Stage::new();
    let mut watch = stage.watch(&[]);
    let mut server = stage.actor("server");
    let listener = server.listen(ANY4);
    server.close(&listener);
    watch.expect(
        Life::of(&listener)
            .by(&server.who, &[How::Listen])
            .to(&[Listen, Close]),
    );
    watch.stop();
}

/// The process ends without a close of its own.
#[test]
fn client_exits() {
    let stage = Stage::new();
    let mut watch = stage.watch(&[]);
    let mut pair = Pair::meet(&stage);
    let near = pair.near_life().to(&[FinWait1, FinWait2, TimeWait]);
    let far = pair.far_life().to(&[CloseWait, LastAck, Close]);
    pair.client.send(&pair.near, 5);
    pair.client.exit();
    pair.server.drain(&pair.far);
    pair.server.exit();
    watch.expect(near.ends(Reason::LocalFin, 5, 0));
    watch.expect(far.ends(Reason::RemoteFin, 0, 5));
    watch.stop();
}
