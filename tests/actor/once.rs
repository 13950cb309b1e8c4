//! Processes that do one thing and are gone.

use std::{
    net::{SocketAddr, TcpStream, UdpSocket},
    time::Duration,
};

/// Does `what` with `address`; the end of the process closes the socket.
pub fn run(what: &str, address: &str) {
    let address: SocketAddr = address.parse().expect("an address");
    match what {
        "connect" => leave_open(TcpStream::connect(address).expect("connect")),
        "query" => leave_open(query(address)),
        _ => panic!("can't {what}"),
    }
}

/// Asks and hears the answer, as a resolver does.
fn query(server: SocketAddr) -> UdpSocket {
    let socket = UdpSocket::bind("0.0.0.0:0").expect("bind");
    socket
        .set_read_timeout(Some(Duration::from_secs(20)))
        .expect("set a time limit");
    socket.connect(server).expect("connect");
    socket.send(&[0; 29]).expect("ask");
    socket.recv(&mut [0; 512]).expect("hear the answer");
    socket
}

fn leave_open<T>(socket: T) {
    std::mem::forget(socket);
}
