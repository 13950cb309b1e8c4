//! `--rung udp=…`: one and the same conversation, told on every rung that this kernel takes.

use crate::{
    harness::{
        ANY4, ANY6, Flow,
        How::{Bind, Connect, Create, Io},
        Stage, skip,
    },
    rungs::refusal,
};

const RUNGS: [&str; 3] = ["udp=cgroup_skb", "udp=fentry", "udp=kprobe"];

/// A connected socket and one that only sends talk to a server: who they are, what went each way and between
/// which ends is the same on each rung.
#[test]
fn udp_on_every_rung() {
    for rungs in RUNGS {
        if let Some(why) = refusal(rungs) {
            skip(&format!("{rungs}: {why}"));
            continue;
        }
        for any in [ANY4, ANY6] {
            converse(rungs, any);
        }
    }
}

fn converse(rungs: &str, any: std::net::SocketAddr) {
    let stage = Stage::new();
    let mut watch = stage.watch(&["--rung", rungs]);
    let (mut client, mut server) = (stage.actor("client"), stage.actor("server"));
    let mut far = server.socket("udp", any);
    server.bind(&mut far, any);
    let mut near = client.socket("udp", any);
    client.connect_on(&mut near, far.local).expect("connect");
    for bytes in [100, 0, 1000] {
        client.send(&near, bytes);
        server.run(&format!("echo {} 1", far.fd));
        client.run(&format!("recv-from {}", near.fd));
    }
    let mut free = client.socket("udp", any);
    for _ in 0..2 {
        client.run(&format!("send-to {} {} 50", free.fd, far.local));
        free.local = server.run(&format!("recv-from {}", far.fd)).get(0);
    }
    client.close(&near);
    client.close(&free);
    server.close(&far);
    let serves = |flow: Flow| flow.opened_by(&server.who, &[Bind, Io]);
    let talks = Flow::of(&near, far.local).connected();
    let talks = talks.opened_by(&client.who, &[Connect, Io]);
    watch.expect_flow(talks.sent(3, 1100).received(3, 1100));
    let answers = serves(Flow::of(&far, near.local));
    watch.expect_flow(answers.sent(3, 1100).received(3, 1100));
    let sends = Flow::of(&free, far.local).opened_by(&client.who, &[Create, Io]);
    watch.expect_flow(sends.sent(2, 100));
    watch.expect_flow(serves(Flow::of(&far, free.local)).received(2, 100));
    assert!(rungs.ends_with(watch.rung("udp")));
    watch.stop();
}
