//! Putting the table right by a snapshot: at the start, and after a loss.

use rustc_hash::FxHashSet;

use super::{Row, Table};
use crate::event::{Cookie, Found, FoundKind, How, MonoNs, Owner, Snapshot, Socket};

/// What a snapshot changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    pub added: u64,
    pub removed: u64,
    pub changed: u64,
}

impl Table {
    /// Takes what a snapshot found into the table; what an event has told since a socket was read
    /// stays. The events that came meanwhile are to follow, then [`Table::sweep`].
    pub fn merge(&mut self, snapshot: &Snapshot) -> Changes {
        let mut changes = Changes::default();
        let mut told = Vec::new();
        // At the start nothing is there yet, and growing step by step would leave holes behind.
        if self.is_empty() {
            self.sockets.reserve(snapshot.found.len());
        }
        for found in &snapshot.found {
            if found.kind == FoundKind::Full {
                self.take(found, &mut changes);
                continue;
            }
            let before = self.waiting.len();
            self.still_waiting(found, &mut told);
            changes.added += (self.waiting.len() - before) as u64;
        }
        changes.changed += told.len() as u64;
        self.unconfirmed.clear();
        self.note_unidentified(snapshot);
        self.note_listeners(snapshot);
        changes
    }

    /// Removes what a snapshot doesn't have and no event has told of since it began. Every event
    /// up to its end must have been applied: one of a socket that was closed meanwhile needs what
    /// the table has of it. Gives back how many that were.
    pub fn sweep(&mut self, snapshot: &Snapshot) -> u64 {
        // By kind, as the rest of a connection has the cookie of its socket.
        let mut seen = [FxHashSet::default(), FxHashSet::default()];
        for found in &snapshot.found {
            let is_full = found.kind == FoundKind::Full;
            seen[usize::from(is_full)].insert(found.socket.cookie);
        }
        let kept = |seen: &FxHashSet<Cookie>, socket: &Socket, as_of: MonoNs| {
            let is_newer = as_of > snapshot.began;
            is_newer || seen.contains(&socket.cookie) || snapshot.may_have_missed(socket)
        };
        let before = self.len();
        let [rest, full] = seen;
        self.sockets
            .retain(|_, row| kept(&full, &row.socket, row.as_of));
        self.waiting
            .retain(|_, row| kept(&rest, &row.socket, row.as_of));
        (before - self.len()) as u64
    }

    fn take(&mut self, found: &Found, changes: &mut Changes) {
        self.arrived(found.socket.cookie);
        let Some(row) = self.sockets.get_mut(&found.socket.cookie) else {
            let socket = found.socket.clone();
            let row = Row {
                socket,
                as_of: found.at,
                since: None,
                birth: None,
            };
            self.sockets.insert(found.socket.cookie, row);
            changes.added += 1;
            return;
        };
        if row.as_of > found.at {
            return;
        }
        row.as_of = found.at;
        let owner = better(row.socket.owner.take(), found.socket.owner.clone());
        let socket = Socket {
            owner,
            ..found.socket.clone()
        };
        if row.socket.state != socket.state {
            row.since = None;
            changes.changed += 1;
        }
        row.socket = socket;
    }
}

/// An owner that was seen using the socket is worth more than one found holding it.
fn better(known: Option<Owner>, found: Option<Owner>) -> Option<Owner> {
    match (&known, &found) {
        (Some(_), None) => known,
        (Some(seen), Some(held)) if held.how <= How::Snapshot && seen.how > How::Snapshot => known,
        _ => found,
    }
}
