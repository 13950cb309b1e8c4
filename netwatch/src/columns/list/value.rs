//! What stands in a cell: as text, and as what rows are put in order by.

use std::{cmp::Ordering, fmt::Write as _, net::IpAddr, time::Duration};

use super::ListLine;
use crate::{
    event::{Endpoint, Family, Process},
    humane,
    list::{Memory, Timer},
    text::push_addr,
};

/// What a cell holds; text and the order of rows are both made from it.
#[derive(Clone, Copy, Debug)]
pub enum Value<'a> {
    /// Unknown, or there is none.
    None,
    Text(&'a str),
    Number(u64),
    Time(Duration),
    End(&'a Endpoint),
    User(u32),
    Netns(u32),
    Timer(Timer),
    /// Every process that holds the socket; here the one that uses it.
    Holders(Option<&'a Process>),
    /// As ss writes `skmem`.
    Memory(Memory),
    /// The peer's in the low bits, ours in the high ones.
    Scales(u8),
}

impl Value<'_> {
    /// Writes it at the end of `out`, as people read it.
    pub fn write(self, line: &ListLine<'_>, out: &mut String) {
        // Writing to a String can't fail.
        let _ = match self {
            Self::None => {
                out.push('-');
                Ok(())
            }
            Self::Text(text) => {
                out.push_str(text);
                Ok(())
            }
            Self::Number(number) => {
                out.push_str(itoa::Buffer::new().format(number));
                Ok(())
            }
            Self::Time(time) => write!(out, "{}", humane::duration(time)),
            Self::End(end) => write_end(end, line, out),
            Self::User(uid) => match line.names.user(uid) {
                Some(name) => write!(out, "{name}"),
                None => write!(out, "{uid}"),
            },
            Self::Netns(inode) => match line.names.netns(inode) {
                Some(name) => write!(out, "{name}"),
                None => write!(out, "{inode}"),
            },
            Self::Timer(timer) => write!(
                out,
                "{} ({:.2}/{})",
                timer.kind.name(),
                timer.left.as_secs_f64(),
                timer.count
            ),
            Self::Holders(_) => {
                write_holders(line, out);
                Ok(())
            }
            Self::Memory(memory) => write_memory(&memory, out),
            Self::Scales(both) => write!(out, "{},{}", both & 0xf, both >> 4),
        };
    }

    /// The order of two values of one column; what is unknown stands first.
    pub fn order(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Text(one), Self::Text(other)) => one.cmp(other),
            (Self::Number(one), Self::Number(other)) => one.cmp(other),
            (Self::Time(one), Self::Time(other)) => one.cmp(other),
            (Self::End(one), Self::End(other)) => {
                (one.addr, one.port).cmp(&(other.addr, other.port))
            }
            (Self::User(one), Self::User(other)) | (Self::Netns(one), Self::Netns(other)) => {
                one.cmp(other)
            }
            (Self::Timer(one), Self::Timer(other)) => one.left.cmp(&other.left),
            (Self::Memory(one), Self::Memory(other)) => one.total().cmp(&other.total()),
            (Self::Scales(one), Self::Scales(other)) => one.cmp(other),
            (Self::Holders(one), Self::Holders(other)) => {
                let key = |process: &Process| (process.comm.clone(), process.pid);
                one.map(key).cmp(&other.map(key))
            }
            (Self::None, Self::None) => Ordering::Equal,
            (Self::None, _) => Ordering::Less,
            _ => Ordering::Greater,
        }
    }
}

/// `host:port`, with brackets around a numeric IPv6 address and a star for what there is none of.
fn write_end(end: &Endpoint, line: &ListLine<'_>, out: &mut String) -> std::fmt::Result {
    let unspecified = match line.entry.socket.family {
        Family::Ipv4 => IpAddr::from([0_u8; 4]),
        Family::Ipv6 => IpAddr::from([0_u8; 16]),
    };
    let addr = end.addr.unwrap_or(unspecified);
    match line.names.host(addr) {
        Some(name) => out.push_str(name),
        None if addr.is_ipv6() => write!(out, "[{addr}]")?,
        None => push_addr(out, addr),
    }
    let service = |port| line.names.service(port, line.entry.socket.protocol);
    match end.port {
        None => out.push_str(":*"),
        Some(port) => match service(port) {
            Some(name) => write!(out, ":{name}")?,
            None => {
                out.push(':');
                out.push_str(itoa::Buffer::new().format(port));
            }
        },
    }
    Ok(())
}

/// `812/nginx`, each process once.
fn write_holders(line: &ListLine<'_>, out: &mut String) {
    let mut last = None;
    for process in line.listing.holder_processes(line.entry) {
        if last == Some(process.pid) {
            continue;
        }
        let comma = if last.is_some() { "," } else { "" };
        out.push_str(comma);
        out.push_str(itoa::Buffer::new().format(process.pid));
        out.push('/');
        out.push_str(&process.comm);
        last = Some(process.pid);
    }
    if last.is_none() {
        out.push('-');
    }
}

fn write_memory(memory: &Memory, out: &mut String) -> std::fmt::Result {
    write!(
        out,
        "r{},rb{},t{},tb{},f{},w{},o{},bl{},d{}",
        memory.receive,
        memory.receive_limit,
        memory.send,
        memory.send_limit,
        memory.forward,
        memory.queued,
        memory.options,
        memory.backlog,
        memory.drops
    )
}

impl Memory {
    /// Bytes in use.
    const fn total(&self) -> u64 {
        self.receive as u64 + self.send as u64 + self.forward as u64 + self.options as u64
    }
}
