//! Internet sockets, from `/proc/net/{tcp,udp,udplite,raw}` and those of IPv6.

use std::net::SocketAddr;

use anyhow::Result;

use super::args::{Choice, Protocols, Request};
use crate::proc_net;

/// How a protocol's rows are read and shown.
#[derive(Debug)]
pub struct Kind {
    /// As netstat's first column has it.
    pub name: &'static str,
    /// The file in `/proc/net`.
    file: &'static str,
    pub protocol: Protocols,
    pub is_ipv6: bool,
}

const fn kind(name: &'static str, file: &'static str, protocol: Protocols, is_ipv6: bool) -> Kind {
    Kind {
        name,
        file,
        protocol,
        is_ipv6,
    }
}

/// In netstat's order.
pub const KINDS: &[Kind] = &[
    kind("tcp", "tcp", Protocols::TCP, false),
    kind("tcp6", "tcp6", Protocols::TCP, true),
    kind("udp", "udp", Protocols::UDP, false),
    kind("udp6", "udp6", Protocols::UDP, true),
    kind("udpl", "udplite", Protocols::UDPLITE, false),
    kind("udpl6", "udplite6", Protocols::UDPLITE, true),
    kind("raw", "raw", Protocols::RAW, false),
    kind("raw6", "raw6", Protocols::RAW, true),
];

/// The rows of one protocol that are to be shown.
#[derive(Debug)]
pub struct Table {
    pub kind: &'static Kind,
    pub rows: Vec<Socket>,
}

/// One row, as the kernel's `get_tcp4_sock` and its like print it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Socket {
    pub local: SocketAddr,
    pub remote: SocketAddr,
    /// `TCP_…` of `include/net/tcp_states.h`.
    pub state: u8,
    /// Bytes; of a listener, connections.
    pub send_queue: u64,
    pub receive_queue: u64,
    /// 0 none, 1 retransmit, 2 keepalive, 3 TIME_WAIT, 4 zero-window probe.
    pub timer: u8,
    /// Clock ticks, of which a second has `USER_HZ`.
    pub timer_left: u64,
    pub retransmits: u64,
    /// netstat takes it for signed.
    pub uid: i32,
    /// Keepalive or zero-window probes that were not answered.
    pub probes: u64,
    pub inode: u64,
}

/// Tables with the rows that the request selects.
///
/// # Errors
///
/// A file is there and can't be read.
pub fn read(request: &Request, choice: &Choice) -> Result<Vec<Table>> {
    let mut tables = Vec::new();
    // By name, netstat gives up on everything behind TCP where there is no SCTP, and behind UDP-Lite where
    // there is none.
    let lacks_udplite = choice.udplite && lacks_udplite();
    let is_reached = |kind: &Kind| {
        let is_behind_sctp = kind.protocol != Protocols::TCP;
        let is_behind_udplite = kind.protocol == Protocols::RAW;
        !(choice.sctp && is_behind_sctp || lacks_udplite && is_behind_udplite)
    };
    for kind in KINDS.iter().filter(|kind| is_reached(kind)) {
        let is_family = if kind.is_ipv6 {
            choice.ipv6
        } else {
            choice.ipv4
        };
        if !is_family || !choice.protocols.has(kind.protocol) {
            continue;
        }
        let mut rows = Vec::new();
        for line in proc_net::lines(kind.file)?.iter().skip(1) {
            rows.extend(socket(line).filter(|socket| is_selected(request, kind, socket)));
        }
        tables.push(Table { kind, rows });
    }
    Ok(tables)
}

/// Whether the kernel has no UDP-Lite, as the newest.
pub fn lacks_udplite() -> bool {
    !proc_net::is_there("udplite")
}

/// TCP listens where it has no remote port, everything else where it has no remote address.
fn is_selected(request: &Request, kind: &Kind, socket: &Socket) -> bool {
    let is_connected = if kind.protocol == Protocols::TCP {
        socket.remote.port() != 0
    } else {
        !socket.remote.ip().is_unspecified()
    };
    request.all || is_connected != request.listening
}

/// `sl local_address rem_address st tx_queue:rx_queue tr:tm->when retrnsmt uid timeout inode …`
fn socket(line: &str) -> Option<Socket> {
    let mut words = line.split_ascii_whitespace().skip(1);
    let mut next = || words.next();
    let (local, remote) = (proc_net::endpoint(next()?)?, proc_net::endpoint(next()?)?);
    let state = u8::from_str_radix(next()?, 16).ok()?;
    let (send_queue, receive_queue) = next()?.split_once(':')?;
    let (timer, timer_left) = next()?.split_once(':')?;
    Some(Socket {
        local,
        remote,
        state,
        send_queue: proc_net::hex(send_queue)?,
        receive_queue: proc_net::hex(receive_queue)?,
        timer: u8::from_str_radix(timer, 16).ok()?,
        timer_left: proc_net::hex(timer_left)?,
        retransmits: proc_net::hex(next()?)?,
        uid: next()?.parse::<u32>().ok()?.cast_signed(),
        probes: next()?.parse().ok()?,
        inode: next()?.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LISTENER: &str = "   0: 00000000:0016 00000000:0000 0A 00000080:00000003 00:00000000 \
                            00000000     0        0 1076 1 0000000000000000 100 0 0 10 0";

    #[test]
    fn a_row_is_read() {
        let socket = socket(LISTENER).unwrap();
        assert_eq!(socket.local, "0.0.0.0:22".parse().unwrap());
        assert_eq!((socket.state, socket.inode), (10, 1076));
        assert_eq!((socket.send_queue, socket.receive_queue), (128, 3));
    }

    #[test]
    fn what_is_no_row_is_left_out() {
        for words in 0..10 {
            let words: Vec<_> = LISTENER.split_whitespace().take(words).collect();
            assert_eq!(socket(&words.join(" ")), None, "{words:?}");
        }
    }
}
