//! What goes on after the process and the kernel's socket are gone, by the kernel's clock: the one
//! test that takes a minute.

use std::time::Duration;

use crate::harness::{
    ANY4, Actor, Flow, How, Life, Pair, Reason, Stage,
    State::{Close, CloseWait, FinWait1, FinWait2, LastAck, TimeWait},
    Watch,
    netwatch::Ended,
    schema::Detail,
    wait::Deadline,
};

#[test]
fn a_minute_later() {
    let stage = Stage::new();
    let mut watch = stage.watch(&[]);
    let (lingering, lingering_life) = lingering(&stage);
    let (orphan, orphan_life) = orphan(&stage, &mut watch);

    // FIN_WAIT2 without a process, and a peer that never closes.
    let mut forgotten = Pair::meet(&stage);
    forgotten.client.close(&forgotten.near);
    let forgotten_life = forgotten.near_life().to(&[FinWait1, FinWait2, Close]);
    let forgotten_life = forgotten_life.ends(Reason::LocalFin, 0, 0);

    let (_actors, idle_flow) = idle(&stage);

    let deadline = Deadline::after(Duration::from_secs(90));
    watch.wait_until("a minute to pass", deadline, |events| {
        let lives = [&lingering_life, &orphan_life, &forgotten_life];
        lives.iter().all(|life| life.is_told(events)) && idle_flow.is_told(events)
    });
    let minisockets = [
        lingering.near.cookie,
        orphan.near.cookie,
        forgotten.near.cookie,
    ];
    watch.expect(lingering_life);
    watch.expect(orphan_life);
    watch.expect(forgotten_life);
    watch.expect_flow(idle_flow);
    let ended = watch.stop();
    for cookie in minisockets {
        assert_lasted_a_minute(&ended, cookie);
    }
}

/// TIME_WAIT, and its end.
fn lingering(stage: &Stage) -> (Pair, Life) {
    let mut pair = Pair::meet(stage);
    let Pair {
        client,
        server,
        near,
        far,
        ..
    } = &mut pair;
    client.shutdown(near);
    server.drain(far);
    server.close(far);
    client.drain(near);
    client.close(near);
    let life = pair.near_life().to(&[FinWait1, FinWait2, TimeWait, Close]);
    let life = life.ends(Reason::LocalFin, 0, 0);
    (pair, life)
}

/// FIN_WAIT2 without a process; TIME_WAIT when the peer closes at last.
fn orphan(stage: &Stage, watch: &mut Watch) -> (Pair, Life) {
    let mut pair = Pair::meet(stage);
    pair.client.close(&pair.near);
    let life = pair.near_life().to(&[FinWait1, FinWait2]);
    let life = life.ends(Reason::LocalFin, 0, 0);
    watch.wait("the orphan's end", |events| life.is_told(events));
    pair.server.close(&pair.far);
    let far_life = pair.far_life().to(&[CloseWait, LastAck, Close]);
    watch.expect(far_life.ends(Reason::RemoteFin, 0, 0));
    (pair, life.to(&[TimeWait, Close]))
}

/// A flow without datagrams, of a socket that stays.
fn idle(stage: &Stage) -> ([Actor; 2], Flow) {
    let (mut asker, mut answerer) = (stage.actor("asker"), stage.actor("answerer"));
    let mut well_known = answerer.socket("udp", ANY4);
    answerer.bind(&mut well_known, ANY4);
    let mut socket = asker.socket("udp", ANY4);
    asker
        .connect_on(&mut socket, well_known.local)
        .expect("connect");
    asker.send(&socket, 12);
    let flow = Flow::of(&socket, well_known.local).connected().sent(1, 12);
    let flow = flow.closed_by(&asker.who, &[How::Connect]);
    ([asker, answerer], flow)
}

/// The kernel keeps what is left of a connection for 60 s, by a timer that may be some seconds late. Looks can be
/// 5 s apart: so late is the end told, and the beginning of what is left of an orphan.
fn assert_lasted_a_minute(ended: &Ended, cookie: u64) {
    for event in &ended.events {
        let Detail::TcpState(socket, change) = &event.detail else {
            continue;
        };
        if socket.cookie == cookie && change.new == Close {
            let lasted = change.in_state_ns.expect("its beginning was seen") / 1_000_000_000;
            assert!((54..=70).contains(&lasted), "{lasted} s: {}", event.line);
        }
    }
}
