//! The doctor's words, and `docs/json-doctor.md` against what is written.

use std::collections::BTreeMap;

use serde_json::Value;

use super::*;
use crate::{
    doctor::{Setting, Verdict},
    event::Rung,
    privilege::Privilege,
    standing::{self, NONE},
};

const DOCUMENT: &str = include_str!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../docs/json-doctor.md"
));

/// An examination that has something of everything.
fn examination() -> Examination {
    let udp = Rung {
        capability: "udp",
        rung: NONE,
    };
    Examination {
        kernel: "6.18".to_owned(),
        settings: vec![Setting {
            name: "lockdown",
            value: Some("confidentiality".to_owned()),
            hinders: Some("no program may read kernel memory"),
            remedy: Some("boot without it"),
        }],
        privileges: vec![Privilege {
            name: "cap_net_admin",
            purpose: "see UDP",
            is_held: false,
        }],
        findings: vec![Finding {
            capability: udp.capability,
            rung: udp.rung,
            standing: standing::of(&udp),
            refused: vec![Refusal {
                rung: "cgroup_skb",
                reason: "attach udp_create to the root cgroup: not permitted".to_owned(),
                log: vec!["0: R1=ctx()".to_owned(), "R2 !read_ok".to_owned()],
            }],
        }],
        cause: Some("not at all\nas it were".to_owned()),
    }
}

#[test]
fn everything_is_said_and_the_verifier_s_words_only_when_asked_for() {
    let examination = examination();
    let [brief, verbose] = [false, true].map(|verbose| {
        let examination = &examination;
        Text {
            examination,
            verbose,
        }
        .to_string()
    });
    for part in [
        " on Linux 6.18: cannot trace\n  not at all\n  as it were\n",
        "\n  lockdown                          confidentiality\n    hinders: no program may",
        "\n    remedy: boot without it\n",
        "\n  cap_net_admin     missing   to see UDP\n",
        "\n  udp               none\n    not seen: anything of UDP\n    remedy: cap_net_admin",
        "\n    cgroup_skb: refused: attach udp_create to the root cgroup: not permitted\n",
    ] {
        assert!(brief.contains(part), "{part}:\n{brief}");
    }
    let log = "      | 0: R1=ctx()\n      | R2 !read_ok\n";
    assert!(verbose.ends_with(log), "{verbose}");
    assert_eq!(verbose.strip_suffix(log), Some(&*brief));
}

/// The fields of the table below a heading, each with its type.
fn fields(heading: &str) -> BTreeMap<&'static str, &'static str> {
    let begin = DOCUMENT.find(&format!("\n{heading}\n")).expect(heading) + heading.len() + 2;
    let section = DOCUMENT[begin..].lines();
    let rows = section.take_while(|line| !line.starts_with('#'));
    let rows = rows.filter(|line| line.starts_with("| `"));
    rows.map(|row| {
        let mut cells = row.split('|').skip(1).map(str::trim);
        let (field, named) = (cells.next().unwrap(), cells.next().unwrap());
        let named = named.split(',').next().unwrap();
        (field.trim_matches('`'), named)
    })
    .collect()
}

fn assert_has(object: &Value, fields: &BTreeMap<&str, &str>) {
    let object = object.as_object().unwrap();
    let mut has: Vec<&str> = object.keys().map(String::as_str).collect();
    has.sort_unstable();
    assert_eq!(has, fields.keys().copied().collect::<Vec<_>>());
    for (field, value) in object {
        let kind = match value {
            Value::Null => continue,
            Value::String(_) => "string",
            Value::Number(_) => "integer",
            Value::Bool(_) => "boolean",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        };
        assert_eq!(kind, fields[field.as_str()], "{field}");
    }
}

#[test]
fn every_line_and_every_example_has_the_documented_fields() {
    let written = json::lines(&examination(), "2026-11-23T00:00:00.000000000Z", 1);
    let examples = DOCUMENT.lines().filter(|line| line.starts_with('{'));
    let events = |lines: &[Value]| -> Vec<String> {
        let events = lines.iter().map(|line| line["event"].as_str().unwrap());
        events.map(str::to_owned).collect()
    };
    let parsed = |line| serde_json::from_str::<Value>(line).unwrap();
    let written: Vec<Value> = written.lines().map(parsed).collect();
    let examples: Vec<Value> = examples.map(parsed).collect();
    assert_eq!(events(&written), events(&examples));
    for line in written.iter().chain(&examples) {
        let mut named = fields("## Every line");
        named.extend(fields(&format!("## {}", line["event"].as_str().unwrap())));
        assert_has(line, &named);
        for refusal in line["refused"].as_array().into_iter().flatten() {
            assert_has(refusal, &fields("### refused"));
        }
    }
}

#[test]
fn every_verdict_is_documented() {
    for verdict in Verdict::ALL {
        assert!(DOCUMENT.contains(&format!("`{}`", verdict.name())));
    }
}
