//! What holds for any bytes, and for any record that the kernel side could have written.

use std::net::{IpAddr, Ipv4Addr};

use bytemuck::NoUninit;
use bytes::Bytes;
use netwatch_common::{PATH_BYTES, ReleaseRecord, ResetRecord};
use proptest::{collection::vec, prelude::*, sample::select};

use super::*;
use crate::{enrich::Processes, source::Recorded, table::Table};

/// Every kind, with the length of its records.
const KINDS: [(u32, usize); 7] = [
    (kind::PROCESS, size_of::<ProcessRecord>()),
    (kind::TCP_FULL, size_of::<TcpFull>()),
    (kind::TCP_LITE, size_of::<TcpLite>()),
    (kind::TCP_RESET, size_of::<ResetRecord>()),
    (kind::OWNER, size_of::<OwnerRecord>()),
    (kind::UDP_FLOW, size_of::<UdpRecord>()),
    (kind::UDP_RELEASE, size_of::<ReleaseRecord>()),
];

const HOWS: [(u8, Option<How>); 11] = [
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

const ROWS: [u8; 5] = [row::FILE, row::TCP, row::REQUEST, row::TIME_WAIT, row::UDP];

/// Any bytes as a wire struct.
fn any_pod<T: AnyBitPattern + std::fmt::Debug>() -> impl Strategy<Value = T> {
    vec(any::<u8>(), size_of::<T>()).prop_map(|bytes| bytemuck::pod_read_unaligned(&bytes))
}

/// Zero, which mostly means that something is not known, as often as anything else.
fn or_zero<T: Arbitrary + Clone + Default + 'static>() -> impl Strategy<Value = T> {
    prop_oneof![Just(T::default()), any::<T>()]
}

fn any_state() -> impl Strategy<Value = (u8, State)> {
    (1..=11_u8).prop_map(|number| (number, State::ALL[usize::from(number) - 1]))
}

fn any_address() -> impl Strategy<Value = IpAddr> {
    prop_oneof![
        or_zero::<u32>().prop_map(|bits| IpAddr::V4(Ipv4Addr::from_bits(bits))),
        or_zero::<u128>().prop_map(|bits| IpAddr::V6(Ipv6Addr::from_bits(bits))),
    ]
}

fn on_the_wire(addr: IpAddr) -> [u8; 16] {
    match addr {
        IpAddr::V4(addr) => addr.to_ipv6_mapped().octets(),
        IpAddr::V6(addr) => addr.octets(),
    }
}

/// A socket's ends, as they travel and as they arrive.
fn any_ends() -> impl Strategy<Value = (Tuple, Ends)> {
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

fn any_owner() -> impl Strategy<Value = (RawOwner, Option<Claim>)> {
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

fn any_stats() -> impl Strategy<Value = (TcpStats, Stats)> {
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
fn any_path() -> impl Strategy<Value = (Vec<Vec<u8>>, [u8; PATH_BYTES], u32)> {
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

fn any_header(kind: u32) -> impl Strategy<Value = Header> {
    any_pod::<Header>().prop_map(move |rest| Header { kind, ..rest })
}

/// A record of a kind, of its length, whatever else is in it; with few cookies, so that records meet.
fn any_record() -> impl Strategy<Value = Bytes> {
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

const LATEST: MonoNs = MonoNs::MAX;

/// Seconds apart, so that updates fall due; or anywhere, and at the end.
fn any_moment() -> impl Strategy<Value = MonoNs> {
    prop_oneof![
        8 => 0..10_000_000_000_u64,
        1 => 0..=LATEST,
        1 => LATEST - 1000..=LATEST,
    ]
}

fn to_bytes(raw: &impl NoUninit) -> Vec<u8> {
    bytemuck::bytes_of(raw).to_vec()
}

fn decoded(header: Header, what: What<Claim>) -> Result<Record, DecodeError> {
    Ok(Record::Event(Event {
        at: header.ts_ns,
        cookie: Cookie(header.cookie),
        what,
    }))
}

fn if_known(ns: u64) -> Option<MonoNs> {
    if ns == 0 { None } else { Some(ns) }
}

/// Bytes that make trouble in text, among others.
fn any_text<const N: usize>() -> impl Strategy<Value = [u8; N]> {
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

fn is_clean(text: &str) -> bool {
    !text
        .chars()
        .any(|character| character.is_control() || ('\u{2028}'..='\u{202e}').contains(&character))
}

fn every_text_is_clean(process: &Process) -> bool {
    let paths = [&process.exe, &process.cgroup];
    is_clean(&process.comm) && paths.into_iter().flatten().all(|path| is_clean(path))
}

/// A recording of records.
fn recording(records: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for record in records {
        bytes.extend((record.len() as u32).to_le_bytes());
        bytes.extend(record);
    }
    bytes
}

proptest! {
    #[test]
    fn bytes_of_a_wrong_length_are_refused(bytes in vec(any::<u8>(), 0..1500)) {
        if bytes.len() != ROW_BYTES {
            prop_assert!(iterator_row(&bytes).is_err());
        }
        if !KINDS.iter().any(|(_, len)| *len == bytes.len()) {
            prop_assert!(record(&bytes).is_err());
        }
    }

    #[test]
    fn rows_of_any_bytes_are_read_or_refused(bytes in vec(any::<u8>(), ROW_BYTES)) {
        let length = matches!(iterator_row(&bytes), Err(DecodeError::Length { .. }));
        prop_assert!(!length);
    }

    #[test]
    fn the_length_of_a_kind_is_taken_and_no_other(
        (kind, len) in select(&KINDS[..]),
        rest in vec(any::<u8>(), 1500),
        other in size_of::<Header>()..1500,
    ) {
        let mut bytes = rest;
        bytes[16..20].copy_from_slice(&kind.to_ne_bytes());
        let result = record(&bytes[..len]);
        prop_assert!(matches!(result, Ok(_) | Err(DecodeError::Value { .. })), "{:?}", result);
        if other != len {
            let refused = DecodeError::Length { kind, len: other, expected: len };
            prop_assert_eq!(record(&bytes[..other]), Err(refused));
        }
    }

    #[test]
    fn a_full_transition_arrives_as_it_was_sent(
        header in any_header(kind::TCP_FULL),
        rest in any_pod::<TcpFull>(),
        (tuple, ends) in any_ends(),
        (owner, claim) in any_owner(),
        (raw_stats, stats) in any_stats(),
        (birth_ns, since_ns) in (or_zero(), or_zero()),
        ((old, from), (new, to)) in (any_state(), any_state()),
    ) {
        let raw = TcpFull {
            header, tuple, owner, birth_ns, since_ns, old, new, stats: raw_stats, ..rest
        };
        let has = |bit| raw.flags & bit == bit;
        let detail = Detail {
            ends,
            owner: claim,
            birth: if_known(birth_ns),
            stats,
            end: EndFacts {
                err: raw.err,
                stale_err: raw.stale_err,
                rst_received: has(flag::RST_RECEIVED),
                fin_received: has(flag::FIN_RECEIVED),
                closed_first: match (has(flag::LOCAL_FIRST), has(flag::REMOTE_FIRST)) {
                    (true, _) => Some(Side::Local),
                    (false, true) => Some(Side::Remote),
                    (false, false) => None,
                },
            },
        };
        let what = What::Transition(Transition {
            old: from,
            new: to,
            since: if_known(since_ns),
            opening: has(flag::OPENING),
            detail: Some(detail),
        });
        prop_assert_eq!(record(bytemuck::bytes_of(&raw)), decoded(header, what));
    }

    #[test]
    fn a_lite_transition_arrives_as_it_was_sent(
        header in any_header(kind::TCP_LITE),
        rest in any_pod::<TcpLite>(),
        since_ns in or_zero(),
        ((old, from), (new, to)) in (any_state(), any_state()),
    ) {
        let raw = TcpLite { header, since_ns, old, new, ..rest };
        let what = What::Transition(Transition {
            old: from,
            new: to,
            since: if_known(since_ns),
            opening: raw.flags & flag::OPENING != 0,
            detail: None,
        });
        prop_assert_eq!(record(bytemuck::bytes_of(&raw)), decoded(header, what));
    }

    #[test]
    fn a_flow_arrives_as_it_was_sent(
        header in any_header(kind::UDP_FLOW),
        rest in any_pod::<UdpRecord>(),
        (tuple, ends) in any_ends(),
        (owner, claim) in any_owner(),
        connected in or_zero::<u8>(),
    ) {
        let raw = UdpRecord { header, tuple, owner, connected, ..rest };
        let what = What::Flow(Flow {
            ends,
            connected: connected != 0,
            owner: claim,
            traffic: Traffic {
                tx_packets: raw.counters.tx_packets,
                tx_bytes: raw.counters.tx_bytes,
                rx_packets: raw.counters.rx_packets,
                rx_bytes: raw.counters.rx_bytes,
            },
            first: raw.counters.first_ns,
            last: raw.counters.last_ns,
        });
        prop_assert_eq!(record(bytemuck::bytes_of(&raw)), decoded(header, what));
    }

    #[test]
    fn an_owner_arrives_as_it_was_sent(
        header in any_header(kind::OWNER),
        (owner, claim) in any_owner(),
    ) {
        let raw = OwnerRecord { header, owner };
        prop_assert_eq!(record(bytemuck::bytes_of(&raw)), decoded(header, What::Owner(claim)));
    }

    #[test]
    fn a_bare_header_arrives_as_it_was_sent(
        reset in any_header(kind::TCP_RESET),
        release in any_header(kind::UDP_RELEASE),
    ) {
        prop_assert_eq!(record(bytemuck::bytes_of(&reset)), decoded(reset, What::ResetSent));
        prop_assert_eq!(record(bytemuck::bytes_of(&release)), decoded(release, What::Released));
    }

    #[test]
    fn a_process_arrives_as_it_was_sent(
        header in any_header(kind::PROCESS),
        rest in any_pod::<ProcessRecord>(),
        (exe_names, exe, exe_len) in any_path(),
        (cgroup_names, cgroup, cgroup_len) in any_path(),
    ) {
        let raw = ProcessRecord { header, exe, exe_len, cgroup, cgroup_len, ..rest };
        let joined = |names: &[Vec<u8>]| {
            let names = names.iter().map(|name| format!("/{}", text::clean(name)));
            names.collect::<String>()
        };
        let expected = Process {
            pid: raw.process.tgid,
            comm: text::clean(raw.comm.split(|&byte| byte == 0).next().unwrap()),
            exe: if exe_names.is_empty() { None } else { Some(joined(&exe_names)) },
            uid: raw.uid,
            cgroup: Some(if cgroup_names.is_empty() { "/".into() } else { joined(&cgroup_names) }),
        };
        let process = Record::Process {
            key: raw.process,
            comm: raw.comm,
            process: Box::new(expected),
        };
        prop_assert_eq!(record(bytemuck::bytes_of(&raw)), Ok(process));
    }

    #[test]
    fn a_path_longer_than_its_bytes_is_unknown(
        header in any_header(kind::PROCESS),
        rest in any_pod::<ProcessRecord>(),
        len in PATH_BYTES as u32 + 1..,
    ) {
        let raw = ProcessRecord { header, exe_len: len, cgroup_len: len, ..rest };
        let Ok(Record::Process { process, .. }) = record(bytemuck::bytes_of(&raw)) else {
            return Err(TestCaseError::fail("no process"));
        };
        prop_assert_eq!((process.exe, process.cgroup), (None, None));
    }

    #[test]
    fn text_of_a_process_is_clean(
        header in any_header(kind::PROCESS),
        rest in any_pod::<ProcessRecord>(),
        comm in any_text(),
        (exe, exe_len) in (any_text(), 0..600_u32),
        (cgroup, cgroup_len) in (any_text(), 0..600_u32),
    ) {
        let raw = ProcessRecord { header, comm, exe, exe_len, cgroup, cgroup_len, ..rest };
        let Ok(Record::Process { process, .. }) = record(bytemuck::bytes_of(&raw)) else {
            return Err(TestCaseError::fail("no process"));
        };
        prop_assert!(every_text_is_clean(&process), "{:?}", process);
    }

    #[test]
    fn a_row_arrives_as_it_was_read(
        rest in any_pod::<IterRow>(),
        (tuple, ends) in any_ends(),
        (owner, claim) in any_owner(),
        ((number, state), raw_kind) in (any_state(), select(&ROWS[..])),
        kernel in or_zero::<u8>(),
    ) {
        let raw = IterRow { tuple, owner, state: number, kind: raw_kind, kernel, ..rest };
        let of_kernel = Claim {
            key: owner.process,
            uid: owner.uid,
            comm: owner.comm,
            how: How::Kernel,
        };
        let expected = Row {
            at: raw.ts_ns,
            cookie: Cookie(raw.cookie),
            ends,
            state,
            owner: if kernel == 0 { claim } else { Some(of_kernel) },
            kind: match raw_kind {
                row::FILE => RowKind::File { udp: tuple.protocol == 17 },
                row::TCP => RowKind::Tcp,
                row::REQUEST => RowKind::Request,
                row::TIME_WAIT => RowKind::TimeWait,
                _ => RowKind::Udp,
            },
        };
        prop_assert_eq!(iterator_row(bytemuck::bytes_of(&raw)), Ok(expected));
    }

    #[test]
    fn any_recording_ends(bytes in vec(prop_oneof![Just(0_u8), any::<u8>()], 0..400)) {
        let len = bytes.len();
        let records = Recorded::new(Bytes::from(bytes)).take(len + 1);
        let sizes: Vec<usize> = records
            .map(|bytes| {
                let _ = record(&bytes);
                bytes.len()
            })
            .collect();
        prop_assert!(sizes.len() <= len, "more records than bytes");
        prop_assert!(sizes.iter().sum::<usize>() <= len, "bytes from nowhere");
    }

    #[test]
    fn a_recording_gives_back_its_records(
        records in vec(vec(any::<u8>(), 0..40), 0..8),
        cut in any::<proptest::sample::Index>(),
    ) {
        let whole = recording(&records);
        let read: Vec<Bytes> = Recorded::new(Bytes::from(whole.clone())).collect();
        prop_assert_eq!(&read, &records);
        let cut = cut.index(whole.len() + 1);
        let read: Vec<Bytes> = Recorded::new(Bytes::copy_from_slice(&whole[..cut])).collect();
        let mut end = 0;
        let complete = records.iter().take_while(|record| {
            end += 4 + record.len();
            end <= cut
        });
        let complete = complete.count();
        prop_assert_eq!(&read[..complete], &records[..complete]);
        prop_assert!(read.len() <= complete + 1, "one record at most is cut");
    }

    #[test]
    fn the_table_takes_any_events(records in vec(any_record(), 0..40), now in any_moment()) {
        let (mut processes, mut table) = (Processes::default(), Table::default());
        let mut out = Vec::new();
        for bytes in records {
            match record(&bytes) {
                Ok(Record::Process { key, comm, process }) => processes.learn(key, comm, *process),
                Ok(Record::Event(event)) => {
                    let event = processes.enrich(event);
                    let says_which = !matches!(
                        event.what,
                        What::Transition(Transition { detail: None, .. })
                    );
                    let before = out.len();
                    let applied = table.apply(&event, &mut out);
                    prop_assert!(applied.is_ok() || !says_which, "{:?}", event);
                    prop_assert!(applied.is_ok() || out.len() == before);
                    for report in &out[before..] {
                        let socket = report.socket().expect("events are about sockets");
                        prop_assert_eq!(socket.cookie, event.cookie);
                        let process = socket.owner.as_ref().and_then(|owner| owner.process.as_ref());
                        prop_assert!(process.is_none_or(|process| every_text_is_clean(process)));
                    }
                }
                Err(error) => prop_assert!(matches!(error, DecodeError::Value { .. }), "{}", error),
            }
            prop_assert_eq!(table.rows().count(), table.len());
            for socket in table.rows() {
                prop_assert!(table.get(socket.cookie).is_some());
            }
        }
        while let Some(id) = table.due_flow(now) {
            let over = table.refresh_flow(id, None, now, &mut out);
            prop_assert!(over, "the kernel has forgotten it");
        }
    }
}
