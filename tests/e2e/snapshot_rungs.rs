//! What was open before, once on each rung of the snapshot: the same rows, whichever it is.

use std::collections::BTreeSet;

use netwatch::{
    Options, Tracer,
    event::{How, Process, Report, Rung, Socket, State},
};

use crate::harness::{ANY4, Pair, Stage, population::Population, stage::say, wait::PATIENCE};

/// The rungs, by what an option says.
const RUNGS: [Option<&str>; 3] = [None, Some("sock_diag"), Some("procfs")];

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("start the runtime")
        .block_on(future)
}

fn snapshot_on(rung: &'static str) -> Rung {
    Rung {
        capability: "snapshot",
        rung,
    }
}

/// A tracer on a rung, and the name of that rung.
async fn start(rung: Option<&'static str>) -> (Tracer, String) {
    let options = Options {
        rungs: rung.into_iter().map(snapshot_on).collect(),
        ..Options::default()
    };
    let tracer = Tracer::start(options).await.expect("start");
    let mut rungs = tracer.rungs().iter();
    let stands = rungs.find(|rung| rung.capability == "snapshot");
    let name = stands.expect("it stands on one").rung.to_owned();
    assert!(rung.is_none_or(|rung| rung == name), "{rung:?}: {name}");
    say("rungs", &format!("snapshot:{name}"));
    (tracer, name)
}

/// What is said of a socket, but for its cookie.
fn row(socket: &Socket) -> String {
    let Socket {
        protocol,
        family,
        local,
        remote,
        state,
        ..
    } = socket;
    let how = socket.owner.as_ref().map(|owner| owner.how);
    let owner = socket.process().map(|process: &Process| {
        let Process {
            pid,
            comm,
            exe,
            uid,
            cgroup,
        } = process;
        format!("{pid} {comm} {exe:?} {uid} {cgroup:?}")
    });
    format!("{protocol:?} {family:?} {local:?} {remote:?} {state:?} {owner:?} {how:?}")
}

/// The table's rows of a network namespace.
fn rows(tracer: &Tracer, netns: u32) -> BTreeSet<String> {
    let rows = tracer.table().rows();
    let there = rows.filter(|socket| socket.netns == Some(netns));
    there.map(row).collect()
}

/// Sockets of every family and state, with their owners.
#[test]
fn every_rung_finds_the_same_sockets_with_the_same_owners() {
    let stage = Stage::new();
    let _population = Population::new(&stage);
    let found = block_on(async {
        let mut found = Vec::new();
        // The first once more at the end: by then TIME_WAIT may be over.
        for rung in RUNGS.iter().chain(&RUNGS[..1]) {
            let (tracer, name) = start(*rung).await;
            found.push((name, rows(&tracer, stage.netns.inode)));
        }
        found
    });
    let (_, best) = &found[0];
    let (_, last) = &found[found.len() - 1];
    let lasting: BTreeSet<String> = best.intersection(last).cloned().collect();
    assert!(lasting.len() >= 20, "{best:#?}");
    for (name, rows) in &found[1..] {
        let missing: Vec<_> = lasting.difference(rows).collect();
        let more: Vec<_> = rows.difference(best).collect();
        assert!(
            missing.is_empty() && more.is_empty(),
            "{name}: {missing:#?} {more:#?}"
        );
    }
}

/// A connection from before is the same one afterwards: it is told with its cookie and its owner, ends
/// once, and nothing of it stays.
#[test]
fn on_every_rung_a_connection_from_before_goes_on() {
    for rung in RUNGS {
        let stage = Stage::new();
        let mut pair = Pair::meet(&stage);
        let netns = stage.netns.inode;
        block_on(async {
            let (mut tracer, name) = start(rung).await;
            pair.server.shutdown(&pair.far);
            pair.client.drain(&pair.near);
            pair.client.close(&pair.near);
            let (cookie, pid) = (pair.near.cookie, pair.client.who.pid);
            let mut told = Vec::new();
            let closed = |told: &[Report]| {
                let mut reports = told.iter();
                reports.any(|report| is_close(report, cookie))
            };
            while !closed(&told) {
                let next = tokio::time::timeout(PATIENCE, tracer.next()).await;
                let reports = next.unwrap_or_else(|_| panic!("{name}: no close in {told:#?}"));
                told.extend_from_slice(reports.expect("take reports"));
            }
            let of_it: Vec<&Socket> = told
                .iter()
                .filter_map(Report::socket)
                .filter(|socket| socket.cookie.0 == cookie)
                .collect();
            let first = of_it.first().expect("it was told of");
            assert_eq!(first.state, State::CloseWait, "{name}: {of_it:#?}");
            let owner = first.owner.as_ref().map(|owner| owner.how);
            assert_eq!(owner, Some(How::Snapshot), "{name}: {of_it:#?}");
            assert_eq!(
                first.process().map(|process| process.pid),
                Some(pid),
                "{name}"
            );
            let local = first.local;
            let left = tracer.table().rows().filter(|socket| {
                socket.netns == Some(netns)
                    && socket.local == local
                    && socket.state != State::Listen
            });
            let left: Vec<String> = left.map(row).collect();
            assert_eq!(left, [""; 0], "{name}");
        });
    }
}

/// A connection that arrives at a listener from before is its owner's until somebody is seen using it.
#[test]
fn on_every_rung_a_listener_from_before_hands_its_owner_down() {
    for rung in RUNGS {
        let stage = Stage::new();
        let (mut client, mut server) = (stage.actor("client"), stage.actor("server"));
        let listener = server.listen(ANY4);
        block_on(async {
            let (mut tracer, name) = start(rung).await;
            let near = client.connect(listener.local);
            let mut told = Vec::new();
            let arrived = |report: &&Report| {
                matches!(report, Report::TcpState { socket, new: State::Established, .. }
                    if socket.netns == Some(stage.netns.inode)
                        && socket.remote.port == Some(near.local.port()))
            };
            while !told.iter().any(|report| arrived(&report)) {
                let next = tokio::time::timeout(PATIENCE, tracer.next()).await;
                let reports = next.unwrap_or_else(|_| panic!("{name}: not in {told:#?}"));
                told.extend_from_slice(reports.expect("take reports"));
            }
            let report = told.iter().find(arrived).expect("it was waited for");
            let owner = report.socket().and_then(|socket| socket.owner.clone());
            let known = owner.map(|owner| (owner.how, owner.process.map(|process| process.pid)));
            assert_eq!(
                known,
                Some((How::Inherited, Some(server.who.pid))),
                "{name}"
            );
        });
    }
}

fn is_close(report: &Report, cookie: u64) -> bool {
    let is_it = |socket: &Socket| socket.cookie.0 == cookie;
    matches!(report, Report::TcpClose { socket, .. } if is_it(socket))
}
