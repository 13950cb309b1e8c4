//! `docs/json.md` against what is written: the same events, fields and words.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::tests::written;
use crate::{
    event::{How, Phase, Protocol, Reason, Report, State, Told},
    output::samples,
};

const DOCUMENT: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/json.md"));

/// The sections that are not about one event.
const EVERY: &str = "Every line";
const SOCKET: &str = "Every line about a socket";

/// The text below each heading.
fn sections() -> BTreeMap<&'static str, &'static str> {
    let sections = DOCUMENT.split("\n## ").skip(1);
    sections
        .filter_map(|section| section.split_once('\n'))
        .collect()
}

/// The fields that a section's tables of fields have, each with its type.
fn fields(section: &'static str) -> BTreeMap<&'static str, &'static str> {
    let tables = section.split("\n\n").map(str::trim_start);
    tables
        .filter(|table| table.starts_with("| field | type |"))
        .flat_map(|table| table.lines().skip(2))
        .map(field)
        .collect()
}

/// A row's field, and its type in JSON: words of a contract are strings.
fn field(row: &'static str) -> (&'static str, &'static str) {
    let mut cells = row.split('|').skip(1).map(str::trim);
    let (field, named) = (cells.next().unwrap(), cells.next().unwrap());
    let kinds = ["integer", "object"];
    let kind = kinds.into_iter().find(|kind| named.starts_with(kind));
    (field.trim_matches('`'), kind.unwrap_or("string"))
}

/// One report of each event.
fn reports() -> Vec<Report> {
    let about_sockets = [
        samples::state(samples::socket()),
        samples::close(),
        samples::flow(Phase::Update),
    ];
    about_sockets.into_iter().chain(samples::about()).collect()
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::String(_) => "string",
        Value::Number(number) if number.is_u64() => "integer",
        Value::Object(_) => "object",
        _ => "none of the contract's",
    }
}

/// Whether an object has these fields, no others, and each of its type or null.
fn assert_has(object: &Value, fields: &BTreeMap<&str, &str>) {
    let object = object.as_object().unwrap();
    let (has, named): (BTreeSet<_>, BTreeSet<_>) = (
        object.keys().map(String::as_str).collect(),
        fields.keys().copied().collect(),
    );
    assert_eq!(has, named, "{object:?}");
    for (field, value) in object.iter().filter(|(_, value)| !value.is_null()) {
        assert_eq!(type_of(value), fields[field.as_str()], "{field}");
    }
}

#[test]
fn every_field_of_every_event_is_documented() {
    let sections = sections();
    let reports = reports();
    for report in &reports {
        let line = written(report);
        let mut named = fields(sections[EVERY]);
        if report.socket().is_some() {
            named.extend(fields(sections[SOCKET]));
        }
        named.extend(fields(sections[line["event"].as_str().unwrap()]));
        assert_has(&line, &named);
    }
    assert_eq!(sections.len(), reports.len() + 2, "a section for no event");
}

#[test]
fn every_event_has_an_example_that_reads_like_what_is_written() {
    let mut examples: BTreeMap<String, Value> = BTreeMap::new();
    for line in DOCUMENT.lines().filter(|line| line.starts_with('{')) {
        let example: Value = serde_json::from_str(line).unwrap();
        examples.insert(example["event"].as_str().unwrap().to_owned(), example);
    }
    for report in reports() {
        let line = written(&report);
        let event = line["event"].as_str().unwrap();
        let example = examples
            .remove(event)
            .unwrap_or_else(|| panic!("no example of {event}"));
        let keys = |object: &Value| -> Vec<String> {
            object.as_object().unwrap().keys().cloned().collect()
        };
        assert_eq!(keys(&example), keys(&line), "{event}");
    }
    assert!(examples.is_empty(), "examples of no event: {examples:?}");
}

#[test]
fn every_word_is_documented() {
    let states = State::ALL
        .iter()
        .map(|state| state.name())
        .chain(["UNCONN"]);
    let reasons = Reason::ALL.iter().map(|reason| reason.name());
    let protocols = [Protocol::Tcp, Protocol::Udp].map(Protocol::name);
    let phases = [Phase::Open, Phase::Update, Phase::Close].map(Phase::name);
    let hows = [
        How::Inherited,
        How::Snapshot,
        How::Create,
        How::Bind,
        How::Connect,
        How::Listen,
        How::Accept,
        How::Io,
        How::Close,
        How::Kernel,
    ];
    let sections = sections();
    let has = |section: &str, word: &str| {
        let code = format!("`{word}`");
        assert!(sections[section].contains(&code), "{code} in {section}");
    };
    states.for_each(|word| has(SOCKET, word));
    reasons.for_each(|word| has("tcp_close", word));
    phases.into_iter().for_each(|word| has("udp_flow", word));
    protocols.into_iter().for_each(|word| has(SOCKET, word));
    let told = Told::ALL.iter().map(|told| told.name());
    told.for_each(|word| has("pressure", word));
    hows.into_iter().for_each(|how| has(SOCKET, how.name()));
}
