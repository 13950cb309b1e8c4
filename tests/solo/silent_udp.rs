//! A UDP socket that never sends nor receives.

use std::{net::UdpSocket, time::Duration};

use netwatch::{Options, Tracer};
use tokio::time::timeout;

use crate::{
    alone, block_on,
    harness::{
        netns::NetNs,
        wait::{PATIENCE, slowness},
    },
};

#[test]
fn one_that_was_open_already_leaves_the_table_when_it_is_closed() {
    let _turn = alone();
    let netns = NetNs::new();
    let _inside = netns.enter();
    let socket = UdpSocket::bind("127.0.0.1:0").expect("bind");
    let port = socket.local_addr().expect("its address").port();
    let is_there = |tracer: &Tracer| {
        tracer
            .table()
            .rows()
            .any(|row| row.netns == Some(netns.inode) && row.local.port == Some(port))
    };
    block_on(async {
        let mut tracer = Tracer::start(Options::default()).await.expect("start");
        assert!(is_there(&tracer), "the snapshot has it");
        drop(socket);
        let gone = timeout(PATIENCE * slowness(), async {
            while is_there(&tracer) {
                // Nothing needs to be reported of its end, so that waiting for a report could last.
                let _ = timeout(Duration::from_millis(20), tracer.next()).await;
            }
        });
        gone.await.expect("its end is noticed");
    });
}
