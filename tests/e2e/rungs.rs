//! `--rung`: one and the same work, told on every rung that this kernel takes.

use std::collections::HashSet;

use netwatch::STANDINGS;

use crate::harness::{
    ANY4, Flow, How, Pair, Reason, Stage,
    State::{Close, CloseWait, FinWait1, FinWait2, LastAck, TimeWait},
    Watch,
    bare::with_tracefs,
    netwatch::{cause, command},
    pair::arrived,
    skip,
    stage::say,
};

/// How the owner is learned on a rung of `accept`, where a worker accepts with and without asking for the
/// peer's name; then it receives, and closes.
struct Expected {
    rungs: &'static str,
    named: How,
    unnamed: How,
}

const ACCEPT: &[Expected] = &[
    Expected {
        rungs: "accept=fexit",
        named: How::Accept,
        unnamed: How::Accept,
    },
    Expected {
        rungs: "accept=kretprobe",
        named: How::Accept,
        unnamed: How::Accept,
    },
    Expected {
        rungs: "accept=kretprobe,memory=cookie_map",
        named: How::Accept,
        unnamed: How::Accept,
    },
    Expected {
        rungs: "accept=cgroup_getpeername",
        named: How::Accept,
        unnamed: How::Io,
    },
    Expected {
        rungs: "accept=cgroup_getpeername,io=none",
        named: How::Accept,
        unnamed: How::Close,
    },
    Expected {
        rungs: "accept=none",
        named: How::Io,
        unnamed: How::Io,
    },
    Expected {
        rungs: "accept=none,io=none",
        named: How::Close,
        unnamed: How::Close,
    },
];

/// What netwatch says of a rung that it can't stand on; None where it can.
pub fn refusal(rungs: &str) -> Option<String> {
    refusal_of(&["--rung", rungs])
}

fn refusal_of(arguments: &[&str]) -> Option<String> {
    let arguments = [&["doctor", "--json"], arguments].concat();
    cause(&mut with_tracefs(&arguments))
}

/// A worker accepts two connections that arrived at its parent's listener. Until it is seen using one, the
/// owner is the parent, marked as inherited.
#[test]
fn accept_on_every_rung() {
    for Expected {
        rungs,
        named,
        unnamed,
    } in ACCEPT
    {
        if let Some(why) = refusal(rungs) {
            skip(&format!("{rungs}: {why}"));
            continue;
        }
        let stage = Stage::new();
        let mut watch = stage.watch(&["--rung", rungs]);
        if [*named, *unnamed].contains(&How::Io) && watch.rung("io") == "none" {
            skip(&format!(
                "{rungs}: this kernel doesn't tell of the first use"
            ));
            continue;
        }
        let (mut client, mut parent) = (stage.actor("client"), stage.actor("parent"));
        let listener = parent.listen(ANY4);
        let mut worker = parent.fork(&stage.path("worker"));
        worker.rename(b"worker");
        for (how, asks) in [(*named, true), (*unnamed, false)] {
            let near = client.connect(listener.local);
            let far = if asks {
                worker.accept(&listener)
            } else {
                worker.accept_unnamed(&listener, &near)
            };
            client.send(&near, 33);
            worker.recv(&far, 33);
            client.close(&near);
            worker.drain(&far);
            worker.close(&far);
            let life = arrived(&far, &parent);
            let life = match how {
                How::Close => life.to(&[CloseWait]).by(&worker.who, &[how]),
                _ => life.by(&worker.who, &[how]).to(&[CloseWait]),
            };
            let life = life.to(&[LastAck, Close]);
            watch.expect(life.ends(Reason::RemoteFin, 0, 33));
        }
        watch.stop();
    }
}

/// What is remembered of a socket is the same wherever it is kept: who connected, who listens and accepts,
/// who closed first, and who sends datagrams.
#[test]
fn memory_on_every_rung() {
    for rungs in ["memory=sk_storage", "memory=cookie_map"] {
        if let Some(why) = refusal(rungs) {
            skip(&format!("{rungs}: {why}"));
            continue;
        }
        let stage = Stage::new();
        let mut watch = stage.watch(&["--rung", rungs]);
        connection(&stage, &mut watch);
        let (mut asker, mut answerer) = (stage.actor("asker"), stage.actor("answerer"));
        let mut well_known = answerer.socket("udp", ANY4);
        answerer.bind(&mut well_known, ANY4);
        let mut socket = asker.socket("udp", ANY4);
        asker
            .connect_on(&mut socket, well_known.local)
            .expect("connect");
        asker.send(&socket, 12);
        answerer.recv(&well_known, 12);
        asker.close(&socket);
        let flow = Flow::of(&socket, well_known.local).connected().sent(1, 12);
        watch.expect_flow(flow.closed_by(&asker.who, &[How::Connect]));
        watch.stop();
    }
}

/// Somebody connects, sends something and closes first.
fn connection(stage: &Stage, watch: &mut Watch) {
    let mut pair = Pair::meet(stage);
    pair.client.send(&pair.near, 100);
    pair.server.recv(&pair.far, 100);
    pair.part();
    let near = pair.near_life().to(&[FinWait1, FinWait2, TimeWait]);
    watch.expect(near.ends(Reason::LocalFin, 100, 0));
    let far = pair.far_life().to(&[CloseWait, LastAck, Close]);
    watch.expect(far.ends(Reason::RemoteFin, 0, 100));
}

/// The rungs of `tcp`, and those of a kernel that does not describe its own types.
const TCP: &[&[&str]] = &[
    &["--rung", "tcp=tp_btf"],
    &["--rung", "tcp=tracepoint"],
    &["--rung", "tcp=tracepoint,memory=cookie_map_by_record"],
    &["--btf", "/sys/kernel/btf/vmlinux"],
];

/// Whatever tells of the transitions, they are the same, and so are owners and reasons.
#[test]
fn tcp_on_every_rung() {
    for rungs in TCP {
        if let Some(why) = refusal_of(rungs) {
            skip(&format!("{}: {why}", rungs.join(" ")));
            continue;
        }
        let stage = Stage::new();
        let inode = stage.netns.inode;
        let netns = inode.to_string();
        let arguments = [&["trace", "--json", "--netns", &netns], *rungs].concat();
        let mut watch = Watch::over(&mut with_tracefs(&arguments), &[inode]);
        if let Some((_, rung)) = rungs[1].split_once("tcp=") {
            assert_eq!(Some(watch.rung("tcp")), rung.split(',').next());
        }
        connection(&stage, &mut watch);
        watch.stop();
    }
}

/// The runs on many kernels compare with it: no rung goes untried.
#[test]
fn every_rung_has_its_name() {
    let rungs = STANDINGS.iter().filter(|standing| standing.rung != "none");
    let names = rungs.map(|standing| format!("{}:{}", standing.capability, standing.rung));
    let names: Vec<String> = names.collect();
    let different: HashSet<&String> = names.iter().collect();
    assert_eq!(different.len(), names.len());
    say("ladders", &names.join(" "));
}

/// What can be left out is left out.
#[test]
fn none_of_all_that_netwatch_can_do_without() {
    let off = "open=none,accept=none,io=none,reset=none,udp=none";
    if let Some(why) = refusal(off) {
        skip(&format!("{off}: {why}"));
        return;
    }
    let stage = Stage::new();
    let mut watch = stage.watch(&["--rung", off]);
    let mut actor = stage.actor("one");
    let listener = actor.listen(ANY4);
    watch.wait("the listener", |events| {
        let mut sockets = events.iter().filter_map(|event| event.socket());
        sockets.any(|socket| socket.cookie == listener.cookie)
    });
    let ended = watch.end_selected();
    let start = &ended.events[0].line;
    for rung in off.split(',') {
        let (capability, _) = rung.split_once('=').expect("a rung");
        assert!(
            start.contains(&format!("\"{capability}\":\"none\"")),
            "{start}"
        );
    }
}

/// A capability or rung that there is not is answered with those that there are.
#[test]
fn an_unknown_rung_is_an_error_that_names_the_known() {
    for (view, rung, message) in [
        (
            "trace",
            "acept=none",
            "there is no capability \"acept\": there are tcp, memory, open, accept,",
        ),
        (
            "life",
            "tcp=none",
            "tcp has no rung \"none\": there are tp_btf, tracepoint",
        ),
    ] {
        let output = command(&[view, "--rung", rung])
            .output()
            .expect("run netwatch");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{stderr}");
        assert!(stderr.contains(message), "{stderr}");
    }
}

/// By cookie, connections without one would go untold: that is refused, not done.
#[test]
fn memory_by_cookie_needs_what_gives_cookies() {
    let args = ["trace", "--rung", "memory=cookie_map,open=none"];
    let output = command(&args).output().expect("run netwatch");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("leave out open=none"), "{stderr}");
}
