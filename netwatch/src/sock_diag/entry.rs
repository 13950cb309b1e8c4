//! One listed socket.

use std::{ops::Range, sync::Arc, time::Duration};

use super::info::TcpInfo;
use crate::event::{Facts, Socket};

/// A socket as one reading found it.
#[derive(Clone, Debug)]
pub struct Entry {
    pub socket: Socket,
    pub facts: Facts,
    /// Name of the interface that it is bound to.
    pub interface: Option<Arc<str>>,
    /// Bytes that wait to be read; of a listener, connections that wait to be accepted. From
    /// `idiag_rqueue`.
    pub receive_queue: u32,
    /// Bytes not yet acknowledged; of a listener, the most that may wait. From `idiag_wqueue`.
    pub send_queue: u32,
    pub timer: Option<Timer>,
    /// What only a longer reading finds out.
    pub detail: Option<Box<Detail>>,
    /// Where its holders are among all.
    pub holders: Range<usize>,
}

/// The timer that runs for a TCP socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timer {
    pub kind: TimerKind,
    pub left: Duration,
    /// How often it has expired already. From `idiag_retrans`.
    pub count: u8,
}

/// What happens when the timer expires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimerKind {
    Retransmit,
    Keepalive,
    TimeWait,
    /// The peer's window is closed.
    Probe,
}

impl TimerKind {
    /// From the number in `idiag_timer`; None for none.
    pub const fn from_kernel(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::Retransmit),
            2 => Some(Self::Keepalive),
            3 => Some(Self::TimeWait),
            4 => Some(Self::Probe),
            _ => None,
        }
    }

    /// As netstat names it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Retransmit => "on",
            Self::Keepalive => "keepalive",
            Self::TimeWait => "timewait",
            Self::Probe => "probe",
        }
    }
}

/// What the kernel says of a socket when asked for all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Detail {
    pub tcp: TcpInfo,
    pub memory: Option<Memory>,
    /// Name of the congestion control. From `INET_DIAG_CONG`.
    pub congestion: Option<String>,
    /// Type of service, or traffic class. From `INET_DIAG_TOS`, `INET_DIAG_TCLASS`.
    pub tos: Option<u8>,
    /// From `INET_DIAG_SKV6ONLY`.
    pub only_ipv6: Option<bool>,
}

/// Memory of a socket in bytes. From `INET_DIAG_SKMEMINFO` (`sk_get_meminfo`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// From `sk_rmem_alloc`.
    pub receive: u32,
    /// From `sk_rcvbuf`.
    pub receive_limit: u32,
    /// From `sk_wmem_alloc`.
    pub send: u32,
    /// From `sk_sndbuf`.
    pub send_limit: u32,
    /// From `sk_forward_alloc`.
    pub forward: u32,
    /// From `sk_wmem_queued`.
    pub queued: u32,
    /// From `sk_omem_alloc`.
    pub options: u32,
    /// From `sk_backlog.len`.
    pub backlog: u32,
    /// Packets. From `sk_drops`.
    pub drops: u32,
}
