mod malformed;
mod meaning;
mod printing;

use std::{collections::HashSet, net::IpAddr, ops::RangeInclusive, time::Duration};

use super::*;
use crate::event::{Cookie, Endpoint, Family, How, Owner, Protocol, State};

/// A machine of which all is known.
struct Fake;

impl Lookup for Fake {
    fn netns(&self, name: &str) -> Result<u32, String> {
        match name {
            "web" | "pid:1" => Ok(5),
            _ => name
                .parse()
                .map_err(|_| format!("{name:?} is no network namespace")),
        }
    }

    fn user(&self, name: &str) -> Option<u32> {
        let users = [("root", 0), ("www-data", 33)];
        let row = users.into_iter().find(|row| row.0 == name);
        row.map(|row| row.1)
    }

    fn service(&self, name: &str) -> Option<u16> {
        let services = [("ssh", 22), ("https", 443)];
        services
            .into_iter()
            .find(|row| row.0 == name)
            .map(|row| row.1)
    }

    fn host(&self, name: &str) -> Vec<IpAddr> {
        match name {
            "localhost" => vec![[127, 0, 0, 1].into(), IpAddr::V6(1.into())],
            _ => Vec::new(),
        }
    }

    fn automatic_ports(&self) -> RangeInclusive<u16> {
        32_768..=60_999
    }

    fn commands(&self) -> &[&str] {
        &["trace", "life", "list", "netstat"]
    }
}

fn parsed(text: &str) -> Filter {
    Filter::parse(text, &Fake).unwrap_or_else(|error| panic!("{error}"))
}

fn end(addr: &str, port: u16) -> Endpoint {
    Endpoint {
        addr: Some(addr.parse().unwrap()),
        port: Some(port),
    }
}

fn process(pid: u32, comm: &str) -> Arc<Process> {
    Arc::new(Process {
        pid,
        comm: comm.to_owned(),
        exe: Some(format!("/usr/sbin/{comm}")),
        uid: 33,
        cgroup: Some(format!("/system.slice/{comm}.service")),
    })
}

/// An IPv6 socket of nginx with an IPv4 peer.
fn socket() -> Socket {
    Socket {
        cookie: Cookie(42),
        protocol: Protocol::Tcp,
        family: Family::Ipv6,
        local: end("10.1.2.3", 443),
        remote: end("192.0.2.9", 50_000),
        state: State::Established,
        netns: Some(5),
        owner: Some(Owner {
            process: Some(process(77, "nginx")),
            how: How::Accept,
        }),
    }
}

fn facts() -> Facts {
    Facts {
        uid: Some(33),
        inode: Some(1234),
        age: Some(Duration::from_secs(3600)),
        rtt: Some(Duration::from_millis(150)),
        bytes_sent: Some(600_000),
        bytes_received: Some(500_000),
        mark: Some(5),
        interface: Some(2),
        cgroup: Some("/system.slice/nginx.service".into()),
    }
}

fn matches(text: &str, socket: &Socket, facts: &Facts) -> bool {
    parsed(text).matches(&Subject {
        socket,
        facts,
        interface: facts.interface.map(|_| "eth0"),
        holders: &[process(78, "php")],
    })
}

#[test]
fn names_are_unique_and_examples_parse() {
    let names: Vec<_> = KEYS.iter().flat_map(Key::names).collect();
    assert_eq!(names.iter().collect::<HashSet<_>>().len(), names.len());
    for key in KEYS {
        let first = key.example.split(' ').next().unwrap();
        assert!(key.names().any(|name| name == first), "{}", key.example);
        assert_ne!(parsed(key.example), Filter::default());
        assert_eq!(key.value.is_empty(), key.operators == Operators::Nothing);
        assert!(!key.option || key.operators != Operators::Nothing);
    }
}

#[test]
fn every_key_is_in_the_reference() {
    let reference = include_str!("../../../docs/filter.md");
    for key in KEYS {
        let is_there = |text: &str| reference.contains(&format!("`{text}`"));
        assert!(key.names().all(is_there), "{}", key.name);
        assert!(is_there(key.example), "{}", key.example);
    }
    for (word, _) in states::STATE_WORDS {
        assert!(reference.contains(&format!("`{word}`")), "{word}");
    }
}

#[test]
fn only_what_a_filter_looks_at_is_read() {
    let needs = |text| parsed(text).needs();
    let nothing = Needs::default();
    for text in [
        "",
        "tcp and port 443",
        "user www-data or dev = eth0",
        "age > 1s",
    ] {
        assert_eq!(needs(text), nothing, "{text}");
    }
    let owners = Needs {
        owners: true,
        ..nothing
    };
    let whole = Needs {
        whole: true,
        ..owners
    };
    assert_eq!(needs("tcp ( pid 1 or comm x )"), owners);
    assert_eq!(needs("not exe /x"), whole);
    assert_eq!(needs("cgroup /x"), whole);
    assert_eq!(
        needs("rtt > 1s"),
        Needs {
            detail: true,
            ..nothing
        }
    );
    assert_eq!(
        needs("tcp exclude all"),
        Needs {
            mentions_state: true,
            ..nothing
        }
    );
}
