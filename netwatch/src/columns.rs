//! The columns of text: one row of [`COLUMNS`] for each; those of `list` are a table of their own.

pub mod list;

use crate::{
    clock::Clock,
    event::{Endpoint, Family, How, MonoNs, Phase, Protocol, Report, Socket},
    humane,
};

/// Which side of its column a cell stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    Left,
    Right,
}

/// What a cell is made from.
pub struct Line<'a> {
    pub clock: &'a Clock,
    pub at: MonoNs,
    pub socket: &'a Socket,
    pub report: &'a Report,
}

/// One column.
pub struct Column {
    pub name: &'static str,
    pub header: &'static str,
    /// Of an IPv4 line, in characters. Longer cells push the rest of their line to the right.
    pub width: usize,
    pub align: Align,
    pub cell: fn(&Line<'_>) -> String,
}

const fn left(
    name: &'static str,
    header: &'static str,
    width: usize,
    cell: fn(&Line<'_>) -> String,
) -> Column {
    Column {
        name,
        header,
        width,
        align: Align::Left,
        cell,
    }
}

const fn right(
    name: &'static str,
    header: &'static str,
    width: usize,
    cell: fn(&Line<'_>) -> String,
) -> Column {
    Column {
        name,
        header,
        width,
        align: Align::Right,
        cell,
    }
}

/// Every column.
pub const COLUMNS: &[Column] = &[
    left("time", "TIME", 12, |line| line.clock.time_of_day(line.at)),
    left("ended", "ENDED", 8, |line| {
        line.clock.second_of_day(line.at)
    }),
    left("proto", "PROTO", 5, |line| proto(line.socket).to_owned()),
    left("local", "LOCAL", 21, |line| endpoint(&line.socket.local)),
    left("remote", "REMOTE", 21, |line| endpoint(&line.socket.remote)),
    right("pid", "PID", 7, |line| pid(line.socket)),
    left("process", "PROCESS", 16, |line| process(line.socket)),
    left("event", "EVENT", 31, |line| event(line.report)),
    right("sent", "SENT", 4, |line| sent(line.report)),
    right("received", "RECV", 4, |line| received(line.report)),
    right("duration", "LASTED", 6, |line| duration(line.report)),
    right("rtt", "RTT", 6, |line| rtt(line.report)),
    left("reason", "ENDED BY", 12, |line| reason(line.report)),
];

/// What `trace` shows.
pub const TRACE: &[&str] = &[
    "time", "proto", "local", "remote", "pid", "process", "event",
];

/// What `life` shows.
pub const LIFE: &[&str] = &[
    "ended", "proto", "local", "remote", "pid", "process", "sent", "received", "duration", "rtt",
    "reason",
];

/// The columns of these names.
pub fn named(names: &[&str]) -> Vec<&'static Column> {
    let find = |name: &&str| COLUMNS.iter().find(|column| column.name == *name);
    names.iter().filter_map(find).collect()
}

const fn proto(socket: &Socket) -> &'static str {
    match (socket.protocol, socket.family) {
        (Protocol::Tcp, Family::Ipv4) => "tcp",
        (Protocol::Tcp, Family::Ipv6) => "tcp6",
        (Protocol::Udp, Family::Ipv4) => "udp",
        (Protocol::Udp, Family::Ipv6) => "udp6",
    }
}

fn endpoint(end: &Endpoint) -> String {
    let port = end
        .port
        .map_or_else(|| "*".to_owned(), |port| port.to_string());
    match end.addr {
        Some(addr) if addr.is_ipv6() => format!("[{addr}]:{port}"),
        Some(addr) => format!("{addr}:{port}"),
        None => format!("*:{port}"),
    }
}

fn pid(socket: &Socket) -> String {
    let process = socket.process();
    process.map_or_else(none, |process| process.pid.to_string())
}

/// The process's name; with `~` where only the listener's is known.
fn process(socket: &Socket) -> String {
    let how = socket.owner.as_ref().map(|owner| owner.how);
    let mark = if how == Some(How::Inherited) { "~" } else { "" };
    socket
        .comm()
        .map_or_else(none, |comm| format!("{comm}{mark}"))
}

fn event(report: &Report) -> String {
    match report {
        Report::TcpState { old, new, .. } => format!("{old} → {new}"),
        Report::TcpClose { .. } => format!(
            "{} ↑{} ↓{} {}",
            reason(report),
            sent(report),
            received(report),
            duration(report)
        ),
        Report::UdpFlow { phase, traffic, .. } => format!(
            "{} ↑{}/{} ↓{}/{}",
            phase.name(),
            humane::count(traffic.tx_packets),
            humane::count(traffic.tx_bytes),
            humane::count(traffic.rx_packets),
            humane::count(traffic.rx_bytes)
        ),
        _ => String::new(),
    }
}

fn sent(report: &Report) -> String {
    match report {
        Report::TcpClose { closing, .. } => closing.bytes_sent.map_or_else(unknown, humane::count),
        Report::UdpFlow { traffic, .. } => humane::count(traffic.tx_bytes),
        _ => String::new(),
    }
}

fn received(report: &Report) -> String {
    match report {
        Report::TcpClose { closing, .. } => {
            closing.bytes_received.map_or_else(unknown, humane::count)
        }
        Report::UdpFlow { traffic, .. } => humane::count(traffic.rx_bytes),
        _ => String::new(),
    }
}

fn duration(report: &Report) -> String {
    match report {
        Report::TcpClose { closing, .. } => closing.duration.map_or_else(unknown, humane::duration),
        Report::UdpFlow { duration, .. } => humane::duration(*duration),
        _ => String::new(),
    }
}

fn rtt(report: &Report) -> String {
    match report {
        Report::TcpClose { closing, .. } => closing.rtt.map_or_else(unknown, humane::duration),
        Report::UdpFlow { .. } => none(),
        _ => String::new(),
    }
}

fn reason(report: &Report) -> String {
    match report {
        Report::TcpClose { closing, .. } => closing.reason.name().to_owned(),
        Report::UdpFlow {
            phase: Phase::Close,
            ..
        } => "closed".to_owned(),
        _ => String::new(),
    }
}

/// A figure that was not seen.
fn unknown() -> String {
    "?".to_owned()
}

/// Nothing to show.
fn none() -> String {
    "-".to_owned()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn names_are_unique_and_headers_fit() {
        for text in [
            |column: &Column| column.name,
            |column: &Column| column.header,
        ] {
            let texts: HashSet<_> = COLUMNS.iter().map(text).collect();
            assert_eq!(texts.len(), COLUMNS.len());
        }
        for column in COLUMNS {
            assert_eq!(column.name, column.name.to_lowercase());
            assert!(column.header.len() <= column.width, "{}", column.name);
        }
    }

    #[test]
    fn what_is_shown_exists_and_fits_120_columns() {
        for names in [TRACE, LIFE] {
            let columns = named(names);
            assert_eq!(columns.len(), names.len(), "{names:?}");
            let width: usize = columns.iter().map(|column| column.width + 1).sum();
            assert!(width <= 121, "{names:?} take {width}");
        }
    }
}
