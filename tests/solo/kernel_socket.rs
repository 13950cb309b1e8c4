//! Sockets of the kernel's own are called that.

use std::process::Command;

use netwatch::{
    Options, Tracer,
    event::{How, Owner, Protocol},
};

use crate::{alone, block_on, harness::netns::NetNs};

const PORT: u16 = 4789;

#[test]
fn a_tunnel_s_socket_belongs_to_the_kernel() {
    let _turn = alone();
    let netns = NetNs::new();
    let _inside = netns.enter();
    let port = PORT.to_string();
    ip(&[
        "link", "add", "vx0", "type", "vxlan", "id", "42", "dev", "lo", "dstport", &port,
    ]);
    ip(&["link", "set", "vx0", "up"]);
    let (owner, is_seen) = block_on(async {
        let tracer = Tracer::start(Options::default()).await.expect("start");
        let socket = tracer.table().rows().find(|socket| {
            socket.protocol == Protocol::Udp
                && socket.netns == Some(netns.inode)
                && socket.local.port == Some(PORT)
        });
        let owner = socket.expect("the tunnel's socket").owner.clone();
        let mut rungs = tracer.rungs().iter();
        let is_seen = rungs.any(|rung| (rung.capability, rung.rung) == ("snapshot", "iter"));
        (owner, is_seen)
    });
    // Without the iterators, nothing tells it from a socket whose holder isn't found.
    let kernel = Owner {
        process: None,
        how: How::Kernel,
    };
    assert_eq!(owner, is_seen.then_some(kernel));
}

fn ip(arguments: &[&str]) {
    let status = Command::new("ip").args(arguments).status().expect("run ip");
    assert!(status.success(), "ip {arguments:?}: {status}");
}
