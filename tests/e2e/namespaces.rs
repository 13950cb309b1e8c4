//! Two network namespaces with the same addresses and ports.

use std::{
    io::Read as _,
    net::{SocketAddr, TcpListener, TcpStream},
    os::unix::process::CommandExt as _,
    process::{Child, Command, Stdio},
};

use rustix::{
    net::sockopt::socket_cookie,
    process::{Resource, Rlimit, setrlimit},
};

use crate::harness::{
    ANY4, How, Life, Reason, Stage,
    State::{Close, CloseWait, Established, FinWait1, FinWait2, LastAck, SynSent, TimeWait},
    Watch,
    netns::NetNs,
    netwatch::command,
    pair::arrived,
    schema::{Detail, Event},
};

#[test]
fn same_tuple_twice() {
    let stage = Stage::new();
    let other = NetNs::new();
    let mut watch = Watch::start(&["trace", "--json"], &[stage.netns.inode, other.inode]);
    let at = |port: u16| SocketAddr::from(([127, 0, 0, 1], port));
    let mut sockets = Vec::new();
    let mut actors = Vec::new();
    for (netns, suffix) in [(&stage.netns, "a"), (&other, "b")] {
        let _there = netns.enter();
        let mut client = stage.actor(&format!("client-{suffix}"));
        let mut server = stage.actor(&format!("server-{suffix}"));
        let listener = server.listen(at(7001));
        let mut near = client.socket("tcp", at(0));
        client.bind(&mut near, at(7002));
        client
            .connect_on(&mut near, listener.local)
            .expect("connect");
        let far = server.accept(&listener);
        sockets.push((netns.inode, near, far));
        actors.push((client, server));
    }
    for ((_, near, far), (client, server)) in sockets.iter().zip(&mut actors) {
        let bytes = 10 * client.who.comm.len() + usize::from(client.who.comm.ends_with('b'));
        client.send(near, bytes);
        client.close(near);
        server.drain(far);
        server.close(far);
        let life = Life::of(near).by(&client.who, &[How::Connect]);
        let life = life.to(&[SynSent, Established, FinWait1, FinWait2, TimeWait]);
        watch.expect(life.ends(Reason::LocalFin, bytes as u64, 0));
        let life = arrived(far, server).by(&server.who, &[How::Accept]);
        let life = life.to(&[CloseWait, LastAck, Close]);
        watch.expect(life.ends(Reason::RemoteFin, 0, bytes as u64));
    }
    let ended = watch.stop();
    for (inode, near, far) in &sockets {
        for socket in ended.events.iter().filter_map(|event| event.socket()) {
            if [near.cookie, far.cookie].contains(&socket.cookie) {
                assert_eq!(socket.netns, Some(*inode), "namespace of {socket:?}");
            }
        }
    }
}

/// Only a descriptor keeps it, and sockets are in it: what no event tells there is found out, and
/// nothing ends before its time.
#[test]
fn without_a_process() {
    let kept = NetNs::new();
    let mut watch = Watch::start(&["trace", "--json"], &[kept.inode]);
    let (closed, orphan, _peer) = {
        let _there = kept.enter();
        let listener = TcpListener::bind(ANY4).expect("listen");
        let meet = || {
            let address = listener.local_addr().expect("the listener's address");
            let client = TcpStream::connect(address).expect("connect");
            let (server, _) = listener.accept().expect("accept");
            (socket_cookie(&client).expect("a cookie"), client, server)
        };
        let (closed, client, mut server) = meet();
        drop(client);
        server.read_to_end(&mut Vec::new()).expect("hear the FIN");
        drop(server);
        kept.sysctl("ipv4/tcp_fin_timeout", "1");
        let (orphan, client, server) = meet();
        drop(client);
        (closed, orphan, server)
    };
    let state = |events: &[Event], cookie| {
        events.iter().rev().find_map(|event| match &event.detail {
            Detail::TcpState(socket, change) if socket.cookie == cookie => Some(change.new),
            _ => None,
        })
    };
    watch.wait("the end of FIN_WAIT2 after a second", |events| {
        state(events, orphan) == Some(Close)
    });
    let ended = watch.stop();
    assert_eq!(state(&ended.events, closed), Some(TimeWait));
}

/// More of them than netwatch may have descriptors for.
#[test]
fn many() {
    const NAMESPACES: usize = 60;
    const DESCRIPTORS: u64 = 120;
    let stage = Stage::new();
    let _others: Vec<Inhabited> = (0..NAMESPACES).map(|_| Inhabited::new()).collect();
    let netns = stage.netns.inode;
    let mut netwatch = command(&["trace", "--json", "--netns", &netns.to_string()]);
    let limit = Rlimit {
        current: Some(DESCRIPTORS),
        maximum: Some(DESCRIPTORS),
    };
    // SAFETY: a system call only.
    unsafe { netwatch.pre_exec(move || Ok(setrlimit(Resource::Nofile, limit)?)) };
    Watch::over(&mut netwatch, &[netns]).stop();
}

/// A network namespace with a process in it.
struct Inhabited(Child);

impl Inhabited {
    fn new() -> Self {
        let netns = NetNs::new();
        let _there = netns.enter();
        let process = Command::new("cat")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn();
        Self(process.expect("run cat"))
    }
}

impl Drop for Inhabited {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}
