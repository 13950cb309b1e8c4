//! Two thousand short connections a second for ten seconds, client and server in different
//! processes: every transition of every one, with the right process, and nothing lost.

use std::{collections::HashMap, time::Duration};

use crate::harness::{
    ANY4, How, Reason, Stage,
    State::{
        self, Close, CloseWait, Established, FinWait1, FinWait2, LastAck, Listen, SynRecv, SynSent,
        TimeWait,
    },
    Who,
    life::compare_owner,
    schema::{Detail, Event},
    wait::Deadline,
};

const PER_SECOND: usize = 2000;
const COUNT: usize = 10 * PER_SECOND;
const BYTES: u64 = 32;

const NEAR: &[(State, State)] = &[
    (Close, SynSent),
    (SynSent, Established),
    (Established, FinWait1),
    (FinWait1, FinWait2),
    (FinWait2, TimeWait),
];
const FAR: &[(State, State)] = &[
    (Listen, SynRecv),
    (SynRecv, Established),
    (Established, CloseWait),
    (CloseWait, LastAck),
    (LastAck, Close),
];

/// The end of TIME_WAIT comes early where a reset comes (RFC 1337), and where the same two ends connect again:
/// so many connections need the ports of earlier ones (`tcp_tw_reuse`).
const EARLY: (State, State) = (TimeWait, Close);

/// Where the server had no CPU for the 40 ms of a delayed acknowledgement, what is left of the client's socket
/// waits for the FIN, and only a look can tell that it came. None did before the port was taken again.
const UNSEEN_WAIT: (State, State) = (FinWait2, Close);

#[test]
fn two_thousand_a_second() {
    let stage = Stage::new();
    let mut watch = stage.watch(&["--strict"]);
    let (mut client, mut server) = (stage.actor("client"), stage.actor("server"));
    let listener = server.listen(ANY4);
    let patience = Duration::from_secs(120);
    for actor in [&mut client, &mut server] {
        actor.be_patient(patience);
    }
    server.begin(&format!("serve {} {COUNT}", listener.fd));
    client.begin(&format!("storm {} {COUNT} {PER_SECOND}", listener.local));
    let took: u64 = client.finish().expect("make all connections").get(0);
    server.finish().expect("serve all connections");
    let (mut told, mut seen) = (0, 0);
    watch.wait_until(
        "every connection's last line",
        Deadline::after(patience),
        |events| {
            let new = &events[seen..];
            told += new.iter().filter(|event| is_last(event)).count();
            seen = events.len();
            told >= 2 * COUNT
        },
    );
    let ended = watch.stop();
    println!(
        "{COUNT} connections in {took} ms, {} lines",
        ended.events.len()
    );
    compare(&ended.events, (&client.who, NEAR), (&server.who, FAR));
}

fn is_last(event: &Event) -> bool {
    step(event)
        .is_some_and(|step| [NEAR[NEAR.len() - 1], FAR[FAR.len() - 1], UNSEEN_WAIT].contains(&step))
}

type Side<'a> = (&'a Who, &'a [(State, State)]);

fn compare(events: &[Event], near: Side<'_>, far: Side<'_>) {
    let mut by_cookie: HashMap<u64, Vec<&Event>> = HashMap::new();
    for event in events {
        if let Some(socket) = event.socket() {
            by_cookie.entry(socket.cookie).or_default().push(event);
        }
    }
    let mut counts = [0, 0];
    for events in by_cookie.values() {
        let steps = transitions(events);
        let (who, expected) = match steps[0] {
            (Close, Listen) => continue,
            (Close, SynSent) => near,
            _ => far,
        };
        counts[usize::from(expected == far.1)] += 1;
        assert_eq!(steps, expected, "transitions of {}", events[0].line);
        let ends = events
            .iter()
            .filter(|event| is_end(event, expected == far.1))
            .count();
        assert_eq!(ends, 1, "ends of {}", events[0].line);
        for event in events {
            let socket = event.socket().expect("it is about a socket");
            let hows = [
                How::Connect,
                How::Inherited,
                How::Accept,
                How::Io,
                How::Close,
            ];
            compare_owner(socket, who, &hows, &event.line);
        }
    }
    assert_eq!(
        counts, [COUNT; 2],
        "connections seen at the client and at the server"
    );
}

/// What is told of one socket, as it would be had nothing been early or unseen.
fn transitions(events: &[&Event]) -> Vec<(State, State)> {
    let mut steps: Vec<_> = events.iter().filter_map(|event| step(event)).collect();
    steps.pop_if(|step| *step == EARLY);
    let has_ended = |event: &&Event| matches!(event.detail, Detail::TcpClose(..));
    let is_left = events.iter().rev().nth(1).is_some_and(has_ended);
    if is_left && steps.pop_if(|step| *step == UNSEEN_WAIT).is_some() {
        steps.push(NEAR[NEAR.len() - 1]);
    }
    steps
}

fn step(event: &Event) -> Option<(State, State)> {
    match &event.detail {
        Detail::TcpState(_, change) => Some((change.old, change.new)),
        _ => None,
    }
}

/// The end that is due, with the right figures.
fn is_end(event: &Event, far: bool) -> bool {
    let Detail::TcpClose(_, end) = &event.detail else {
        return false;
    };
    let due = if far {
        (Reason::RemoteFin, 0, BYTES)
    } else {
        (Reason::LocalFin, BYTES, 0)
    };
    (Some(end.reason), end.bytes_sent, end.bytes_received)
        == (Some(due.0), Some(due.1), Some(due.2))
}
