//! `docs/json-host.md` against what is written: the same events, fields and types.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use serde_json::Value;

use super::*;
use crate::{
    event::Family,
    host::{
        interfaces::{Address, Interface, counters::Counters},
        route::{NextHop, Route, tables::Tables},
        statistics as counted,
    },
    output::host::{InterfaceReading, interfaces::Rates},
};

const DOCUMENT: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/json-host.md"));

/// The fields that the tables below a heading have, each with its type in JSON.
fn fields(heading: &str) -> BTreeMap<&'static str, &'static str> {
    let begin = DOCUMENT.find(&format!("\n{heading}\n")).unwrap() + heading.len() + 2;
    let section = &DOCUMENT[begin..];
    let section = &section[..section.find("\n#").unwrap_or(section.len())];
    let tables = section.split("\n\n").map(str::trim_start);
    tables
        .filter(|table| table.starts_with("| field | type |"))
        .flat_map(|table| table.lines().skip(2))
        .map(field)
        .collect()
}

fn field(row: &'static str) -> (&'static str, &'static str) {
    let mut cells = row.split('|').skip(1).map(str::trim);
    let (field, named) = (cells.next().unwrap(), cells.next().unwrap());
    let kinds = ["integer", "object", "array", "number"];
    let kind = kinds.into_iter().find(|kind| named.starts_with(kind));
    (field.trim_matches('`'), kind.unwrap_or("string"))
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::String(_) => "string",
        Value::Number(number) if number.is_u64() => "integer",
        Value::Number(_) => "number",
        Value::Object(_) => "object",
        Value::Array(_) => "array",
        Value::Bool(_) | Value::Null => "none of the contract's",
    }
}

/// An object has the fields that are documented, and no others but these.
fn assert_has(object: &Value, fields: &BTreeMap<&str, &str>, others: &[&str]) {
    let object = object.as_object().unwrap();
    let has = object.keys().map(String::as_str);
    let has: Vec<&str> = has.filter(|key| !others.contains(key)).collect();
    let mut named: Vec<&str> = fields.keys().copied().collect();
    named.sort_unstable();
    let mut sorted = has.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, named, "{object:?}");
    for field in has {
        let value = &object[field];
        if !value.is_null() {
            assert_eq!(type_of(value), fields[field], "{field}");
        }
    }
}

fn example(event: &str) -> Value {
    let lines = DOCUMENT.lines().filter(|line| line.starts_with('{'));
    let mut examples = lines.map(|line| serde_json::from_str::<Value>(line).unwrap());
    examples.find(|example| example["event"] == event).unwrap()
}

fn written(event: &'static str, fields: &impl Serialize) -> Value {
    let stamp = Stamp {
        ts: "2026-11-23T00:00:01.002003004Z".to_owned(),
        mono_ns: 1,
        netns: 2,
    };
    let mut out = Vec::new();
    line(&mut out, event, &stamp, fields).unwrap();
    assert_eq!(out.iter().filter(|byte| **byte == b'\n').count(), 1);
    serde_json::from_slice(&out).unwrap()
}

/// What is written, and the example, have the documented fields.
fn assert_documented(written: &Value, event: &str, others: &[&str]) {
    let mut named = fields("## Every line");
    named.extend(fields(&format!("## {event}")));
    let example = example(event);
    assert_has(written, &named, others);
    assert_has(&example, &named, others);
}

#[test]
fn routes() {
    let hop = NextHop {
        gateway: Some("10.0.0.1".parse().unwrap()),
        index: Some(2),
        interface: Some("eth0".to_owned()),
        weight: 1,
        flags: 1,
        facts: None,
    };
    let full = Route {
        family: Family::Ipv4,
        kind: 1,
        destination: "10.0.0.0".parse().unwrap(),
        prefix_length: 8,
        source: Some(("10.1.0.0".parse().unwrap(), 16)),
        table: 254,
        protocol: 2,
        scope: 253,
        tos: 0,
        metric: 7,
        preferred_source: Some("10.0.0.2".parse().unwrap()),
        metrics: vec![("mtu", 1400)],
        expires_s: Some(60),
        next_hops: vec![hop],
        next_hop_id: Some(1),
    };
    let line = written("route", &route(&full, &Tables::read()));
    assert_documented(&line, "route", &[]);
    assert!(
        line.as_object()
            .unwrap()
            .values()
            .all(|value| !value.is_null())
    );
    let hops = [&line["nexthops"][0], &example("route")["nexthops"][0]];
    for hop in hops {
        assert_has(hop, &fields("### nexthops"), &[]);
    }
}

fn reading(at: u64, counted: u64) -> InterfaceReading {
    let address = Address {
        family: Family::Ipv6,
        address: "fd00::1".parse().unwrap(),
        prefix_length: 64,
        peer: Some("fd00::2".parse().unwrap()),
        broadcast: Some("fd00::3".parse().unwrap()),
        scope: 0,
        flags: 0x80,
        label: Some("eth0:1".to_owned()),
        preferred_s: Some(1),
        valid_s: Some(2),
    };
    let full = Interface {
        index: 1,
        name: "eth0".to_owned(),
        link_type: 1,
        kind: Some("veth".to_owned()),
        flags: 1,
        mtu: 1500,
        queue_length: Some(1000),
        qdisc: Some("fq".to_owned()),
        state: 6,
        link_address: vec![2, 0, 0, 0, 0, 1],
        link_broadcast: vec![0xff; 6],
        master: Some(2),
        parent: Some(2),
        parent_is_elsewhere: false,
        carrier_changes: Some(1),
        promiscuity: Some(1),
        counters: Counters::from_kernel(&counted.to_ne_bytes()),
        addresses: vec![address],
    };
    InterfaceReading {
        at,
        interfaces: vec![full],
        names: HashMap::from([(2, "br0".to_owned())]),
    }
}

#[test]
fn interfaces() {
    let (before, now) = (reading(0, 1), reading(500_000_000, 11));
    let rates = Rates::new(&now, Some(&before));
    let full = &now.interfaces[0];
    let line = written("interface", &interface(full, &now.names, rates.of(full)));
    assert_documented(&line, "interface", &[]);
    assert!(
        line.as_object()
            .unwrap()
            .values()
            .all(|value| !value.is_null())
    );
    assert_eq!(line["rates"]["rx_packets"], 20.0);
    assert_eq!(line["link_address"], "02:00:00:00:00:01");
    let addresses = [&line["addresses"][0], &example("interface")["addresses"][0]];
    for address in addresses {
        assert_has(address, &fields("### addresses"), &[]);
    }
}

#[test]
fn statistics() {
    let section = |counters: &[(&str, i128)]| counted::Section {
        name: "Tcp".to_owned(),
        counters: counters
            .iter()
            .map(|(name, number)| ((*name).to_owned(), *number))
            .collect(),
    };
    let now = section(&[
        ("MaxConn", -1),
        ("OutSegs", u64::MAX.into()),
        ("RetransSegs", 9),
    ]);
    let changes = counted::Changes {
        counters: counted::Statistics(vec![section(&[("OutSegs", 3), ("RetransSegs", 1)])]),
        time: Duration::from_millis(1_500),
    };
    let fields = Statistics {
        statistics: &counted::Statistics(vec![now]),
        changes: Some(&changes),
    };
    let line = written("statistics", &fields);
    assert_documented(&line, "statistics", &["Tcp"]);
    assert_eq!(line["Tcp"]["MaxConn"], -1);
    assert_eq!(line["Tcp"]["OutSegs"], u64::MAX);
    assert_eq!(line["trouble"], serde_json::json!(["TcpRetransSegs"]));
    assert_eq!(
        (&line["retransmitted"], &line["interval_s"]),
        (&0.25.into(), &1.5.into())
    );
}
