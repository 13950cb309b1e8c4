//! A listed socket as JSON.

use std::{
    io::{self, Write},
    time::Duration,
};

use serde::Serialize;

use super::super::json::{OwnerFields, ProcessFields, SocketFields, display};
use crate::{
    clock::{Clock, monotonic},
    list::{Detail, Entry, Listing, Mark, Memory, TcpInfo},
};

/// Writes one line.
///
/// # Errors
///
/// It can't be written.
pub fn write(
    out: &mut impl Write,
    clock: &Clock,
    (listing, entry): (&Listing, &Entry),
    mark: Option<Mark>,
) -> io::Result<()> {
    let at = monotonic();
    let detail = entry.detail.as_deref();
    let line = Line {
        event: "socket",
        ts: clock.rfc3339(at),
        mono_ns: at,
        socket: SocketFields::from(&entry.socket),
        process: ProcessFields::of(entry.socket.owner.as_ref()),
        owner: OwnerFields::of(entry.socket.owner.as_ref()),
        change: mark.and_then(change),
        inode: entry.facts.inode,
        socket_uid: entry.facts.uid,
        socket_cgroup: entry.facts.cgroup.as_deref(),
        mark: entry.facts.mark,
        interface: entry.interface.as_deref(),
        recv_q: entry.receive_queue,
        send_q: entry.send_queue,
        timer: entry.timer.map(|timer| TimerFields {
            kind: timer.kind.name(),
            left_ms: timer.left.as_millis() as u64,
            count: timer.count,
        }),
        holders: listing
            .holders(entry)
            .map(|(process, fd)| HolderFields {
                pid: process.pid,
                comm: &process.comm,
                fd,
            })
            .collect(),
        congestion: detail.and_then(|detail| detail.congestion.as_deref()),
        tos: detail.and_then(|detail| detail.tos),
        memory: detail
            .and_then(|detail| detail.memory)
            .map(MemoryFields::from),
        tcp: detail.and_then(|detail| tcp(entry, detail)),
    };
    serde_json::to_writer(&mut *out, &line)?;
    out.write_all(b"\n")
}

const fn change(mark: Mark) -> Option<&'static str> {
    match mark {
        Mark::Stayed => None,
        Mark::Came => Some("came"),
        Mark::Went => Some("went"),
    }
}

#[derive(Serialize)]
struct Line<'a, T: std::fmt::Display> {
    event: &'static str,
    #[serde(serialize_with = "display")]
    ts: T,
    mono_ns: u64,
    #[serde(flatten)]
    socket: SocketFields,
    #[serde(flatten)]
    process: ProcessFields<'a>,
    #[serde(flatten)]
    owner: OwnerFields,
    change: Option<&'static str>,
    inode: Option<u32>,
    socket_uid: Option<u32>,
    socket_cgroup: Option<&'a str>,
    mark: Option<u32>,
    interface: Option<&'a str>,
    recv_q: u32,
    send_q: u32,
    timer: Option<TimerFields>,
    holders: Vec<HolderFields<'a>>,
    congestion: Option<&'a str>,
    tos: Option<u8>,
    memory: Option<MemoryFields>,
    tcp: Option<TcpFields>,
}

#[derive(Serialize)]
struct TimerFields {
    kind: &'static str,
    left_ms: u64,
    count: u8,
}

#[derive(Serialize)]
struct HolderFields<'a> {
    pid: u32,
    comm: &'a str,
    fd: u32,
}

#[derive(Serialize)]
struct MemoryFields {
    receive: u32,
    receive_limit: u32,
    send: u32,
    send_limit: u32,
    forward: u32,
    queued: u32,
    options: u32,
    backlog: u32,
    drops: u32,
}

impl From<Memory> for MemoryFields {
    fn from(memory: Memory) -> Self {
        Self {
            receive: memory.receive,
            receive_limit: memory.receive_limit,
            send: memory.send,
            send_limit: memory.send_limit,
            forward: memory.forward,
            queued: memory.queued,
            options: memory.options,
            backlog: memory.backlog,
            drops: memory.drops,
        }
    }
}

#[derive(Serialize)]
struct TcpFields {
    bytes_sent: Option<u64>,
    bytes_received: Option<u64>,
    bytes_acked: Option<u64>,
    bytes_retransmitted: Option<u64>,
    segments_sent: Option<u32>,
    segments_received: Option<u32>,
    retransmits: Option<u32>,
    unacked: Option<u32>,
    lost: Option<u32>,
    unsent: Option<u32>,
    rtt_us: Option<u64>,
    rtt_variance_us: Option<u64>,
    min_rtt_us: Option<u64>,
    rto_us: Option<u64>,
    ato_us: Option<u64>,
    congestion_window: Option<u32>,
    slow_start_threshold: Option<u32>,
    mss: Option<u32>,
    receive_mss: Option<u32>,
    advertised_mss: Option<u32>,
    pmtu: Option<u32>,
    receive_space: Option<u32>,
    last_sent_ms: Option<u64>,
    last_received_ms: Option<u64>,
    last_ack_ms: Option<u64>,
    busy_us: Option<u64>,
    delivery_rate: Option<u64>,
    pacing_rate: Option<u64>,
}

/// What TCP knows of a connection; of a listener, or of UDP, there is nothing to say.
fn tcp(entry: &Entry, detail: &Detail) -> Option<TcpFields> {
    let tcp = Some(&detail.tcp)
        .filter(|tcp| entry.socket.remote.port.is_some() && **tcp != TcpInfo::default())?;
    let micros = |time: Option<Duration>| time.map(|time| time.as_micros() as u64);
    let millis = |time: Option<Duration>| time.map(|time| time.as_millis() as u64);
    Some(TcpFields {
        bytes_sent: entry.facts.bytes_sent,
        bytes_received: entry.facts.bytes_received,
        bytes_acked: tcp.bytes_acked,
        bytes_retransmitted: tcp.bytes_retransmitted,
        segments_sent: tcp.segments_sent,
        segments_received: tcp.segments_received,
        retransmits: tcp.retransmits,
        unacked: tcp.unacked,
        lost: tcp.lost,
        unsent: tcp.unsent,
        rtt_us: micros(tcp.rtt),
        rtt_variance_us: micros(tcp.rtt_variance),
        min_rtt_us: micros(tcp.min_rtt),
        rto_us: micros(tcp.rto),
        ato_us: micros(tcp.ato),
        congestion_window: tcp.congestion_window,
        slow_start_threshold: tcp.threshold(),
        mss: tcp.mss,
        receive_mss: tcp.receive_mss,
        advertised_mss: tcp.advertised_mss,
        pmtu: tcp.pmtu,
        receive_space: tcp.receive_space,
        last_sent_ms: millis(tcp.last_sent),
        last_received_ms: millis(tcp.last_received),
        last_ack_ms: millis(tcp.last_ack),
        busy_us: micros(tcp.busy),
        delivery_rate: tcp.delivery_rate,
        pacing_rate: tcp.pacing_limit(),
    })
}

#[cfg(test)]
mod documented;
