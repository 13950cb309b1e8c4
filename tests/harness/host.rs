//! Routes, interfaces and protocol counters: a namespace that has some, what netwatch says of them,
//! and what others say.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Write as _},
    process::{Child, ChildStdout, Command, Stdio},
};

use rustix::process::{Pid, Signal, kill_process};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{
    netwatch::command,
    schema::{Part, part, take},
    wait::until,
};

part! { Stamp { event: String, ts: String, mono_ns: u64, netns: u32, } }

part! { Route {
    family: String,
    kind = "type": String,
    destination: String,
    prefix_length: u8,
    from: Option<String>,
    from_length: Option<u8>,
    table: Option<String>,
    table_id: u32,
    protocol: String,
    scope: String,
    tos: u8,
    metric: u32,
    source: Option<String>,
    metrics: BTreeMap<String, u32>,
    expires_s: Option<u64>,
    nexthop_id: Option<u32>,
    nexthops: Vec<NextHop>,
} }

part! { NextHop {
    gateway: Option<String>,
    interface: Option<String>,
    ifindex: Option<u32>,
    weight: u32,
    flags: Vec<String>,
} }

part! { Interface {
    index: u32,
    name: String,
    kind = "type": String,
    virtual_kind = "kind": Option<String>,
    flags: Vec<String>,
    mtu: u32,
    state: String,
    qdisc: Option<String>,
    tx_queue_length: Option<u32>,
    link_address: Option<String>,
    link_broadcast: Option<String>,
    master: Option<String>,
    link: Option<String>,
    link_index: Option<u32>,
    carrier_changes: Option<u32>,
    promiscuity: Option<u32>,
    addresses: Vec<Address>,
    counters: BTreeMap<String, u64>,
    interval_s: Option<f64>,
    rates: Option<BTreeMap<String, f64>>,
} }

part! { Address {
    family: String,
    address: String,
    prefix_length: u8,
    peer: Option<String>,
    broadcast: Option<String>,
    scope: String,
    label: Option<String>,
    flags: Vec<String>,
    valid_s: Option<u32>,
    preferred_s: Option<u32>,
} }

/// Section, counter, number.
pub type Counters = BTreeMap<String, BTreeMap<String, i128>>;

part! { Changes {
    interval_s: Option<f64>,
    changes: Option<Counters>,
    trouble: Option<Vec<String>>,
    retransmitted: Option<f64>,
} }

/// A line, read strictly: a field that is missing or unknown fails.
pub fn parse<T: Part>(line: &str) -> T {
    let (_, fields, rest) = parts(line);
    assert!(rest.is_empty(), "unknown fields {rest:?} in {line}");
    fields
}

/// A line of counters, whose sections have names of the kernel's.
pub fn parse_statistics(line: &str) -> (Changes, Counters) {
    let (_, changes, rest) = parts(line);
    let counters = serde_json::from_value(Value::Object(rest));
    (
        changes,
        counters.unwrap_or_else(|error| panic!("{error} in {line}")),
    )
}

fn parts<T: Part>(line: &str) -> (Stamp, T, Map<String, Value>) {
    let mut map: Map<String, Value> =
        serde_json::from_str(line).unwrap_or_else(|error| panic!("{error} in {line}"));
    let stamp = take(&mut map).unwrap_or_else(|error| panic!("{error} in {line}"));
    let fields = take(&mut map).unwrap_or_else(|error| panic!("{error} in {line}"));
    (stamp, fields, map)
}

/// Does what the lines say, each without its `ip`.
pub fn ip(lines: &[&str]) {
    let mut ip = Command::new("ip")
        .args(["-batch", "-"])
        .stdin(Stdio::piped())
        .spawn()
        .expect("run ip");
    let mut stdin = ip.stdin.take().expect("its input is piped");
    stdin
        .write_all(lines.join("\n").as_bytes())
        .expect("tell ip");
    drop(stdin);
    assert!(ip.wait().expect("wait for ip").success(), "ip refuses");
}

/// What a program prints.
pub fn printed(program: &str, arguments: &[&str]) -> String {
    let mut command = Command::new(program);
    output(command.args(arguments).env("LC_ALL", "C"))
}

/// What netwatch prints.
pub fn told(arguments: &[&str]) -> String {
    output(&mut command(arguments))
}

fn output(command: &mut Command) -> String {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{command:?}: {stderr}");
    String::from_utf8(output.stdout).expect("text")
}

/// The message with which netwatch fails.
pub fn refused(arguments: &[&str]) -> String {
    let output = command(arguments).output().expect("run netwatch");
    assert!(!output.status.success(), "{arguments:?} is not refused");
    assert_eq!(output.stdout, b"", "{arguments:?} prints something");
    String::from_utf8(output.stderr).expect("text")
}

/// What others and netwatch say of one state: the kernel changes some of it by itself, so others
/// are asked before and after, and it counts when both answers are the same.
pub fn at_one_moment<T: PartialEq, U>(theirs: impl Fn() -> T, ours: impl Fn() -> U) -> (T, U) {
    let mut both = None;
    until("a moment at which nothing changes", || {
        let (before, own, after) = (theirs(), ours(), theirs());
        let is_steady = before == after;
        both = Some((after, own));
        is_steady
    });
    both.expect("it was waited for")
}

/// The words of each line after so many headers.
pub fn rows(text: &str, headers: usize) -> Vec<Vec<String>> {
    let lines = text.lines().skip(headers);
    lines
        .map(|line| line.split_whitespace().map(str::to_owned).collect())
        .collect()
}

/// netwatch, repeating.
pub struct Repeating {
    process: Child,
    lines: std::io::Lines<BufReader<ChildStdout>>,
}

impl Repeating {
    pub fn start(arguments: &[&str]) -> Self {
        let mut process = command(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .expect("run netwatch");
        let stdout = process.stdout.take().expect("its output is piped");
        Self {
            process,
            lines: BufReader::new(stdout).lines(),
        }
    }

    /// Its next line.
    pub fn line(&mut self) -> String {
        self.lines.next().expect("it goes on").expect("a line")
    }

    /// Ends it, as a user does.
    pub fn interrupt(mut self) {
        kill_process(Pid::from_child(&self.process), Signal::INT).expect("signal netwatch");
        let status = self.process.wait().expect("wait for netwatch");
        assert!(status.success(), "netwatch ended with {status}");
    }
}

impl Drop for Repeating {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}
