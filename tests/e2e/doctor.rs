//! `doctor`: what it says, and by what exit code, with all privileges and with less.

use std::process::{Command, Output, Stdio};

use rustix::thread::CapabilitySet;
use serde_json::{Map, Value};

use super::privilege::without;
use crate::harness::{
    Stage,
    netwatch::{cause, command},
    schema::Detail,
    stage::say,
};

fn run(command: &mut Command) -> (Output, String) {
    let output = command.stdin(Stdio::null()).output().expect("run netwatch");
    let text = String::from_utf8(output.stdout.clone()).expect("text");
    (output, text)
}

/// Its lines, and the last of them, the verdict.
fn lines(command: &mut Command) -> (Vec<Value>, Value) {
    let (output, text) = run(command);
    let parsed = |line| serde_json::from_str::<Value>(line).expect(line);
    let lines: Vec<Value> = text.lines().map(parsed).collect();
    let verdict = lines.last().expect("a verdict").clone();
    assert_eq!(verdict["event"], "verdict", "{text}");
    let code = output.status.code().map(Value::from);
    assert_eq!(Some(&verdict["exit_code"]), code.as_ref(), "{text}");
    (lines, verdict)
}

fn of<'a>(lines: &'a [Value], event: &str, name: &str) -> Vec<(&'a str, &'a Value)> {
    let lines = lines.iter().filter(|line| line["event"] == event);
    lines
        .map(|line| (line[name].as_str().expect("a name"), line))
        .collect()
}

/// As root it stands on the rungs on which a trace stands, and sees as much.
#[test]
fn as_root_it_finds_what_a_trace_finds() {
    let stage = Stage::new();
    let (lines, verdict) = lines(&mut command(&["doctor", "--json"]));
    let watch = stage.watch(&[]);
    let Detail::Start(start) = &watch.events()[0].detail else {
        unreachable!("the first line is a start");
    };
    let capabilities = of(&lines, "capability", "capability");
    let rungs = capabilities.iter();
    let rungs = rungs.map(|(name, line)| ((*name).to_owned(), line["rung"].clone()));
    assert_eq!(rungs.collect::<Map<_, _>>(), start.rungs);
    for (name, line) in &capabilities {
        let unseen = start.unseen.get(*name).unwrap_or(&Value::Null);
        assert_eq!(unseen, &line["unseen"], "{name}");
        assert_eq!(line["remedy"].is_null(), unseen.is_null(), "{name}");
        for refusal in line["refused"].as_array().expect("an array") {
            let reason = refusal["reason"].as_str().expect("a reason");
            let (_, meaning) = reason.split_once(": ").expect("what was refused");
            let is_plain = !meaning.starts_with("Operation") && reason.ends_with(')');
            assert!(is_plain, "an error's number alone: {reason}");
        }
    }
    let complete = capabilities
        .iter()
        .all(|(_, line)| line["unseen"].is_null());
    let expected = if complete { "complete" } else { "degraded" };
    assert_eq!(verdict["verdict"], expected);
    say("verdict", expected);
    let privileges = of(&lines, "privilege", "name");
    assert!(privileges.iter().all(|(_, line)| line["held"] == true));
    let settings = of(&lines, "setting", "name");
    assert!(
        settings
            .iter()
            .any(|(name, _)| *name == "kernel.kptr_restrict")
    );
    watch.stop();
}

/// Without the privilege for cgroup hooks it traces, and says what of it fails and what would help.
#[test]
fn without_net_admin_it_is_degraded() {
    let lacking = &[CapabilitySet::NET_ADMIN, CapabilitySet::SYS_ADMIN];
    let (output, text) = run(&mut without(lacking, &["doctor"]));
    if let Some(why) = cause(&mut without(lacking, &["doctor", "--json"])) {
        // Before 5.12 nothing can be traced without: see `privilege::without_net_admin`.
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        let first = why.lines().next().expect("a cause");
        assert!(first.contains("give connections a cookie"), "{first}");
        assert!(text.contains(first), "{first}: {text}");
        return;
    }
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let first = text.lines().next().expect("a line");
    assert!(first.ends_with(": degraded"), "{text}");
    for part in [
        "\n    cgroup_skb: refused: attach udp_create to the root cgroup: this needs cap_net_admin (",
        "\n  cap_net_admin     missing   to ",
        "\n  tcp               tp_btf\n",
        "\n  open              none\n    not seen: the local port of a connection before",
        "\n    remedy: cap_net_admin",
        "\n  netns             own\n    not seen: ",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

/// Without the privilege to load programs nothing can be traced: the cause is said, and what is missing.
#[test]
fn without_bpf_it_cannot_trace() {
    let lacking = &[CapabilitySet::BPF, CapabilitySet::SYS_ADMIN];
    let (output, text) = run(&mut without(lacking, &["doctor"]));
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(text.contains(": cannot trace\n  "), "{text}");
    assert!(
        text.contains("\n  cap_bpf           missing   to load"),
        "{text}"
    );
    let (lines, verdict) = lines(&mut without(lacking, &["doctor", "--json"]));
    assert_eq!(verdict["verdict"], "cannot_trace");
    let cause = verdict["cause"].as_str().expect("a cause");
    let first = cause.lines().next().expect("a line");
    assert!(
        first.contains("this needs cap_bpf"),
        "no errno stands alone: {cause}"
    );
    assert!(of(&lines, "capability", "capability").is_empty());
}
