//! UDP flows: the datagrams of one socket with one remote, counted, and told of rarely.

use aya_ebpf::EbpfContext;
use aya_log_ebpf::debug;
use netwatch_common::{
    Counter, FlowCounters, FlowKey, Owner, SocketMemory, Tuple, UdpRecord, flag, kind,
};

use crate::{
    maps::{self, FLOW_EVENTS, FLOWS, count},
    ring,
    sock::IPPROTO_UDP,
};

/// A flow is reported this often at most.
const REPORT_NS: u64 = 1_000_000_000;
const EEXIST: i32 = -17;

/// An address, IPv4 as IPv4-mapped IPv6, and a port in host byte order.
pub type End = ([u8; 16], u16);

#[derive(Clone, Copy, PartialEq)]
pub enum Way {
    Out,
    In,
}

/// Datagrams that go one way at once.
pub struct Datagrams {
    pub way: Way,
    pub number: u64,
    /// Of payload, all of them together.
    pub bytes: u64,
    /// This side, as the datagrams have it.
    pub local: End,
}

/// What a report says of the socket. Asked for one by one: the stack has no room for all of it.
pub trait Socket {
    fn family(&self) -> u8;
    fn netns(&self) -> u32;
    /// The address that it is bound to, unspecified where it is to any.
    fn bound(&self) -> [u8; 16];
    fn is_connected(&self) -> bool;
    fn peer(&self) -> End;
}

#[inline(always)]
pub fn key(cookie: u64, remote: End) -> FlowKey {
    FlowKey {
        cookie,
        remote: remote.0,
        remote_port: remote.1,
        _pad: [0; 6],
    }
}

/// Counts datagrams; gives the flow's counters where a report is due.
#[inline(always)]
pub fn observe<C: EbpfContext>(
    ctx: &C,
    key: &FlowKey,
    datagrams: &Datagrams,
    now: u64,
) -> Option<*mut FlowCounters> {
    let Some(flow) = flow(key, now) else {
        count(Counter::FlowsFull, datagrams.number);
        debug!(ctx, "no room for a flow of socket {}", key.cookie);
        return None;
    };
    add(flow, datagrams, now);
    // SAFETY: a value of the map. Two CPUs may both find the report due; the reader takes both.
    unsafe {
        if now.wrapping_sub((*flow).reported_ns) < REPORT_NS {
            return None;
        }
        (*flow).reported_ns = now;
    }
    Some(flow)
}

/// The flow's counters, made where there were none.
#[inline(always)]
fn flow(key: &FlowKey, now: u64) -> Option<*mut FlowCounters> {
    if let Some(flow) = FLOWS.get_ptr_mut(key) {
        return Some(flow);
    }
    let new = FlowCounters {
        first_ns: now,
        ..FlowCounters::default()
    };
    const NOEXIST: u64 = 1;
    match FLOWS.insert(key, new, NOEXIST) {
        Ok(()) | Err(EEXIST) => FLOWS.get_ptr_mut(key),
        Err(_) => None,
    }
}

#[inline(always)]
fn add(flow: *mut FlowCounters, datagrams: &Datagrams, now: u64) {
    // SAFETY: a value of the map, which other CPUs change at the same time: hence atomically.
    unsafe {
        let (packets, bytes) = match datagrams.way {
            Way::Out => (&raw mut (*flow).tx_packets, &raw mut (*flow).tx_bytes),
            Way::In => (&raw mut (*flow).rx_packets, &raw mut (*flow).rx_bytes),
        };
        maps::add(packets, datagrams.number);
        maps::add(bytes, datagrams.bytes);
        (*flow).last_ns = now;
    }
}

/// Reports a flow, with what is remembered of its socket.
#[inline(always)]
pub fn report(
    socket: &impl Socket,
    memory: Option<&mut SocketMemory>,
    (key, flow): (&FlowKey, *mut FlowCounters),
    local: End,
    now: u64,
) {
    if let Some(memory) = &memory
        && memory.flags & flag::RELEASED != 0
    {
        // Between the last close and the socket's end datagrams still arrive, for nobody. The reader
        // has been told of the end.
        let _ = FLOWS.remove(key);
        return;
    }
    let waiting = ring::waiting(&FLOW_EVENTS);
    let Some(mut entry) = FLOW_EVENTS.reserve::<UdpRecord>(0) else {
        count(Counter::UdpRing, 1);
        return;
    };
    let record = entry.as_mut_ptr();
    // SAFETY: memory of the ring that this program holds, all of it written; and a value of the map.
    unsafe {
        (*record).header = ring::header(now, key.cookie, kind::UDP_FLOW);
        (*record).tuple = Tuple {
            local: local.0,
            remote: key.remote,
            local_port: local.1,
            remote_port: key.remote_port,
            netns: socket.netns(),
            family: socket.family(),
            protocol: IPPROTO_UDP,
            _pad: [0; 6],
        };
        (*record).counters = *flow;
        (*record).bound = socket.bound();
        (*record).connected = u8::from(socket.is_connected());
        (*record).to_peer = u8::from(socket.peer() == (key.remote, key.remote_port));
        (*record)._pad = [0; 6];
        match memory {
            Some(memory) => {
                memory.flags |= flag::ANNOUNCED;
                (*record).owner = memory.owner;
            }
            None => (*record).owner = Owner::default(),
        }
    }
    ring::submit(entry, waiting);
}
