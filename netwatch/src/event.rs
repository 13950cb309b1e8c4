//! What netwatch understands, in the terms of the standard library: sockets, what happens to them, and
//! what there is to say of it.

mod facts;
mod found;
mod listener;
mod report;
mod socket;

use std::{net::IpAddr, time::Duration};

pub use netwatch_common::ProcessKey;

pub use facts::Facts;
pub use found::{Counters, FlowId, Found, FoundKind, Snapshot};
pub use listener::nearest;
pub use report::{Closing, Loss, Phase, Reason, Report, Rung, Told, Traffic};
pub use socket::{
    Cookie, Endpoint, Family, How, Owner, Process, Protocol, Socket, State, UNCONNECTED,
};

/// A point in time, on the kernel's monotonic clock.
pub type MonoNs = u64;

/// What the kernel side says of an owner, before it is known which process that is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    pub key: ProcessKey,
    pub uid: u32,
    pub comm: [u8; 16],
    pub how: How,
}

/// Something that happened to one socket. `O` is [`Claim`] as decoded, [`Owner`] once enriched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event<O = Owner> {
    pub at: MonoNs,
    pub cookie: Cookie,
    pub what: What<O>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What<O = Owner> {
    /// A TCP transition.
    Transition(Transition<O>),
    /// A reset went out right after the socket had left FIN_WAIT1 or FIN_WAIT2.
    ResetSent,
    /// A process was seen using the socket.
    Owner(Option<O>),
    /// A UDP flow's datagrams so far.
    Flow(Flow<O>),
    /// A UDP socket was closed.
    Released,
}

/// One TCP transition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transition<O = Owner> {
    pub old: State,
    pub new: State,
    /// When `old` was entered.
    pub since: Option<MonoNs>,
    /// The transition into `old`, at `since`, travels with this one.
    pub opening: bool,
    /// What socket that is, where it came along.
    pub detail: Option<Detail<O>>,
    /// What the connection has done, where it came along.
    pub figures: Option<Figures>,
}

/// What a TCP socket is, and whose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Detail<O = Owner> {
    pub ends: Ends,
    pub owner: Option<O>,
}

/// What a connection has done up to one transition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Figures {
    /// When it began: the SYN was sent, or the last ACK of the handshake came.
    pub birth: Option<MonoNs>,
    pub stats: Stats,
    pub end: EndFacts,
}

/// Where a socket is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ends {
    pub family: Family,
    pub local: Endpoint,
    pub remote: Endpoint,
    pub netns: Option<u32>,
}

/// A connection's figures, as the kernel counts them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Payload, each byte once. From `tcp_sock.bytes_sent - bytes_retrans`.
    pub bytes_sent: u64,
    /// Payload, and 1 for the peer's FIN. From `tcp_sock.bytes_received`.
    pub bytes_received: u64,
    /// From `tcp_sock.srtt_us`.
    pub rtt: Option<Duration>,
    /// Segments sent again. From `tcp_sock.total_retrans`.
    pub retransmits: u32,
}

/// What tells why a connection ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EndFacts {
    /// From `sk_err`; 0 for none.
    pub err: u16,
    /// `sk_err` as the connection found it, left over from the one before.
    pub stale_err: u16,
    pub rst_received: bool,
    pub fin_received: bool,
    pub closed_first: Option<Side>,
}

/// One of the two ends of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Local,
    Remote,
}

/// A UDP flow's datagrams so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flow<O = Owner> {
    /// Of the datagrams.
    pub ends: Ends,
    /// The address that the socket is bound to.
    pub bound: IpAddr,
    /// The socket is connected.
    pub connected: bool,
    /// The remote is the one that the socket is connected to.
    pub to_peer: bool,
    pub owner: Option<O>,
    pub traffic: Traffic,
    pub first: MonoNs,
    pub last: MonoNs,
}

/// The time from one moment to a later one; zero where the order is wrong by the clocks of two CPUs.
pub const fn elapsed(from: MonoNs, to: MonoNs) -> Duration {
    Duration::from_nanos(to.saturating_sub(from))
}
