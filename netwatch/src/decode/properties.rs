//! What holds for any bytes, and for any record that the kernel side could have written.

mod arbitrary;

use bytes::Bytes;
use netwatch_common::{IterRow, PATH_BYTES, row};
use proptest::{collection::vec, prelude::*, sample::select};

use super::*;
use crate::{enrich::Processes, source::Recorded, table::Table};
use arbitrary::*;

fn expected_end(flags: u16, err: u16, stale_err: u16) -> EndFacts {
    let has = |bit| flags & bit == bit;
    EndFacts {
        err,
        stale_err,
        rst_received: has(flag::RST_RECEIVED),
        fin_received: has(flag::FIN_RECEIVED),
        closed_first: match (has(flag::LOCAL_FIRST), has(flag::REMOTE_FIRST)) {
            (true, _) => Some(Side::Local),
            (false, true) => Some(Side::Remote),
            (false, false) => None,
        },
    }
}

fn whole_or_cut(cut: u8, path: String) -> String {
    if cut == 0 { path } else { format!("…{path}") }
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
        let detail = Detail {
            ends,
            owner: claim,
        };
        let figures = Figures {
            birth: if_known(birth_ns),
            stats,
            end: expected_end(raw.flags, raw.err, raw.stale_err),
        };
        let what = What::Transition(Transition {
            old: from,
            new: to,
            since: if_known(since_ns),
            opening: raw.flags & flag::OPENING != 0,
            detail: Some(detail),
            figures: Some(figures),
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
            figures: None,
        });
        prop_assert_eq!(record(bytemuck::bytes_of(&raw)), decoded(header, what));
    }

    #[test]
    fn an_end_arrives_as_it_was_sent(
        header in any_header(kind::TCP_END),
        rest in any_pod::<TcpEnd>(),
        (raw_stats, stats) in any_stats(),
        (birth_ns, since_ns) in (or_zero(), or_zero()),
        ((old, from), (new, to)) in (any_state(), any_state()),
    ) {
        let raw = TcpEnd { header, birth_ns, since_ns, old, new, stats: raw_stats, ..rest };
        let what = What::Transition(Transition {
            old: from,
            new: to,
            since: if_known(since_ns),
            opening: false,
            detail: None,
            figures: Some(Figures {
                birth: if_known(birth_ns),
                stats,
                end: expected_end(raw.flags, raw.err, raw.stale_err),
            }),
        });
        prop_assert_eq!(record(bytemuck::bytes_of(&raw)), decoded(header, what));
    }

    #[test]
    fn a_flow_arrives_as_it_was_sent(
        header in any_header(kind::UDP_FLOW),
        rest in any_pod::<UdpRecord>(),
        (tuple, ends) in any_ends(),
        (owner, claim) in any_owner(),
        (connected, to_peer) in (or_zero::<u8>(), or_zero::<u8>()),
        bound in any_address(),
    ) {
        let bound_raw = on_the_wire(bound);
        let raw = UdpRecord {
            header, tuple, owner, connected, to_peer, bound: bound_raw, ..rest
        };
        let what = What::Flow(Flow {
            ends,
            bound: address(bound_raw),
            connected: connected != 0,
            to_peer: connected != 0 && to_peer != 0,
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
            exe: if exe_names.is_empty() {
                None
            } else {
                Some(whole_or_cut(raw.exe_cut, joined(&exe_names)))
            },
            uid: raw.uid,
            cgroup: Some(if cgroup_names.is_empty() {
                "/".into()
            } else {
                whole_or_cut(raw.cgroup_cut, joined(&cgroup_names))
            }),
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
    ) {
        let raw = IterRow { tuple, owner, state: number, kind: raw_kind, ..rest };
        let expected = Row {
            at: raw.ts_ns,
            cookie: Cookie(raw.cookie),
            ends,
            state,
            owner: claim,
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
            match record_of(&bytes, |claim| processes.owner(claim)) {
                Ok(Record::Process { key, comm, process }) => processes.learn(key, comm, *process),
                Ok(Record::Event(event)) => {
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
