//! JSON lines. The names are a contract, written down in `docs/json.md`.
//!
//! Lines of sockets are written field by field, not by serde: it takes four times as long, and under
//! a storm these lines are most of what netwatch does.

mod field;
mod owner;
mod socket;

use std::fmt::Display;

use serde::{Serialize, Serializer};

use super::Format;
use crate::{
    clock::{Clock, Stamps},
    event::{Closing, Owner, Phase, Report, Rung, Traffic},
};
use field::{Field, Word, fields};
pub(in crate::output) use owner::ProcessFields;
use owner::ProcessWriter;
pub(in crate::output) use socket::SocketFields;
use socket::SocketWriter;

/// Writes JSON lines.
pub struct Json {
    stamps: Stamps,
    sockets: SocketWriter,
    processes: ProcessWriter,
}

impl Json {
    /// With times by the given clock.
    pub fn new(clock: Clock) -> Self {
        Self {
            stamps: Stamps::new(clock),
            sockets: SocketWriter::default(),
            processes: ProcessWriter::default(),
        }
    }
}

impl Format for Json {
    fn begin(&mut self) {
        self.stamps.refresh();
    }

    fn report(&mut self, report: &Report, line: &mut String) {
        line.push_str("{\"event\":\"");
        line.push_str(name(report));
        line.push_str("\",\"ts\":\"");
        self.stamps.rfc3339(report.at(), line);
        line.push_str("\",\"mono_ns\":");
        report.at().write(line);
        if let Some(socket) = report.socket() {
            self.sockets.write(socket, line);
            self.processes.write(socket.owner.as_ref(), line);
            OwnerFields::of(socket.owner.as_ref()).write(line);
        }
        more(report, line);
        line.push_str("}\n");
    }
}

fields! {
    OwnerFields {
        owner: Option<Word>,
    }
    TcpStateFields {
        old: Word,
        new: Word,
        in_state_ns: Option<u64>,
    }
    TcpCloseFields {
        duration_ns: Option<u64>,
        bytes_sent: Option<u64>,
        bytes_received: Option<u64>,
        rtt_us: Option<u64>,
        retransmits: Option<u32>,
        reason: Word,
        errno: Option<u16>,
    }
    UdpFlowFields {
        phase: Word,
        tx_packets: u64,
        tx_bytes: u64,
        rx_packets: u64,
        rx_bytes: u64,
        duration_ns: u64,
    }
    StartFields<'a> {
        version: &'a str,
        kernel: &'a str,
        rungs: Rungs<'a>,
        unseen: Unseen<'a>,
        sockets: u64,
    }
    LostFields {
        count: u64,
        place = "where": Word,
    }
    PressureFields {
        place = "where": Word,
        told: Word,
        given_up: u64,
    }
    ResyncFields {
        added: u64,
        removed: u64,
        changed: u64,
    }
    EndFields {
        events: u64,
        lost: u64,
        given_up: u64,
        duration_ns: u64,
    }
}

impl OwnerFields {
    /// How a socket's owner is known.
    pub fn of(owner: Option<&Owner>) -> Self {
        Self {
            owner: owner.map(|owner| Word(owner.how.name())),
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
            reason: Word(closing.reason.name()),
            errno: closing.errno,
        }
    }
}

impl UdpFlowFields {
    const fn new(phase: Phase, traffic: &Traffic, duration_ns: u64) -> Self {
        Self {
            phase: Word(phase.name()),
            tx_packets: traffic.tx_packets,
            tx_bytes: traffic.tx_bytes,
            rx_packets: traffic.rx_packets,
            rx_bytes: traffic.rx_bytes,
            duration_ns,
        }
    }
}

/// Writes what an event adds.
fn more(report: &Report, line: &mut String) {
    match report {
        Report::TcpState {
            old, new, in_state, ..
        } => TcpStateFields {
            old: Word(old.name()),
            new: Word(new.name()),
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
            place: Word(place),
        }
        .write(line),
        Report::Pressure {
            place,
            told,
            given_up,
            ..
        } => PressureFields {
            place: Word(place),
            told: Word(told.name()),
            given_up: *given_up,
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
            given_up,
            duration,
            ..
        } => EndFields {
            events: *events,
            lost: *lost,
            given_up: *given_up,
            duration_ns: duration.as_nanos() as u64,
        }
        .write(line),
        Report::Start {
            version,
            kernel,
            rungs,
            unseen,
            sockets,
            ..
        } => {
            StartFields {
                version,
                kernel,
                rungs: Rungs(rungs),
                unseen: Unseen(unseen),
                sockets: *sockets,
            }
            .write(line);
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
        Report::Pressure { .. } => "pressure",
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

/// Each rung under the name of its capability.
struct Rungs<'a>(&'a [Rung]);

impl Serialize for Rungs<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|rung| (rung.capability, rung.rung)))
    }
}

impl Field for Rungs<'_> {
    fn write(&self, line: &mut String) {
        if let Ok(object) = serde_json::to_string(self) {
            line.push_str(&object);
        }
    }
}

/// What is not seen, each under the name of its capability.
struct Unseen<'a>(&'a [(&'static str, &'static str)]);

impl Serialize for Unseen<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().copied())
    }
}

impl Field for Unseen<'_> {
    fn write(&self, line: &mut String) {
        if let Ok(object) = serde_json::to_string(self) {
            line.push_str(&object);
        }
    }
}

#[cfg(test)]
mod documented;
#[cfg(test)]
mod tests;
