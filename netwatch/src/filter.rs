//! What is shown: conditions on sockets. Pure.
//!
//! Each option of the command line that selects is one row of [`KEYS`].

use std::{borrow::Cow, net::IpAddr};

use ipnet::IpNet;
use thiserror::Error;

use crate::event::{Endpoint, Family, Protocol, Socket, State, UNCONNECTED};

/// Conditions that must all hold. Values of one key are alternatives.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    all: Vec<Vec<Condition>>,
}

/// One thing that a socket may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    Protocol(Protocol),
    Family(Family),
    Pid(u32),
    /// A name in which `*` stands for anything.
    Comm(String),
    /// Of either end.
    Port(u16),
    /// Of either end.
    Addr(IpNet),
    /// By the name of [`Socket::state_name`].
    State(&'static str),
    /// Inode number.
    Netns(u32),
}

/// Why a value is none of its key.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{value:?} is no {expected}{hint}", hint = hint(.suggestion.as_deref()))]
pub struct FilterError {
    pub value: String,
    pub expected: Cow<'static, str>,
    /// What may have been meant.
    pub suggestion: Option<String>,
}

fn hint(word: Option<&str>) -> String {
    word.map(|word| format!("; did you mean {word}?"))
        .unwrap_or_default()
}

/// One way to select, by an option that takes a value.
pub struct Key {
    /// The option's long name.
    pub name: &'static str,
    /// What help calls its value.
    pub value: &'static str,
    pub help: &'static str,
    /// A value that it takes.
    pub example: &'static str,
    pub parse: fn(&str) -> Result<Condition, FilterError>,
}

/// Every key, in the order of help.
pub const KEYS: &[Key] = &[
    Key {
        name: "pid",
        value: "PID",
        help: "Sockets of this process",
        example: "4711",
        parse: |value| number(value, "process id").map(Condition::Pid),
    },
    Key {
        name: "comm",
        value: "NAME",
        help: "Sockets of processes of this name; * stands for anything",
        example: "nginx*",
        parse: comm,
    },
    Key {
        name: "port",
        value: "PORT",
        help: "This port at either end",
        example: "443",
        parse: |value| number(value, "port (0 to 65535)").map(Condition::Port),
    },
    Key {
        name: "addr",
        value: "ADDR[/LEN]",
        help: "This address, or network, at either end",
        example: "10.0.0.0/8",
        parse: |value| network(value).map(Condition::Addr),
    },
    Key {
        name: "state",
        value: "STATE",
        help: "This state, by the name of the kernel, of ss or of netstat",
        example: "time-wait",
        parse: state,
    },
    Key {
        name: "netns",
        value: "NETNS",
        help: "This network namespace: an inode number, a name of `ip netns`, a path, or pid:N",
        example: "4026531833",
        parse: |value| number(value, "network namespace").map(Condition::Netns),
    },
];

impl Filter {
    /// Asks for one of these conditions; for nothing where there are none.
    pub fn require(&mut self, any: Vec<Condition>) {
        if !any.is_empty() {
            self.all.push(any);
        }
    }

    /// Whether a socket is one that is asked for.
    pub fn matches(&self, socket: &Socket) -> bool {
        self.all
            .iter()
            .all(|any| any.iter().any(|condition| condition.holds(socket)))
    }
}

impl Condition {
    fn holds(&self, socket: &Socket) -> bool {
        let either = |test: &dyn Fn(&Endpoint) -> bool| test(&socket.local) || test(&socket.remote);
        match self {
            Self::Protocol(protocol) => socket.protocol == *protocol,
            Self::Family(family) => socket.family == *family,
            Self::Pid(pid) => socket.process().is_some_and(|process| process.pid == *pid),
            Self::Comm(name) => socket.comm().is_some_and(|comm| fits(name, comm)),
            Self::Port(port) => either(&|end| end.port == Some(*port)),
            Self::Addr(net) => either(&|end| end.addr.is_some_and(|addr| net.contains(&addr))),
            Self::State(name) => socket.state_name() == *name,
            Self::Netns(inode) => socket.netns == Some(*inode),
        }
    }
}

/// Whether a name fits a pattern in which `*` stands for anything.
fn fits(pattern: &str, name: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else {
        return pattern == name;
    };
    let Some(name) = name.strip_prefix(start) else {
        return false;
    };
    name.char_indices()
        .map(|(index, _)| index)
        .chain([name.len()])
        .any(|index| fits(rest, &name[index..]))
}

fn number<T: std::str::FromStr>(value: &str, expected: &'static str) -> Result<T, FilterError> {
    value.parse().map_err(|_| wrong(value, expected))
}

fn wrong(value: &str, expected: impl Into<Cow<'static, str>>) -> FilterError {
    FilterError {
        value: value.to_owned(),
        expected: expected.into(),
        suggestion: None,
    }
}

fn comm(value: &str) -> Result<Condition, FilterError> {
    if value.is_empty() {
        return Err(wrong(value, "process name"));
    }
    Ok(Condition::Comm(value.to_owned()))
}

fn network(value: &str) -> Result<IpNet, FilterError> {
    let bare = value.trim_matches(['[', ']']);
    bare.parse()
        .or_else(|_| bare.parse::<IpAddr>().map(IpNet::from))
        .map(unmapped)
        .map_err(|_| wrong(value, "address or network, such as 10.0.0.0/8 or ::1"))
}

/// The IPv4 network of an IPv4-mapped one: sockets' addresses are held as IPv4 then.
fn unmapped(net: IpNet) -> IpNet {
    match (net, net.addr().to_canonical()) {
        (IpNet::V6(v6), addr @ IpAddr::V4(_)) => v6
            .prefix_len()
            .checked_sub(96)
            .and_then(|len| IpNet::new(addr, len).ok())
            .unwrap_or(net),
        _ => net,
    }
}

/// Names that ss and netstat have for states, beside those that are shown.
const ALIASES: &[(&str, &str)] = &[
    ("ESTAB", "ESTABLISHED"),
    ("SYN_RCV", "SYN_RECV"),
    ("FIN_WAIT_1", "FIN_WAIT1"),
    ("FIN_WAIT_2", "FIN_WAIT2"),
    ("TIMEWAIT", "TIME_WAIT"),
    ("CLOSED", "CLOSE"),
    ("LISTENING", "LISTEN"),
    ("UNCONNECTED", UNCONNECTED),
];

/// Every name that [`Socket::state_name`] gives.
fn state_names() -> impl Iterator<Item = &'static str> {
    let kernel = State::ALL.iter().map(|state| state.name());
    kernel.chain([UNCONNECTED])
}

fn state(value: &str) -> Result<Condition, FilterError> {
    let upper = value.to_ascii_uppercase().replace('-', "_");
    let alias = ALIASES.iter().find(|(alias, _)| *alias == upper);
    let name = alias.map_or(upper.as_str(), |(_, name)| name);
    if let Some(known) = state_names().find(|known| *known == name) {
        return Ok(Condition::State(known));
    }
    let near = state_names()
        .map(|known| (strsim::jaro_winkler(known, name), known))
        .max_by(|one, other| one.0.total_cmp(&other.0))
        .filter(|(likeness, _)| *likeness > 0.75);
    Err(match near {
        Some((_, known)) => FilterError {
            suggestion: Some(known.to_owned()),
            ..wrong(value, "state")
        },
        None => {
            let names: Vec<_> = state_names().collect();
            wrong(value, format!("state ({})", names.join(", ")))
        }
    })
}

#[cfg(test)]
mod tests;
