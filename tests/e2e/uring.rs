//! Connections made, accepted and used through io_uring, with no system call of their own.

use crate::harness::{
    ANY4, How, Life, Reason, Sock, Stage,
    State::{Close, CloseWait, Established, FinWait1, FinWait2, LastAck, SynSent, TimeWait},
    pair::arrived,
    skip,
};

/// The kernel's worker thread that connects has a name of its own; the owner is the process.
#[test]
fn connect_accept_send() {
    let stage = Stage::new();
    let mut watch = stage.watch(&[]);
    let (mut client, mut server) = (stage.actor("client"), stage.actor("server"));
    let listener = server.listen(ANY4);
    let mut near = client.socket("tcp", ANY4);
    match client.attempt(&format!("uring-connect {} {}", near.fd, listener.local)) {
        Ok(answer) => (near.local, near.remote) = (answer.get(0), listener.local),
        Err(error @ (libc::ENOSYS | libc::EPERM)) => {
            return skip(&format!("no io_uring here: errno {error}"));
        }
        Err(error) => panic!("connect: errno {error}"),
    }
    let answer = server.run(&format!("uring-accept {}", listener.fd));
    let (fd, cookie) = (answer.get(0), answer.get(1));
    let far = Sock {
        fd,
        cookie,
        local: answer.get(2),
        remote: near.local,
    };
    client.run(&format!("uring-send {} 64", near.fd));
    server.run(&format!("uring-recv {} 64", far.fd));
    server.run(&format!("uring-send {} 16", far.fd));
    client.run(&format!("uring-recv {} 16", near.fd));
    client.close(&near);
    server.drain(&far);
    server.close(&far);

    let life = Life::of(&near).by(&client.who, &[How::Connect]);
    let life = life.to(&[SynSent, Established, FinWait1, FinWait2, TimeWait]);
    watch.expect(life.ends(Reason::LocalFin, 64, 16));
    let life = arrived(&far, &server).by(&server.who, &[How::Accept, How::Io]);
    watch.expect(
        life.to(&[CloseWait, LastAck, Close])
            .ends(Reason::RemoteFin, 16, 64),
    );
    watch.stop();
}
