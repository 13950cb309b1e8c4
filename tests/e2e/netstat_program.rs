//! `netwatch netstat` as a program: what it refuses, what it may not see, and how it goes on and ends.

use std::{
    io::{BufRead, BufReader},
    net::UdpSocket,
    os::fd::OwnedFd,
    process::Stdio,
};

use crate::harness::{
    Pair, Stage,
    netstat::{Mask::Nothing, Runner},
    netwatch::command,
};

/// What netstat refuses, and what we say to it.
const REFUSED: &[(&str, &str)] = &[
    (
        "--lisening",
        "there is no option --lisening: did you mean --listening?",
    ),
    ("-T", "there is no option -T: did you mean -t?"),
    ("-tQ", "there is no option -Q"),
    ("--num", "write --numeric or --numeric-hosts"),
    ("--programs=3", "--programs takes no value"),
    ("-A", "-A and --protocol need a family after them"),
    (
        "-A inet7",
        "there is no address family \"inet7\": did you mean inet?",
    ),
    ("-ri", "choose one of them"),
    ("-is", "choose one of them"),
];

#[test]
fn what_netstat_refuses_is_refused_with_its_exit_code_and_a_hint() {
    let _stage = Stage::new();
    for (line, expected) in REFUSED {
        let arguments: Vec<&str> = line.split_ascii_whitespace().collect();
        let theirs = Runner::root().netstat(&arguments);
        let ours = Runner::root().netwatch(&arguments);
        assert_eq!(ours.status.code(), theirs.status.code(), "{line}");
        assert!(ours.stdout.is_empty(), "{line}");
        let message = String::from_utf8(ours.stderr).expect("messages are text");
        assert!(message.contains(expected), "{line}: {message}");
    }
}

#[test]
fn help_and_version_are_printed() {
    for (line, expected) in [
        ("--help", "-p, --programs"),
        ("-h", "-s, --statistics"),
        ("-V", "net-tools"),
    ] {
        let ours = Runner::root().netwatch(&[line]);
        assert!(ours.status.success(), "{line}");
        let text = String::from_utf8(ours.stdout).expect("help is text");
        assert!(text.contains(expected), "{line}: {text}");
    }
}

/// Whoever is not root is told what that hides: everything, or some of it.
#[test]
fn what_may_not_be_seen_is_noted_as_netstat_notes_it() {
    const NOBODY: u32 = 65534;
    let stage = Stage::new();
    let _pair = Pair::meet(&stage);
    let nobody = Runner::user(stage.netwatch_for_everyone(), NOBODY);
    for line in ["-tanp", "-tulnp", "-tan"] {
        nobody.compare(line, Nothing);
    }
    // A socket of its own is one that it may see.
    let own = || OwnedFd::from(UdpSocket::bind("127.0.0.1:0").expect("open a socket")).into();
    nobody.with_input(own).compare("-tanp", Nothing);
}

#[test]
fn goes_on_until_its_reader_leaves() {
    let stage = Stage::new();
    let _pair = Pair::meet(&stage);
    let once = Runner::root().netwatch(&["-tan"]).stdout;
    let rounds = [once.clone(), once].concat();
    let mut process = command(&["netstat", "-tanc"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("run netwatch");
    let mut reader = BufReader::new(process.stdout.take().expect("its output is piped"));
    let mut read = Vec::new();
    while read.len() < rounds.len() {
        let length = reader.read_until(b'\n', &mut read).expect("read");
        assert!(length > 0, "it ended: {}", String::from_utf8_lossy(&read));
    }
    assert_eq!(
        String::from_utf8_lossy(&read),
        String::from_utf8_lossy(&rounds)
    );
    drop(reader);
    let status = process.wait().expect("wait for netwatch");
    assert!(status.success(), "{status}");
}
