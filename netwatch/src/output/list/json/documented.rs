//! `docs/json-list.md` against what is written: the same events, fields and types.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use serde_json::Value;

use super::super::summary::Summary;
use crate::{
    event::Facts,
    list::{Detail, Entry, Listing, Mark, Memory, TcpInfo, Timer, TimerKind},
    output::samples,
};

const DOCUMENT: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/json-list.md"));
const OF_EVERY_SOCKET: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/json.md"));

/// The fields that the tables below a heading have, each with its type.
fn fields(document: &'static str, heading: &str) -> BTreeMap<&'static str, &'static str> {
    let start = document.find(&format!("# {heading}\n")).expect(heading);
    let section = document[start..].split_inclusive('\n').skip(1);
    let section = section.take_while(|line| !line.starts_with('#'));
    let rows = section.filter(|line| line.starts_with("| `"));
    rows.map(|row| {
        let mut cells = row.split('|').skip(1).map(str::trim);
        let (field, kind) = (cells.next().unwrap(), cells.next().unwrap());
        let kinds = ["integer", "object", "array"];
        let kind = kinds.into_iter().find(|known| kind.starts_with(known));
        (field.trim_matches('`'), kind.unwrap_or("string"))
    })
    .collect()
}

fn assert_has(object: &Value, fields: &BTreeMap<&str, &str>) {
    let object = object.as_object().unwrap();
    let has: Vec<&str> = object.keys().map(String::as_str).collect();
    for field in &has {
        assert!(fields.contains_key(field), "{field} is not documented");
    }
    for (field, kind) in fields {
        let value = object
            .get(*field)
            .unwrap_or_else(|| panic!("{field} is not written"));
        let is = match value {
            Value::Null => continue,
            Value::String(_) => "string",
            Value::Number(number) if number.is_u64() => "integer",
            Value::Object(_) => "object",
            Value::Array(_) => "array",
            _ => "none of the contract's",
        };
        assert_eq!(is, *kind, "{field}");
    }
}

/// An entry of which everything is known.
fn entry() -> Entry {
    // Every time and number of `struct tcp_info` is other than 0.
    let tcp = TcpInfo::new(&[1; 240]);
    Entry {
        socket: samples::socket(),
        facts: Facts {
            uid: Some(33),
            inode: Some(4711),
            mark: Some(1),
            cgroup: Some(Arc::from("/system.slice")),
            bytes_sent: Some(1),
            bytes_received: Some(2),
            ..Facts::default()
        },
        interface: Some(Arc::from("eth0")),
        receive_queue: 1,
        send_queue: 2,
        timer: Some(Timer {
            kind: TimerKind::Keepalive,
            left: Duration::from_secs(7),
            count: 1,
        }),
        detail: Some(Box::new(Detail {
            tcp,
            memory: Some(Memory::default()),
            congestion: Some("cubic".to_owned()),
            tos: Some(16),
            only_ipv6: None,
        })),
        holders: 0..0,
    }
}

fn read(line: Vec<u8>) -> Value {
    assert_eq!(line.iter().filter(|byte| **byte == b'\n').count(), 1);
    serde_json::from_slice(&line).unwrap()
}

#[test]
fn every_field_of_a_socket_is_documented() {
    let mut line = Vec::new();
    let listing = Listing::default();
    super::write(
        &mut line,
        &samples::clock(),
        (&listing, &entry()),
        Some(Mark::Came),
    )
    .unwrap();
    let socket = read(line);
    let mut named = fields(DOCUMENT, "Every line");
    named.extend(fields(OF_EVERY_SOCKET, "Every line about a socket"));
    named.extend(fields(DOCUMENT, "socket"));
    assert_has(&socket, &named);
    for part in ["timer", "memory", "tcp"] {
        assert_has(&socket[part], &fields(DOCUMENT, part));
        assert!(
            socket[part]
                .as_object()
                .unwrap()
                .values()
                .all(|value| !value.is_null()),
            "{part}"
        );
    }
    assert_eq!(socket["change"], "came");
}

#[test]
fn every_field_of_a_summary_is_documented() {
    let mut summary = Summary::default();
    summary.count(&entry());
    let mut line = Vec::new();
    summary.write_json(&mut line, &"2026", 7).unwrap();
    let summary = read(line);
    let mut named = fields(DOCUMENT, "Every line");
    named.extend(fields(DOCUMENT, "summary"));
    assert_has(&summary, &named);
    assert_eq!(
        summary["states"],
        serde_json::json!([{"proto": "tcp", "state": "CLOSE_WAIT", "sockets": 1}])
    );
    assert_eq!(
        summary["remotes"],
        serde_json::json!([{"addr": "255.255.255.255", "sockets": 1}])
    );
}
