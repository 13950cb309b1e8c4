//! What is shown: conditions on sockets. Pure.
//!
//! Each option of the command line that selects is one row of [`KEYS`].

use std::net::IpAddr;

use ipnet::IpNet;
use thiserror::Error;

use crate::event::{Endpoint, Family, Protocol, Socket, State};

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
    State(State),
    /// A UDP socket that is not connected.
    Unconnected,
    /// Inode number.
    Netns(u32),
}

/// Why a value is none of its key.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{value:?} is no {expected}{hint}", hint = hint(.suggestion.as_deref()))]
pub struct FilterError {
    pub value: String,
    pub expected: &'static str,
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
        parse: |value| Ok(Condition::Comm(value.to_owned())),
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
        let process = socket
            .owner
            .as_ref()
            .and_then(|owner| owner.process.as_deref());
        match self {
            Self::Protocol(protocol) => socket.protocol == *protocol,
            Self::Family(family) => socket.family == *family,
            Self::Pid(pid) => process.is_some_and(|process| process.pid == *pid),
            Self::Comm(name) => process.is_some_and(|process| fits(name, &process.comm)),
            Self::Port(port) => either(&|end| end.port == Some(*port)),
            Self::Addr(net) => either(&|end| end.addr.is_some_and(|addr| net.contains(&addr))),
            Self::State(state) => socket.state == *state,
            Self::Unconnected => socket.protocol == Protocol::Udp && socket.state == State::Close,
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

fn wrong(value: &str, expected: &'static str) -> FilterError {
    FilterError {
        value: value.to_owned(),
        expected,
        suggestion: None,
    }
}

fn network(value: &str) -> Result<IpNet, FilterError> {
    let bare = value.trim_matches(['[', ']']);
    bare.parse()
        .or_else(|_| {
            bare.parse::<IpAddr>()
                .map(|addr| IpNet::from(addr.to_canonical()))
        })
        .map_err(|_| wrong(value, "address or network, such as 10.0.0.0/8 or ::1"))
}

/// Names that ss and netstat have for states, beside the kernel's own.
const ALIASES: &[(&str, &str)] = &[
    ("ESTAB", "ESTABLISHED"),
    ("SYN_RCV", "SYN_RECV"),
    ("FIN_WAIT_1", "FIN_WAIT1"),
    ("FIN_WAIT_2", "FIN_WAIT2"),
    ("TIMEWAIT", "TIME_WAIT"),
    ("CLOSED", "CLOSE"),
    ("LISTENING", "LISTEN"),
];

const UNCONNECTED: &str = "UNCONN";

fn state(value: &str) -> Result<Condition, FilterError> {
    let upper = value.to_ascii_uppercase().replace('-', "_");
    if upper == UNCONNECTED {
        return Ok(Condition::Unconnected);
    }
    let alias = ALIASES.iter().find(|(alias, _)| *alias == upper);
    let name = alias.map_or(upper.as_str(), |(_, name)| name);
    if let Some(state) = State::ALL.iter().find(|state| state.name() == name) {
        return Ok(Condition::State(*state));
    }
    let names = State::ALL
        .iter()
        .map(|state| state.name())
        .chain([UNCONNECTED]);
    let near = names
        .map(|known| (strsim::jaro_winkler(known, name), known))
        .max_by(|one, other| one.0.total_cmp(&other.0))
        .filter(|(likeness, _)| *likeness > 0.75);
    let suggestion = near.map(|(_, known)| known.to_owned());
    Err(FilterError {
        suggestion,
        ..wrong(value, "state")
    })
}

#[cfg(test)]
mod tests;
