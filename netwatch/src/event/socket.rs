//! What a socket is, and whose.

use std::{fmt, net::IpAddr, sync::Arc};

/// The socket cookie: the number that `ss -e` prints as `sk:`. Where that is not known, a number that
/// stands in for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Cookie(pub u64);

impl Cookie {
    /// The kernel counts up from 1, and never comes that far.
    const STAND_IN: u64 = 1 << 63;

    /// What stands in for a cookie that is not known.
    pub const fn stand_in(number: u64) -> Self {
        Self(number | Self::STAND_IN)
    }

    /// The kernel's number.
    pub const fn known(self) -> Option<u64> {
        if self.0 & Self::STAND_IN == 0 {
            Some(self.0)
        } else {
            None
        }
    }
}

/// Transport protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
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
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
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

impl Owner {
    /// The process's name, or that of the kernel.
    pub fn comm(&self) -> &str {
        match &self.process {
            Some(process) => &process.comm,
            None => KERNEL,
        }
    }
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

/// What every output shows of a socket, so that what is shown can be selected.
impl Socket {
    /// The process that it belongs to.
    pub fn process(&self) -> Option<&Process> {
        self.owner.as_ref()?.process.as_deref()
    }

    /// Its owner's name: the process's, or that of the kernel.
    pub fn comm(&self) -> Option<&str> {
        self.owner.as_ref().map(Owner::comm)
    }

    /// The kernel's name of its state; for a UDP socket that is not connected, which the kernel calls
    /// CLOSE, that of ss.
    pub fn state_name(&self) -> &'static str {
        match (self.protocol, self.state) {
            (Protocol::Udp, State::Close) => UNCONNECTED,
            (_, state) => state.name(),
        }
    }
}

/// The owner of the kernel's own sockets.
const KERNEL: &str = "[kernel]";

/// How ss calls the state of a UDP socket that is not connected.
pub const UNCONNECTED: &str = "UNCONN";
