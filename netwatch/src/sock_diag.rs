//! The kernel's answers to sock_diag (`inet_diag`, 3.3): what ss reads too, and everyone may.

mod entry;
mod info;
mod message;

use std::{collections::HashMap, io, sync::Arc};

use anyhow::{Context as _, Result, bail};
use bytemuck::Zeroable;
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netdevice::index_to_name,
    netlink, recv, send, socket, socket_with,
};

use crate::{
    event::{Family, Protocol},
    text,
};
pub use entry::{Detail, Entry, Memory, Timer, TimerKind};
pub use info::TcpInfo;
pub use message::{Answered, attribute};
use message::{AnyFamilyRequest, Request, SocketId, answer, interface};

/// One dump: all sockets of a protocol and family in this thread's network namespace.
#[derive(Clone, Copy, Debug)]
pub struct Dump {
    pub protocol: Protocol,
    pub families: Families,
    /// Bits of the states asked for, by the kernel's numbers.
    pub states: u32,
    /// Bits of the attributes asked for.
    pub extensions: u8,
    /// Inode number of the network namespace.
    pub netns: Option<u32>,
}

/// Which sockets one pass through the kernel's table gives.
#[derive(Clone, Copy, Debug)]
pub enum Families {
    One(Family),
    /// Both in one pass, which only TCP has.
    AnyOfTcp,
}

impl Families {
    /// The passes that find a family's sockets, or all.
    pub fn passes(protocol: Protocol, family: Option<Family>) -> Vec<Self> {
        match (family, protocol) {
            (Some(family), _) => vec![Self::One(family)],
            (None, Protocol::Tcp) => vec![Self::AnyOfTcp],
            (None, Protocol::Udp) => vec![Self::One(Family::Ipv4), Self::One(Family::Ipv6)],
        }
    }
}

/// Bits of all states that the kernel has, by its numbers.
pub const ALL_STATES: u32 = 0xffe;

const HEADER_BYTES: usize = 16;
/// `SOCK_DIAG_BY_FAMILY`, `TCPDIAG_GETSOCK`, `NLM_F_REQUEST | NLM_F_DUMP`, and the kinds of answer.
const BY_FAMILY: u16 = 20;
const TCP_OF_ANY_FAMILY: u16 = 18;
const REQUEST_DUMP: u16 = 0x301;
const ERROR: u16 = 2;
const DONE: u16 = 3;

/// What a dump gave: the kernel's messages as they came, in which a socket takes a third of the
/// memory that it takes decoded.
#[derive(Debug)]
pub struct Dumped {
    pub dump: Dump,
    messages: Vec<u8>,
    interfaces: HashMap<u32, Option<Arc<str>>>,
}

impl Dumped {
    /// Whether there was nothing.
    pub const fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    /// Every socket, as netstat has them: IPv4 first, each family in the kernel's order.
    pub fn sockets(&self) -> impl Iterator<Item = Answered> {
        let families = [AddressFamily::INET, AddressFamily::INET6];
        families.into_iter().flat_map(|family| {
            let of_family = move |body: &&[u8]| body.first() == Some(&(family.as_raw() as u8));
            let bodies = Messages(&self.messages).map(|(_, body)| body);
            bodies
                .filter(of_family)
                .filter_map(|body| self.socket(body))
        })
    }

    fn socket(&self, body: &[u8]) -> Option<Answered> {
        let mut answered = answer(body, self.dump.protocol, self.dump.netns)?;
        let index = answered.entry.facts.interface;
        let name = index.and_then(|index| self.interfaces.get(&index));
        answered.entry.interface = name.cloned().flatten();
        Some(answered)
    }

    /// Learns the names of this namespace's interfaces that these messages speak of.
    fn name_interfaces(&mut self, start: usize) {
        let bodies = Messages(&self.messages[start..]).map(|(_, body)| body);
        for index in bodies.filter_map(interface) {
            self.interfaces.entry(index).or_insert_with(|| {
                let any = socket(AddressFamily::INET, SocketType::DGRAM, None).ok()?;
                let name = index_to_name(any, index).ok()?;
                Some(Arc::from(text::clean(name.as_bytes())))
            });
        }
    }
}

/// Reads a dump in this thread's network namespace.
///
/// # Errors
///
/// The kernel has no sock_diag, or refuses the dump.
pub fn read(dump: Dump) -> Result<Dumped> {
    let what = || format!("list {} sockets by sock_diag", dump.protocol.name());
    let kind = Some(netlink::SOCK_DIAG);
    let flags = SocketFlags::CLOEXEC;
    let diag = socket_with(AddressFamily::NETLINK, SocketType::DGRAM, flags, kind)
        .context("open the kernel's sock_diag (CONFIG_INET_DIAG)")?;
    send(&diag, &request(&dump), SendFlags::empty()).with_context(what)?;
    let mut dumped = Dumped {
        dump,
        messages: Vec::new(),
        interfaces: HashMap::new(),
    };
    // What the kernel fills at most in one go.
    let mut buffer = vec![0; 1 << 16];
    loop {
        let (count, _) = recv(&diag, &mut buffer[..], RecvFlags::empty()).with_context(what)?;
        let received = &buffer[..count];
        let end = Messages(received).find(|(kind, _)| matches!(*kind, DONE | ERROR));
        if let Some((_, body)) = end {
            ended(body).with_context(what)?;
            return Ok(dumped);
        }
        let start = dumped.messages.len();
        dumped.messages.extend_from_slice(received);
        dumped.name_interfaces(start);
    }
}

fn request(dump: &Dump) -> Vec<u8> {
    let id = SocketId {
        cookie: [u32::MAX; 2],
        ..Zeroable::zeroed()
    };
    let protocol = match dump.protocol {
        Protocol::Tcp => 6,
        Protocol::Udp => 17,
    };
    match dump.families {
        Families::AnyOfTcp => framed(
            TCP_OF_ANY_FAMILY,
            bytemuck::bytes_of(&AnyFamilyRequest {
                extensions: dump.extensions,
                id,
                states: dump.states,
                ..Zeroable::zeroed()
            }),
        ),
        Families::One(family) => framed(
            BY_FAMILY,
            bytemuck::bytes_of(&Request {
                family: match family {
                    Family::Ipv4 => AddressFamily::INET.as_raw() as u8,
                    Family::Ipv6 => AddressFamily::INET6.as_raw() as u8,
                },
                protocol,
                extensions: dump.extensions,
                _pad: 0,
                states: dump.states,
                id,
            }),
        ),
    }
}

/// A netlink message: `struct nlmsghdr`, and what it is about.
fn framed(kind: u16, body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEADER_BYTES + body.len());
    bytes.extend(((HEADER_BYTES + body.len()) as u32).to_ne_bytes());
    bytes.extend(kind.to_ne_bytes());
    bytes.extend(REQUEST_DUMP.to_ne_bytes());
    // Number and sender: nobody else asks on this socket.
    bytes.extend([0; 8]);
    bytes.extend(body);
    bytes
}

/// What an answer of the kind `NLMSG_ERROR` or `NLMSG_DONE` says.
fn ended(body: &[u8]) -> Result<()> {
    let Some(code) = body.first_chunk() else {
        bail!("the kernel's answer is cut short");
    };
    match i32::from_ne_bytes(*code) {
        0 => Ok(()),
        code => Err(io::Error::from_raw_os_error(-code).into()),
    }
}

/// The messages of one datagram, each with its kind.
struct Messages<'a>(&'a [u8]);

impl<'a> Iterator for Messages<'a> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (header, _) = self.0.split_first_chunk::<HEADER_BYTES>()?;
        let len = u32::from_ne_bytes([header[0], header[1], header[2], header[3]]) as usize;
        let kind = u16::from_ne_bytes([header[4], header[5]]);
        let body = self.0.get(HEADER_BYTES..len)?;
        self.0 = self.0.get(len.next_multiple_of(4)..).unwrap_or_default();
        Some((kind, body))
    }
}
