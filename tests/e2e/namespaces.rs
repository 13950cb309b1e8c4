//! Two network namespaces with the same addresses and ports.

use std::net::SocketAddr;

use crate::harness::{
    How, Life, Reason, Stage,
    State::{Close, CloseWait, Established, FinWait1, FinWait2, LastAck, SynSent, TimeWait},
    Watch,
    netns::NetNs,
    pair::arrived,
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
