//! Processes that are gone before anybody could look them up.

use std::{collections::HashMap, net::SocketAddr};

use crate::harness::{
    ANY4, Actor, Flow, How, Phase, Stage,
    State::{self, Close, Established, FinWait1, SynSent},
    Who,
    life::compare_owner,
    schema::{Detail, Event},
};

#[test]
fn two_hundred_connect_and_exit() {
    connect_and_exit(200);
}

#[test]
fn a_thousand_connect_and_exit() {
    connect_and_exit(1000);
}

/// Each under a name of its own: all are named, with the right program, from the first line on.
fn connect_and_exit(count: usize) {
    let stage = Stage::new();
    let mut watch = stage.watch(&[]);
    let (mut spawner, mut server) = (stage.actor("spawner"), stage.actor("server"));
    let listener = server.listen(ANY4);
    server.begin(&format!("serve {} {count}", listener.fd));
    let spawned = spawn(
        &stage,
        &mut spawner,
        count,
        &format!("connect {}", listener.local),
    );
    server.finish().expect("serve all");
    watch.wait("every process to close", |events| {
        let closing = |event: &&Event| told_state(event) == Some(FinWait1);
        events.iter().filter(closing).count() == count
    });
    let ended = watch.stop();

    let mut by_cookie: HashMap<u64, Vec<&Event>> = HashMap::new();
    for event in &ended.events {
        if let Some(socket) = event.socket() {
            by_cookie.entry(socket.cookie).or_default().push(event);
        }
    }
    let mut missing: HashMap<u32, &Who> = spawned.iter().map(|who| (who.pid, who)).collect();
    for events in by_cookie.values() {
        let Detail::TcpState(first, change) = &events[0].detail else {
            panic!("a socket's first line is {}", events[0].line);
        };
        if (change.old, change.new) != (Close, SynSent) {
            continue;
        }
        let pid = first.pid.expect("a client has a process");
        let who = missing
            .remove(&pid)
            .unwrap_or_else(|| panic!("whose is {}", events[0].line));
        for event in events {
            let socket = event.socket().expect("it is about a socket");
            compare_owner(socket, who, &[How::Connect], &event.line);
        }
        let passed = |state| events.iter().any(|event| told_state(event) == Some(state));
        assert!(
            [Established, FinWait1].into_iter().all(passed),
            "states of {who:?}"
        );
    }
    assert!(missing.is_empty(), "not seen: {missing:?}");
}

fn told_state(event: &Event) -> Option<State> {
    match &event.detail {
        Detail::TcpState(_, change) => Some(change.new),
        _ => None,
    }
}

/// A question and an answer, as a resolver does it.
#[test]
fn query_and_exit() {
    const COUNT: usize = 50;
    let stage = Stage::new();
    let mut watch = stage.watch(&["--udp"]);
    let (mut spawner, mut server) = (stage.actor("spawner"), stage.actor("server"));
    let mut well_known = server.socket("udp", ANY4);
    server.bind(&mut well_known, ANY4);
    server.begin(&format!("echo {} {COUNT}", well_known.fd));
    let command = format!("query {}", well_known.local);
    let spawned = spawn(&stage, &mut spawner, COUNT, &command);
    server.finish().expect("answer all");
    watch.wait("the end of every flow of the short-lived", |events| {
        spawned.iter().all(|who| flow_end(events, who).is_some())
    });
    for who in &spawned {
        let (cookie, local) = flow_end(watch.events(), who).expect("it was waited for");
        let flow = Flow::by_cookie(cookie, local, well_known.local).connected();
        let flow = flow.sent(1, 29).received(1, 29);
        watch.expect_flow(
            flow.opened_by(who, &[How::Connect])
                .closed_by(who, &[How::Connect]),
        );
        let answered = |event: &Event| match event.socket() {
            Some(socket) => socket.cookie == well_known.cookie && socket.remote() == Some(local),
            None => false,
        };
        assert!(
            watch.events().iter().any(answered),
            "the server's flow with {who:?}"
        );
    }
    watch.stop();
}

/// The socket of a process's flow that was told to be over.
fn flow_end(events: &[Event], who: &Who) -> Option<(u64, SocketAddr)> {
    events.iter().find_map(|event| match &event.detail {
        Detail::UdpFlow(socket, flow)
            if socket.pid == Some(who.pid) && flow.phase == Phase::Close =>
        {
            Some((socket.cookie, socket.local()?))
        }
        _ => None,
    })
}

/// So many processes, each under a name of its own; they have all ended.
fn spawn(stage: &Stage, spawner: &mut Actor, count: usize, what: &str) -> Vec<Who> {
    let programs: Vec<_> = (0..count)
        .map(|number| stage.program(&format!("once-{number:04}")))
        .collect();
    let paths: Vec<_> = programs
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    let pids = spawner
        .run(&format!("spawn {what} {}", paths.join(" ")))
        .all::<u32>();
    assert_eq!(pids.len(), count, "a process for each program");
    pids.iter()
        .zip(&programs)
        .map(|(&pid, program)| Who::running(pid, program))
        .collect()
}
