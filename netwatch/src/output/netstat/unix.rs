//! Unix domain sockets.

use std::io::{self, Write};

use super::{padded, which};
use crate::netstat::{
    args::Request,
    owners::Owners,
    unix::{ACCEPTS, Socket, UNCONNECTED},
};

/// `__SO_WAITDATA` and `__SO_NOSPACE` of `include/uapi/linux/net.h`, which the kernel no longer
/// tells.
const WAITS: u64 = 1 << 17;
const NO_SPACE: u64 = 1 << 18;

/// By `SOCK_…`.
const KINDS: [(u64, &str); 5] = [
    (1, "STREAM"),
    (2, "DGRAM"),
    (3, "RAW"),
    (4, "RDM"),
    (5, "SEQPACKET"),
];

/// By `SS_…` of `include/uapi/linux/net.h`; the one that is not connected depends on its flags.
const STATES: [(u64, &str); 4] = [
    (0, "FREE"),
    (2, "CONNECTING"),
    (3, "CONNECTED"),
    (4, "DISCONNECTING"),
];

pub fn print(
    out: &mut impl Write,
    request: &Request,
    sockets: &[Socket],
    owners: Option<&Owners>,
) -> io::Result<()> {
    writeln!(out, "Active UNIX domain sockets {}", which(request))?;
    write!(
        out,
        "Proto RefCnt Flags       Type       State         I-Node   "
    )?;
    if request.programs {
        write!(out, "PID/Program name     ")?;
    }
    writeln!(out, "Path")?;
    for socket in sockets {
        let protocol = if socket.protocol == 0 { "unix" } else { "??" };
        write!(
            out,
            "{protocol:<5} {:<6} {:<11} {:<10} {:<13} {:<8} ",
            socket.references,
            flags(socket.flags),
            name(&KINDS, socket.kind),
            state(socket),
            socket.inode
        )?;
        if let Some(owners) = owners {
            let owner = owners.of(socket.inode).unwrap_or("-");
            write!(out, "{} ", padded(owner, 20))?;
        }
        writeln!(out, "{}", socket.path)?;
    }
    Ok(())
}

fn name(names: &[(u64, &'static str)], number: u64) -> &'static str {
    let row = names.iter().find(|(known, _)| *known == number);
    row.map_or("UNKNOWN", |(_, name)| *name)
}

fn state(socket: &Socket) -> &'static str {
    match socket.state {
        UNCONNECTED if socket.flags & ACCEPTS != 0 => "LISTENING",
        UNCONNECTED => "",
        other => name(&STATES, other),
    }
}

fn flags(flags: u64) -> String {
    let mut text = "[ ".to_owned();
    for (bit, name) in [(ACCEPTS, "ACC "), (WAITS, "W "), (NO_SPACE, "N ")] {
        if flags & bit != 0 {
            text.push_str(name);
        }
    }
    text.push(']');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_netstats_columns() {
        let socket = Socket {
            references: 2,
            protocol: 0,
            flags: ACCEPTS,
            kind: 5,
            state: UNCONNECTED,
            inode: 1073,
            path: "/run/x".to_owned(),
        };
        let mut out = Vec::new();
        print(&mut out, &Request::default(), &[socket], None).unwrap();
        let text = String::from_utf8(out).unwrap();
        let row = text.lines().last().unwrap();
        assert_eq!(
            row,
            "unix  2      [ ACC ]     SEQPACKET  LISTENING     1073     /run/x"
        );
    }
}
