//! By the tables in `/proc/net`, which every kernel has and everyone may read. They don't have the
//! cookie: what they tell is joined with events by addresses and ports, and has a cookie of its own
//! until then. As with sock_diag, a row counts as of the moment before the table was read.

use std::hash::{Hash as _, Hasher as _};

use anyhow::{Context as _, Result};
use rustc_hash::FxHasher;

use super::{RawSnapshot, Scope};
use crate::{
    clock,
    decode::{Row, RowKind},
    event::{Cookie, Endpoint, Ends, Family, MonoNs, State},
    proc_net,
};

/// A table, and what its sockets are.
struct Table {
    file: &'static str,
    is_udp: bool,
    family: Family,
}

const fn table(file: &'static str, is_udp: bool, family: Family) -> Table {
    Table {
        file,
        is_udp,
        family,
    }
}

const TABLES: &[Table] = &[
    table("tcp", false, Family::Ipv4),
    table("tcp6", false, Family::Ipv6),
    table("udp", true, Family::Ipv4),
    table("udp6", true, Family::Ipv6),
];

/// Reads a table.
///
/// # Errors
///
/// `/proc` can't be read.
pub fn attempt() -> Result<()> {
    let lines = proc_net::lines("tcp")?;
    lines.first().map(drop).context("there is no /proc/net/tcp")
}

/// Reads the sockets of this thread's network namespace.
///
/// # Errors
///
/// As [`attempt`].
pub fn tables(netns: u32, scope: Scope, raw: &mut RawSnapshot) -> Result<()> {
    let everything = scope == Scope::Everything;
    for table in TABLES.iter().filter(|table| everything || !table.is_udp) {
        let at = clock::monotonic();
        for line in proc_net::lines(table.file)?.iter().skip(1) {
            let Some((row, inode)) = row(line, table, netns, at) else {
                raw.undecodable += 1;
                continue;
            };
            let waits = matches!(row.kind, RowKind::Request | RowKind::TimeWait);
            if !everything && !waits {
                continue;
            }
            if inode != 0 {
                raw.inodes.push((raw.rows.len(), inode));
            }
            raw.rows.push(row);
        }
    }
    Ok(())
}

/// `struct timewait_sock` and requests have no more words than these.
const WORDS_OF_THE_REST: usize = 12;

/// One line, and the socket's inode number; 0 where no descriptor holds it.
fn row(line: &str, table: &Table, netns: u32, at: MonoNs) -> Option<(Row, u32)> {
    let words: Vec<&str> = line.split_ascii_whitespace().collect();
    let (local, remote) = (endpoint(words.get(1)?)?, endpoint(words.get(2)?)?);
    let state = State::from_kernel(u8::from_str_radix(words.get(3)?, 16).ok()?)?;
    let inode = words.get(9)?.parse().ok()?;
    let is_full = words.len() > WORDS_OF_THE_REST;
    let kind = match (table.is_udp, is_full, state) {
        (true, ..) => RowKind::Udp,
        (_, true, _) => RowKind::Tcp,
        (_, _, State::SynRecv) => RowKind::Request,
        _ => RowKind::TimeWait,
    };
    let mut hasher = FxHasher::default();
    (netns, table.file, local, remote, inode, is_full).hash(&mut hasher);
    let row = Row {
        at,
        cookie: Cookie::stand_in(hasher.finish()),
        ends: Ends {
            family: table.family,
            local: Endpoint {
                addr: local.addr,
                port: local.port,
            },
            remote: Endpoint {
                addr: remote
                    .addr
                    .filter(|addr| !addr.is_unspecified() || remote.port.is_some()),
                port: remote.port,
            },
            netns: Some(netns),
        },
        state,
        owner: None,
        kind,
    };
    Some((row, inode))
}

fn endpoint(text: &str) -> Option<Endpoint> {
    let found = proc_net::endpoint(text)?;
    Some(Endpoint {
        addr: Some(found.ip().to_canonical()),
        port: Some(found.port()).filter(|port| *port != 0),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LISTENER: &str = "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 28361 1 0000000000000000 100 0 0 10 0";
    const CONNECTION: &str = "   1: 0100007F:1F90 0100007F:D2A4 01 00000000:00000000 00:00000000 00000000     0        0 28364 1 0000000000000000 20 4 30 10 -1";
    const REQUEST: &str = "   2: 0100007F:1F90 0100007F:D2A6 03 00000000:00000000 01:00000063 00000000     0        0 0 1 0000000000000000";
    const TIME_WAIT: &str = "   3: 0100007F:D2A2 0100007F:1F90 06 00000000:00000000 03:00001770 00000000     0        0 0 3 0000000000000000";
    const DATAGRAM: &str = " 1234: 00000000:0035 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 28370 2 0000000000000000 0";

    fn read(line: &str, table: &Table) -> (Row, u32) {
        row(line, table, 7, 9).expect(line)
    }

    #[test]
    #[cfg(target_endian = "little")]
    fn the_kernel_s_lines_are_understood() {
        let tcp = &TABLES[0];
        for (line, kind, state, inode) in [
            (LISTENER, RowKind::Tcp, State::Listen, 28361),
            (CONNECTION, RowKind::Tcp, State::Established, 28364),
            (REQUEST, RowKind::Request, State::SynRecv, 0),
            (TIME_WAIT, RowKind::TimeWait, State::TimeWait, 0),
        ] {
            let (row, held) = read(line, tcp);
            assert_eq!((row.kind, row.state, held), (kind, state, inode), "{line}");
            assert_eq!((row.at, row.ends.netns), (9, Some(7)));
            assert_eq!(row.cookie.known(), None);
            assert_eq!(row.cookie, read(line, tcp).0.cookie, "the same each time");
        }
        let (listener, _) = read(LISTENER, tcp);
        assert_eq!(listener.ends.remote, Endpoint::default(), "nobody");
        let (datagram, _) = read(DATAGRAM, &TABLES[2]);
        assert_eq!(datagram.kind, RowKind::Udp);
        assert_eq!(datagram.ends.local.port, Some(53));
    }

    #[test]
    fn a_line_that_is_cut_off_is_none() {
        for line in ["", "0: 0100007F:1F90", "0: x y z", &CONNECTION[..60]] {
            assert!(row(line, &TABLES[0], 7, 9).is_none(), "{line}");
        }
    }
}
