//! Anything that the kernel side could send, and what is expected of it.

use std::net::{IpAddr, Ipv4Addr};

use bytemuck::NoUninit;
use bytes::Bytes;
use netwatch_common::{PATH_BYTES, ReleaseRecord, ResetRecord, row};
use proptest::{collection::vec, prelude::*, sample::select};

use crate::decode::*;

/// Every kind, with the length of its records.
pub(super) const KINDS: [(u32, usize); 8] = [
    (kind::PROCESS, size_of::<ProcessRecord>()),
    (kind::TCP_FULL, size_of::<TcpFull>()),
    (kind::TCP_LITE, size_of::<TcpLite>()),
    (kind::TCP_END, size_of::<TcpEnd>()),
    (kind::TCP_RESET, size_of::<ResetRecord>()),
    (kind::OWNER, size_of::<OwnerRecord>()),
    (kind::UDP_FLOW, size_of::<UdpRecord>()),
    (kind::UDP_RELEASE, size_of::<ReleaseRecord>()),
];

pub(super) const HOWS: [(u8, Option<How>); 11] = [
    (how::UNKNOWN, None),
    (how::INHERITED, Some(How::Inherited)),
    (how::SNAPSHOT, Some(How::Snapshot)),
    (how::CREATE, Some(How::Create)),
    (how::BIND, Some(How::Bind)),
    (how::CONNECT, Some(How::Connect)),
    (how::LISTEN, Some(How::Listen)),
    (how::ACCEPT, Some(How::Accept)),
    (how::IO, Some(How::Io)),
    (how::CLOSE, Some(How::Close)),
    (how::KERNEL, Some(How::Kernel)),
];

pub(super) const ROWS: [u8; 5] = [row::FILE, row::TCP, row::REQUEST, row::TIME_WAIT, row::UDP];

/// Any bytes as a wire struct.
pub(super) fn any_pod<T: AnyBitPattern + std::fmt::Debug>() -> impl Strategy<Value = T> {
    vec(any::<u8>(), size_of::<T>()).prop_map(|bytes| bytemuck::pod_read_unaligned(&bytes))
}

/// Zero, which mostly means that something is not known, as often as anything else.
pub(super) fn or_zero<T: Arbitrary + Clone + Default + 'static>() -> impl Strategy<Value = T> {
    prop_oneof![Just(T::default()), any::<T>()]
}

pub(super) fn any_state() -> impl Strategy<Value = (u8, State)> {
    (1..=11_u8).prop_map(|number| (number, State::ALL[usize::from(number) - 1]))
}

pub(super) fn any_address() -> impl Strategy<Value = IpAddr> {
    prop_oneof![
        or_zero::<u32>().prop_map(|bits| IpAddr::V4(Ipv4Addr::from_bits(bits))),
        or_zero::<u128>().prop_map(|bits| IpAddr::V6(Ipv6Addr::from_bits(bits))),
    ]
}

pub(super) fn on_the_wire(addr: IpAddr) -> [u8; 16] {
    match addr {
        IpAddr::V4(addr) => addr.to_ipv6_mapped().octets(),
        IpAddr::V6(addr) => addr.octets(),
    }
}

/// A socket's ends, as they travel and as they arrive.
pub(super) fn any_ends() -> impl Strategy<Value = (Tuple, Ends)> {
    let families = select(vec![(AF_INET, Family::Ipv4), (AF_INET6, Family::Ipv6)]);
    let local = (any_address(), or_zero::<u16>());
    let remote = (any_address(), or_zero::<u16>());
    (any_pod::<Tuple>(), families, local, remote, or_zero()).prop_map(
        |(rest, (number, family), local, remote, netns)| {
            let raw = Tuple {
                local: on_the_wire(local.0),
                remote: on_the_wire(remote.0),
                local_port: local.1,
                remote_port: remote.1,
                netns,
                family: number,
                ..rest
            };
            let port = |port| if port == 0 { None } else { Some(port) };
            let nobody = remote.0.is_unspecified() && remote.1 == 0;
            let ends = Ends {
                family,
                local: Endpoint {
                    addr: Some(local.0),
                    port: port(local.1),
                },
                remote: Endpoint {
                    addr: if nobody { None } else { Some(remote.0) },
                    port: port(remote.1),
                },
                netns: if netns == 0 { None } else { Some(netns) },
            };
            (raw, ends)
        },
    )
}

pub(super) fn any_owner() -> impl Strategy<Value = (RawOwner, Option<Claim>)> {
    (any_pod::<RawOwner>(), select(&HOWS[..])).prop_map(|(rest, (number, how))| {
        let raw = RawOwner {
            how: number,
            ..rest
        };
        let claim = how.map(|how| Claim {
            key: raw.process,
            uid: raw.uid,
            comm: raw.comm,
            how,
        });
        (raw, claim)
    })
}

pub(super) fn any_stats() -> impl Strategy<Value = (TcpStats, Stats)> {
    let rtt = prop_oneof![Just((0, 0)), (0..1_u32 << 29, 0..8_u32)];
    // Torn: the two were read at different moments, so that more was repeated than sent.
    let sent = (0..u64::MAX / 2, 0..u64::MAX / 2, any::<bool>());
    (any_pod::<TcpStats>(), rtt, sent).prop_map(|(rest, rtt, (once, again, torn))| {
        let (micros, eighths) = rtt;
        let raw = TcpStats {
            bytes_sent: if torn { again / 2 } else { once + again },
            bytes_retrans: again,
            srtt_us8: micros * 8 + eighths,
            ..rest
        };
        let stats = Stats {
            bytes_sent: if torn { 0 } else { once },
            bytes_received: raw.bytes_received,
            rtt: match (micros, eighths) {
                (0, 0) => None,
                _ => Some(Duration::from_micros(micros.into())),
            },
            retransmits: raw.total_retrans,
        };
        (raw, stats)
    })
}

/// Names of a path, outermost first, as they travel in a record with their length.
pub(super) fn any_path() -> impl Strategy<Value = (Vec<Vec<u8>>, [u8; PATH_BYTES], u32)> {
    let byte = (1..=u8::MAX).prop_filter("no name has a slash", |&byte| byte != b'/');
    vec(vec(byte, 1..32), 0..16).prop_map(|names| {
        let mut used = Vec::new();
        for name in names.iter().rev() {
            used.extend_from_slice(name);
            used.push(0);
        }
        let mut bytes = [b'?'; PATH_BYTES];
        bytes[..used.len()].copy_from_slice(&used);
        (names, bytes, used.len() as u32)
    })
}

pub(super) fn any_header(kind: u32) -> impl Strategy<Value = Header> {
    any_pod::<Header>().prop_map(move |rest| Header { kind, ..rest })
}

/// A record of a kind, of its length, whatever else is in it; with few cookies, so that records meet.
pub(super) fn any_record() -> impl Strategy<Value = Bytes> {
    let state = || prop_oneof![9 => any_state().prop_map(|state| state.0), 1 => any::<u8>()];
    let lite = (any_pod::<TcpLite>(), state(), state());
    let full = (
        any_pod::<TcpFull>(),
        any_ends(),
        any_owner(),
        state(),
        state(),
    );
    let flow = (any_pod::<UdpRecord>(), any_ends(), any_owner());
    let owner = (any_pod::<OwnerRecord>(), any_owner());
    let body = prop_oneof![
        any_pod::<ProcessRecord>().prop_map(|raw| (kind::PROCESS, to_bytes(&raw))),
        lite.prop_map(|(rest, old, new)| {
            (kind::TCP_LITE, to_bytes(&TcpLite { old, new, ..rest }))
        }),
        full.prop_map(|(rest, (tuple, _), (owner, _), old, new)| {
            let raw = TcpFull {
                tuple,
                owner,
                old,
                new,
                ..rest
            };
            (kind::TCP_FULL, to_bytes(&raw))
        }),
        flow.prop_map(|(rest, (tuple, _), (owner, _))| {
            let raw = UdpRecord {
                tuple,
                owner,
                ..rest
            };
            (kind::UDP_FLOW, to_bytes(&raw))
        }),
        owner.prop_map(|(rest, (owner, _))| {
            (kind::OWNER, to_bytes(&OwnerRecord { owner, ..rest }))
        }),
        any_pod::<Header>().prop_map(|raw| (kind::TCP_RESET, to_bytes(&raw))),
        any_pod::<Header>().prop_map(|raw| (kind::UDP_RELEASE, to_bytes(&raw))),
    ];
    (body, 0..4_u64, any_moment()).prop_map(|((kind, mut bytes), cookie, ts_ns)| {
        let header = Header {
            ts_ns,
            cookie,
            kind,
            _pad: 0,
        };
        bytes[..size_of::<Header>()].copy_from_slice(bytemuck::bytes_of(&header));
        Bytes::from(bytes)
    })
}

pub(super) const LATEST: MonoNs = MonoNs::MAX;

/// Seconds apart, so that updates fall due; or anywhere, and at the end.
pub(super) fn any_moment() -> impl Strategy<Value = MonoNs> {
    prop_oneof![
        8 => 0..10_000_000_000_u64,
        1 => 0..=LATEST,
        1 => LATEST - 1000..=LATEST,
    ]
}

pub(super) fn to_bytes(raw: &impl NoUninit) -> Vec<u8> {
    bytemuck::bytes_of(raw).to_vec()
}

pub(super) fn decoded(header: Header, what: What<Claim>) -> Result<Record, DecodeError> {
    Ok(Record::Event(Event {
        at: header.ts_ns,
        cookie: Cookie(header.cookie),
        what,
    }))
}

pub(super) fn if_known(ns: u64) -> Option<MonoNs> {
    if ns == 0 { None } else { Some(ns) }
}

/// Bytes that make trouble in text, among others.
pub(super) fn any_text<const N: usize>() -> impl Strategy<Value = [u8; N]> {
    let pieces = select(vec![
        &b"\x1b]0;x\x07"[..],
        b"\n",
        b"\r",
        b"\0",
        b"\x7f",
        b"\x9b",
        b"\xc2\x9b",
        b"\xff",
        "\u{202e}".as_bytes(),
        "\u{2028}".as_bytes(),
        b"\\",
        b"a",
        "世".as_bytes(),
    ]);
    vec(pieces, 1..=N).prop_map(|pieces| {
        let mut bytes = pieces.concat();
        bytes.resize(N, 0);
        bytes.try_into().expect("resized")
    })
}

pub(super) fn is_clean(text: &str) -> bool {
    !text
        .chars()
        .any(|character| character.is_control() || ('\u{2028}'..='\u{202e}').contains(&character))
}

pub(super) fn every_text_is_clean(process: &Process) -> bool {
    let paths = [&process.exe, &process.cgroup];
    is_clean(&process.comm) && paths.into_iter().flatten().all(|path| is_clean(path))
}

/// A recording of records.
pub(super) fn recording(records: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for record in records {
        bytes.extend((record.len() as u32).to_le_bytes());
        bytes.extend(record);
    }
    bytes
}
