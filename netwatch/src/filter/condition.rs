//! One thing that a socket may be.

use std::{ops::RangeInclusive, time::Duration};

use super::{
    Needs, Op, Subject,
    host::{Host, Side, port_of},
    pattern::Pattern,
    states::States,
};
use crate::event::{Facts, Family, How, Process, Protocol};

/// A comparison. [`Op`]s of those that are no measures are `=` and `!=`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    Protocol(Protocol),
    Family(Family),
    States(States),
    /// The local port is one that the kernel chooses from.
    Autobound(RangeInclusive<u16>),
    Host(Side, Host),
    Port(Side, Op, u16),
    Pid(Op, u32),
    Comm(Op, Pattern),
    Exe(Op, Pattern),
    Cgroup(Op, Pattern),
    /// Who made the socket.
    User(Op, u32),
    How(Op, How),
    Netns(Op, u32),
    Inode(Op, u32),
    Cookie(Op, u64),
    Mark(Op, Mark),
    Interface(Op, Interface),
    Age(Op, Duration),
    Rtt(Op, Duration),
    /// Sent and received.
    Bytes(Op, u64),
}

/// Bits of a firewall mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    pub value: u32,
    pub mask: u32,
}

/// An interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Interface {
    Name(String),
    Index(u32),
}

impl Condition {
    /// Whether it holds. What is not known of a socket neither equals nor differs.
    pub fn holds(&self, subject: &Subject<'_>) -> bool {
        let Subject { socket, facts, .. } = subject;
        match self {
            Self::Protocol(protocol) => socket.protocol == *protocol,
            Self::Family(family) => socket.family == *family,
            Self::States(states) => states.hold(socket),
            Self::Autobound(ports) => socket.local.port.is_some_and(|port| ports.contains(&port)),
            Self::Host(side, host) => side.any(socket, |end| host.holds(socket, end)),
            Self::Port(side, Op::Different, port) => !side.any(socket, |end| port_of(end) == *port),
            Self::Port(side, op, port) => side.any(socket, |end| op.holds(port_of(end), *port)),
            Self::Pid(op, pid) => op.answers(subject.holder(|process| Some(process.pid == *pid))),
            Self::Comm(op, name) => op.answers(subject.comm(name)),
            Self::Exe(op, path) => op.answers(subject.holder(|process| {
                let exe = process.exe.as_deref()?;
                Some(path.fits(exe))
            })),
            Self::Cgroup(op, path) => op.answers(subject.cgroup().map(|cgroup| path.fits(cgroup))),
            Self::User(op, uid) => op.answers(subject.user().map(|user| user == *uid)),
            Self::How(op, how) => {
                let owner = socket.owner.as_ref();
                op.answers(owner.map(|owner| owner.how == *how))
            }
            Self::Netns(op, inode) => op.answers(socket.netns.map(|netns| netns == *inode)),
            Self::Inode(op, inode) => op.answers(facts.inode.map(|own| own == *inode)),
            Self::Cookie(op, cookie) => {
                op.answers(socket.cookie.known().map(|known| known == *cookie))
            }
            Self::Mark(op, mark) => op.answers(facts.mark.map(|own| mark.fits(own))),
            Self::Interface(op, interface) => op.answers(interface.is(subject)),
            Self::Age(op, age) => facts.age.is_some_and(|own| op.holds(own, *age)),
            Self::Rtt(op, rtt) => facts.rtt.is_some_and(|own| op.holds(own, *rtt)),
            Self::Bytes(op, bytes) => total(facts).is_some_and(|own| op.holds(own, *bytes)),
        }
    }

    /// Adds what has to be read for it.
    pub const fn needs(&self, needs: &mut Needs) {
        match self {
            Self::Pid(..) | Self::Comm(..) | Self::How(..) => needs.owners = true,
            Self::Exe(..) | Self::Cgroup(..) => {
                needs.owners = true;
                needs.whole = true;
            }
            Self::Rtt(..) | Self::Bytes(..) => needs.detail = true,
            Self::States(_) => needs.mentions_state = true,
            _ => {}
        }
    }
}

impl Mark {
    const fn fits(self, mark: u32) -> bool {
        mark & self.mask == self.value & self.mask
    }
}

impl Interface {
    /// Whether the socket is bound to it.
    fn is(&self, subject: &Subject<'_>) -> Option<bool> {
        match (subject.facts.interface?, self) {
            (0, _) => Some(false),
            (own, Self::Index(index)) => Some(own == *index),
            (_, Self::Name(name)) => Some(subject.interface? == name),
        }
    }
}

fn total(facts: &Facts) -> Option<u64> {
    let (sent, received) = facts.bytes_sent.zip(facts.bytes_received)?;
    Some(sent.saturating_add(received))
}

impl Subject<'_> {
    /// Whether this is so of one of its processes; None where it isn't known of any.
    fn holder(&self, test: impl Fn(&Process) -> Option<bool>) -> Option<bool> {
        let holders = self.holders.iter().map(AsRef::as_ref);
        let mut known = None;
        for process in self.socket.process().into_iter().chain(holders) {
            match test(process) {
                Some(true) => return Some(true),
                Some(false) => known = Some(false),
                None => {}
            }
        }
        known
    }

    fn comm(&self, name: &Pattern) -> Option<bool> {
        let holder = self.holder(|process| Some(name.fits(&process.comm)));
        // The kernel has a name too, and no process.
        holder.or_else(|| self.socket.comm().map(|comm| name.fits(comm)))
    }

    fn cgroup(&self) -> Option<&str> {
        let of_process = || self.socket.process()?.cgroup.as_deref();
        self.facts.cgroup.as_deref().or_else(of_process)
    }

    fn user(&self) -> Option<u32> {
        let of_process = || self.socket.process().map(|process| process.uid);
        self.facts.uid.or_else(of_process)
    }
}
