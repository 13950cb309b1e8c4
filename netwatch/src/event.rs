//! What netwatch understands of a socket, in the terms of the standard library.

use std::{fmt, net::IpAddr, sync::Arc, time::Duration};

pub use netwatch_common::ProcessKey;

/// A point in time, on the kernel's monotonic clock.
pub type MonoNs = u64;

/// The socket cookie: the number that `ss -e` prints as `sk:`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Cookie(pub u64);

/// Transport protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Protocol {
    Tcp,
    Udp,
}

impl Protocol {
    /// As netstat names it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        }
    }
}

/// Address family of the socket. An IPv6 socket that talks to an IPv4 peer is still IPv6.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Family {
    Ipv4,
    Ipv6,
}

impl Family {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ipv4 => "ipv4",
            Self::Ipv6 => "ipv6",
        }
    }
}

/// Declares [`State`] with the kernel's number and name of each state.
macro_rules! states {
    ($($(#[$doc:meta])* $variant:ident = $number:literal $name:literal,)*) => {
        /// State of a socket, by the kernel's names (`include/net/tcp_states.h`).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum State { $($(#[$doc])* $variant,)* }

        impl State {
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The kernel's name.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// From the kernel's number.
            pub const fn from_kernel(number: u8) -> Option<Self> {
                match number { $($number => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

states! {
    Established = 1 "ESTABLISHED",
    SynSent = 2 "SYN_SENT",
    SynRecv = 3 "SYN_RECV",
    FinWait1 = 4 "FIN_WAIT1",
    FinWait2 = 5 "FIN_WAIT2",
    TimeWait = 6 "TIME_WAIT",
    /// For UDP: not connected.
    Close = 7 "CLOSE",
    CloseWait = 8 "CLOSE_WAIT",
    LastAck = 9 "LAST_ACK",
    Listen = 10 "LISTEN",
    Closing = 11 "CLOSING",
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A program run by a process. Every text is clean: it holds nothing that a terminal would obey.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// Process id in the initial pid namespace. From `task->tgid`.
    pub pid: u32,
    /// From `task->group_leader->comm`.
    pub comm: String,
    /// Path of the executable. From `task->mm->exe_file`.
    pub exe: Option<String>,
    /// From `task->cred->uid`.
    pub uid: u32,
    /// Path in the unified cgroup hierarchy. From `task->cgroups->dfl_cgrp`.
    pub cgroup: Option<String>,
}

/// How an owner was learned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum How {
    /// From the listener that the connection arrived at; nobody has been seen using it yet.
    Inherited,
    /// Held the descriptor when the table of open files was read.
    Snapshot,
    Create,
    Bind,
    Connect,
    Listen,
    Accept,
    /// Sent or received.
    Io,
    Close,
    /// The socket is the kernel's own.
    Kernel,
}

impl How {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Inherited => "inherited",
            Self::Snapshot => "snapshot",
            Self::Create => "create",
            Self::Bind => "bind",
            Self::Connect => "connect",
            Self::Listen => "listen",
            Self::Accept => "accept",
            Self::Io => "io",
            Self::Close => "close",
            Self::Kernel => "kernel",
        }
    }
}

/// The process that a socket belongs to, and how that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// None for a socket of the kernel's own.
    pub process: Option<Arc<Process>>,
    pub how: How,
}

/// One end of a socket. A part that is unknown, or that there is none of, is None.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Endpoint {
    /// An IPv4-mapped address is held as IPv4.
    pub addr: Option<IpAddr>,
    pub port: Option<u16>,
}

/// A socket as it is at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Socket {
    pub cookie: Cookie,
    pub protocol: Protocol,
    pub family: Family,
    pub local: Endpoint,
    pub remote: Endpoint,
    pub state: State,
    /// Inode number of the network namespace, as `stat -L /proc/PID/ns/net` prints it.
    pub netns: Option<u32>,
    pub owner: Option<Owner>,
}

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
    /// Everything about the socket, where it came along.
    pub detail: Option<Detail<O>>,
}

/// Everything about a TCP socket at one transition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Detail<O = Owner> {
    pub ends: Ends,
    pub owner: Option<O>,
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
    /// From `tcp_sock.total_retrans`.
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
    pub ends: Ends,
    pub connected: bool,
    pub owner: Option<O>,
    pub traffic: Traffic,
    pub first: MonoNs,
    pub last: MonoNs,
}

/// Why a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// This side closed first, in good order.
    LocalFin,
    /// The peer closed first, in good order.
    RemoteFin,
    RstReceived,
    /// This side reset it: unread data, SO_LINGER 0, disconnect, or a listener closed before accept.
    RstSent,
    /// The SYN was answered by a reset.
    Refused,
    Timeout,
    Unreachable,
    /// Ended before it was established, or destroyed from outside (`ss -K`).
    Aborted,
    /// Another error of the socket: see errno.
    Error,
}

impl Reason {
    pub const ALL: &[Self] = &[
        Self::LocalFin,
        Self::RemoteFin,
        Self::RstReceived,
        Self::RstSent,
        Self::Refused,
        Self::Timeout,
        Self::Unreachable,
        Self::Aborted,
        Self::Error,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::LocalFin => "local_fin",
            Self::RemoteFin => "remote_fin",
            Self::RstReceived => "rst_received",
            Self::RstSent => "rst_sent",
            Self::Refused => "refused",
            Self::Timeout => "timeout",
            Self::Unreachable => "unreachable",
            Self::Aborted => "aborted",
            Self::Error => "error",
        }
    }
}

/// How a connection ended, and what it had done. Figures that were not seen are None.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closing {
    /// From the SYN, or from the handshake's last ACK, to the end.
    pub duration: Option<Duration>,
    /// Payload, each byte once. From `tcp_sock.bytes_sent - bytes_retrans`.
    pub bytes_sent: Option<u64>,
    /// Payload. From `tcp_sock.bytes_received`, less the FIN.
    pub bytes_received: Option<u64>,
    /// Smoothed round-trip time. From `tcp_sock.srtt_us`.
    pub rtt: Option<Duration>,
    /// Segments. From `tcp_sock.total_retrans`.
    pub retransmits: Option<u32>,
    pub reason: Reason,
    /// From `sk_err`; None where it was 0.
    pub errno: Option<u16>,
}

/// Where a flow is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    Open,
    Update,
    Close,
}

impl Phase {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Update => "update",
            Self::Close => "close",
        }
    }
}

/// A flow's datagrams so far. Bytes are UDP payload.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    pub tx_packets: u64,
    pub tx_bytes: u64,
    pub rx_packets: u64,
    pub rx_bytes: u64,
}

/// One rung that one capability stands on, for the `start` line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rung {
    /// What it is for: `tcp`, `accept`, `udp`, `snapshot`.
    pub capability: &'static str,
    /// The hook in use, or `none`.
    pub rung: &'static str,
}

/// Everything that netwatch has to say, in the order in which it is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Report {
    Start {
        at: MonoNs,
        version: &'static str,
        kernel: String,
        rungs: Vec<Rung>,
        /// Sockets that were open already.
        sockets: u64,
    },
    /// One TCP transition. `socket.state` is `new`.
    TcpState {
        at: MonoNs,
        socket: Socket,
        old: State,
        new: State,
        /// Time spent in `old`; None where its beginning was not seen.
        in_state: Option<Duration>,
    },
    /// A connection ended; `socket.state` is CLOSE, or TIME_WAIT or FIN_WAIT2 where that follows.
    TcpClose {
        at: MonoNs,
        socket: Socket,
        closing: Closing,
    },
    UdpFlow {
        at: MonoNs,
        socket: Socket,
        phase: Phase,
        traffic: Traffic,
        /// From the first datagram to the last.
        duration: Duration,
    },
    /// The kernel made `count` events that could not be taken.
    Lost {
        at: MonoNs,
        count: u64,
        place: &'static str,
    },
    /// The table was compared with the kernel's truth after a loss, and put right.
    Resync {
        at: MonoNs,
        added: u64,
        removed: u64,
        changed: u64,
    },
    End {
        at: MonoNs,
        /// Transitions and flow reports taken from the kernel.
        events: u64,
        lost: u64,
        /// The ledger: what was lost, by place.
        places: Vec<Loss>,
        duration: Duration,
    },
}

/// Something was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loss {
    pub place: &'static str,
    pub count: u64,
}

impl Report {
    pub const fn at(&self) -> MonoNs {
        match *self {
            Self::Start { at, .. }
            | Self::TcpState { at, .. }
            | Self::TcpClose { at, .. }
            | Self::UdpFlow { at, .. }
            | Self::Lost { at, .. }
            | Self::Resync { at, .. }
            | Self::End { at, .. } => at,
        }
    }

    /// The socket it is about; None for a report about netwatch itself.
    pub const fn socket(&self) -> Option<&Socket> {
        match self {
            Self::TcpState { socket, .. }
            | Self::TcpClose { socket, .. }
            | Self::UdpFlow { socket, .. } => Some(socket),
            _ => None,
        }
    }
}

/// The time from one moment to a later one; zero where the order is wrong by the clocks of two CPUs.
pub const fn elapsed(from: MonoNs, to: MonoNs) -> Duration {
    Duration::from_nanos(to.saturating_sub(from))
}
