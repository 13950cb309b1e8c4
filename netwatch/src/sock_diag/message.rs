//! sock_diag's requests and answers, as `include/uapi/linux/inet_diag.h` lays them out. Pure.

use std::{
    mem::offset_of,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    time::Duration,
};

use bytemuck::{Pod, Zeroable};

use super::{
    entry::{Detail, Entry, Memory, Timer, TimerKind},
    info::TcpInfo,
};
use crate::{
    event::{Cookie, Endpoint, Facts, Family, Protocol, Socket, State},
    text,
};

/// `struct inet_diag_sockid`; ports and addresses in network byte order.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub struct SocketId {
    pub source_port: [u8; 2],
    pub destination_port: [u8; 2],
    pub source: [u8; 16],
    pub destination: [u8; 16],
    pub interface: u32,
    pub cookie: [u32; 2],
}

/// `struct inet_diag_req_v2`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub struct Request {
    pub family: u8,
    pub protocol: u8,
    /// Bits of the attributes asked for, the first for `INET_DIAG_MEMINFO`.
    pub extensions: u8,
    pub _pad: u8,
    /// Bits of the states asked for.
    pub states: u32,
    pub id: SocketId,
}
const _: () = assert!(size_of::<Request>() == 56);

/// `struct inet_diag_req`, the older request, which no family restricts.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub struct AnyFamilyRequest {
    pub _family: u8,
    pub _source_len: u8,
    pub _destination_len: u8,
    pub extensions: u8,
    pub id: SocketId,
    pub states: u32,
    pub _cache: u32,
}
const _: () = assert!(size_of::<AnyFamilyRequest>() == 60);

/// `struct inet_diag_msg`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
struct Answer {
    family: u8,
    state: u8,
    timer: u8,
    retransmits: u8,
    id: SocketId,
    expires_ms: u32,
    receive_queue: u32,
    send_queue: u32,
    uid: u32,
    inode: u32,
}
const _: () = assert!(size_of::<Answer>() == 72);

/// Numbers of attributes, `INET_DIAG_*`.
pub mod attribute {
    pub const INFO: u16 = 2;
    pub const CONG: u16 = 4;
    pub const TOS: u16 = 5;
    pub const TCLASS: u16 = 6;
    pub const SKMEMINFO: u16 = 7;
    /// Of every full socket, since 3.7, and of nothing else.
    pub const SHUTDOWN: u16 = 8;
    pub const SKV6ONLY: u16 = 11;
    pub const MARK: u16 = 15;
    /// Since 5.9.
    pub const CGROUP_ID: u16 = 21;
}

const AF_INET6: u8 = 10;

/// A socket, and what only the kernel's answer says of it.
#[derive(Debug)]
pub struct Answered {
    pub entry: Entry,
    /// Number of its cgroup.
    pub cgroup: Option<u64>,
    /// Not just the rest of a connection (TIME_WAIT), or a request for one.
    pub is_full: bool,
}

/// The interface that an answer speaks of.
pub fn interface(bytes: &[u8]) -> Option<u32> {
    let place = offset_of!(Answer, id) + offset_of!(SocketId, interface);
    let index = u32::from_ne_bytes(*bytes.get(place..)?.first_chunk()?);
    Some(index).filter(|index| *index != 0)
}

/// Reads one answer; None where it is none, or its state has no name.
pub fn answer(bytes: &[u8], protocol: Protocol, netns: Option<u32>) -> Option<Answered> {
    let (head, attributes) = bytes.split_at_checked(size_of::<Answer>())?;
    let answer: Answer = bytemuck::pod_read_unaligned(head);
    let state = State::from_kernel(answer.state)?;
    let family = if answer.family == AF_INET6 {
        Family::Ipv6
    } else {
        Family::Ipv4
    };
    let [low, high] = answer.id.cookie;
    let socket = Socket {
        cookie: Cookie(u64::from(high) << 32 | u64::from(low)),
        protocol,
        family,
        local: local(family, &answer.id),
        remote: remote(family, &answer.id),
        state,
        netns,
        owner: None,
    };
    let nonzero = |number| Some(number).filter(|number| *number != 0);
    let mut answered = Answered {
        entry: Entry {
            socket,
            facts: Facts {
                uid: Some(answer.uid),
                inode: nonzero(answer.inode),
                interface: Some(answer.id.interface),
                ..Facts::default()
            },
            interface: None,
            receive_queue: answer.receive_queue,
            send_queue: answer.send_queue,
            timer: timer(&answer),
            detail: None,
            holders: 0..0,
        },
        cgroup: None,
        is_full: false,
    };
    for (kind, value) in Attributes(attributes) {
        answered.attribute(kind, value);
    }
    answered.figures();
    Some(answered)
}

impl Answered {
    fn attribute(&mut self, kind: u16, value: &[u8]) {
        let Entry { facts, detail, .. } = &mut self.entry;
        let word = || Some(u32::from_ne_bytes(*value.first_chunk()?));
        match kind {
            attribute::SHUTDOWN => self.is_full = true,
            attribute::MARK => facts.mark = word(),
            attribute::CGROUP_ID => {
                self.cgroup = value.first_chunk().map(|bytes| u64::from_ne_bytes(*bytes));
            }
            attribute::INFO => {
                detail.get_or_insert_default().tcp = TcpInfo::new(value);
            }
            attribute::CONG => {
                let name = value.split(|byte| *byte == 0).next().unwrap_or_default();
                detail.get_or_insert_default().congestion = Some(text::clean(name));
            }
            attribute::SKMEMINFO => detail.get_or_insert_default().memory = memory(value),
            attribute::TOS | attribute::TCLASS => {
                let tos = value.first().copied();
                let detail: &mut Detail = detail.get_or_insert_default();
                detail.tos = detail.tos.max(tos);
            }
            attribute::SKV6ONLY => {
                detail.get_or_insert_default().only_ipv6 = value.first().map(|byte| *byte != 0);
            }
            _ => {}
        }
    }

    /// What `tcp_info` says of the connection, in the terms that every command has.
    fn figures(&mut self) {
        use State::{CloseWait, Closing, LastAck, Listen};
        let Entry {
            facts,
            detail,
            socket,
            ..
        } = &mut self.entry;
        let Some(tcp) = detail.as_deref().map(|detail| &detail.tcp) else {
            return;
        };
        if socket.protocol == Protocol::Udp || socket.state == Listen {
            return;
        }
        let fin = u64::from(matches!(socket.state, CloseWait | LastAck | Closing));
        facts.rtt = tcp.rtt;
        facts.bytes_sent = tcp
            .bytes_sent
            .zip(tcp.bytes_retransmitted)
            .map(|(sent, again)| sent.saturating_sub(again));
        facts.bytes_received = tcp.bytes_received.map(|bytes| bytes.saturating_sub(fin));
    }
}

fn address(family: Family, bytes: [u8; 16]) -> IpAddr {
    match family {
        Family::Ipv4 => Ipv4Addr::new(bytes[0], bytes[1], bytes[2], bytes[3]).into(),
        Family::Ipv6 => IpAddr::from(Ipv6Addr::from(bytes)).to_canonical(),
    }
}

fn local(family: Family, id: &SocketId) -> Endpoint {
    Endpoint {
        addr: Some(address(family, id.source)),
        port: Some(u16::from_be_bytes(id.source_port)).filter(|port| *port != 0),
    }
}

/// A socket without a peer has neither address nor port there.
fn remote(family: Family, id: &SocketId) -> Endpoint {
    let addr = address(family, id.destination);
    Endpoint {
        addr: Some(addr).filter(|addr| !addr.is_unspecified()),
        port: Some(u16::from_be_bytes(id.destination_port)).filter(|port| *port != 0),
    }
}

fn timer(answer: &Answer) -> Option<Timer> {
    Some(Timer {
        kind: TimerKind::from_kernel(answer.timer)?,
        left: Duration::from_millis(answer.expires_ms.into()),
        count: answer.retransmits,
    })
}

/// The words of `SK_MEMINFO_*`, in their order.
fn memory(value: &[u8]) -> Option<Memory> {
    let (words, _) = value.as_chunks::<4>();
    let mut words = words.iter().map(|word| u32::from_ne_bytes(*word));
    Some(Memory {
        receive: words.next()?,
        receive_limit: words.next()?,
        send: words.next()?,
        send_limit: words.next()?,
        forward: words.next()?,
        queued: words.next()?,
        options: words.next()?,
        backlog: words.next()?,
        drops: words.next().unwrap_or(0),
    })
}

/// Attributes: a length that counts itself, a kind, and the value, padded to 4 bytes.
struct Attributes<'a>(&'a [u8]);

impl<'a> Iterator for Attributes<'a> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (head, _) = self.0.split_first_chunk::<4>()?;
        let len = usize::from(u16::from_ne_bytes([head[0], head[1]]));
        let kind = u16::from_ne_bytes([head[2], head[3]]);
        let value = self.0.get(4..len)?;
        self.0 = self.0.get(len.next_multiple_of(4)..).unwrap_or_default();
        Some((kind, value))
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    fn any_answer() -> impl Strategy<Value = Vec<u8>> {
        let head = vec(any::<u8>(), size_of::<Answer>());
        let attribute = (0..40_u16, 0..24_u16, vec(any::<u8>(), 0..300)).prop_map(
            |(kind, wrong, mut value)| {
                // Now and then a length that is not the value's.
                let len = value.len() as u16 + 4 + wrong.saturating_sub(20);
                let mut bytes = [len.to_ne_bytes(), kind.to_ne_bytes()].concat();
                bytes.append(&mut value);
                bytes.resize(bytes.len().next_multiple_of(4), 0);
                bytes
            },
        );
        (head, 1..=11_u8, vec(attribute, 0..8)).prop_map(|(mut bytes, state, attributes)| {
            bytes[std::mem::offset_of!(Answer, state)] = state;
            bytes.extend(attributes.concat());
            bytes
        })
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_left_alone(bytes in vec(any::<u8>(), 0..400)) {
            let read = answer(&bytes, Protocol::Tcp, None);
            prop_assert!(read.is_none() || bytes.len() >= size_of::<Answer>());
            interface(&bytes);
        }

        #[test]
        fn any_attributes_are_read_or_passed_over(bytes in any_answer(), cut in any::<u16>()) {
            let whole = answer(&bytes, Protocol::Tcp, Some(1));
            prop_assert!(whole.is_some());
            let cut = usize::from(cut) % (bytes.len() + 1);
            let part = answer(&bytes[..cut], Protocol::Tcp, Some(1));
            prop_assert_eq!(part.is_some(), cut >= size_of::<Answer>());
        }
    }
}
