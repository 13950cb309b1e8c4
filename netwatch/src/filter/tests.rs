use std::collections::HashSet;

use super::*;
use crate::event::{Cookie, How, Owner, Process};

fn socket() -> Socket {
    let end = |addr: &str, port| Endpoint {
        addr: Some(addr.parse().unwrap()),
        port: Some(port),
    };
    let process = Process {
        pid: 77,
        comm: "nginx: worker".to_owned(),
        exe: None,
        uid: 33,
        cgroup: None,
    };
    Socket {
        cookie: Cookie(1),
        protocol: Protocol::Tcp,
        family: Family::Ipv6,
        local: end("10.1.2.3", 443),
        remote: end("192.0.2.9", 50_000),
        state: State::Established,
        netns: Some(5),
        owner: Some(Owner {
            process: Some(process.into()),
            how: How::Accept,
        }),
    }
}

fn parsed(key: &str, value: &str) -> Condition {
    let key = KEYS.iter().find(|row| row.name == key).unwrap();
    (key.parse)(value).unwrap()
}

#[test]
fn names_are_unique_and_examples_parse() {
    let names: HashSet<_> = KEYS.iter().map(|key| key.name).collect();
    assert_eq!(names.len(), KEYS.len());
    for key in KEYS {
        assert!(
            (key.parse)(key.example).is_ok(),
            "the example of --{}",
            key.name
        );
    }
}

#[test]
fn keys_hold() {
    for (key, value, expected) in [
        ("pid", "77", true),
        ("pid", "7", false),
        ("comm", "nginx*", true),
        ("comm", "*work*r", true),
        ("comm", "nginx", false),
        ("port", "443", true),
        ("port", "50000", true),
        ("port", "80", false),
        ("addr", "10.0.0.0/8", true),
        ("addr", "192.0.2.9", true),
        ("addr", "::ffff:192.0.2.9", true),
        ("addr", "::ffff:10.0.0.0/104", true),
        ("addr", "::ffff:10.0.0.0/112", false),
        ("addr", "[::1]", false),
        ("addr", "10.0.0.0/16", false),
        ("state", "estab", true),
        ("state", "Time-Wait", false),
        ("netns", "5", true),
    ] {
        let holds = parsed(key, value).holds(&socket());
        assert_eq!(holds, expected, "--{key} {value}");
    }
}

#[test]
fn a_socket_is_selected_by_what_is_shown_of_it() {
    let socket = Socket {
        protocol: Protocol::Udp,
        state: State::Close,
        owner: Some(Owner {
            process: None,
            how: How::Kernel,
        }),
        ..socket()
    };
    for (key, value, expected) in [
        ("state", "UNCONN", true),
        ("state", "unconnected", true),
        ("state", "CLOSE", false),
        ("comm", "[kernel]", true),
        ("comm", "*", true),
        ("pid", "0", false),
    ] {
        let holds = parsed(key, value).holds(&socket);
        assert_eq!(holds, expected, "--{key} {value}");
    }
    let nobody_s = Socket {
        owner: None,
        ..socket
    };
    assert!(!parsed("comm", "*").holds(&nobody_s));
}

#[test]
fn aliases_are_unique_and_name_states() {
    let aliases: HashSet<_> = ALIASES.iter().map(|(alias, _)| alias).collect();
    assert_eq!(aliases.len(), ALIASES.len());
    for (alias, name) in ALIASES {
        assert!(state_names().any(|known| known == *name), "{alias}");
        assert!(state_names().all(|known| known != *alias), "{alias}");
    }
}

#[test]
fn every_state_is_taken_as_ss_writes_it() {
    for name in state_names() {
        let written = name.to_lowercase().replace('_', "-");
        assert_eq!(parsed("state", &written), Condition::State(name));
    }
}

#[test]
fn values_of_a_key_are_alternatives_and_keys_add_up() {
    let mut filter = Filter::default();
    filter.require(vec![Condition::Port(80), Condition::Port(443)]);
    assert!(filter.matches(&socket()));
    filter.require(vec![]);
    assert!(filter.matches(&socket()));
    filter.require(vec![Condition::Protocol(Protocol::Udp)]);
    assert!(!filter.matches(&socket()));
}

#[test]
fn errors_say_what_was_expected() {
    for (parse, value, message) in [
        (
            "state",
            "ESTABLISH",
            "\"ESTABLISH\" is no state; did you mean ESTABLISHED?",
        ),
        (
            "state",
            "xyz",
            "\"xyz\" is no state (ESTABLISHED, SYN_SENT, SYN_RECV, FIN_WAIT1, FIN_WAIT2, \
             TIME_WAIT, CLOSE, CLOSE_WAIT, LAST_ACK, LISTEN, CLOSING, UNCONN)",
        ),
        ("comm", "", "\"\" is no process name"),
        ("port", "70000", "\"70000\" is no port (0 to 65535)"),
        ("pid", "x", "\"x\" is no process id"),
        (
            "addr",
            "10.0.0/8",
            "\"10.0.0/8\" is no address or network, such as 10.0.0.0/8 or ::1",
        ),
    ] {
        let key = KEYS.iter().find(|row| row.name == parse).unwrap();
        assert_eq!((key.parse)(value).unwrap_err().to_string(), message);
    }
}
