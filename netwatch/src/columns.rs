//! The columns of text: one row of [`COLUMNS`] for each; those of `list` are a table of their own.

pub mod list;

use std::time::Duration;

use crate::{
    event::{Endpoint, Family, How, Phase, Protocol, Report, Socket},
    humane,
    text::push_addr,
};

/// Which side of its column a cell stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    Left,
    Right,
}

/// How a cell is shown where there is colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    Plain,
    Dim,
    /// By what happened.
    Meaning,
}

/// What a cell is made from.
pub struct Line<'a> {
    /// Local time of day.
    pub time: &'a str,
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
    pub style: Style,
    pub cell: fn(&Line<'_>, &mut String),
}

const fn left(
    name: &'static str,
    header: &'static str,
    width: usize,
    cell: fn(&Line<'_>, &mut String),
) -> Column {
    Column {
        name,
        header,
        width,
        align: Align::Left,
        style: Style::Plain,
        cell,
    }
}

const fn right(
    name: &'static str,
    header: &'static str,
    width: usize,
    cell: fn(&Line<'_>, &mut String),
) -> Column {
    Column {
        name,
        header,
        width,
        align: Align::Right,
        style: Style::Plain,
        cell,
    }
}

const fn styled(style: Style, column: Column) -> Column {
    Column { style, ..column }
}

/// Every column.
pub const COLUMNS: &[Column] = &[
    styled(
        Style::Dim,
        left("time", "TIME", 12, |line, out| out.push_str(line.time)),
    ),
    styled(
        Style::Dim,
        left("ended", "ENDED", 8, |line, out| {
            out.push_str(second(line.time))
        }),
    ),
    left("proto", "PROTO", 5, |line, out| {
        out.push_str(proto(line.socket))
    }),
    left("local", "LOCAL", 21, |line, out| {
        endpoint(&line.socket.local, out)
    }),
    left("remote", "REMOTE", 21, |line, out| {
        endpoint(&line.socket.remote, out)
    }),
    right("pid", "PID", 7, |line, out| pid(line.socket, out)),
    left("process", "PROCESS", 16, |line, out| {
        process(line.socket, out)
    }),
    styled(
        Style::Meaning,
        left("event", "EVENT", 31, |line, out| event(line.report, out)),
    ),
    right("sent", "SENT", 4, |line, out| sent(line.report, out)),
    right("received", "RECV", 4, |line, out| {
        received(line.report, out)
    }),
    right("duration", "LASTED", 6, |line, out| {
        duration(line.report, out)
    }),
    right("rtt", "RTT", 6, |line, out| rtt(line.report, out)),
    styled(
        Style::Meaning,
        left("reason", "ENDED BY", 12, |line, out| {
            reason(line.report, out)
        }),
    ),
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

/// A time of day without its milliseconds.
fn second(time: &str) -> &str {
    time.split('.').next().unwrap_or(time)
}

const fn proto(socket: &Socket) -> &'static str {
    match (socket.protocol, socket.family) {
        (Protocol::Tcp, Family::Ipv4) => "tcp",
        (Protocol::Tcp, Family::Ipv6) => "tcp6",
        (Protocol::Udp, Family::Ipv4) => "udp",
        (Protocol::Udp, Family::Ipv6) => "udp6",
    }
}

fn endpoint(end: &Endpoint, out: &mut String) {
    match end.addr {
        Some(addr) if addr.is_ipv6() => {
            out.push('[');
            push_addr(out, addr);
            out.push(']');
        }
        Some(addr) => push_addr(out, addr),
        None => out.push('*'),
    }
    out.push(':');
    match end.port {
        Some(port) => out.push_str(itoa::Buffer::new().format(port)),
        None => out.push('*'),
    }
}

fn pid(socket: &Socket, out: &mut String) {
    match socket.process() {
        Some(process) => out.push_str(itoa::Buffer::new().format(process.pid)),
        None => out.push_str(NONE),
    }
}

/// The process's name; with `~` where only the listener's is known.
fn process(socket: &Socket, out: &mut String) {
    out.push_str(socket.comm().unwrap_or(NONE));
    let how = socket.owner.as_ref().map(|owner| owner.how);
    if how == Some(How::Inherited) {
        out.push('~');
    }
}

fn event(report: &Report, out: &mut String) {
    match report {
        Report::TcpState { old, new, .. } => {
            out.push_str(old.name());
            out.push_str(" → ");
            out.push_str(new.name());
        }
        Report::TcpClose { .. } => {
            reason(report, out);
            out.push_str(" ↑");
            sent(report, out);
            out.push_str(" ↓");
            received(report, out);
            out.push(' ');
            duration(report, out);
        }
        Report::UdpFlow { phase, traffic, .. } => {
            out.push_str(phase.name());
            out.push_str(" ↑");
            humane::push_count(out, traffic.tx_packets);
            out.push('/');
            humane::push_count(out, traffic.tx_bytes);
            out.push_str(" ↓");
            humane::push_count(out, traffic.rx_packets);
            out.push('/');
            humane::push_count(out, traffic.rx_bytes);
        }
        _ => {}
    }
}

fn sent(report: &Report, out: &mut String) {
    match report {
        Report::TcpClose { closing, .. } => count(closing.bytes_sent, out),
        Report::UdpFlow { traffic, .. } => humane::push_count(out, traffic.tx_bytes),
        _ => {}
    }
}

fn received(report: &Report, out: &mut String) {
    match report {
        Report::TcpClose { closing, .. } => count(closing.bytes_received, out),
        Report::UdpFlow { traffic, .. } => humane::push_count(out, traffic.rx_bytes),
        _ => {}
    }
}

fn duration(report: &Report, out: &mut String) {
    match report {
        Report::TcpClose { closing, .. } => time(closing.duration, out),
        Report::UdpFlow { duration, .. } => humane::push_duration(out, *duration),
        _ => {}
    }
}

fn rtt(report: &Report, out: &mut String) {
    match report {
        Report::TcpClose { closing, .. } => time(closing.rtt, out),
        Report::UdpFlow { .. } => out.push_str(NONE),
        _ => {}
    }
}

fn reason(report: &Report, out: &mut String) {
    match report {
        Report::TcpClose { closing, .. } => out.push_str(closing.reason.name()),
        Report::UdpFlow {
            phase: Phase::Close,
            ..
        } => out.push_str("closed"),
        _ => {}
    }
}

fn count(count: Option<u64>, out: &mut String) {
    match count {
        Some(count) => humane::push_count(out, count),
        None => out.push_str(UNSEEN),
    }
}

fn time(time: Option<Duration>, out: &mut String) {
    match time {
        Some(time) => humane::push_duration(out, time),
        None => out.push_str(UNSEEN),
    }
}

/// A figure that was not seen.
const UNSEEN: &str = "?";

/// Nothing to show.
const NONE: &str = "-";

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
