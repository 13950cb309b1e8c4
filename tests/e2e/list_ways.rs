//! `list` in other ways: without privilege, again and again, summed up, in order, with chosen columns.

use std::{
    io::{BufRead as _, BufReader, Lines},
    os::unix::process::CommandExt as _,
    process::{Child, ChildStdout, Command, Output, Stdio},
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::harness::{Pair, Stage, host::told, netns::NetNs, netwatch::command};

const NOBODY: u32 = 65534;

fn as_nobody(stage: &Stage, arguments: &[&str]) -> Output {
    let mut command = Command::new(stage.netwatch_for_everyone());
    command.args(arguments).uid(NOBODY).gid(NOBODY);
    command.output().expect("run netwatch")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("text")
}

#[test]
fn without_privilege_owners_are_left_out_with_one_note() {
    let stage = Stage::new();
    let pair = Pair::meet(&stage);
    let output = as_nobody(&stage, &["-tanp"]);
    assert!(output.status.success(), "{output:?}");
    let listener = pair.listener.local.to_string();
    let rows = text(&output.stdout);
    let row = rows
        .lines()
        .find(|row| row.contains(&listener) && row.contains("LISTEN"));
    assert!(row.expect("the listener").ends_with(" -"), "{rows}");
    let note = text(&output.stderr);
    assert_eq!(note.lines().count(), 1, "{note}");
    assert!(note.contains("run it as root"), "{note}");
}

#[test]
fn without_privilege_another_namespace_is_an_error() {
    let stage = Stage::new();
    let other = NetNs::new();
    let output = as_nobody(&stage, &["-tan", "--netns", &other.inode.to_string()]);
    assert!(!output.status.success(), "{output:?}");
    assert!(output.stdout.is_empty());
}

#[test]
fn sockets_of_two_namespaces_are_told_apart() {
    let stage = Stage::new();
    let other = NetNs::new();
    let mut near = stage.actor("near");
    near.listen("127.0.0.1:4001".parse().expect("an address"));
    let mut far = {
        let _there = other.enter();
        stage.actor("far")
    };
    far.listen("127.0.0.1:4001".parse().expect("an address"));
    let (one, two) = (stage.netns.inode.to_string(), other.inode.to_string());
    let rows = told(&["-tlnp", "--netns", &one, "--netns", &two]);
    for (netns, name) in [(&one, "/near"), (&two, "/far")] {
        let is_there = |row: &str| row.contains(netns.as_str()) && row.ends_with(name);
        assert!(rows.lines().any(is_there), "{netns} {name}:\n{rows}");
    }
    let header = rows.lines().next().expect("a header");
    assert!(header.contains("Netns"), "{header}");
    let alone = told(&["-tlnp", "--netns", &one]);
    assert!(
        !alone.contains("Netns"),
        "a column that says nothing:\n{alone}"
    );
}

#[test]
fn columns_and_order_are_as_asked_for() {
    let stage = Stage::new();
    let mut actor = stage.actor("many");
    for port in [4003, 4001, 4002] {
        actor.listen(([127, 0, 0, 1], port).into());
    }
    let netns = stage.netns.inode.to_string();
    let listed = |sort: &str| {
        told(&[
            "-tln",
            "--netns",
            &netns,
            "--columns",
            "local,comm",
            "--sort",
            sort,
        ])
    };
    let rows = |ports: [u16; 3]| {
        let rows = ports.map(|port| format!("127.0.0.1:{port} many\n"));
        format!("Local Address  Program\n{}", rows.concat())
    };
    assert_eq!(listed("local"), rows([4001, 4002, 4003]));
    assert_eq!(listed("-local"), rows([4003, 4002, 4001]));
}

#[test]
fn a_summary_counts_what_is_there() {
    let stage = Stage::new();
    let _pair = Pair::meet(&stage);
    let netns = stage.netns.inode.to_string();
    let summary = told(&["list", "-a", "--summary", "-n", "--netns", &netns]);
    assert!(
        summary.starts_with("3 sockets: 3 TCP, 0 UDP\n"),
        "{summary}"
    );
    let json = told(&["list", "-a", "--summary", "--json", "--netns", &netns]);
    let json: Value = serde_json::from_str(&json).expect("one object");
    assert_eq!(json["sockets"], 3);
    assert_eq!(json["states"][0]["state"], "ESTABLISHED");
    assert_eq!(json["states"][0]["sockets"], 2);
    assert_eq!(json["remotes"][0]["addr"], "127.0.0.1");
}

#[test]
fn names_stand_for_numbers_unless_numbers_are_wanted() {
    let stage = Stage::new();
    let mut actor = stage.actor("named");
    actor.listen("127.0.0.1:22".parse().expect("an address"));
    let netns = stage.netns.inode.to_string();
    let named = told(&["-tle", "--netns", &netns]);
    assert!(
        named.contains(" localhost:ssh ") && named.contains(" root "),
        "{named}"
    );
    let numbers = told(&["-tlen", "--netns", &netns]);
    assert!(
        numbers.contains(" 127.0.0.1:22 ") && !numbers.contains(" root "),
        "{numbers}"
    );
}

/// `-c` under way.
struct Frames {
    process: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Frames {
    fn start(stage: &Stage, form: &str) -> Self {
        let netns = stage.netns.inode.to_string();
        let mut command = command(&["list", "-tn", "-c", "0.2", "--netns", &netns, form]);
        let mut process = command
            .stdout(Stdio::piped())
            .spawn()
            .expect("start netwatch");
        let output = process.stdout.take().expect("its output");
        Self {
            process,
            lines: BufReader::new(output).lines(),
        }
    }

    /// The next line that begins so.
    fn next(&mut self, start: &str) -> String {
        let mut lines = self.lines.by_ref().map(|line| line.expect("a line"));
        lines
            .find(|line| line.starts_with(start))
            .unwrap_or_else(|| panic!("it ended without {start}"))
    }

    fn end(mut self) {
        kill_process(Pid::from_child(&self.process), Signal::INT).expect("end netwatch");
        assert!(self.process.wait().expect("wait for netwatch").success());
    }
}

#[test]
fn a_new_frame_marks_what_came_and_what_went() {
    let stage = Stage::new();
    let pair = Pair::meet(&stage);
    let mut frames = Frames::start(&stage, "--color=never");
    let known = frames.next("tcp ");
    assert!(known.contains(" ESTABLISHED"), "{known}");
    let mut actor = stage.actor("late");
    let late = actor.connect(pair.listener.local);
    let came = frames.next("+ tcp ");
    assert!(came.contains(&late.local.port().to_string()), "{came}");
    actor.exit();
    let went = frames.next("- tcp ");
    assert!(went.contains(&late.local.port().to_string()), "{went}");
    frames.end();
}

#[test]
fn changes_are_told_as_json_too() {
    let stage = Stage::new();
    let pair = Pair::meet(&stage);
    let mut frames = Frames::start(&stage, "--json");
    let known: Value = serde_json::from_str(&frames.next("{")).expect("JSON");
    assert_eq!(known["change"], Value::Null);
    frames.next("{");
    let mut actor = stage.actor("late");
    actor.connect(pair.listener.local);
    let came: Value = serde_json::from_str(&frames.next("{")).expect("JSON");
    assert_eq!(came["change"], "came");
    frames.end();
}
