//! By sock_diag (3.3), which needs neither BTF nor a privilege, and gives the cookie too. A dump has no
//! time of its own for each socket: the rows count as of the moment when they were asked for, so any
//! event since then is newer.

use anyhow::Result;

use super::{RawSnapshot, Scope};
use crate::{
    clock,
    decode::{Row, RowKind},
    event::{Ends, MonoNs, Protocol, State},
    sock_diag::{self, ALL_STATES, Answered, Dump, Families},
};

/// Bits of the kernel's states in which something waits without a socket: SYN_RECV, FIN_WAIT2, TIME_WAIT.
const WAITING_STATES: u32 = 1 << 3 | 1 << 5 | 1 << 6;
/// The bit of a state in which few sockets are.
const CLOSING: u32 = 1 << 11;

/// Asks for TCP and UDP sockets of a rare state.
///
/// # Errors
///
/// The kernel was built without sock_diag, or its module for TCP or UDP can't be had.
pub fn attempt() -> Result<()> {
    for protocol in [Protocol::Tcp, Protocol::Udp] {
        read(protocol, CLOSING, 0, |_, _| {})?;
    }
    Ok(())
}

/// Reads the sockets of this thread's network namespace.
///
/// # Errors
///
/// As [`attempt`].
pub fn tables(netns: u32, scope: Scope, raw: &mut RawSnapshot) -> Result<()> {
    let asked: &[(Protocol, u32)] = match scope {
        Scope::Everything => &[(Protocol::Tcp, ALL_STATES), (Protocol::Udp, ALL_STATES)],
        Scope::Waiting => &[(Protocol::Tcp, WAITING_STATES)],
    };
    for (protocol, states) in asked {
        read(*protocol, *states, netns, |at, answered| {
            if scope == Scope::Everything || !answered.is_full {
                raw.take(at, answered);
            }
        })?;
    }
    Ok(())
}

fn read(
    protocol: Protocol,
    states: u32,
    netns: u32,
    mut take: impl FnMut(MonoNs, &Answered),
) -> Result<()> {
    for families in Families::passes(protocol, None) {
        let at = clock::monotonic();
        let dumped = sock_diag::read(Dump {
            protocol,
            families,
            states,
            extensions: 0,
            netns: Some(netns),
        })?;
        dumped.sockets().for_each(|answered| take(at, &answered));
    }
    Ok(())
}

impl RawSnapshot {
    fn take(&mut self, at: MonoNs, answered: &Answered) {
        let socket = &answered.entry.socket;
        if let Some(inode) = answered.entry.facts.inode {
            self.inodes.push((self.rows.len(), inode));
        }
        self.rows.push(Row {
            at,
            cookie: socket.cookie,
            ends: Ends {
                family: socket.family,
                local: socket.local,
                remote: socket.remote,
                netns: socket.netns,
            },
            state: socket.state,
            owner: None,
            kind: kind(answered),
        });
    }
}

const fn kind(answered: &Answered) -> RowKind {
    let socket = &answered.entry.socket;
    match (socket.protocol, answered.is_full, socket.state) {
        (Protocol::Udp, ..) => RowKind::Udp,
        (Protocol::Tcp, true, _) => RowKind::Tcp,
        (Protocol::Tcp, false, State::SynRecv) => RowKind::Request,
        (Protocol::Tcp, false, _) => RowKind::TimeWait,
    }
}
