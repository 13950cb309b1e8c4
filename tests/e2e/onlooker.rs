//! Who only looks at a connection is not its owner.

use std::{
    fs,
    net::SocketAddr,
    path::PathBuf,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use crate::harness::{
    ANY4, How, Life, Reason, Stage,
    State::{Close, CloseWait, Established, FinWait2, LastAck, SynSent},
    schema::{Detail, Event},
};

/// Another process that holds the connection and asks for its peer's name has not used it.
#[test]
fn asking_for_the_peer_is_no_use() {
    let stage = Stage::new();
    let mut watch = stage.watch(&[]);
    let (mut client, mut server) = (stage.actor("client"), stage.actor("server"));
    let listener = server.listen(ANY4);
    let near = client.connect(listener.local);
    let far = server.accept(&listener);
    let mut child = client.fork(&stage.path("child"));
    assert_eq!(
        child.run(&format!("peer {}", near.fd)).get::<SocketAddr>(0),
        listener.local
    );
    child.close(&near);
    child.exit();
    server.close(&far);
    client.drain(&near);
    client.close(&near);
    let life = Life::of(&near).by(&client.who, &[How::Connect]).to(&[
        SynSent,
        Established,
        CloseWait,
        LastAck,
        Close,
    ]);
    watch.expect(life.ends(Reason::RemoteFin, 0, 0));
    watch.stop();
}

/// Whoever looks at a process's descriptors while it closes them may end a connection, and is not its
/// owner for that.
#[test]
fn looking_on_is_no_use() {
    const CONNECTIONS: usize = 2_000;
    let stage = Stage::new();
    let mut watch = stage.watch(&[]);
    let (mut client, mut server) = (stage.actor("client"), stage.actor("server"));
    let listener = server.listen(ANY4);
    let looks = AtomicBool::new(true);
    let descriptors = PathBuf::from(format!("/proc/{}/fd", client.who.pid));
    thread::scope(|scope| {
        scope.spawn(|| {
            while looks.load(Ordering::Relaxed) {
                for entry in fs::read_dir(&descriptors).expect("list its descriptors") {
                    fs::read_link(entry.expect("a descriptor").path()).ok();
                }
            }
        });
        client.be_patient(Duration::from_secs(60));
        for _ in 0..CONNECTIONS {
            let near = client.connect(listener.local);
            client.close(&near);
        }
        looks.store(false, Ordering::Relaxed);
    });
    let ours = |event: &&Event| {
        let socket = event.socket();
        socket.is_some_and(|socket| socket.remote_port == Some(listener.local.port()))
    };
    // Not their ends: where the ACK of the FIN comes while close() still holds the socket, the kernel keeps
    // it for a minute in FIN_WAIT2, as nobody closes the other side.
    let closed = |event: &&Event| matches!(&event.detail, Detail::TcpState(_, change) if change.new == FinWait2);
    watch.wait("every FIN_WAIT2", |events| {
        events.iter().filter(ours).filter(closed).count() == CONNECTIONS
    });
    for event in watch.events().iter().filter(ours) {
        let pid = event.socket().and_then(|socket| socket.pid);
        assert_eq!(pid, Some(client.who.pid), "{}", event.line);
    }
    watch.stop();
}
