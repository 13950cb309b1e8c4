//! What becomes of netwatch when its output goes nowhere.

use std::{
    fs::File,
    io::{BufRead, BufReader, Read},
    os::unix::process::CommandExt as _,
    process::{Child, Stdio},
};

use crate::harness::{ANY4, Pair, Stage, Watch, laws, netwatch::command, schema::Detail};

/// The reader has seen enough: a clean end.
#[test]
fn closed_pipe() {
    let stage = Stage::new();
    for arguments in [&["trace", "--json"][..], &["trace"], &["life"]] {
        let mut netwatch = command(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("run netwatch");
        let mut stdout = BufReader::new(netwatch.stdout.take().expect("its output is piped"));
        let mut line = String::new();
        stdout.read_line(&mut line).expect("read its first line");
        assert!(!line.is_empty(), "{arguments:?} says nothing at its start");
        drop(stdout);
        one_connection(&stage);
        let (code, stderr) = ended(netwatch);
        assert_eq!(code, Some(0), "{arguments:?} ends in good order: {stderr}");
        assert!(stderr.contains(" lost"), "the ledger: {stderr}");
        assert!(!stderr.contains("panicked"), "{arguments:?}: {stderr}");
    }
}

/// The reader goes after a loss: that is still told, and still a failure where it is to be one.
#[test]
fn closed_pipe_after_a_loss() {
    const CONNECTIONS: u32 = 4000;
    let stage = Stage::new();
    let (mut client, mut server) = (stage.actor("client"), stage.actor("server"));
    let listener = server.listen(ANY4);
    let mut netwatch = command(&["--strict", "--json", "--ring-bytes", "4K"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("run netwatch");
    let stdout = BufReader::new(netwatch.stdout.take().expect("its output is piped"));
    let mut lines = stdout.lines().map(|line| line.expect("read its lines"));
    assert!(lines.next().is_some(), "it watches");
    server.begin(&format!("serve {} {CONNECTIONS}", listener.fd));
    client.begin(&format!("storm {} {CONNECTIONS} 2000", listener.local));
    let lost = lines.find(|line| line.contains(r#""event":"lost""#));
    assert!(lost.is_some(), "nothing was lost");
    drop(lines);
    let (code, stderr) = ended(netwatch);
    assert_eq!(code, Some(3), "--strict: {stderr}");
    assert!(stderr.contains(" lost: "), "the ledger: {stderr}");
    client.finish().expect("make all connections");
    server.finish().expect("serve all connections");
}

/// The disk is full: an error that says so.
#[test]
fn full_disk() {
    let stage = Stage::new();
    for arguments in [&["trace", "--json"][..], &["trace"], &["life"]] {
        let full = File::options()
            .write(true)
            .open("/dev/full")
            .expect("open /dev/full");
        let netwatch = command(arguments)
            .stdout(full)
            .stderr(Stdio::piped())
            .spawn()
            .expect("run netwatch");
        let (code, stderr) = ended(netwatch);
        assert!(
            code.is_some_and(|code| code != 0),
            "{arguments:?} ends with {code:?}: {stderr}"
        );
        assert!(
            stderr.contains("No space left"),
            "{arguments:?} says why: {stderr}"
        );
        assert!(stderr.contains(" lost"), "the ledger: {stderr}");
        assert!(!stderr.contains("panicked"), "{arguments:?}: {stderr}");
    }
    one_connection(&stage);
}

/// With nothing lost, `--strict` changes nothing; the ledger is told on stderr.
#[test]
fn strict() {
    let stage = Stage::new();
    let mut watch = stage.watch(&["--strict"]);
    one_connection(&stage);
    watch.wait("both ends", |events| {
        events
            .iter()
            .filter(|event| matches!(event.detail, Detail::TcpClose(..)))
            .count()
            == 2
    });
    let ended = watch.stop();
    assert!(
        ended.end.events >= 10,
        "ten transitions at least: {:?}",
        ended.end
    );
    assert!(
        ended.stderr.contains("lost"),
        "the ledger: {}",
        ended.stderr
    );
}

/// SIGTERM is as good as SIGINT.
#[test]
fn terminated() {
    let stage = Stage::new();
    let watch = stage.watch(&[]);
    laws::nothing_lost(&watch.end_by(rustix::process::Signal::TERM));
}

fn one_connection(stage: &Stage) {
    let mut pair = Pair::meet(stage);
    assert_ne!(pair.listener.local, ANY4, "the listener has a port");
    pair.client.close(&pair.near);
    pair.server.drain(&pair.far);
    pair.server.close(&pair.far);
}

fn ended(mut netwatch: Child) -> (Option<i32>, String) {
    let mut bytes = Vec::new();
    let stderr = netwatch.stderr.as_mut().expect("its errors are piped");
    stderr.read_to_end(&mut bytes).expect("read its errors");
    let status = netwatch.wait().expect("wait for netwatch");
    (status.code(), String::from_utf8_lossy(&bytes).into_owned())
}

/// The thread that reads what the kernel tells is ahead of those that fill the machine, unless somebody
/// wanted netwatch to be something else than ordinary.
#[test]
fn the_reader_is_ahead() {
    let stage = Stage::new();
    for (wanted, is) in [(0, -10), (5, 5)] {
        let mut netwatch = command(&["trace", "--json"]);
        // SAFETY: a system call only.
        unsafe {
            netwatch.pre_exec(move || {
                rustix::process::setpriority_process(None, wanted)?;
                Ok(())
            })
        };
        let watch = Watch::over(&mut netwatch, &[stage.netns.inode]);
        let pid = rustix::process::Pid::from_raw(watch.pid().cast_signed());
        let nice = rustix::process::getpriority_process(pid).expect("read its priority");
        assert_eq!(nice, is);
        watch.stop();
    }
}
