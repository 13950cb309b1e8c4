//! JSON lines. The names are a contract, written down in `docs/json.md`.
//!
//! Lines of sockets are written field by field, not by serde: it takes four times as long, and under
//! a storm these lines are most of what netwatch does.

mod field;

use std::{
    fmt::Display,
    io::{self, Write},
    net::IpAddr,
};

use serde::{Serialize, Serializer, ser::SerializeMap as _};

use super::Output;
use crate::{
    clock::{Clock, Stamps},
    event::{Closing, Phase, Report, Rung, Socket, Traffic},
};
use field::{Field, fields};

/// Writes JSON lines.
pub(super) struct Json<W> {
    out: W,
    stamps: Stamps,
    line: String,
}

impl<W: Write> Json<W> {
    pub const fn new(out: W, clock: Clock) -> Self {
        Self {
            out,
            stamps: Stamps::new(clock),
            line: String::new(),
        }
    }
}

impl<W: Write> Output for Json<W> {
    fn begin(&mut self) {
        self.stamps.refresh();
    }

    fn report(&mut self, report: &Report) -> io::Result<()> {
        let line = &mut self.line;
        line.clear();
        line.push_str("{\"event\":\"");
        line.push_str(name(report));
        line.push_str("\",\"ts\":\"");
        self.stamps.rfc3339(report.at(), line);
        line.push_str("\",\"mono_ns\":");
        report.at().write(line);
        if let Some(socket) = report.socket() {
            SocketFields::from(socket).write(line);
        }
        more(report, line)?;
        line.push_str("}\n");
        self.out.write_all(line.as_bytes())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

fields! {
    SocketFields<'a> {
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
    TcpStateFields {
        old: &'static str,
        new: &'static str,
        in_state_ns: Option<u64>,
    }
    TcpCloseFields {
        duration_ns: Option<u64>,
        bytes_sent: Option<u64>,
        bytes_received: Option<u64>,
        rtt_us: Option<u64>,
        retransmits: Option<u32>,
        reason: &'static str,
        errno: Option<u16>,
    }
    UdpFlowFields {
        phase: &'static str,
        tx_packets: u64,
        tx_bytes: u64,
        rx_packets: u64,
        rx_bytes: u64,
        duration_ns: u64,
    }
    LostFields {
        count: u64,
        place = "where": &'static str,
    }
    ResyncFields {
        added: u64,
        removed: u64,
        changed: u64,
    }
    EndFields {
        events: u64,
        lost: u64,
        duration_ns: u64,
    }
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

impl TcpCloseFields {
    fn new(closing: &Closing) -> Self {
        Self {
            duration_ns: closing.duration.map(|time| time.as_nanos() as u64),
            bytes_sent: closing.bytes_sent,
            bytes_received: closing.bytes_received,
            rtt_us: closing.rtt.map(|time| time.as_micros() as u64),
            retransmits: closing.retransmits,
            reason: closing.reason.name(),
            errno: closing.errno,
        }
    }
}

impl UdpFlowFields {
    const fn new(phase: Phase, traffic: &Traffic, duration_ns: u64) -> Self {
        Self {
            phase: phase.name(),
            tx_packets: traffic.tx_packets,
            tx_bytes: traffic.tx_bytes,
            rx_packets: traffic.rx_packets,
            rx_bytes: traffic.rx_bytes,
            duration_ns,
        }
    }
}

/// What the line of a start says of it: once in a run, so by serde.
#[derive(Serialize)]
struct StartFields<'a> {
    version: &'static str,
    kernel: &'a str,
    #[serde(serialize_with = "rung_map")]
    rungs: &'a [Rung],
    sockets: u64,
}

/// Writes what an event adds.
fn more(report: &Report, line: &mut String) -> io::Result<()> {
    match report {
        Report::TcpState {
            old, new, in_state, ..
        } => TcpStateFields {
            old: old.name(),
            new: new.name(),
            in_state_ns: in_state.map(|time| time.as_nanos() as u64),
        }
        .write(line),
        Report::TcpClose { closing, .. } => TcpCloseFields::new(closing).write(line),
        Report::UdpFlow {
            phase,
            traffic,
            duration,
            ..
        } => {
            UdpFlowFields::new(*phase, traffic, duration.as_nanos() as u64).write(line);
        }
        Report::Lost { count, place, .. } => LostFields {
            count: *count,
            place,
        }
        .write(line),
        Report::Resync {
            added,
            removed,
            changed,
            ..
        } => ResyncFields {
            added: *added,
            removed: *removed,
            changed: *changed,
        }
        .write(line),
        Report::End {
            events,
            lost,
            duration,
            ..
        } => EndFields {
            events: *events,
            lost: *lost,
            duration_ns: duration.as_nanos() as u64,
        }
        .write(line),
        Report::Start {
            version,
            kernel,
            rungs,
            sockets,
            ..
        } => {
            let fields = serde_json::to_string(&StartFields {
                version,
                kernel,
                rungs,
                sockets: *sockets,
            })?;
            // Without the braces: the line has its own.
            line.push(',');
            line.push_str(&fields[1..fields.len() - 1]);
        }
    }
    Ok(())
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
