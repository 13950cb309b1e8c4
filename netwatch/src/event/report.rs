//! What there is to say.

use std::time::Duration;

use super::{MonoNs, Socket, State};

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

/// How much is told, of connections and flows, while something can't keep up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Told {
    Everything,
    /// How connections and flows begin and end, and listeners; not what lies in between.
    Landmarks,
    /// How connections and flows ended, and listeners.
    Ends,
    Nothing,
}

impl Told {
    pub const ALL: &[Self] = &[Self::Everything, Self::Landmarks, Self::Ends, Self::Nothing];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Everything => "everything",
            Self::Landmarks => "landmarks",
            Self::Ends => "ends",
            Self::Nothing => "nothing",
        }
    }
}

/// Everything that netwatch has to say, in the order in which it is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Report {
    Start {
        at: MonoNs,
        version: &'static str,
        kernel: String,
        rungs: Vec<Rung>,
        /// What these rungs don't let be seen, by capability.
        unseen: Vec<(&'static str, &'static str)>,
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
    /// Less is told than before, or more again, because something could not keep up.
    Pressure {
        at: MonoNs,
        /// What could not keep up.
        place: &'static str,
        /// How much is told from here on.
        told: Told,
        /// What was left out since the last report of this place: lines of the output, transitions
        /// of a ring buffer.
        given_up: u64,
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
        /// What was left out while something could not keep up: see [`Report::Pressure`].
        given_up: u64,
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
            | Self::Pressure { at, .. }
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
