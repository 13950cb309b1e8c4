//! The fields of a line that say which socket it is about.

use std::net::IpAddr;

use serde::Serialize;

use super::field::{Field, Word, fields};
use crate::event::{Cookie, Endpoint, Family, Protocol, Socket};

fields! {
    EndFields {
        proto: Word,
        family: Word,
        local_addr: Option<IpAddr>,
        local_port: Option<u16>,
        remote_addr: Option<IpAddr>,
        remote_port: Option<u16>,
    }
    StateFields {
        state: Word,
    }
    IdentityFields {
        cookie: Option<u64>,
        netns: Option<u32>,
    }
}

/// All of them.
#[derive(Serialize)]
pub(in crate::output) struct SocketFields {
    #[serde(flatten)]
    ends: EndFields,
    #[serde(flatten)]
    state: StateFields,
    #[serde(flatten)]
    identity: IdentityFields,
}

impl From<&Socket> for SocketFields {
    fn from(socket: &Socket) -> Self {
        Self {
            ends: EndFields {
                proto: Word(socket.protocol.name()),
                family: Word(socket.family.name()),
                local_addr: socket.local.addr,
                local_port: socket.local.port,
                remote_addr: socket.remote.addr,
                remote_port: socket.remote.port,
            },
            state: StateFields {
                state: Word(socket.state_name()),
            },
            identity: IdentityFields {
                cookie: socket.cookie.known(),
                netns: socket.netns,
            },
        }
    }
}

/// How many sockets are remembered.
const SLOTS: usize = 64;

/// Writes these fields, and remembers how: a socket's lines come close together.
pub struct SocketWriter {
    /// The sockets, each at a place that its cookie says.
    slots: Vec<Slot>,
}

/// What was written of a socket, but for its state.
#[derive(Clone, Default)]
struct Slot {
    of: Option<Constant>,
    ends: String,
    identity: String,
}

/// What makes that text.
#[derive(Clone, Copy, PartialEq)]
struct Constant {
    cookie: Cookie,
    protocol: Protocol,
    family: Family,
    local: Endpoint,
    remote: Endpoint,
    netns: Option<u32>,
}

impl Default for SocketWriter {
    fn default() -> Self {
        Self {
            slots: vec![Slot::default(); SLOTS],
        }
    }
}

impl SocketWriter {
    /// Writes each of them after a comma.
    pub fn write(&mut self, socket: &Socket, line: &mut String) {
        let of = Some(Constant {
            cookie: socket.cookie,
            protocol: socket.protocol,
            family: socket.family,
            local: socket.local,
            remote: socket.remote,
            netns: socket.netns,
        });
        let slot = &mut self.slots[(socket.cookie.0 % SLOTS as u64) as usize];
        if slot.of != of {
            let fields = SocketFields::from(socket);
            slot.of = of;
            slot.ends.clear();
            fields.ends.write(&mut slot.ends);
            slot.identity.clear();
            fields.identity.write(&mut slot.identity);
        }
        line.push_str(&slot.ends);
        let state = Word(socket.state_name());
        StateFields { state }.write(line);
        line.push_str(&slot.identity);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{event::State, output::samples};

    /// As serde has it, between the braces.
    fn expected(socket: &Socket) -> String {
        let object = serde_json::to_string(&SocketFields::from(socket)).unwrap();
        format!(",{}", object.trim_matches(['{', '}']))
    }

    #[test]
    fn what_is_remembered_is_what_would_be_written() {
        let mut writer = SocketWriter::default();
        let mut sockets = vec![samples::socket()];
        for change in [
            |socket: &mut Socket| socket.state = State::CloseWait,
            |socket: &mut Socket| socket.remote = Endpoint::default(),
            |socket: &mut Socket| socket.local.port = Some(7),
            |socket: &mut Socket| socket.protocol = Protocol::Udp,
            |socket: &mut Socket| socket.family = Family::Ipv6,
            |socket: &mut Socket| socket.netns = None,
            |socket: &mut Socket| socket.cookie.0 += SLOTS as u64,
            |socket: &mut Socket| socket.cookie.0 += 1,
        ] {
            let mut socket = sockets[sockets.len() - 1].clone();
            change(&mut socket);
            sockets.push(socket);
        }
        for socket in sockets.iter().chain(sockets.iter().rev()) {
            let mut line = String::new();
            writer.write(socket, &mut line);
            assert_eq!(line, expected(socket));
        }
    }
}
