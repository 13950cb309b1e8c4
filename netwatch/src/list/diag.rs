//! The kernel's answers to sock_diag (`inet_diag`, 3.3): what ss reads too, and everyone may.

use std::{collections::HashMap, io, sync::Arc};

use anyhow::{Context as _, Result, bail};
use rustix::{
    fd::OwnedFd,
    net::{
        AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netdevice::index_to_name,
        netlink, recv, send, socket, socket_with,
    },
};

use super::message::{Answered, Request, SocketId, answer};
use crate::{
    event::{Family, Protocol},
    text,
};

/// One dump: all sockets of a protocol and family in this thread's network namespace.
#[derive(Clone, Copy, Debug)]
pub struct Dump {
    pub protocol: Protocol,
    pub family: Family,
    /// Bits of the states asked for, by the kernel's numbers.
    pub states: u32,
    /// Bits of the attributes asked for.
    pub extensions: u8,
    /// Inode number of the network namespace.
    pub netns: Option<u32>,
}

const HEADER_BYTES: usize = 16;
/// `SOCK_DIAG_BY_FAMILY`, `NLM_F_REQUEST | NLM_F_DUMP`, and the kinds of answer.
const BY_FAMILY: u16 = 20;
const REQUEST_DUMP: u16 = 0x301;
const ERROR: u16 = 2;
const DONE: u16 = 3;

/// A connection to the kernel's sock_diag, in the namespace of the thread that opened it.
pub struct Diag {
    socket: OwnedFd,
    buffer: Vec<u8>,
}

impl Diag {
    /// Opens it in this thread's network namespace.
    ///
    /// # Errors
    ///
    /// The kernel has no sock_diag.
    pub fn open() -> Result<Self> {
        let kind = Some(netlink::SOCK_DIAG);
        let flags = SocketFlags::CLOEXEC;
        let socket = socket_with(AddressFamily::NETLINK, SocketType::DGRAM, flags, kind)
            .context("open the kernel's sock_diag (CONFIG_INET_DIAG)")?;
        Ok(Self {
            socket,
            // What the kernel fills at most in one go.
            buffer: vec![0; 1 << 16],
        })
    }

    /// Reads a dump, socket by socket, in the kernel's order.
    ///
    /// # Errors
    ///
    /// The kernel refuses it.
    pub fn dump(&mut self, dump: &Dump, mut take: impl FnMut(Answered)) -> Result<()> {
        let what = || format!("list {} sockets by sock_diag", dump.protocol.name());
        let mut interfaces = Interfaces::default();
        send(&self.socket, &request(dump), SendFlags::empty()).with_context(what)?;
        loop {
            let (count, _) =
                recv(&self.socket, &mut self.buffer[..], RecvFlags::empty()).with_context(what)?;
            let messages = Messages(&self.buffer[..count]);
            for (kind, body) in messages {
                match kind {
                    DONE | ERROR => return ended(body).with_context(what),
                    _ => {}
                }
                if let Some(mut answered) = answer(body, dump.protocol, dump.netns) {
                    answered.entry.interface = interfaces.name(answered.entry.facts.interface);
                    take(answered);
                }
            }
        }
    }
}

/// Names of this network namespace's interfaces, each looked up once.
#[derive(Default)]
struct Interfaces(HashMap<u32, Option<Arc<str>>>);

impl Interfaces {
    fn name(&mut self, index: Option<u32>) -> Option<Arc<str>> {
        let index = index?;
        let name = self.0.entry(index).or_insert_with(|| {
            let any = socket(AddressFamily::INET, SocketType::DGRAM, None).ok()?;
            let name = index_to_name(any, index).ok()?;
            Some(Arc::from(text::clean(name.as_bytes())))
        });
        name.clone()
    }
}

fn request(dump: &Dump) -> Vec<u8> {
    let request = Request {
        family: match dump.family {
            Family::Ipv4 => AddressFamily::INET.as_raw() as u8,
            Family::Ipv6 => AddressFamily::INET6.as_raw() as u8,
        },
        protocol: match dump.protocol {
            Protocol::Tcp => 6,
            Protocol::Udp => 17,
        },
        extensions: dump.extensions,
        _pad: 0,
        states: dump.states,
        id: SocketId {
            cookie: [u32::MAX; 2],
            ..bytemuck::Zeroable::zeroed()
        },
    };
    let body = bytemuck::bytes_of(&request);
    let mut bytes = Vec::with_capacity(HEADER_BYTES + body.len());
    bytes.extend(((HEADER_BYTES + body.len()) as u32).to_ne_bytes());
    bytes.extend(BY_FAMILY.to_ne_bytes());
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
