//! Whose a socket is, where it is not simply the process that made it.

use std::path::{Path, PathBuf};

use crate::harness::{
    ANY4, Actor, How, Life, Reason, Sock, Stage,
    State::{
        Close, CloseWait, Established, FinWait1, FinWait2, LastAck, Listen, SynRecv, SynSent,
        TimeWait,
    },
    pair::arrived,
    schema::{Detail, Event},
    skip,
};

/// Several processes listen on one port: a connection is that one's whose listener it arrived at.
#[test]
fn reuseport() {
    const CONNECTIONS: usize = 24;
    let stage = Stage::new();
    let mut watch = stage.watch(&[]);
    let mut client = stage.actor("client");
    let mut servers = [stage.actor("server-a"), stage.actor("server-b")];
    let mut address = ANY4;
    let listeners = servers.each_mut().map(|server| {
        let mut listener = server.socket("tcp", ANY4);
        server.set(&listener, "reuseport", 1);
        server.bind(&mut listener, address);
        server.listen_on(&mut listener);
        server.set(&listener, "nonblock", 1);
        address = listener.local;
        listener
    });
    for _ in 0..CONNECTIONS {
        client.connect(address);
    }
    let arrival = |event: &&Event| match &event.detail {
        Detail::TcpState(_, change) => (change.old, change.new) == (SynRecv, Established),
        _ => false,
    };
    watch.wait("all connections to arrive", |events| {
        events.iter().filter(arrival).count() == CONNECTIONS
    });
    // Where memory is kept by cookie, nothing says at which of them it arrived.
    let is_known = watch.rung("memory") == "sk_storage";
    let mut accepted = 0;
    for (server, listener) in servers.iter_mut().zip(&listeners) {
        while let Ok(answer) = server.attempt(&format!("accept {}", listener.fd)) {
            let (fd, cookie) = (answer.get(0), answer.get(1));
            let far = Sock {
                fd,
                cookie,
                local: answer.get(2),
                remote: answer.get(3),
            };
            watch.expect(if is_known {
                arrived(&far, server)
            } else {
                Life::of(&far).from(Listen).to(&[SynRecv, Established])
            });
            accepted += 1;
        }
    }
    assert_eq!(accepted, CONNECTIONS, "connections accepted");
    for event in watch.stop().events.iter().filter(arrival) {
        let owner = event.socket().and_then(|socket| socket.pid);
        assert_eq!(owner.is_some(), is_known, "{}", event.line);
    }
}

/// A parent listens and its forked workers accept, one with and one without asking for the peer's
/// name: a connection is its worker's from the accept on, or else from the first use, or else from the
/// close.
#[test]
fn prefork() {
    let stage = Stage::new();
    let mut watch = stage.watch(&[]);
    let (mut client, mut parent) = (stage.actor("client"), stage.actor("parent"));
    let listener = parent.listen(ANY4);
    let mut workers = ["worker-a", "worker-b"].map(|name| {
        let mut worker = parent.fork(&stage.path(name));
        worker.rename(name.as_bytes());
        worker
    });
    for (worker, how) in workers.iter_mut().zip([How::Accept, How::Io]) {
        let near = client.connect(listener.local);
        let far = match how {
            How::Accept => worker.accept(&listener),
            _ => worker.accept_unnamed(&listener, &near),
        };
        client.send(&near, 33);
        worker.recv(&far, 33);
        client.close(&near);
        worker.drain(&far);
        worker.close(&far);
        let life = arrived(&far, &parent);
        let how = match watch.rung("accept") {
            "fexit" => How::Accept,
            _ => how,
        };
        let life = match (how, watch.rung("io")) {
            (How::Io, "none") => life.to(&[CloseWait]).by(&worker.who, &[How::Close]),
            _ => life.by(&worker.who, &[how]).to(&[CloseWait]),
        };
        let life = life.to(&[LastAck, Close]);
        watch.expect(life.ends(Reason::RemoteFin, 0, 33));
    }
    watch.stop();
}

/// Nobody asked for the peer's name, and the connection is not used before it is closed.
#[test]
fn accepted_unnamed_and_closed() {
    let stage = Stage::new();
    let mut watch = stage.watch(&[]);
    let (mut client, mut parent) = (stage.actor("client"), stage.actor("parent"));
    let listener = parent.listen(ANY4);
    let mut worker = parent.fork(&stage.path("worker"));
    worker.rename(b"worker");
    let near = client.connect(listener.local);
    let far = worker.accept_unnamed(&listener, &near);
    worker.close(&far);
    client.drain(&near);
    client.close(&near);
    let life = arrived(&far, &parent).by(&worker.who, &[How::Accept, How::Close]);
    watch.expect(
        life.to(&[FinWait1, FinWait2, TimeWait])
            .ends(Reason::LocalFin, 0, 0),
    );
    watch.stop();
}

/// One process accepts and hands the connection to another, which uses it.
#[test]
fn passed_over_a_unix_socket() {
    let stage = Stage::new();
    let mut watch = stage.watch(&[]);
    let mut client = stage.actor("client");
    let (mut giver, mut taker) = (stage.actor("giver"), stage.actor("taker"));
    let mailbox = stage.path("mailbox");
    let mailbox_fd: i32 = taker.run(&format!("mailbox {}", mailbox.display())).get(0);
    let listener = giver.listen(ANY4);
    let near = client.connect(listener.local);
    let far = giver.accept(&listener);
    giver.run(&format!("pass {} {}", far.fd, mailbox.display()));
    giver.close(&far);
    let answer = taker.run(&format!("take {mailbox_fd}"));
    assert_eq!(
        answer.get::<u64>(1),
        far.cookie,
        "the cookie of what was passed"
    );
    let taken = Sock {
        fd: answer.get(0),
        ..far
    };

    client.send(&near, 8);
    taker.recv(&taken, 8);
    client.close(&near);
    taker.drain(&taken);
    taker.close(&taken);
    let life = arrived(&far, &giver);
    // Where no rung tells of the use, it stays the acceptor's: that another closed it proves nothing.
    let life = match watch.rung("io") {
        "none" => life.by(&giver.who, &[How::Accept]),
        _ => life.by(&taker.who, &[How::Io]),
    };
    let life = life.to(&[CloseWait, LastAck, Close]);
    watch.expect(life.ends(Reason::RemoteFin, 0, 8));
    watch.stop();
}

/// The process becomes another program, which goes on with the connection.
#[test]
fn exec_after_connect() {
    let stage = Stage::new();
    let mut watch = stage.watch(&[]);
    let (mut client, mut server) = (stage.actor("before-exec"), stage.actor("server"));
    let listener = server.listen(ANY4);
    let near = client.connect(listener.local);
    let far = server.accept(&listener);
    let before = client.who.clone();
    client.exec(stage.program("after-exec"));
    client.send(&near, 21);
    server.recv(&far, 21);
    client.close(&near);
    server.drain(&far);
    server.close(&far);
    let life = Life::of(&near)
        .by(&before, &[How::Connect])
        .to(&[SynSent, Established]);
    let how = match watch.rung("io") {
        "none" => How::Close,
        _ => How::Io,
    };
    let life = life.by(&client.who, &[how]);
    let life = life.to(&[FinWait1, FinWait2, TimeWait]);
    watch.expect(life.ends(Reason::LocalFin, 21, 0));
    watch.stop();
}

/// The listener is closed by another process than the one that opened it.
#[test]
fn listener_outlives_its_maker() {
    let stage = Stage::new();
    let mut watch = stage.watch(&[]);
    let mut parent = stage.actor("parent");
    let listener = parent.listen(ANY4);
    let mut worker: Actor = parent.fork(&stage.path("worker"));
    worker.rename(b"worker");
    parent.close(&listener);
    worker.close(&listener);
    let life = Life::of(&listener)
        .by(&parent.who, &[How::Listen])
        .to(&[Listen]);
    watch.expect(life.by(&worker.who, &[How::Close]).to(&[Close]));
    watch.stop();
}

/// A process that takes another name between two connections has that name from then on.
#[test]
fn renamed_between_connections() {
    let stage = Stage::new();
    let mut watch = stage.watch(&[]);
    let (mut client, mut server) = (stage.actor("client"), stage.actor("server"));
    let listener = server.listen(ANY4);
    for name in ["first-name", "second-name"] {
        client.rename(name.as_bytes());
        let near = client.connect(listener.local);
        let life = Life::of(&near).by(&client.who, &[How::Connect]);
        watch.expect(life.to(&[SynSent, Established]));
    }
    watch.stop();
}

/// The user and the cgroup are the process's, too: those that it has at the time, as daemons give up their
/// privileges once they are known.
#[test]
fn user_and_cgroup() {
    let stage = Stage::new();
    let name = format!("netwatch-test-{}", stage.netns.inode);
    let cgroup = match Cgroup::new(&name) {
        Ok(cgroup) => cgroup,
        Err(error) => return skip(&format!("no cgroup can be made here: {error}")),
    };
    let mut watch = stage.watch(&[]);
    let (mut client, mut server) = (stage.actor("client"), stage.actor("server"));
    let listener = server.listen(ANY4);
    let mut meet = |client: &mut Actor| {
        let near = client.connect(listener.local);
        let far = server.accept(&listener);
        client.close(&near);
        server.drain(&far);
        let life = Life::of(&near).to(&[SynSent, Established, FinWait1, FinWait2]);
        watch.wait("the client's close", |events| life.is_told(events));
        near
    };
    meet(&mut client);
    cgroup.take(&client);
    client.run("become 4321");
    let near = meet(&mut client);
    let ended = watch.stop();
    for socket in ended.events.iter().filter_map(|event| event.socket()) {
        let (uid, path) = if socket.cookie == near.cookie {
            (4321, format!("/{name}"))
        } else {
            (0, home())
        };
        assert_eq!(socket.uid, Some(uid), "{socket:?}");
        assert_eq!(socket.cgroup.as_deref(), Some(&*path), "{socket:?}");
    }
}

/// A cgroup of its own, below the root.
struct Cgroup(PathBuf);

impl Cgroup {
    fn new(name: &str) -> std::io::Result<Self> {
        let mounts = std::fs::read_to_string("/proc/self/mounts")?;
        let mut mounts = mounts.lines().map(|line| line.split(' '));
        let root = mounts.find_map(|mut words| {
            let path = words.nth(1)?;
            (words.next()? == "cgroup2").then_some(path)
        });
        let root = Path::new(root.ok_or(std::io::ErrorKind::NotFound)?);
        std::fs::create_dir(root.join(name))?;
        Ok(Self(root.join(name)))
    }

    fn take(&self, actor: &Actor) {
        std::fs::write(self.0.join("cgroup.procs"), actor.who.pid.to_string())
            .expect("move a process into the cgroup");
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        std::fs::remove_dir(&self.0).ok();
    }
}

/// The cgroup of the tests.
fn home() -> String {
    let cgroups = std::fs::read_to_string("/proc/self/cgroup").expect("read the cgroup");
    let line = cgroups.lines().find_map(|line| line.strip_prefix("0::"));
    line.expect("the unified hierarchy has a line").to_owned()
}

/// Of a path that is too long the front is missing, and that is to be seen.
#[test]
fn a_program_far_down() {
    let stage = Stage::new();
    let mut watch = stage.watch(&[]);
    let mut server = stage.actor("server");
    let listener = server.listen(ANY4);
    let deep: String = (0..9)
        .map(|depth| format!("{depth}-{}/", "d".repeat(58)))
        .collect();
    std::fs::create_dir_all(stage.path(&deep)).expect("make folders");
    let program = stage.program(&format!("{deep}far-down"));
    let near = Actor::start(&program).connect(listener.local);
    let told = |event: &Event| {
        event
            .socket()
            .filter(|one| one.cookie == near.cookie)
            .cloned()
    };
    watch.wait("the connection", |events| {
        events.iter().any(|event| told(event).is_some())
    });
    let socket = watch
        .events()
        .iter()
        .find_map(told)
        .expect("the connection");
    let exe = socket.exe.expect("a path");
    let end = exe.strip_prefix('…').expect("the front is missing");
    assert!(end.starts_with('/') && end.len() > 300, "{exe}");
    assert!(program.to_string_lossy().ends_with(end), "{exe}");
    watch.stop();
}
