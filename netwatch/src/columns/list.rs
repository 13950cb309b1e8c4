//! The columns of `list`: one row of [`LIST_COLUMNS`] for each.

mod value;

use std::time::Duration;

use super::Align;
use crate::{
    event::{Family, Process, Protocol},
    list::{Detail, Entry, Listing, TcpInfo},
    names::Names,
};

pub use value::Value;

/// What a cell is made from.
#[derive(Clone, Copy)]
pub struct ListLine<'a> {
    pub entry: &'a Entry,
    pub listing: &'a Listing,
    pub names: &'a Names,
}

/// One column.
#[derive(Debug)]
pub struct ListColumn {
    pub name: &'static str,
    pub header: &'static str,
    pub align: Align,
    /// What it says, for help.
    pub help: &'static str,
    /// Which further reading it takes.
    pub needs: Needs,
    pub value: for<'a> fn(&ListLine<'a>) -> Value<'a>,
}

/// A reading that only some columns take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    Nothing,
    /// Who holds the socket.
    Owners,
    /// Executables and cgroups.
    Whole,
    /// `tcp_info`, memory and more.
    Detail,
}

/// Declares a table of columns, each a line.
macro_rules! columns {
    ($($name:literal $header:literal $align:ident $needs:ident $help:literal |$line:pat_param| $value:expr;)*) => {
        &[$(ListColumn {
            name: $name,
            header: $header,
            align: Align::$align,
            help: $help,
            needs: Needs::$needs,
            value: |$line| $value,
        },)*]
    };
}

/// Every column, in the order of help.
pub const LIST_COLUMNS: &[ListColumn] = columns! {
    "proto" "Proto" Left Nothing "Protocol; with 6 for an IPv6 socket" |line| Value::Text(proto(line.entry));
    "recv-q" "Recv-Q" Right Nothing "Bytes not yet read; of a listener, connections that wait for accept" |line| Value::Number(line.entry.receive_queue.into());
    "send-q" "Send-Q" Right Nothing "Bytes not acknowledged; of a listener, the backlog's limit" |line| Value::Number(line.entry.send_queue.into());
    "local" "Local Address" Left Nothing "Address and port of this side" |line| Value::End(&line.entry.socket.local);
    "remote" "Foreign Address" Left Nothing "Address and port of the peer" |line| Value::End(&line.entry.socket.remote);
    "state" "State" Left Nothing "State, by the kernel's name" |line| Value::Text(line.entry.socket.state_name());
    "netns" "Netns" Left Nothing "Network namespace: its name, or inode number" |line| some(line.entry.socket.netns, Value::Netns);
    "user" "User" Left Nothing "Who made the socket" |line| some(line.entry.facts.uid, Value::User);
    "inode" "Inode" Right Nothing "Inode number of the socket" |line| number(line.entry.facts.inode);
    "cookie" "Cookie" Right Nothing "The kernel's number for the socket, as ss -e prints it after sk: (in hexadecimal)" |line| Value::Number(line.entry.socket.cookie.0);
    "mark" "Mark" Right Nothing "Firewall mark; seen with CAP_NET_ADMIN" |line| number(line.entry.facts.mark);
    "interface" "Interface" Left Nothing "Interface that the socket is bound to" |line| text(line.entry.interface.as_deref());
    "process" "PID/Program name" Left Owners "Every process that holds the socket" |line| Value::Holders(process(line));
    "pid" "PID" Right Owners "Process that uses the socket" |line| number(process(line).map(|process| process.pid));
    "comm" "Program" Left Owners "Its name" |line| text(process(line).map(|process| process.comm.as_str()));
    "exe" "Executable" Left Whole "Its executable" |line| text(process(line).and_then(|process| process.exe.as_deref()));
    "process-cgroup" "Process cgroup" Left Whole "Its cgroup" |line| text(process(line).and_then(|process| process.cgroup.as_deref()));
    "cgroup" "Cgroup" Left Whole "Cgroup that the socket was made in" |line| text(line.entry.facts.cgroup.as_deref());
    "timer" "Timer" Left Nothing "Timer, seconds left, and how often it expired already" |line| some(line.entry.timer, Value::Timer);
    "rtt" "RTT" Right Detail "Smoothed round-trip time" |line| time(tcp(line).and_then(|tcp| tcp.rtt));
    "rttvar" "RTTvar" Right Detail "Its variance" |line| time(tcp(line).and_then(|tcp| tcp.rtt_variance));
    "minrtt" "MinRTT" Right Detail "The least round-trip time" |line| time(tcp(line).and_then(|tcp| tcp.min_rtt));
    "rto" "RTO" Right Detail "Time until a segment is sent again" |line| time(tcp(line).and_then(|tcp| tcp.rto));
    "ato" "ATO" Right Detail "Time until an ACK is sent without data" |line| time(tcp(line).and_then(|tcp| tcp.ato));
    "cwnd" "Cwnd" Right Detail "Congestion window in segments" |line| number(tcp(line).and_then(|tcp| tcp.congestion_window));
    "ssthresh" "Ssthresh" Right Detail "Slow-start threshold in segments" |line| number(tcp(line).and_then(TcpInfo::threshold));
    "mss" "MSS" Right Detail "Bytes in a segment sent" |line| number(tcp(line).and_then(|tcp| tcp.mss));
    "rcvmss" "RcvMSS" Right Detail "Bytes in a segment received" |line| number(tcp(line).and_then(|tcp| tcp.receive_mss));
    "advmss" "AdvMSS" Right Detail "Bytes in a segment, as told to the peer" |line| number(tcp(line).and_then(|tcp| tcp.advertised_mss));
    "pmtu" "PMTU" Right Detail "Path MTU in bytes" |line| number(tcp(line).and_then(|tcp| tcp.pmtu));
    "sent" "Sent" Right Detail "Payload sent, each byte once" |line| number(line.entry.facts.bytes_sent);
    "received" "Received" Right Detail "Payload received" |line| number(line.entry.facts.bytes_received);
    "acked" "Acked" Right Detail "Bytes that the peer acknowledged" |line| number(tcp(line).and_then(|tcp| tcp.bytes_acked));
    "resent" "Resent" Right Detail "Bytes sent again" |line| number(tcp(line).and_then(|tcp| tcp.bytes_retransmitted));
    "retrans" "Retrans" Right Detail "Segments sent again" |line| number(tcp(line).and_then(|tcp| tcp.retransmits));
    "backoff" "Backoff" Right Detail "How often the oldest segment was sent again" |line| number(tcp(line).and_then(|tcp| tcp.backoffs));
    "unacked" "Unacked" Right Detail "Segments not acknowledged" |line| number(tcp(line).and_then(|tcp| tcp.unacked));
    "lost" "Lost" Right Detail "Segments taken for lost" |line| number(tcp(line).and_then(|tcp| tcp.lost));
    "unsent" "Unsent" Right Detail "Bytes not sent yet" |line| number(tcp(line).and_then(|tcp| tcp.unsent));
    "segs-out" "SegsOut" Right Detail "Segments sent" |line| number(tcp(line).and_then(|tcp| tcp.segments_sent));
    "segs-in" "SegsIn" Right Detail "Segments received" |line| number(tcp(line).and_then(|tcp| tcp.segments_received));
    "rcv-space" "RcvSpace" Right Detail "Bytes that the receiver tunes its buffer for" |line| number(tcp(line).and_then(|tcp| tcp.receive_space));
    "wscale" "Wscale" Left Detail "Window scales, the peer's and ours" |line| some(tcp(line).and_then(|tcp| tcp.window_scales), Value::Scales);
    "last-sent" "LastSent" Right Detail "Time since data were sent" |line| time(tcp(line).and_then(|tcp| tcp.last_sent));
    "last-received" "LastRecv" Right Detail "Time since data were received" |line| time(tcp(line).and_then(|tcp| tcp.last_received));
    "last-ack" "LastAck" Right Detail "Time since an ACK was received" |line| time(tcp(line).and_then(|tcp| tcp.last_ack));
    "busy" "Busy" Right Detail "Time with something to send" |line| time(tcp(line).and_then(|tcp| tcp.busy));
    "delivery-rate" "Delivery" Right Detail "Bytes a second that arrive at the peer" |line| number(tcp(line).and_then(|tcp| tcp.delivery_rate));
    "pacing-rate" "Pacing" Right Detail "Bytes a second that are sent at most" |line| number(tcp(line).and_then(TcpInfo::pacing_limit));
    "congestion" "Congestion" Left Detail "Congestion control" |line| text(detail(line).and_then(|detail| detail.congestion.as_deref()));
    "tos" "TOS" Right Detail "Type of service, or traffic class" |line| number(detail(line).and_then(|detail| detail.tos));
    "skmem" "Memory" Left Detail "Memory of the socket, as ss -m prints it" |line| some(detail(line).and_then(|detail| detail.memory), Value::Memory);
    "age" "Age" Right Nothing "Time since the connection began; known only to who saw it begin" |line| time(line.entry.facts.age);
};

fn some<'a, T>(value: Option<T>, make: impl FnOnce(T) -> Value<'a>) -> Value<'a> {
    value.map_or(Value::None, make)
}

fn number<'a>(value: Option<impl Into<u64>>) -> Value<'a> {
    some(value, |number| Value::Number(number.into()))
}

fn time<'a>(value: Option<Duration>) -> Value<'a> {
    some(value, Value::Time)
}

fn text(value: Option<&str>) -> Value<'_> {
    some(value, Value::Text)
}

fn process<'a>(line: &ListLine<'a>) -> Option<&'a Process> {
    line.entry.socket.process()
}

fn detail<'a>(line: &ListLine<'a>) -> Option<&'a Detail> {
    line.entry.detail.as_deref()
}

/// Of a listener, the fields of `tcp_info` mean something else, or nothing.
fn tcp<'a>(line: &ListLine<'a>) -> Option<&'a TcpInfo> {
    let is_connection = line.entry.socket.remote.port.is_some();
    detail(line)
        .filter(|_| is_connection)
        .map(|detail| &detail.tcp)
}

const fn proto(entry: &Entry) -> &'static str {
    match (entry.socket.protocol, entry.socket.family) {
        (Protocol::Tcp, Family::Ipv4) => "tcp",
        (Protocol::Tcp, Family::Ipv6) => "tcp6",
        (Protocol::Udp, Family::Ipv4) => "udp",
        (Protocol::Udp, Family::Ipv6) => "udp6",
    }
}

/// The columns that netstat shows, by its options.
#[derive(Clone, Copy, Debug)]
pub struct Standard {
    pub owners: bool,
    pub extended: bool,
    pub timers: bool,
    pub netns: bool,
}

impl Standard {
    /// The names of the columns, in netstat's order.
    pub fn names(&self) -> Vec<&'static str> {
        let parts: [(bool, &[&str]); 6] = [
            (
                true,
                &["proto", "recv-q", "send-q", "local", "remote", "state"],
            ),
            (self.netns, &["netns"]),
            (self.extended, &["user", "inode"]),
            (self.owners, &["process"]),
            (self.timers, &["timer"]),
            (self.extended, &["cookie", "cgroup"]),
        ];
        let asked = parts.into_iter().filter(|(asked, _)| *asked);
        asked.flat_map(|(_, names)| names.iter().copied()).collect()
    }
}

/// The column of this name.
///
/// # Errors
///
/// There is none; says what may have been meant.
pub fn list_column(name: &str) -> Result<&'static ListColumn, String> {
    let wanted = name.to_lowercase();
    if let Some(column) = LIST_COLUMNS.iter().find(|column| column.name == wanted) {
        return Ok(column);
    }
    let likeness = |column: &&ListColumn| strsim::jaro_winkler(column.name, &wanted);
    let nearest = LIST_COLUMNS
        .iter()
        .max_by(|one, other| likeness(one).total_cmp(&likeness(other)))
        .filter(|column| likeness(column) > 0.7);
    let names: Vec<_> = LIST_COLUMNS.iter().map(|column| column.name).collect();
    Err(match nearest {
        Some(column) => format!("there is no column {name:?}; did you mean {}?", column.name),
        None => format!("there is no column {name:?}, only {}", names.join(", ")),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn names_and_headers_are_unique_and_found() {
        let texts =
            |text: fn(&ListColumn) -> &str| LIST_COLUMNS.iter().map(text).collect::<HashSet<_>>();
        assert_eq!(texts(|column| column.name).len(), LIST_COLUMNS.len());
        assert_eq!(texts(|column| column.header).len(), LIST_COLUMNS.len());
        for column in LIST_COLUMNS {
            assert_eq!(
                list_column(column.name).map(|found| found.name),
                Ok(column.name)
            );
            assert!(!column.help.is_empty() && !column.help.ends_with('.'));
        }
    }

    #[test]
    fn standard_columns_exist() {
        let all = Standard {
            owners: true,
            extended: true,
            timers: true,
            netns: true,
        };
        for name in all.names() {
            assert!(list_column(name).is_ok(), "{name}");
        }
    }

    #[test]
    fn a_misspelt_column_is_recognized() {
        let message = |name| list_column(name).err().unwrap_or_default();
        assert_eq!(
            message("remot"),
            "there is no column \"remot\"; did you mean remote?"
        );
        assert_eq!(
            message("recvq"),
            "there is no column \"recvq\"; did you mean recv-q?"
        );
        assert!(message("zzzz").contains("only proto, recv-q"));
    }
}
