//! Lives of sockets, told to the table event by event.

use std::{net::IpAddr, time::Duration};

use super::*;
use crate::event::{
    Counters, EndFacts, Endpoint, Ends, Family, Figures, FlowId, Found, FoundKind, How, Owner,
    Phase, Process, Reason, Side, Snapshot, Stats, Traffic,
};

const COOKIE: Cookie = Cookie(7);
const SECOND: MonoNs = 1_000_000_000;

fn ends(local: u16, remote: u16) -> Ends {
    let loopback: IpAddr = [127, 0, 0, 1].into();
    let end = |port: u16| Endpoint {
        addr: Some(loopback),
        port: Some(port),
    };
    Ends {
        family: Family::Ipv4,
        local: end(local),
        remote: end(remote),
        netns: Some(1),
    }
}

fn owner(pid: u32, how: How) -> Option<Owner> {
    let process = Process {
        pid,
        comm: format!("p{pid}"),
        exe: None,
        uid: 0,
        cgroup: None,
    };
    Some(Owner {
        process: Some(process.into()),
        how,
    })
}

/// What a full record has.
type Everything = (Detail, Figures);

fn detail(end: EndFacts) -> Option<Everything> {
    let detail = Detail {
        ends: ends(40_000, 80),
        owner: owner(1, How::Connect),
    };
    let figures = Figures {
        birth: Some(100),
        stats: Stats {
            bytes_sent: 5,
            bytes_received: 8,
            rtt: None,
            retransmits: 0,
        },
        end,
    };
    Some((detail, figures))
}

fn step(at: MonoNs, old: State, new: State, everything: Option<Everything>) -> Event {
    let (detail, figures) = everything.unzip();
    let transition = Transition {
        old,
        new,
        since: Some(at - 10),
        opening: false,
        detail,
        figures,
    };
    Event {
        at,
        cookie: COOKIE,
        what: What::Transition(transition),
    }
}

/// Compares with a snapshot, beside which nothing happened.
fn put_right(table: &mut Table, snapshot: &Snapshot, removed: u64) {
    table.merge(snapshot);
    assert_eq!(table.sweep(snapshot), removed);
}

fn tell(table: &mut Table, events: &[Event]) -> Vec<Report> {
    let mut out = Vec::new();
    for event in events {
        table.apply(event, &mut out).expect("a known socket");
    }
    out
}

fn states(reports: &[Report]) -> Vec<(State, State)> {
    reports
        .iter()
        .filter_map(|report| match report {
            Report::TcpState { old, new, .. } => Some((*old, *new)),
            _ => None,
        })
        .collect()
}

fn reason(reports: &[Report]) -> Option<Reason> {
    reports.iter().find_map(|report| match report {
        Report::TcpClose { closing, .. } => Some(closing.reason),
        _ => None,
    })
}

fn found(at: MonoNs, state: State, kind: FoundKind) -> Found {
    let ends = ends(40_000, 80);
    let socket = Socket {
        cookie: COOKIE,
        protocol: Protocol::Tcp,
        family: ends.family,
        local: ends.local,
        remote: ends.remote,
        state,
        netns: ends.netns,
        owner: None,
    };
    Found { at, socket, kind }
}

fn snapshot(began: MonoNs, found: Vec<Found>) -> Snapshot {
    Snapshot {
        began,
        found,
        visited: HashSet::from([1]),
    }
}

const LOCAL_FIRST: EndFacts = EndFacts {
    err: 0,
    stale_err: 0,
    rst_received: false,
    fin_received: false,
    closed_first: Some(Side::Local),
};

use State::{
    Close, CloseWait, Established, FinWait1, FinWait2, LastAck, Listen, SynRecv, SynSent, TimeWait,
};

#[test]
fn a_client_s_life_with_light_records_in_between() {
    let mut table = Table::default();
    let fin = EndFacts {
        fin_received: true,
        ..LOCAL_FIRST
    };
    let reports = tell(
        &mut table,
        &[
            step(100, Close, SynSent, detail(EndFacts::default())),
            step(200, SynSent, Established, detail(EndFacts::default())),
            step(300, Established, FinWait1, None),
            step(400, FinWait1, FinWait2, None),
            step(500, FinWait2, Close, detail(fin)),
        ],
    );
    let chain = [
        (Close, SynSent),
        (SynSent, Established),
        (Established, FinWait1),
        (FinWait1, FinWait2),
        (FinWait2, TimeWait),
    ];
    assert_eq!(states(&reports), chain);
    let Some(Report::TcpClose {
        closing, socket, ..
    }) = reports.last()
    else {
        panic!("the close comes last: {reports:?}");
    };
    assert_eq!(closing.reason, Reason::LocalFin);
    assert_eq!(closing.duration, Some(Duration::from_nanos(400)));
    assert_eq!(
        (closing.bytes_sent, closing.bytes_received),
        (Some(5), Some(7)),
        "less the FIN"
    );
    assert_eq!(socket.state, TimeWait);
    assert_eq!(table.get(COOKIE).map(|socket| socket.state), Some(TimeWait));
}

#[test]
fn the_arrival_of_a_connection_travels_with_its_first_record() {
    let mut table = Table::default();
    let mut event = step(200, SynRecv, Established, detail(EndFacts::default()));
    if let What::Transition(transition) = &mut event.what {
        transition.opening = true;
    }
    let reports = tell(&mut table, &[event]);
    assert_eq!(
        states(&reports),
        [(Listen, SynRecv), (SynRecv, Established)]
    );
    assert_eq!(reports[0].at(), 190, "when the state was entered");
}

#[test]
fn an_orphan_waits_in_fin_wait2_then_in_time_wait_and_goes() {
    let mut table = Table::default();
    tell(
        &mut table,
        &[step(200, SynSent, Established, detail(EndFacts::default()))],
    );
    let close = [
        step(300, Established, FinWait1, None),
        step(400, FinWait1, FinWait2, None),
        step(401, FinWait2, Close, detail(LOCAL_FIRST)),
    ];
    let reports = tell(&mut table, &close);
    assert_eq!(
        states(&reports),
        [(Established, FinWait1), (FinWait1, FinWait2)]
    );
    assert_eq!(reason(&reports), Some(Reason::LocalFin));

    let mut out = Vec::new();
    table.look_again(
        &snapshot(500, vec![found(510, TimeWait, FoundKind::TimeWait)]),
        &mut out,
    );
    assert_eq!(states(&out), [(FinWait2, TimeWait)]);
    out.clear();
    table.look_again(&snapshot(400, vec![]), &mut out);
    assert_eq!(out, [], "it was seen after this look began");
    table.look_again(&snapshot(600, vec![]), &mut out);
    assert_eq!(states(&out), [(TimeWait, Close)]);
    assert!(table.is_empty());
}

#[test]
fn an_end_that_no_event_told_is_noticed() {
    let mut table = Table::default();
    tell(
        &mut table,
        &[step(200, SynSent, Established, detail(EndFacts::default()))],
    );
    let rest = || vec![found(510, TimeWait, FoundKind::TimeWait)];
    let mut out = Vec::new();
    let mut look = |table: &mut Table| table.look_again(&snapshot(500, rest()), &mut out);
    assert_eq!(look(&mut table), 0, "the event may be on its way");
    assert!(table.has_waiting(), "it must be looked for again");
    assert_eq!(look(&mut table), 1, "no event came");
    assert_eq!(look(&mut table), 0, "once");
    put_right(&mut table, &snapshot(600, rest()), 1);
    assert_eq!(table.get(COOKIE).map(|socket| socket.state), Some(TimeWait));
}

#[test]
fn the_rest_of_a_connection_may_be_seen_before_the_event_of_its_end() {
    let mut table = Table::default();
    tell(
        &mut table,
        &[step(200, FinWait1, FinWait2, detail(EndFacts::default()))],
    );
    let rest = || vec![found(510, TimeWait, FoundKind::TimeWait)];
    let mut out = Vec::new();
    table.look_again(&snapshot(500, rest()), &mut out);
    let end = tell(
        &mut table,
        &[step(505, FinWait2, Close, detail(LOCAL_FIRST))],
    );
    assert_eq!(states(&end), []);
    assert_eq!(reason(&end), Some(Reason::LocalFin));
    assert_eq!(table.look_again(&snapshot(600, rest()), &mut out), 0);
    assert_eq!(states(&out), [(FinWait2, TimeWait)], "told once");
}

#[test]
fn what_a_resync_has_put_right_is_no_unseen_end_too() {
    let mut table = Table::default();
    let open = [step(200, SynSent, Established, detail(EndFacts::default()))];
    tell(&mut table, &open);
    let rest = || vec![found(510, TimeWait, FoundKind::TimeWait)];
    let mut out = Vec::new();
    table.look_again(&snapshot(500, rest()), &mut out);
    table.merge(&snapshot(600, rest()));
    assert_eq!(table.look_again(&snapshot(700, rest()), &mut out), 0);
}

#[test]
fn a_reset_after_the_close_means_no_time_wait() {
    let mut table = Table::default();
    tell(
        &mut table,
        &[step(401, FinWait2, Close, detail(LOCAL_FIRST))],
    );
    assert_eq!(table.len(), 1);
    let reset = Event {
        at: 402,
        cookie: COOKIE,
        what: What::ResetSent,
    };
    assert_eq!(states(&tell(&mut table, &[reset])), [(FinWait2, Close)]);
    assert!(table.is_empty());
}

#[test]
fn a_light_record_of_an_unknown_socket_is_refused() {
    let event = step(300, Established, FinWait1, None);
    assert_eq!(
        Table::default().apply(&event, &mut Vec::new()),
        Err(UnknownSocket)
    );
}

#[test]
fn the_newer_of_event_and_snapshot_wins() {
    let mut table = Table::default();
    let row = found(300, CloseWait, FoundKind::Full);
    assert_eq!(table.merge(&snapshot(250, vec![row])).added, 1);
    let older = step(280, Established, CloseWait, detail(EndFacts::default()));
    let reports = tell(&mut table, &[older]);
    assert_eq!(
        states(&reports),
        [(Established, CloseWait)],
        "told all the same"
    );
    tell(&mut table, &[step(350, CloseWait, LastAck, None)]);
    let stale = found(320, CloseWait, FoundKind::Full);
    let changes = table.merge(&snapshot(310, vec![stale]));
    assert_eq!(changes, Changes::default());
    assert_eq!(table.get(COOKIE).map(|socket| socket.state), Some(LastAck));
}

#[test]
fn a_closed_socket_is_not_resurrected_and_a_missing_one_goes() {
    let mut table = Table::default();
    table.merge(&snapshot(
        250,
        vec![found(300, Established, FoundKind::Full)],
    ));
    tell(
        &mut table,
        &[step(350, LastAck, Close, detail(EndFacts::default()))],
    );
    assert!(table.is_empty());
    table.merge(&snapshot(
        400,
        vec![found(410, Established, FoundKind::Full)],
    ));
    put_right(&mut table, &snapshot(500, vec![]), 1);
    assert!(table.is_empty());
}

#[test]
fn what_closed_while_a_snapshot_was_read_is_known_to_the_events_that_say_so() {
    let mut table = Table::default();
    let open = [step(200, SynSent, Established, detail(EndFacts::default()))];
    tell(&mut table, &open);
    // Read after the close, of which the events come now.
    let without = snapshot(300, vec![]);
    assert_eq!(table.merge(&without), Changes::default());
    let (_, figures) = detail(LOCAL_FIRST).unwrap();
    let mut close = step(330, LastAck, Close, None);
    if let What::Transition(transition) = &mut close.what {
        transition.figures = Some(figures);
    }
    let reports = tell(&mut table, &[step(320, CloseWait, LastAck, None), close]);
    assert_eq!(states(&reports), [(CloseWait, LastAck), (LastAck, Close)]);
    assert!(matches!(reports.last(), Some(Report::TcpClose { .. })));
    assert_eq!(table.sweep(&without), 0);
}

#[test]
fn what_can_t_be_looked_into_stays() {
    let mut table = Table::default();
    table.merge(&snapshot(
        250,
        vec![found(300, Established, FoundKind::Full)],
    ));
    let blind = |began| Snapshot {
        began,
        ..Snapshot::default()
    };
    put_right(&mut table, &blind(500), 0);
    assert_eq!(table.len(), 1);

    let mut table = Table::default();
    let rest = found(300, TimeWait, FoundKind::TimeWait);
    table.merge(&snapshot(250, vec![rest]));
    let mut out = Vec::new();
    table.look_again(&blind(50 * SECOND), &mut out);
    assert_eq!((table.len(), &out), (1, &vec![]), "it lasts a minute");
    table.look_again(&blind(70 * SECOND), &mut out);
    assert_eq!(states(&out), [(TimeWait, Close)]);
}

mod flows;
mod requests;
