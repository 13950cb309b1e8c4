//! What netwatch says, and still does, on a machine that lacks something.

use std::process::{Output, Stdio};

use crate::harness::{
    Pair, Stage, Watch,
    bare::{Lack, without},
    netwatch::cause,
};

fn run(lack: Lack, arguments: &[&str]) -> (Output, String) {
    let mut netwatch = without(lack, arguments);
    let output = netwatch.stdin(Stdio::null()).output().expect("run it");
    let text = [&output.stdout[..], &output.stderr].concat();
    let text = String::from_utf8(text).expect("text");
    (output, text)
}

/// Without the kernel's types it says so, claims no more than it sees, and lists what is open.
#[test]
fn without_btf() {
    let stage = Stage::new();
    let pair = Pair::meet(&stage);
    let (doctor, said) = run(Lack::Btf, &["doctor"]);
    assert!(said.contains("CONFIG_DEBUG_INFO_BTF"), "a remedy: {said}");
    let (trace, errors) = match doctor.status.code() {
        Some(2) => run(Lack::Btf, &["trace"]),
        code => {
            assert_eq!(code, Some(1), "not complete: {said}");
            assert!(said.contains("not seen: "), "{said}");
            return lists(Lack::Btf, &stage, &pair);
        }
    };
    assert!(said.contains(": cannot trace\n"), "{said}");
    assert_eq!(trace.status.code(), Some(1), "{errors}");
    assert!(
        errors.contains("CONFIG_DEBUG_INFO_BTF"),
        "the cause: {errors}"
    );
    lists(Lack::Btf, &stage, &pair);
}

fn lists(lack: Lack, stage: &Stage, pair: &Pair) {
    let netns = stage.netns.inode.to_string();
    let (output, rows) = run(lack, &["-tanp", "--netns", &netns]);
    assert!(output.status.success(), "{rows}");
    for (end, owner) in [
        (&pair.near, &pair.client.who.comm),
        (&pair.far, &pair.server.who.comm),
    ] {
        let end = end.local.to_string();
        let is_it = |row: &str| row.contains(&end) && row.ends_with(&format!("/{owner}"));
        assert!(rows.lines().any(is_it), "{end} of {owner}: {rows}");
    }
}

/// Where no cgroup2 is mounted, doctor names it and TCP is traced all the same.
#[test]
fn without_cgroup2() {
    let stage = Stage::new();
    let (doctor, said) = run(Lack::Cgroup2, &["doctor"]);
    assert_ne!(doctor.status.code(), Some(0), "degraded: {said}");
    assert!(said.contains("mount -t cgroup2 "), "a remedy: {said}");
    if let Some(why) = cause(&mut without(Lack::Cgroup2, &["doctor", "--json"])) {
        // Before 5.12 those hooks give connections their cookies.
        assert!(why.contains("no cgroup2 file system is mounted"), "{why}");
        assert!(why.contains("give connections a cookie"), "{why}");
        return;
    }
    let netns = stage.netns.inode;
    let arguments = ["trace", "--json", "--netns", &netns.to_string()];
    let mut watch = Watch::over(&mut without(Lack::Cgroup2, &arguments), &[netns]);
    assert_ne!(watch.rung("udp"), "cgroup_skb");
    assert_ne!(watch.rung("accept"), "cgroup_getpeername");
    let mut pair = Pair::meet(&stage);
    pair.part();
    watch.wait_closed(&pair.far);
    let stderr = watch.end_selected().stderr;
    assert!(
        stderr.contains("no cgroup2 file system is mounted"),
        "the cause: {stderr}"
    );
}
