//! The other end of TCP connections over a TUN device, written by the test packet by packet, so that
//! a socket stays in a state that a real peer would soon end.

use std::{
    fs::File,
    io::{Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, SocketAddrV4},
};

use super::{device, wire::checksum};

/// The namespace's own address on the device, and the peer's.
pub const HERE: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 1);
pub const THERE: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 9);

const FIN: u8 = 1;
const SYN: u8 = 2;
const ACK: u8 = 16;

/// A network whose only host is written by the test.
pub struct Network(File);

/// The peer's view of one connection, from its own port to a listener's.
pub struct Peer {
    port: u16,
    to: u16,
    /// What it sends next, and what it has received.
    next: u32,
    received: u32,
}

impl Network {
    /// Lays it into the thread's namespace.
    pub fn new() -> Self {
        Self(device::tun("peers", HERE).expect("make a TUN device"))
    }

    /// A peer begins to connect, and does not hear the answer: SYN_RECV.
    pub fn knock(&mut self, to: SocketAddr, port: u16) -> Peer {
        let mut peer = Peer {
            port,
            to: to.port(),
            next: 1000,
            received: 0,
        };
        self.send(&mut peer, SYN);
        peer
    }

    /// A peer connects.
    pub fn connect(&mut self, to: SocketAddr, port: u16) -> Peer {
        let mut peer = self.knock(to, port);
        peer.received = self.answer(&peer).wrapping_add(1);
        self.send(&mut peer, ACK);
        peer
    }

    /// The peer closes, and acknowledges nothing new.
    pub fn close(&mut self, peer: &mut Peer) {
        self.send(peer, FIN | ACK);
    }

    fn send(&mut self, peer: &mut Peer, flags: u8) {
        let packet = segment(peer, flags);
        self.0.write_all(&packet).expect("deliver a packet");
        if flags & (SYN | FIN) != 0 {
            peer.next += 1;
        }
    }

    /// The sequence number of the packet that accepts the connection.
    fn answer(&mut self, peer: &Peer) -> u32 {
        let mut buffer = [0; 2048];
        loop {
            let length = self.0.read(&mut buffer).expect("take a packet");
            let packet = &buffer[..length];
            if packet[0] >> 4 != 4 || packet[9] != 6 {
                continue;
            }
            let tcp = &packet[usize::from(packet[0] & 15) * 4..];
            if tcp[2..4] == peer.port.to_be_bytes() && tcp[13] == SYN | ACK {
                return u32::from_be_bytes([tcp[4], tcp[5], tcp[6], tcp[7]]);
            }
        }
    }
}

/// Where the listeners for such peers are.
pub fn here() -> SocketAddr {
    SocketAddrV4::new(HERE, 0).into()
}

/// An IPv4 packet with a TCP segment that carries nothing (RFC 791, RFC 9293).
fn segment(peer: &Peer, flags: u8) -> Vec<u8> {
    let mut tcp = Vec::new();
    tcp.extend(peer.port.to_be_bytes());
    tcp.extend(peer.to.to_be_bytes());
    tcp.extend(peer.next.to_be_bytes());
    tcp.extend(peer.received.to_be_bytes());
    tcp.extend([5 << 4, flags, 0xff, 0xff, 0, 0, 0, 0]);
    let mut summed = [THERE.octets(), HERE.octets(), [0, 6, 0, 20]].concat();
    summed.extend(&tcp);
    tcp[16..18].copy_from_slice(&checksum(&summed));

    let mut packet = vec![0x45, 0, 0, 40, 0, 0, 0, 0, 64, 6, 0, 0];
    packet.extend(THERE.octets());
    packet.extend(HERE.octets());
    let sum = checksum(&packet);
    packet[10..12].copy_from_slice(&sum);
    packet.extend(tcp);
    packet
}
