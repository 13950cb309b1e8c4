//! Sockets of the kernel's own are called that.

use std::process::Command;

use netwatch::{
    Options, Tracer,
    event::{How, Protocol},
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
    let owner = block_on(async {
        let tracer = Tracer::start(Options::default()).await.expect("start");
        let socket = tracer.table().rows().find(|socket| {
            socket.protocol == Protocol::Udp
                && socket.netns == Some(netns.inode)
                && socket.local.port == Some(PORT)
        });
        socket.expect("the tunnel's socket").owner.clone()
    });
    let owner = owner.expect("an owner");
    assert_eq!((owner.process, owner.how), (None, How::Kernel));
}

fn ip(arguments: &[&str]) {
    let status = Command::new("ip").args(arguments).status().expect("run ip");
    assert!(status.success(), "ip {arguments:?}: {status}");
}
