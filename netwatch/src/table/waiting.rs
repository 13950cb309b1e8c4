//! Sockets whose end the kernel announces nowhere.

use std::collections::{HashSet, hash_map::Entry};

use rustc_hash::FxHashSet;

use super::Table;
use crate::event::{Cookie, Found, FoundKind, MonoNs, Report, Snapshot, Socket, State, elapsed};

/// What the kernel keeps of a connection that has no socket, or none yet.
#[derive(Clone, Debug)]
pub(super) struct Waiting {
    pub socket: Socket,
    pub as_of: MonoNs,
    pub since: Option<MonoNs>,
}

impl Waiting {
    /// The report that it is no more.
    pub fn gone(self, at: MonoNs) -> Report {
        let old = self.socket.state;
        Report::TcpState {
            at,
            socket: Socket {
                state: State::Close,
                ..self.socket
            },
            old,
            new: State::Close,
            in_state: self.since.map(|since| elapsed(since, at)),
        }
    }
}

/// TIME_WAIT lasts this long (`TCP_TIMEWAIT_LEN`), and so does FIN_WAIT2 without a process at most.
/// Two seconds more, for a namespace that can't be looked into.
const LONGEST_NS: MonoNs = 62_000_000_000;

impl Table {
    /// Whether anything waits whose end must be looked for, or confirmed.
    pub fn has_waiting(&self) -> bool {
        !self.waiting.is_empty() || !self.unconfirmed.is_empty()
    }

    /// The network namespaces that something waits in.
    pub fn netns_of_waiting(&self) -> HashSet<u32> {
        let waiting = self.waiting.values();
        waiting.filter_map(|waiting| waiting.socket.netns).collect()
    }

    /// A connection request has become a socket, with the same cookie. (What is left of a connection
    /// has the cookie of its socket too, but goes on waiting while that one connects again.)
    pub(super) fn arrived(&mut self, cookie: Cookie) {
        if self.has_requests
            && let Entry::Occupied(entry) = self.waiting.entry(cookie)
            && entry.get().socket.state == State::SynRecv
        {
            entry.remove();
        }
    }

    /// Compares what waits with what the kernel has of it. Every event up to the snapshot's end must
    /// have been applied. Gives back how many connections have ended without any event saying so; the
    /// kernel makes the rest of a connection known before the event, so only those that the look
    /// before has met too.
    pub fn look_again(&mut self, snapshot: &Snapshot, out: &mut Vec<Report>) -> u64 {
        let Snapshot { began, found, .. } = snapshot;
        let began = *began;
        let mut seen = FxHashSet::with_capacity_and_hasher(found.len(), Default::default());
        let met_before = std::mem::take(&mut self.unconfirmed);
        let mut unseen_ends = 0;
        for row in found {
            let cookie = row.socket.cookie;
            seen.insert(cookie);
            match self.ended_unseen(row) {
                Some(as_of) if met_before.get(&cookie) != Some(&as_of) => {
                    self.unconfirmed.insert(cookie, as_of);
                }
                ended => {
                    unseen_ends += u64::from(ended.is_some());
                    self.still_waiting(row, out);
                }
            }
        }
        let gone = |waiting: &Waiting| {
            if seen.contains(&waiting.socket.cookie) || waiting.as_of > began {
                return false;
            }
            let since = waiting.since.unwrap_or(waiting.as_of);
            !snapshot.may_have_missed(&waiting.socket) || began > since.saturating_add(LONGEST_NS)
        };
        let mut has_requests = false;
        let is_gone = |_: &Cookie, waiting: &mut Waiting| {
            let is_gone = gone(waiting);
            has_requests |= !is_gone && waiting.socket.state == State::SynRecv;
            is_gone
        };
        for (_, waiting) in self.waiting.extract_if(is_gone) {
            if waiting.socket.state != State::SynRecv {
                out.push(waiting.gone(began));
            }
        }
        self.has_requests = has_requests;
        unseen_ends
    }

    /// Where the kernel has only the rest of a connection that the table still has as a socket, how
    /// fresh the table's row of it is.
    fn ended_unseen(&self, found: &Found) -> Option<MonoNs> {
        let cookie = found.socket.cookie;
        if found.kind != FoundKind::TimeWait || self.waiting.contains_key(&cookie) {
            return None;
        }
        let as_of = self.sockets.get(&cookie)?.as_of;
        (as_of < found.at).then_some(as_of)
    }

    /// One of them is there; a FIN may have taken it from FIN_WAIT2 to TIME_WAIT meanwhile.
    pub(super) fn still_waiting(&mut self, found: &Found, out: &mut Vec<Report>) {
        let cookie = found.socket.cookie;
        self.has_requests |= found.socket.state == State::SynRecv;
        let Some(known) = self.waiting.get_mut(&cookie) else {
            let closed_since = self
                .sockets
                .get(&cookie)
                .is_some_and(|row| row.as_of > found.at);
            let superseded = found.kind == FoundKind::Request && self.sockets.contains_key(&cookie);
            if !closed_since && !superseded && !self.only_ends {
                let socket = found.socket.clone();
                self.waiting.insert(
                    cookie,
                    Waiting {
                        socket,
                        as_of: found.at,
                        since: None,
                    },
                );
            }
            return;
        };
        if known.as_of > found.at || known.socket.state == found.socket.state {
            return;
        }
        let old = known.socket.state;
        known.socket.state = found.socket.state;
        let in_state = known.since.map(|since| elapsed(since, found.at));
        (known.as_of, known.since) = (found.at, Some(found.at));
        out.push(Report::TcpState {
            at: found.at,
            socket: known.socket.clone(),
            old,
            new: found.socket.state,
            in_state,
        });
    }
}
