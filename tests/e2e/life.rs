//! `netwatch life`: one line for each connection or flow that ended, and nothing else.

use crate::harness::{
    ANY4, Pair, Phase, Reason, Sock, Stage, Watch, laws,
    netwatch::Ended,
    schema::{Detail, Event},
};

#[test]
fn what_ended_and_nothing_else() {
    let stage = Stage::new();
    let netns = stage.netns.inode.to_string();
    let arguments = ["life", "--json", "--netns", &netns];
    let mut watch = Watch::start(&arguments, &[stage.netns.inode]);
    let mut open = Pair::meet(&stage);
    open.client.send(&open.near, 1);
    let (pair, flows) = one_of_each(&stage);

    watch.wait("two ends of a connection and two of a flow", |events| {
        told(events).count() == 4
    });
    let ended = watch.end_selected();
    for (socket, reason) in [
        (&pair.near, Reason::LocalFin),
        (&pair.far, Reason::RemoteFin),
    ] {
        let [Detail::TcpClose(told, end)] = about(&ended, socket)[..] else {
            panic!("the end of {socket:?}");
        };
        assert_eq!(
            (told.local(), end.reason),
            (Some(socket.local), reason),
            "{told:?}"
        );
    }
    for socket in &flows {
        let [Detail::UdpFlow(told, end)] = about(&ended, socket)[..] else {
            panic!("the end of the flow of {socket:?}");
        };
        assert_eq!(
            (told.local(), end.phase),
            (Some(socket.local), Phase::Close),
            "{told:?}"
        );
    }
    assert_eq!(told(&ended.events).count(), 4, "{:?}", ended.events);
    laws::nothing_lost(&ended);
}

/// What is said of sockets.
fn told(events: &[Event]) -> impl Iterator<Item = &Event> {
    events.iter().filter(|event| event.socket().is_some())
}

/// A connection and a flow, both over.
fn one_of_each(stage: &Stage) -> (Pair, [Sock; 2]) {
    let mut pair = Pair::meet(stage);
    let Pair {
        client,
        server,
        near,
        far,
        ..
    } = &mut pair;
    client.send(near, 12);
    client.close(near);
    server.drain(far);
    server.close(far);
    let mut well_known = server.socket("udp", ANY4);
    server.bind(&mut well_known, ANY4);
    let mut asking = client.socket("udp", ANY4);
    client
        .connect_on(&mut asking, well_known.local)
        .expect("connect");
    client.send(&asking, 3);
    server.run(&format!("recv-from {}", well_known.fd));
    client.close(&asking);
    server.close(&well_known);
    (pair, [asking, well_known])
}

/// All that is said of a socket.
fn about<'a>(ended: &'a Ended, socket: &Sock) -> Vec<&'a Detail> {
    let told = ended.events.iter();
    told.filter(|event| {
        event
            .socket()
            .is_some_and(|one| one.cookie == socket.cookie)
    })
    .map(|event| &event.detail)
    .collect()
}
