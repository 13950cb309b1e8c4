//! The live socket table: a fold over events. Pure: time comes as an argument, nothing is read or
//! written, and the same events make the same table and the same reports.

mod close;
mod flows;
mod identity;
mod inherit;
mod merge;
mod waiting;

use std::collections::{HashSet, hash_map::Entry};

use rustc_hash::FxHashMap;

pub use merge::Changes;

use crate::event::{
    Cookie, Detail, Endpoint, Event, Flow, MonoNs, Owner, Protocol, Report, Socket, State,
    Transition, What, elapsed,
};
use flows::Flows;
use identity::Unidentified;
use inherit::Listeners;
use waiting::Waiting;

/// Every socket of the machine, as of the last event applied.
#[derive(Default)]
pub struct Table {
    sockets: FxHashMap<Cookie, Row>,
    /// What the kernel keeps of connections that have no socket, or none yet: TIME_WAIT, FIN_WAIT2
    /// without a process, SYN_RECV. No event tells of their end; [`Table::look_again`] does.
    waiting: FxHashMap<Cookie, Waiting>,
    /// Whether some of these may be SYN_RECV; the next look says it exactly. Looking for one that is not there
    /// costs much where many wait.
    has_requests: bool,
    /// Connections of which the last look found only the rest, though no event had told of their
    /// end: how fresh the row of each was.
    unconfirmed: FxHashMap<Cookie, MonoNs>,
    flows: Flows,
    unidentified: Unidentified,
    listeners: Listeners,
    only_ends: bool,
}

/// A socket, and how fresh that is.
#[derive(Clone, Debug)]
struct Row {
    socket: Socket,
    /// The time of the event, or of the snapshot's row, that it comes from.
    as_of: MonoNs,
    since: Option<MonoNs>,
    birth: Option<MonoNs>,
}

/// An event was about a socket that the table doesn't have, and didn't say what socket that is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownSocket;

impl Table {
    /// A table for events that tell nothing of connections but how they ended: nothing is kept of them
    /// afterwards.
    pub fn of_ends() -> Self {
        Self {
            only_ends: true,
            ..Self::default()
        }
    }

    /// Every socket, in no particular order.
    pub fn rows(&self) -> impl Iterator<Item = &Socket> {
        let waiting = self.waiting.values().map(|waiting| &waiting.socket);
        self.sockets.values().map(|row| &row.socket).chain(waiting)
    }

    /// The socket of a cookie.
    pub fn get(&self, cookie: Cookie) -> Option<&Socket> {
        let waiting = || self.waiting.get(&cookie).map(|waiting| &waiting.socket);
        self.sockets
            .get(&cookie)
            .map(|row| &row.socket)
            .or_else(waiting)
    }

    /// The network namespaces that there are sockets in.
    pub fn netns(&self) -> HashSet<u32> {
        self.rows().filter_map(|socket| socket.netns).collect()
    }

    /// How many sockets there are.
    pub fn len(&self) -> usize {
        self.sockets.len() + self.waiting.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes one event into the table and adds what there is to say about it to `out`. An event
    /// older than the snapshot's row of its socket is told, but changes nothing.
    ///
    /// # Errors
    ///
    /// The event leaves open which socket it is about, and the table doesn't know.
    pub fn apply(&mut self, event: &Event, out: &mut Vec<Report>) -> Result<(), UnknownSocket> {
        match &event.what {
            What::Transition(transition) => self.transition(event, transition, out)?,
            What::ResetSent => self.reset_sent(event, out),
            What::Owner(Some(owner)) => self.new_owner(event, owner),
            What::Owner(None) => {}
            What::Flow(flow) => self.flow(event, flow, out),
            What::Released => self.released(event, out),
        }
        Ok(())
    }

    fn transition(
        &mut self,
        event: &Event,
        transition: &Transition,
        out: &mut Vec<Report>,
    ) -> Result<(), UnknownSocket> {
        let Some(detail) = &transition.detail else {
            return self.step(event, transition, out);
        };
        let mut row = self.row_from(event, transition, detail);
        if let Some(owner) = self.identified(&row.socket) {
            row.socket.owner.get_or_insert(owner);
        }
        if row.socket.owner.is_none() && transition.old == State::SynRecv {
            row.socket.owner = self.inherited(&row.socket);
        }
        if transition.opening {
            out.push(opening(&row.socket, transition, event.at));
        }
        row.socket.state = transition.new;
        match (transition.old, transition.new) {
            (_, State::Listen) => self.listeners.note(&row.socket),
            (State::Listen, State::Close) => self.listeners.forget(&row.socket),
            _ => {}
        }
        let stale = self
            .sockets
            .get(&event.cookie)
            .is_some_and(|known| known.as_of > event.at);
        if transition.new == State::Close {
            if !stale {
                self.sockets.remove(&event.cookie);
            }
            self.close(event, transition, row, out);
            return Ok(());
        }
        out.push(told(event, transition, row.socket.clone()));
        if !stale {
            // Who connects has no request of his own, and most of what is told whole is that.
            if transition.old != State::Close {
                self.arrived(event.cookie);
            }
            self.sockets.insert(event.cookie, row);
        }
        Ok(())
    }

    /// A transition that leaves to the table what socket it is about.
    fn step(
        &mut self,
        event: &Event,
        transition: &Transition,
        out: &mut Vec<Report>,
    ) -> Result<(), UnknownSocket> {
        let Entry::Occupied(mut entry) = self.sockets.entry(event.cookie) else {
            return Err(UnknownSocket);
        };
        let stale = entry.get().as_of > event.at;
        if transition.new == State::Close {
            let mut row = if stale {
                entry.get().clone()
            } else {
                entry.remove()
            };
            if let Some(birth) = transition.figures.and_then(|figures| figures.birth) {
                row.birth = Some(birth);
            }
            self.close(event, transition, row, out);
            return Ok(());
        }
        let row = entry.get_mut();
        let mut socket = row.socket.clone();
        socket.state = transition.new;
        if !stale {
            row.socket.state = transition.new;
            (row.as_of, row.since) = (event.at, Some(event.at));
        }
        out.push(told(event, transition, socket));
        Ok(())
    }

    /// The socket's row as the event has it, its state left to the caller.
    fn row_from(&self, event: &Event, transition: &Transition, detail: &Detail) -> Row {
        let known = self.sockets.get(&event.cookie);
        Row {
            socket: tcp_socket(event.cookie, detail, transition.old, known),
            as_of: event.at,
            since: Some(event.at),
            birth: transition.figures.and_then(|figures| figures.birth),
        }
    }

    fn new_owner(&mut self, event: &Event, owner: &Owner) {
        if let Some(row) = self.sockets.get_mut(&event.cookie)
            && row.as_of <= event.at
        {
            row.socket.owner = Some(owner.clone());
        }
    }

    fn flow(&mut self, event: &Event, flow: &Flow, out: &mut Vec<Report>) {
        let owner_before = self.identified(&udp_socket(event.cookie, flow));
        let row = self.sockets.entry(event.cookie).or_insert_with(|| Row {
            socket: udp_socket(event.cookie, flow),
            as_of: event.at,
            since: None,
            birth: None,
        });
        if flow.to_peer {
            row.socket.remote = flow.ends.remote;
        }
        if flow.connected {
            row.socket.state = State::Established;
        } else {
            row.socket.state = State::Close;
            row.socket.remote = Endpoint::default();
        }
        if flow.owner.is_some() {
            row.socket.owner.clone_from(&flow.owner);
        } else if let Some(owner) = owner_before {
            row.socket.owner.get_or_insert(owner);
        }
        self.flows.seen(event, flow, &row.socket, out);
    }

    fn released(&mut self, event: &Event, out: &mut Vec<Report>) {
        let socket = self.sockets.remove(&event.cookie).map(|row| row.socket);
        self.flows
            .close_socket(event.cookie, socket.as_ref(), event.at, out);
    }
}

fn told(event: &Event, transition: &Transition, socket: Socket) -> Report {
    Report::TcpState {
        at: event.at,
        socket,
        old: transition.old,
        new: transition.new,
        in_state: transition.since.map(|since| elapsed(since, event.at)),
    }
}

/// The transition that went before, unreported: connect, listen, or the arrival of a connection.
fn opening(socket: &Socket, transition: &Transition, at: MonoNs) -> Report {
    let before = match transition.old {
        State::SynRecv => State::Listen,
        _ => State::Close,
    };
    Report::TcpState {
        at: transition.since.unwrap_or(at),
        socket: Socket {
            state: transition.old,
            ..socket.clone()
        },
        old: before,
        new: transition.old,
        in_state: None,
    }
}

/// The socket of a flow, as far as one flow tells.
fn udp_socket(cookie: Cookie, flow: &Flow) -> Socket {
    Socket {
        cookie,
        protocol: Protocol::Udp,
        family: flow.ends.family,
        local: Endpoint {
            addr: Some(flow.bound),
            port: flow.ends.local.port,
        },
        remote: if flow.to_peer {
            flow.ends.remote
        } else {
            Endpoint::default()
        },
        state: State::Close,
        netns: flow.ends.netns,
        owner: None,
    }
}

fn tcp_socket(cookie: Cookie, detail: &Detail, state: State, known: Option<&Row>) -> Socket {
    let owner = detail.owner.clone();
    Socket {
        cookie,
        protocol: Protocol::Tcp,
        family: detail.ends.family,
        local: detail.ends.local,
        remote: detail.ends.remote,
        state,
        netns: detail.ends.netns,
        owner: owner.or_else(|| known.and_then(|row| row.socket.owner.clone())),
    }
}

#[cfg(test)]
mod tests;
