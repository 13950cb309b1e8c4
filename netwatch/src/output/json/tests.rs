use serde_json::{Value, json};

use super::*;
use crate::{event::Phase, output::samples};

pub fn written(report: &Report) -> Value {
    let mut text = String::new();
    Json::new(samples::clock()).report(report, &mut text);
    assert_eq!(text.matches('\n').count(), 1, "one line: {text}");
    serde_json::from_str(&text).unwrap()
}

#[test]
fn a_transition() {
    let expected = json!({
        "event": "tcp_state", "ts": "2026-11-23T00:00:01.002003004Z", "mono_ns": 1_002_003_004_u64,
        "proto": "tcp", "family": "ipv4", "local_addr": "255.255.255.254", "local_port": 65_535,
        "remote_addr": "255.255.255.255", "remote_port": 65_535, "state": "CLOSE_WAIT",
        "cookie": 7, "netns": 4_026_531_833_u64, "pid": 4_194_304, "comm": "fifteen-letters",
        "exe": "/usr/bin/fifteen-letters", "uid": 33, "cgroup": "/system.slice",
        "owner": "inherited", "old": "ESTABLISHED", "new": "CLOSE_WAIT", "in_state_ns": 17
    });
    assert_eq!(written(&samples::state(samples::socket())), expected);
}

#[test]
fn what_is_unknown_is_null_and_never_left_out() {
    let line = written(&samples::state(samples::unknown()));
    for field in [
        "local_addr",
        "local_port",
        "remote_addr",
        "remote_port",
        "netns",
        "pid",
        "comm",
        "exe",
        "uid",
        "cgroup",
        "owner",
    ] {
        assert_eq!(line.get(field), Some(&Value::Null), "{field}");
    }
}

/// The fields that a close adds.
fn closing(report: &Report) -> Value {
    let line = written(report);
    let fields = [
        "duration_ns",
        "bytes_sent",
        "bytes_received",
        "rtt_us",
        "retransmits",
        "reason",
        "errno",
    ];
    json!(fields.map(|field| line.get(field)))
}

#[test]
fn a_close() {
    assert_eq!(
        closing(&samples::close()),
        json!([
            8_636_400_000_000_000_u64,
            999_999,
            123_456_789,
            99_900,
            2,
            "rst_received",
            104
        ])
    );
    assert_eq!(
        closing(&samples::close_unseen()),
        json!([null, null, null, null, null, "error", null])
    );
}

#[test]
fn a_flow() {
    for (phase, name) in [
        (Phase::Open, "open"),
        (Phase::Update, "update"),
        (Phase::Close, "close"),
    ] {
        let line = written(&samples::flow(phase));
        assert_eq!(
            json!([
                line["proto"],
                line["state"],
                line["phase"],
                line["duration_ns"]
            ]),
            json!(["udp", "UNCONN", name, 59_900_000_000_u64])
        );
    }
}

#[test]
fn the_kernel_s_own_socket() {
    let line = written(&samples::state(samples::kernel_s()));
    assert_eq!(
        json!([
            line["pid"],
            line["comm"],
            line["exe"],
            line["uid"],
            line["cgroup"],
            line["owner"]
        ]),
        json!([null, "[kernel]", null, null, null, "kernel"])
    );
}

#[test]
fn about_netwatch_itself() {
    let lines = samples::about().map(|report| {
        let mut line = written(&report);
        line.as_object_mut()
            .unwrap()
            .retain(|name, _| name != "ts" && name != "mono_ns");
        line
    });
    let expected = json!([
        {"event": "start", "version": "1.2.3", "kernel": "6.18", "rungs": {"tcp": "tp_btf"},
         "unseen": {"udp": "anything of UDP"}, "sockets": 5},
        {"event": "lost", "count": 12, "where": "tcp_ring"},
        {"event": "pressure", "where": "output", "told": "landmarks", "given_up": 34},
        {"event": "resync", "added": 1, "removed": 2, "changed": 3},
        {"event": "end", "events": 9, "lost": 12, "given_up": 56, "duration_ns": 6_000_000_000_u64}
    ]);
    assert_eq!(json!(lines), expected);
}
