//! JSON lines. The names are a contract, written down in `docs/json.md`.

use std::{
    fmt::Display,
    io::{self, Write},
    net::IpAddr,
};

use serde::{Serialize, Serializer, ser::SerializeMap as _};

use super::Output;
use crate::{
    clock::Clock,
    event::{Report, Rung, Socket},
};

/// Writes JSON lines.
pub(super) struct Json<W> {
    out: W,
    clock: Clock,
}

impl<W: Write> Json<W> {
    pub const fn new(out: W, clock: Clock) -> Self {
        Self { out, clock }
    }
}

impl<W: Write> Output for Json<W> {
    fn report(&mut self, report: &Report) -> io::Result<()> {
        let at = report.at();
        let line = Line {
            event: name(report),
            ts: self.clock.rfc3339(at),
            mono_ns: at,
            socket: report.socket().map(SocketFields::from),
            more: More::from(report),
        };
        serde_json::to_writer(&mut self.out, &line)?;
        self.out.write_all(b"\n")
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[derive(Serialize)]
struct Line<'a, T: Display> {
    event: &'static str,
    #[serde(serialize_with = "display")]
    ts: T,
    mono_ns: u64,
    #[serde(flatten)]
    socket: Option<SocketFields<'a>>,
    #[serde(flatten)]
    more: More<'a>,
}

#[derive(Serialize)]
pub(super) struct SocketFields<'a> {
    proto: &'static str,
    family: &'static str,
    local_addr: Option<IpAddr>,
    local_port: Option<u16>,
    remote_addr: Option<IpAddr>,
    remote_port: Option<u16>,
    state: &'static str,
    cookie: u64,
    netns: Option<u32>,
    pid: Option<u32>,
    comm: Option<&'a str>,
    exe: Option<&'a str>,
    uid: Option<u32>,
    cgroup: Option<&'a str>,
    owner: Option<&'static str>,
}

impl<'a> From<&'a Socket> for SocketFields<'a> {
    fn from(socket: &'a Socket) -> Self {
        let process = socket.process();
        Self {
            proto: socket.protocol.name(),
            family: socket.family.name(),
            local_addr: socket.local.addr,
            local_port: socket.local.port,
            remote_addr: socket.remote.addr,
            remote_port: socket.remote.port,
            state: socket.state_name(),
            cookie: socket.cookie.0,
            netns: socket.netns,
            pid: process.map(|process| process.pid),
            comm: socket.comm(),
            exe: process.and_then(|process| process.exe.as_deref()),
            uid: process.map(|process| process.uid),
            cgroup: process.and_then(|process| process.cgroup.as_deref()),
            owner: socket.owner.as_ref().map(|owner| owner.how.name()),
        }
    }
}

#[derive(Serialize)]
#[serde(untagged)]
enum More<'a> {
    Start {
        version: &'static str,
        kernel: &'a str,
        #[serde(serialize_with = "rung_map")]
        rungs: &'a [Rung],
        sockets: u64,
    },
    TcpState {
        old: &'static str,
        new: &'static str,
        in_state_ns: Option<u64>,
    },
    TcpClose {
        duration_ns: Option<u64>,
        bytes_sent: Option<u64>,
        bytes_received: Option<u64>,
        rtt_us: Option<u64>,
        retransmits: Option<u32>,
        reason: &'static str,
        errno: Option<u16>,
    },
    UdpFlow {
        phase: &'static str,
        tx_packets: u64,
        tx_bytes: u64,
        rx_packets: u64,
        rx_bytes: u64,
        duration_ns: u64,
    },
    Lost {
        count: u64,
        r#where: &'static str,
    },
    Resync {
        added: u64,
        removed: u64,
        changed: u64,
    },
    End {
        events: u64,
        lost: u64,
        duration_ns: u64,
    },
}

impl<'a> From<&'a Report> for More<'a> {
    fn from(report: &'a Report) -> Self {
        match report {
            Report::Start {
                version,
                kernel,
                rungs,
                sockets,
                ..
            } => Self::Start {
                version,
                kernel,
                rungs,
                sockets: *sockets,
            },
            Report::TcpState {
                old, new, in_state, ..
            } => Self::TcpState {
                old: old.name(),
                new: new.name(),
                in_state_ns: in_state.map(|time| time.as_nanos() as u64),
            },
            Report::TcpClose { closing, .. } => Self::TcpClose {
                duration_ns: closing.duration.map(|time| time.as_nanos() as u64),
                bytes_sent: closing.bytes_sent,
                bytes_received: closing.bytes_received,
                rtt_us: closing.rtt.map(|time| time.as_micros() as u64),
                retransmits: closing.retransmits,
                reason: closing.reason.name(),
                errno: closing.errno,
            },
            Report::UdpFlow {
                phase,
                traffic,
                duration,
                ..
            } => Self::UdpFlow {
                phase: phase.name(),
                tx_packets: traffic.tx_packets,
                tx_bytes: traffic.tx_bytes,
                rx_packets: traffic.rx_packets,
                rx_bytes: traffic.rx_bytes,
                duration_ns: duration.as_nanos() as u64,
            },
            Report::Lost { count, place, .. } => Self::Lost {
                count: *count,
                r#where: place,
            },
            Report::Resync {
                added,
                removed,
                changed,
                ..
            } => Self::Resync {
                added: *added,
                removed: *removed,
                changed: *changed,
            },
            Report::End {
                events,
                lost,
                duration,
                ..
            } => Self::End {
                events: *events,
                lost: *lost,
                duration_ns: duration.as_nanos() as u64,
            },
        }
    }
}

const fn name(report: &Report) -> &'static str {
    match report {
        Report::Start { .. } => "start",
        Report::TcpState { .. } => "tcp_state",
        Report::TcpClose { .. } => "tcp_close",
        Report::UdpFlow { .. } => "udp_flow",
        Report::Lost { .. } => "lost",
        Report::Resync { .. } => "resync",
        Report::End { .. } => "end",
    }
}

pub(super) fn display<S: Serializer>(
    value: &impl Display,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

fn rung_map<S: Serializer>(rungs: &&[Rung], serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(rungs.len()))?;
    for rung in *rungs {
        map.serialize_entry(rung.capability, rung.rung)?;
    }
    map.end()
}

#[cfg(test)]
mod documented;
#[cfg(test)]
mod tests;
