//! What changed from one listing to the next.

use std::collections::HashSet;

use super::{Entry, Listing};
use crate::event::{Cookie, Endpoint, Process, Socket, State};

/// How a row stands to the listing before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    Stayed,
    Came,
    Went,
}

/// The rows of a listing beside those of the one before.
pub struct Changes<'a> {
    after: &'a Listing,
    rows: Vec<(Mark, &'a Listing, &'a Entry)>,
}

/// What a user sees change.
type Seen = (Cookie, State, Endpoint, Endpoint, Option<u32>);

fn seen(socket: &Socket) -> Seen {
    let pid = socket.process().map(|process: &Process| process.pid);
    (
        socket.cookie,
        socket.state,
        socket.local,
        socket.remote,
        pid,
    )
}

impl<'a> Changes<'a> {
    /// Compares two listings, each with the rows of it that are shown.
    pub fn new(
        (before, old): (&'a Listing, &'a [Entry]),
        (after, new): (&'a Listing, &'a [Entry]),
    ) -> Self {
        let known: HashSet<Seen> = old.iter().map(|entry| seen(&entry.socket)).collect();
        let now: HashSet<Seen> = new.iter().map(|entry| seen(&entry.socket)).collect();
        let gone = old
            .iter()
            .filter(|entry| !now.contains(&seen(&entry.socket)))
            .map(|entry| (Mark::Went, before, entry));
        let there = new.iter().map(|entry| {
            let stayed = known.contains(&seen(&entry.socket));
            let mark = if stayed { Mark::Stayed } else { Mark::Came };
            (mark, after, entry)
        });
        Self {
            after,
            rows: gone.chain(there).collect(),
        }
    }

    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        self.rows.iter().all(|(mark, ..)| *mark == Mark::Stayed)
    }

    /// Every row: those that went first, then the new listing's, in its order.
    pub fn rows(&self) -> impl Iterator<Item = (Mark, &'a Listing, &'a Entry)> {
        self.rows.iter().copied()
    }

    /// The new listing.
    pub const fn after(&self) -> &'a Listing {
        self.after
    }
}
