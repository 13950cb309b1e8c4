use serde_json::{Value, json};

use super::*;
use crate::output::samples;

fn written(report: &Report) -> Value {
    let mut json = Json::new(Vec::new(), samples::clock());
    json.report(report).unwrap();
    let text = String::from_utf8(json.out).unwrap();
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

#[test]
fn a_close_and_a_flow() {
    let close = written(&samples::close());
    let figures = [
        "duration_ns",
        "bytes_sent",
        "bytes_received",
        "rtt_us",
        "retransmits",
    ];
    let values = figures.map(|field| close[field].clone());
    assert_eq!(
        json!(values),
        json!([59_900_000_000_u64, 9_990, 1_230_000, null, 2])
    );
    assert_eq!(
        (&close["reason"], &close["errno"]),
        (&json!("rst_received"), &json!(104))
    );
    let flow = written(&samples::flow());
    assert_eq!(
        (&flow["state"], &flow["phase"]),
        (&json!("UNCONN"), &json!("update"))
    );
}

#[test]
fn the_kernel_s_own_socket() {
    let mut socket = samples::socket();
    socket.owner = Some(crate::event::Owner {
        process: None,
        how: How::Kernel,
    });
    let line = written(&samples::state(socket));
    assert_eq!(
        json!([line["pid"], line["comm"], line["owner"]]),
        json!([null, "[kernel]", "kernel"])
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
         "sockets": 5},
        {"event": "lost", "count": 12, "where": "tcp_ring"},
        {"event": "resync", "added": 1, "removed": 2, "changed": 3},
        {"event": "end", "events": 9, "lost": 12, "duration_ns": 6_000_000_000_u64}
    ]);
    assert_eq!(json!(lines), expected);
}
