//! Bytes from the kernel to events. Pure: no I/O, no clock, and no input makes it panic.

mod rows;

use std::{
    net::{IpAddr, Ipv6Addr},
    time::Duration,
};

use bytemuck::AnyBitPattern;
use netwatch_common::{
    FlowCounters, Header, Owner as RawOwner, OwnerRecord, ProcessRecord, TcpEnd, TcpFull, TcpLite,
    TcpStats, Tuple, UdpRecord, flag, how, kind,
};
use thiserror::Error;

use crate::{
    event::{
        Claim, Cookie, Detail, EndFacts, Endpoint, Ends, Event, Family, Figures, Flow, How, MonoNs,
        Process, ProcessKey, Side, State, Stats, Traffic, Transition, What,
    },
    text,
};

pub use rows::{ROW_BYTES, Row, RowKind, holder_row, iterator_row};

/// Why bytes are no record.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum DecodeError {
    #[error("{len} bytes are too few for a record's header")]
    Short { len: usize },
    #[error("a record of kind {kind} has {len} bytes, not {expected}")]
    Length {
        kind: u32,
        len: usize,
        expected: usize,
    },
    #[error("there is no record of kind {kind}")]
    Kind { kind: u32 },
    #[error("{value} is no {what}")]
    Value { what: &'static str, value: u32 },
}

/// A record of the ring buffers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record<O = Claim> {
    /// The facts of a process, ahead of the first event that names it.
    Process {
        key: ProcessKey,
        /// The name as the kernel has it.
        comm: [u8; 16],
        process: Box<Process>,
    },
    Event(Event<O>),
}

/// Decodes one record of a ring buffer.
///
/// # Errors
///
/// The length is not that of the record's kind, or a number has no meaning.
pub fn record(bytes: &[u8]) -> Result<Record, DecodeError> {
    record_of(bytes, |claim| claim)
}

/// The same, with what `owner` makes of each claim of ownership.
///
/// # Errors
///
/// As [`record`].
pub fn record_of<O>(
    bytes: &[u8],
    owner: impl FnOnce(Claim) -> O,
) -> Result<Record<O>, DecodeError> {
    let header: Header = prefix(bytes).ok_or(DecodeError::Short { len: bytes.len() })?;
    let what = match header.kind {
        kind::PROCESS => return Ok(process(&whole(bytes, header.kind)?)),
        kind::TCP_FULL => What::Transition(full(&whole(bytes, header.kind)?, owner)?),
        kind::TCP_LITE => What::Transition(lite(&whole(bytes, header.kind)?)?),
        kind::TCP_END => What::Transition(end(&whole(bytes, header.kind)?)?),
        kind::TCP_RESET => empty(bytes, header.kind, What::ResetSent)?,
        kind::OWNER => {
            let record: OwnerRecord = whole(bytes, header.kind)?;
            What::Owner(claim(&record.owner)?.map(owner))
        }
        kind::UDP_FLOW => What::Flow(flow(&whole(bytes, header.kind)?, owner)?),
        kind::UDP_RELEASE => empty(bytes, header.kind, What::Released)?,
        kind => return Err(DecodeError::Kind { kind }),
    };
    Ok(Record::Event(Event {
        at: header.ts_ns,
        cookie: Cookie(header.cookie),
        what,
    }))
}

/// When a record was made, and whether it is about a process rather than a socket.
///
/// # Errors
///
/// The bytes don't begin with a record's header.
pub fn peek(bytes: &[u8]) -> Result<(MonoNs, bool), DecodeError> {
    let header: Header = prefix(bytes).ok_or(DecodeError::Short { len: bytes.len() })?;
    Ok((header.ts_ns, header.kind == kind::PROCESS))
}

/// The counters of one entry of the kernel's flow map.
pub fn traffic(counters: &FlowCounters) -> Traffic {
    Traffic {
        tx_packets: counters.tx_packets,
        tx_bytes: counters.tx_bytes,
        rx_packets: counters.rx_packets,
        rx_bytes: counters.rx_bytes,
    }
}

const AF_INET: u8 = 2;
const AF_INET6: u8 = 10;
const IPPROTO_UDP: u8 = 17;

fn prefix<T: AnyBitPattern>(bytes: &[u8]) -> Option<T> {
    bytes
        .get(..size_of::<T>())
        .map(bytemuck::pod_read_unaligned)
}

fn whole<T: AnyBitPattern>(bytes: &[u8], kind: u32) -> Result<T, DecodeError> {
    let expected = size_of::<T>();
    if bytes.len() != expected {
        return Err(DecodeError::Length {
            kind,
            len: bytes.len(),
            expected,
        });
    }
    Ok(bytemuck::pod_read_unaligned(bytes))
}

fn empty<O>(bytes: &[u8], kind: u32, what: What<O>) -> Result<What<O>, DecodeError> {
    whole::<Header>(bytes, kind).map(|_| what)
}

fn process<O>(raw: &ProcessRecord) -> Record<O> {
    let process = Process {
        pid: raw.process.tgid,
        comm: text::clean(until_zero(&raw.comm)),
        exe: path(&raw.exe, raw.exe_len, raw.exe_cut != 0).filter(|path| path != "/"),
        uid: raw.uid,
        cgroup: path(&raw.cgroup, raw.cgroup_len, raw.cgroup_cut != 0),
    };
    Record::Process {
        key: raw.process,
        comm: raw.comm,
        process: Box::new(process),
    }
}

fn full<O>(raw: &TcpFull, owner: impl FnOnce(Claim) -> O) -> Result<Transition<O>, DecodeError> {
    Ok(Transition {
        old: state(raw.old)?,
        new: state(raw.new)?,
        since: known(raw.since_ns),
        opening: raw.flags & flag::OPENING != 0,
        detail: Some(Detail {
            ends: ends(&raw.tuple)?,
            owner: claim(&raw.owner)?.map(owner),
        }),
        figures: Some(Figures {
            birth: known(raw.birth_ns),
            stats: stats(&raw.stats),
            end: end_facts(raw.flags, raw.err, raw.stale_err),
        }),
    })
}

fn end<O>(raw: &TcpEnd) -> Result<Transition<O>, DecodeError> {
    Ok(Transition {
        old: state(raw.old)?,
        new: state(raw.new)?,
        since: known(raw.since_ns),
        opening: false,
        detail: None,
        figures: Some(Figures {
            birth: known(raw.birth_ns),
            stats: stats(&raw.stats),
            end: end_facts(raw.flags, raw.err, raw.stale_err),
        }),
    })
}

const fn end_facts(flags: u16, err: u16, stale_err: u16) -> EndFacts {
    EndFacts {
        err,
        stale_err,
        rst_received: flags & flag::RST_RECEIVED != 0,
        fin_received: flags & flag::FIN_RECEIVED != 0,
        closed_first: if flags & flag::LOCAL_FIRST != 0 {
            Some(Side::Local)
        } else if flags & flag::REMOTE_FIRST != 0 {
            Some(Side::Remote)
        } else {
            None
        },
    }
}

fn lite<O>(raw: &TcpLite) -> Result<Transition<O>, DecodeError> {
    Ok(Transition {
        old: state(raw.old)?,
        new: state(raw.new)?,
        since: known(raw.since_ns),
        opening: raw.flags & flag::OPENING != 0,
        detail: None,
        figures: None,
    })
}

fn flow<O>(raw: &UdpRecord, owner: impl FnOnce(Claim) -> O) -> Result<Flow<O>, DecodeError> {
    Ok(Flow {
        ends: ends(&raw.tuple)?,
        bound: address(raw.bound),
        connected: raw.connected != 0,
        to_peer: raw.connected != 0 && raw.to_peer != 0,
        owner: claim(&raw.owner)?.map(owner),
        traffic: traffic(&raw.counters),
        first: raw.counters.first_ns,
        last: raw.counters.last_ns,
    })
}

fn stats(raw: &TcpStats) -> Stats {
    let rtt = u64::from(raw.srtt_us8) / 8;
    Stats {
        bytes_sent: raw.bytes_sent.saturating_sub(raw.bytes_retrans),
        bytes_received: raw.bytes_received,
        rtt: (raw.srtt_us8 != 0).then(|| Duration::from_micros(rtt)),
        retransmits: raw.total_retrans,
    }
}

fn ends(raw: &Tuple) -> Result<Ends, DecodeError> {
    let family = match raw.family {
        AF_INET => Family::Ipv4,
        AF_INET6 => Family::Ipv6,
        other => {
            return Err(DecodeError::Value {
                what: "address family",
                value: other.into(),
            });
        }
    };
    let port = |port| (port != 0).then_some(port);
    let remote = address(raw.remote);
    let nobody = remote.is_unspecified() && raw.remote_port == 0;
    Ok(Ends {
        family,
        local: Endpoint {
            addr: Some(address(raw.local)),
            port: port(raw.local_port),
        },
        remote: Endpoint {
            addr: (!nobody).then_some(remote),
            port: port(raw.remote_port),
        },
        netns: (raw.netns != 0).then_some(raw.netns),
    })
}

fn address(bytes: [u8; 16]) -> IpAddr {
    Ipv6Addr::from(bytes).to_canonical()
}

fn claim(raw: &RawOwner) -> Result<Option<Claim>, DecodeError> {
    let how = match raw.how {
        how::UNKNOWN => return Ok(None),
        how::INHERITED => How::Inherited,
        how::SNAPSHOT => How::Snapshot,
        how::CREATE => How::Create,
        how::BIND => How::Bind,
        how::CONNECT => How::Connect,
        how::LISTEN => How::Listen,
        how::ACCEPT => How::Accept,
        how::IO => How::Io,
        how::CLOSE => How::Close,
        how::KERNEL => How::Kernel,
        other => {
            return Err(DecodeError::Value {
                what: "way to learn an owner",
                value: other.into(),
            });
        }
    };
    Ok(Some(claim_of(raw, how)))
}

fn claim_of(raw: &RawOwner, how: How) -> Claim {
    Claim {
        key: raw.process,
        uid: raw.uid,
        comm: raw.comm,
        how,
    }
}

fn state(number: u8) -> Result<State, DecodeError> {
    State::from_kernel(number).ok_or(DecodeError::Value {
        what: "TCP state",
        value: number.into(),
    })
}

fn known(ns: u64) -> Option<MonoNs> {
    (ns != 0).then_some(ns)
}

/// The bytes before the first zero.
pub fn until_zero(bytes: &[u8]) -> &[u8] {
    bytes.split(|&byte| byte == 0).next().unwrap_or_default()
}

/// A path from its names, innermost first, each ended by a zero; None for no names at all when the
/// length says so, `/` for the root. A path whose front was cut off begins with `…`.
fn path(bytes: &[u8], len: u32, is_cut: bool) -> Option<String> {
    let used = bytes.get(..usize::try_from(len).ok()?)?;
    let names: Vec<&[u8]> = used
        .split(|&byte| byte == 0)
        .filter(|name| !name.is_empty())
        .collect();
    if names.is_empty() {
        return Some("/".to_owned());
    }
    let mut path = Vec::with_capacity(used.len() + 1);
    for name in names.iter().rev() {
        path.push(b'/');
        path.extend_from_slice(name);
    }
    let path = text::clean(&path);
    Some(if is_cut { format!("…{path}") } else { path })
}

#[cfg(test)]
mod properties;

#[cfg(test)]
mod tests {
    use bytemuck::Zeroable as _;

    use super::*;

    #[test]
    fn paths_are_turned_round() {
        assert_eq!(
            path(b"curl\0bin\0usr\0....", 13, false),
            Some("/usr/bin/curl".to_owned())
        );
        assert_eq!(path(b"curl\0bin\0", 9, true), Some("…/bin/curl".to_owned()));
        assert_eq!(path(b"....", 0, false), Some("/".to_owned()));
        assert_eq!(path(b"..", 5, false), None, "a length beyond the bytes");
    }

    #[test]
    fn a_record_must_have_the_length_of_its_kind() {
        let mut lite = TcpLite::zeroed();
        lite.header.kind = kind::TCP_LITE;
        (lite.old, lite.new) = (1, 4);
        let bytes = bytemuck::bytes_of(&lite);
        assert!(record(bytes).is_ok());
        let expected = DecodeError::Length {
            kind: kind::TCP_LITE,
            len: 39,
            expected: 40,
        };
        assert_eq!(record(&bytes[..39]), Err(expected));
        assert_eq!(record(&bytes[..8]), Err(DecodeError::Short { len: 8 }));
    }

    #[test]
    fn numbers_without_a_meaning_are_refused() {
        let mut lite = TcpLite::zeroed();
        lite.header.kind = kind::TCP_LITE;
        (lite.old, lite.new) = (1, 77);
        let expected = DecodeError::Value {
            what: "TCP state",
            value: 77,
        };
        assert_eq!(record(bytemuck::bytes_of(&lite)), Err(expected));
        lite.header.kind = 4_000_000_000;
        let expected = DecodeError::Kind {
            kind: 4_000_000_000,
        };
        assert_eq!(record(bytemuck::bytes_of(&lite)), Err(expected));
    }
}
