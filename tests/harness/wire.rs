//! Two namespaces and the wire between them, on which a test may hold packets back, drop them or
//! answer in a router's place.

use std::{
    fs::File,
    io::{Read, Write},
    net::Ipv4Addr,
    sync::{Arc, Mutex},
    thread::JoinHandle,
};

use rustix::{
    event::{EventfdFlags, PollFd, PollFlags, eventfd, poll},
    fd::OwnedFd,
};

use super::{device, netns::NetNs};

pub const LEFT: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 1);
pub const RIGHT: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 2);

/// What becomes of the packets.
#[derive(Clone, Copy, PartialEq)]
pub enum Traffic {
    Flows,
    /// Kept, in order, until it flows again.
    Held,
    Dropped,
    /// Dropped, and answered by ICMP: host unreachable.
    Unreachable,
}

struct State {
    traffic: Traffic,
    /// Where each goes: 0 is left.
    held: Vec<(usize, Vec<u8>)>,
}

pub struct Wire {
    ends: Arc<[File; 2]>,
    state: Arc<Mutex<State>>,
    stop: Arc<OwnedFd>,
    carrier: Option<JoinHandle<()>>,
}

impl Wire {
    /// Lays it between two namespaces, or says why that can't be done here.
    pub fn new(left: &NetNs, right: &NetNs) -> Result<Self, String> {
        let end = |netns: &NetNs, address| {
            let _there = netns.enter();
            device::tun("wire", address).map_err(|error| format!("no TUN device: {error}"))
        };
        let ends = Arc::new([end(left, LEFT)?, end(right, RIGHT)?]);
        let state = Arc::new(Mutex::new(State {
            traffic: Traffic::Flows,
            held: Vec::new(),
        }));
        let stop = Arc::new(eventfd(0, EventfdFlags::CLOEXEC).expect("make an eventfd"));
        let (files, shared, ending) = (ends.clone(), state.clone(), stop.clone());
        let carrier = std::thread::spawn(move || carry(&files, &shared, &ending));
        Ok(Self {
            ends,
            state,
            stop,
            carrier: Some(carrier),
        })
    }

    pub fn set(&self, traffic: Traffic) {
        let mut state = self.state.lock().expect("the carrier lives");
        state.traffic = traffic;
        if traffic == Traffic::Flows {
            for (to, packet) in state.held.drain(..) {
                (&self.ends[to])
                    .write_all(&packet)
                    .expect("deliver a packet");
            }
        }
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        rustix::io::write(&self.stop, &1_u64.to_ne_bytes()).ok();
        self.carrier.take().map(JoinHandle::join);
    }
}

fn carry(ends: &[File; 2], state: &Mutex<State>, stop: &OwnedFd) {
    let mut buffer = vec![0; 1 << 16];
    loop {
        let watched = |file| PollFd::from_borrowed_fd(file, PollFlags::IN);
        let [left, right] = ends;
        use rustix::fd::AsFd;
        let mut ready = [
            watched(left.as_fd()),
            watched(right.as_fd()),
            watched(stop.as_fd()),
        ];
        poll(&mut ready, None).expect("wait for packets");
        let [left, right, stopped] = ready.map(|file| !file.revents().is_empty());
        if stopped {
            return;
        }
        for from in [left, right]
            .into_iter()
            .enumerate()
            .filter(|(_, ready)| *ready)
        {
            let from = from.0;
            let length = (&ends[from]).read(&mut buffer).expect("take a packet");
            let packet = &buffer[..length];
            let mut state = state.lock().expect("the test lives");
            match state.traffic {
                Traffic::Flows => (&ends[1 - from])
                    .write_all(packet)
                    .expect("deliver a packet"),
                Traffic::Held => state.held.push((1 - from, packet.to_vec())),
                Traffic::Dropped => {}
                Traffic::Unreachable => {
                    if let Some(answer) = unreachable(packet) {
                        (&ends[from]).write_all(&answer).expect("answer a packet");
                    }
                }
            }
        }
    }
}

/// ICMP destination unreachable, code 1 (RFC 792), as from the destination, for an IPv4 packet.
fn unreachable(packet: &[u8]) -> Option<Vec<u8>> {
    if packet.first()? >> 4 != 4 {
        return None;
    }
    let quoted = packet.get(..usize::from(packet[0] & 15) * 4 + 8)?;
    let mut icmp = vec![3, 1, 0, 0, 0, 0, 0, 0];
    icmp.extend(quoted);
    let sum = checksum(&icmp);
    icmp[2..4].copy_from_slice(&sum);

    let length = (20 + icmp.len()) as u16;
    let mut answer = vec![0x45, 0, 0, 0, 0, 0, 0, 0, 64, 1, 0, 0];
    answer[2..4].copy_from_slice(&length.to_be_bytes());
    answer.extend(&packet[16..20]);
    answer.extend(&packet[12..16]);
    let sum = checksum(&answer);
    answer[10..12].copy_from_slice(&sum);
    answer.extend(icmp);
    Some(answer)
}

/// The Internet checksum (RFC 1071).
pub fn checksum(bytes: &[u8]) -> [u8; 2] {
    let words = bytes
        .chunks(2)
        .map(|pair| u32::from(pair[0]) << 8 | pair.get(1).copied().unwrap_or(0) as u32);
    let mut sum: u32 = words.sum();
    while sum > 0xFFFF {
        sum = (sum & 0xFFFF) + (sum >> 16);
    }
    (!(sum as u16)).to_be_bytes()
}
