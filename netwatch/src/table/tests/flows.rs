//! Lives of UDP flows.

use super::*;

fn datagrams(at: MonoNs, count: u64) -> Event {
    let traffic = Traffic {
        tx_packets: count,
        tx_bytes: count * 10,
        ..Traffic::default()
    };
    let flow = Flow {
        ends: ends(5_000, 53),
        bound: std::net::Ipv4Addr::UNSPECIFIED.into(),
        connected: false,
        to_peer: false,
        owner: owner(9, How::Io),
        traffic,
        first: SECOND,
        last: at,
    };
    Event {
        at,
        cookie: COOKIE,
        what: What::Flow(flow),
    }
}

fn phases(reports: &[Report]) -> Vec<(Phase, u64)> {
    reports
        .iter()
        .filter_map(|report| match report {
            Report::UdpFlow { phase, traffic, .. } => Some((*phase, traffic.tx_packets)),
            _ => None,
        })
        .collect()
}

#[test]
fn a_flow_opens_is_updated_once_a_second_and_closes_with_its_socket() {
    let mut table = Table::default();
    let reports = tell(
        &mut table,
        &[
            datagrams(SECOND, 1),
            datagrams(SECOND + 1, 2),
            datagrams(2 * SECOND, 3),
            Event {
                at: 2 * SECOND + 5,
                cookie: COOKIE,
                what: What::Released,
            },
        ],
    );
    assert_eq!(
        phases(&reports),
        [(Phase::Open, 1), (Phase::Update, 3), (Phase::Close, 3)]
    );
    assert!(table.is_empty());
    assert_eq!(table.flows_of(COOKIE), []);
}

#[test]
fn counters_are_read_after_a_second_and_a_silent_flow_ends() {
    let mut table = Table::default();
    tell(&mut table, &[datagrams(SECOND, 1)]);
    let mut out = Vec::new();
    assert_eq!(table.due_flow(2 * SECOND - 1), None);
    let id = table
        .due_flow(2 * SECOND)
        .expect("due a second after it opened");
    let traffic = Traffic {
        tx_packets: 4,
        ..Traffic::default()
    };
    let counters = Counters {
        traffic,
        first: SECOND,
        last: SECOND + 9,
    };
    assert!(!table.refresh_flow(id, Some(counters), 2 * SECOND, &mut out));
    assert_eq!(table.due_flow(3 * SECOND), Some(id));
    assert!(
        !table.refresh_flow(id, Some(counters), 3 * SECOND, &mut out),
        "nothing new"
    );
    assert_eq!(table.due_flow(60 * SECOND), None);
    assert_eq!(table.due_flow(62 * SECOND), Some(id));
    assert!(
        table.refresh_flow(id, Some(counters), 62 * SECOND, &mut out),
        "silent for a minute"
    );
    assert_eq!(phases(&out), [(Phase::Update, 4), (Phase::Close, 4)]);
}

#[test]
fn after_a_loss_flows_without_a_socket_end_and_unknown_ones_open() {
    let mut table = Table::default();
    tell(&mut table, &[datagrams(SECOND, 1)]);
    let id = table.flows_of(COOKIE)[0];
    let traffic = Traffic {
        tx_packets: 2,
        ..Traffic::default()
    };
    let counters = Counters {
        traffic,
        first: SECOND,
        last: SECOND,
    };
    let other = FlowId {
        remote: ([127, 0, 0, 1], 99).into(),
        ..id
    };
    let gone = FlowId {
        cookie: Cookie(8),
        ..id
    };
    let mut out = Vec::new();
    let kernel = [(id, counters), (other, counters), (gone, counters)];
    let orphans = table.reconcile_flows(&kernel, 5 * SECOND, 5 * SECOND, &mut out);
    assert_eq!(orphans, [gone]);
    assert_eq!(phases(&out), [(Phase::Open, 2)]);
    assert_eq!(table.flows_of(COOKIE), [id, other]);
}
