//! A reader that stops in the middle of a storm: what is left out is said and counted, the table stays
//! right, and netwatch can still be ended.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    net::{TcpListener, TcpStream},
    process::{Child, ChildStdout, Command, Stdio},
    time::Duration,
};

use rustix::{
    net::sockopt::set_socket_linger,
    process::{Pid, Signal, kill_process},
};
use serde_json::Value;

use crate::{alone, harness::netns::NetNs};

/// More than what may wait for a reader.
const CONNECTIONS: usize = 30_000;

/// A running netwatch whose output nobody reads behind its first line.
fn unread(netns: &NetNs) -> (Child, BufReader<ChildStdout>) {
    let mut process = Command::new(env!("CARGO_BIN_EXE_netwatch"))
        .args(["trace", "--json", "--tcp", "--netns"])
        .arg(netns.inode.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("run netwatch");
    let mut output = BufReader::new(process.stdout.take().expect("its output"));
    let mut start = String::new();
    output.read_line(&mut start).expect("the start line");
    (process, output)
}

/// Connections that are reset, so that events tell all of it: the end of TIME_WAIT only a look finds.
fn storm() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("listen");
    let address = listener.local_addr().expect("its address");
    for _ in 0..CONNECTIONS {
        let client = TcpStream::connect(address).expect("connect");
        let (mut server, _) = listener.accept().expect("accept");
        set_socket_linger(&client, Some(Duration::ZERO)).expect("set SO_LINGER");
        drop(client);
        server.read(&mut [0]).expect_err("a reset");
    }
}

fn signal(process: &Child, signal: Signal) {
    kill_process(Pid::from_child(process), signal).expect("signal netwatch");
}

fn number(line: &Value, field: &str) -> u64 {
    line[field]
        .as_u64()
        .unwrap_or_else(|| panic!("{field} of {line}"))
}

#[test]
fn what_a_stopped_reader_misses_is_counted() {
    let _turn = alone();
    let netns = NetNs::new();
    let _inside = netns.enter();
    let (mut process, output) = unread(&netns);
    storm();

    let (mut told, mut left_out) = (0, 0);
    let mut steps = Vec::new();
    let mut end = Value::Null;
    for line in output.lines() {
        let line: Value = serde_json::from_str(&line.expect("a line")).expect("JSON");
        match line["event"].as_str() {
            Some("tcp_state" | "tcp_close") => told += 1,
            Some("pressure") => {
                left_out += number(&line, "given_up");
                steps.push(line["told"].as_str().unwrap_or_default().to_owned());
            }
            // One before that is of a ring that filled up, and doesn't say that the output is whole again.
            Some("resync") if steps.last().is_some_and(|step| step == "everything") => {
                signal(&process, Signal::INT);
            }
            Some("resync") => {}
            Some("end") => end = line,
            _ => panic!("unexpected: {line}"),
        }
    }
    assert!(process.wait().expect("wait for netwatch").success());
    assert_eq!(
        steps.first().map(String::as_str),
        Some("landmarks"),
        "{steps:?}"
    );
    assert_eq!(
        steps.last().map(String::as_str),
        Some("everything"),
        "{steps:?}"
    );
    assert!(steps.iter().any(|step| step == "ends"), "{steps:?}");
    assert_eq!(number(&end, "lost"), 0);
    assert_eq!(number(&end, "given_up"), left_out);
    // Six transitions and two ends of each; the listener's beginning and end.
    assert_eq!(
        told + left_out,
        8 * CONNECTIONS as u64 + 2,
        "told {told}, left out {left_out}"
    );
}

#[test]
fn nobody_has_to_read_for_it_to_end() {
    let _turn = alone();
    let netns = NetNs::new();
    let _inside = netns.enter();
    let (mut process, output) = unread(&netns);
    storm();
    signal(&process, Signal::TERM);
    let mut said = String::new();
    let mut stderr = process.stderr.take().expect("its notes");
    stderr.read_to_string(&mut said).expect("read its notes");
    assert!(process.wait().expect("wait for netwatch").success());
    assert!(
        said.contains("bytes of the output: they are lost"),
        "{said}"
    );
    assert!(
        said.contains(" events in "),
        "the ledger is missing: {said}"
    );
    drop(output);
}
