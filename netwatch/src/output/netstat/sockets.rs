//! Internet sockets.

use std::{
    io::{self, Write},
    net::SocketAddr,
};

use super::{ADDRESS_WIDTH, padded, which};
use crate::netstat::{
    args::{Protocols, Request},
    names::Names,
    owners::Owners,
    sockets::{Kind, Socket, Table},
};

/// What decides on the columns.
pub struct Context<'a> {
    pub request: &'a Request,
    pub owners: Option<&'a Owners>,
}

/// netstat's names of TCP's states, by the kernel's numbers (`include/net/tcp_states.h`).
const STATES: [&str; 12] = [
    "",
    "ESTABLISHED",
    "SYN_SENT",
    "SYN_RECV",
    "FIN_WAIT1",
    "FIN_WAIT2",
    "TIME_WAIT",
    "CLOSE",
    "CLOSE_WAIT",
    "LAST_ACK",
    "LISTEN",
    "CLOSING",
];

/// UDP sockets borrow these two of TCP's states.
const ESTABLISHED: u8 = 1;
const CLOSE: u8 = 7;

/// A service's name takes no more of an address.
const SERVICE_WIDTH: usize = 18;

pub fn print(
    out: &mut impl Write,
    context: &Context<'_>,
    tables: &[Table],
    names: &mut Names,
) -> io::Result<()> {
    let Context { request, .. } = context;
    writeln!(out, "Active Internet connections {}", which(request))?;
    write!(
        out,
        "Proto Recv-Q Send-Q Local Address           Foreign Address         State      "
    )?;
    if request.extended > 0 {
        write!(out, " User       Inode     ")?;
    }
    if request.programs {
        write!(out, " PID/Program name    ")?;
    }
    if request.timers {
        write!(out, " Timer")?;
    }
    writeln!(out)?;
    for Table { kind, rows } in tables {
        for socket in rows {
            row(out, context, kind, socket, names)?;
        }
    }
    Ok(())
}

fn row(
    out: &mut impl Write,
    context: &Context<'_>,
    kind: &Kind,
    socket: &Socket,
    names: &mut Names,
) -> io::Result<()> {
    let Context { request, owners } = context;
    let mut address = |of| padded(&address(request, kind, of, names), ADDRESS_WIDTH);
    let (local, remote) = (address(socket.local), address(socket.remote));
    write!(
        out,
        "{:<5} {:>6} {:>6} {local} {remote} {:<11}",
        kind.name,
        socket.receive_queue,
        socket.send_queue,
        state(kind, socket.state)
    )?;
    if request.extended > 0 {
        let user = padded(&names.user(socket.uid), 10);
        write!(out, " {user} {:<10}", socket.inode)?;
    }
    if let Some(owners) = owners {
        let owner = owners.of(socket.inode).unwrap_or("-");
        write!(out, " {}", padded(owner, 20))?;
    }
    if request.timers {
        write!(out, " {}", timer(kind, socket))?;
    }
    writeln!(out)
}

fn state(kind: &Kind, state: u8) -> String {
    let name = match kind.protocol {
        Protocols::RAW => return state.to_string(),
        Protocols::TCP => STATES.get(usize::from(state)).copied(),
        _ => match state {
            ESTABLISHED => Some("ESTABLISHED"),
            CLOSE => Some(""),
            _ => None,
        },
    };
    name.unwrap_or("UNKNOWN").to_owned()
}

/// Host and port, cut to the column: the port is kept whole before the host is.
fn address(request: &Request, kind: &Kind, of: SocketAddr, names: &mut Names) -> String {
    let mut port = names.service(kind.protocol, of.port());
    let mut host = names.host(of.ip()).to_owned();
    if !request.wide {
        cut(&mut port, SERVICE_WIDTH);
        cut(&mut host, ADDRESS_WIDTH - 1 - port.len());
    }
    format!("{host}:{port}")
}

/// At most so many bytes, and no half of a character.
fn cut(text: &mut String, width: usize) {
    text.truncate(text.floor_char_boundary(width));
}

/// `on (0.42/1/0)`: what runs, the seconds left, retransmissions, unanswered probes.
fn timer(kind: &Kind, socket: &Socket) -> String {
    let is_tcp = kind.protocol == Protocols::TCP;
    let name = match (socket.timer, is_tcp) {
        (0, _) => "off".to_owned(),
        (1, true) => "on".to_owned(),
        (2, true) => "keepalive".to_owned(),
        (3, true) => "timewait".to_owned(),
        (4, true) => "probe".to_owned(),
        (1 | 2, false) => format!("on{}", socket.timer),
        (other, _) => format!("unkn-{other}"),
    };
    let ticks = if socket.timer == 0 {
        0
    } else {
        socket.timer_left
    };
    // Of UDP, netstat reads no retransmissions.
    let retransmits = match kind.protocol {
        Protocols::UDP | Protocols::UDPLITE => 0,
        _ => socket.retransmits,
    };
    format!(
        "{name} ({}.{:02}/{retransmits}/{})",
        ticks / USER_HZ,
        ticks % USER_HZ,
        socket.probes
    )
}

/// Clock ticks in a second, as the kernel tells times to programs: `USER_HZ` of
/// `include/asm-generic/param.h`.
const USER_HZ: u64 = 100;

#[cfg(test)]
mod tests;
