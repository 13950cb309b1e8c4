//! Sockets that a snapshot found without their cookies: `/proc/net` has none. What tells them apart
//! then is the protocol, the network namespace and both ends.

use rustc_hash::{FxHashMap, FxHashSet};

use super::Table;
use crate::event::{Cookie, Endpoint, Found, FoundKind, Owner, Protocol, Snapshot, Socket};

/// What a socket is told apart by; the rest of a connection, or a request, from a socket too.
type Place = (bool, Protocol, Option<u32>, Endpoint, Endpoint);

fn place(is_full: bool, socket: &Socket) -> Place {
    let Socket {
        protocol, netns, ..
    } = *socket;
    (is_full, protocol, netns, socket.local, socket.remote)
}

fn place_of(found: &Found) -> Place {
    place(found.kind == FoundKind::Full, &found.socket)
}

/// The sockets of the table whose cookies are not known, by their places.
#[derive(Default)]
pub(super) struct Unidentified(FxHashMap<Place, Vec<Cookie>>);

impl Table {
    /// Gives the sockets of a snapshot without cookies those by which the table knows them. Of several
    /// that nothing tells apart, it can't be said whose is which.
    pub fn identify(&self, snapshot: &mut Snapshot) {
        let mut all = snapshot.found.iter();
        if all.all(|found| found.socket.cookie.known().is_some()) {
            return;
        }
        let mut known = self.places_without(&snapshot.found);
        let owners = common_owners(&snapshot.found);
        for found in &mut snapshot.found {
            if found.socket.cookie.known().is_some() {
                continue;
            }
            let place = place_of(found);
            if let Some(cookie) = known.get_mut(&place).and_then(Vec::pop) {
                found.socket.cookie = cookie;
            }
            found.socket.owner = owners.get(&place).cloned().flatten();
        }
    }

    /// The places of the sockets that the table has, but for these.
    fn places_without(&self, found: &[Found]) -> FxHashMap<Place, Vec<Cookie>> {
        let of = |found: &Found| (found.kind == FoundKind::Full, found.socket.cookie);
        let taken: FxHashSet<_> = found.iter().map(of).collect();
        let full = self.sockets.values().map(|row| (true, &row.socket));
        let rest = self.waiting.values();
        let rest = rest.map(|waiting| (false, &waiting.socket));
        let mut places: FxHashMap<Place, Vec<Cookie>> = FxHashMap::default();
        for (is_full, socket) in full.chain(rest) {
            let cookie = socket.cookie;
            if cookie.known().is_some() && !taken.contains(&(is_full, cookie)) {
                let there = places.entry(place(is_full, socket)).or_default();
                there.push(cookie);
            }
        }
        places
    }

    /// Notes what a snapshot has brought without cookies, in place of what the one before had brought.
    pub(super) fn note_unidentified(&mut self, snapshot: &Snapshot) {
        self.unidentified.0.clear();
        for found in &snapshot.found {
            if found.socket.cookie.known().is_none() {
                let there = self.unidentified.0.entry(place_of(found)).or_default();
                there.push(found.socket.cookie);
            }
        }
    }

    /// An event has told of this socket, with its cookie: it is one that had none, if there is such a
    /// one. Gives back its owner.
    pub(super) fn identified(&mut self, socket: &Socket) -> Option<Owner> {
        if self.unidentified.0.is_empty() {
            return None;
        }
        let rest = self.take_unidentified(&place(false, socket));
        if let Some(cookie) = rest {
            self.waiting.remove(&cookie);
        }
        let cookie = self.take_unidentified(&place(true, socket))?;
        self.sockets.remove(&cookie)?.socket.owner
    }

    fn take_unidentified(&mut self, place: &Place) -> Option<Cookie> {
        let there = self.unidentified.0.get_mut(place)?;
        let cookie = there.pop();
        if there.is_empty() {
            self.unidentified.0.remove(place);
        }
        cookie
    }
}

/// The owner at each place, where all sockets there have the same.
fn common_owners(found: &[Found]) -> FxHashMap<Place, Option<Owner>> {
    let mut owners: FxHashMap<Place, Option<Owner>> = FxHashMap::default();
    for found in found {
        let owner = &found.socket.owner;
        owners
            .entry(place_of(found))
            .and_modify(|common| {
                *common = common
                    .take()
                    .filter(|common| Some(common) == owner.as_ref())
            })
            .or_insert_with(|| owner.clone());
    }
    owners
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::event::{
        Detail, Ends, Event, Family, How, Process, Report, State, Transition, What,
    };

    const NETNS: Option<u32> = Some(7);

    fn end(port: u16) -> Endpoint {
        Endpoint {
            addr: Some([127, 0, 0, 1].into()),
            port: Some(port),
        }
    }

    fn owner(pid: u32) -> Option<Owner> {
        let process = Process {
            pid,
            comm: "held".to_owned(),
            exe: None,
            uid: 0,
            cgroup: None,
        };
        Some(Owner {
            process: Some(Arc::new(process)),
            how: How::Snapshot,
        })
    }

    /// A connection between two ports, as `/proc/net/tcp` has it.
    fn found(number: u64, (local, remote): (u16, u16), owner: Option<Owner>) -> Found {
        Found {
            at: 10,
            socket: Socket {
                cookie: Cookie::stand_in(number),
                protocol: Protocol::Tcp,
                family: Family::Ipv4,
                local: end(local),
                remote: end(remote),
                state: State::Established,
                netns: NETNS,
                owner,
            },
            kind: FoundKind::Full,
        }
    }

    fn snapshot(found: Vec<Found>) -> Snapshot {
        Snapshot {
            began: 10,
            found,
            visited: [7].into(),
        }
    }

    /// A transition of a connection, told whole but for the owner.
    fn event(
        at: u64,
        cookie: u64,
        (old, new): (State, State),
        (local, remote): (u16, u16),
    ) -> Event {
        let ends = Ends {
            family: Family::Ipv4,
            local: end(local),
            remote: end(remote),
            netns: NETNS,
        };
        Event {
            at,
            cookie: Cookie(cookie),
            what: What::Transition(Transition {
                old,
                new,
                since: None,
                opening: false,
                detail: Some(Detail { ends, owner: None }),
                figures: None,
            }),
        }
    }

    const LEFT: (State, State) = (State::Established, State::CloseWait);

    fn applied(table: &mut Table, event: &Event) -> Vec<Report> {
        let mut reports = Vec::new();
        table.apply(event, &mut reports).expect("told whole");
        reports
    }

    #[test]
    fn the_first_event_of_a_socket_gives_it_its_cookie_and_keeps_its_owner() {
        let mut table = Table::default();
        table.merge(&snapshot(vec![found(1, (80, 4000), owner(9))]));
        let reports = applied(&mut table, &event(20, 5, LEFT, (80, 4000)));
        let [Report::TcpState { socket, .. }] = &*reports else {
            panic!("{reports:?}");
        };
        assert_eq!((socket.cookie, &socket.owner), (Cookie(5), &owner(9)));
        assert_eq!(table.len(), 1);
        let closed = (State::CloseWait, State::Close);
        applied(&mut table, &event(30, 5, closed, (80, 4000)));
        assert!(table.is_empty());
    }

    #[test]
    fn a_later_snapshot_finds_what_the_table_knows_by_its_cookie() {
        let mut table = Table::default();
        applied(&mut table, &event(5, 5, LEFT, (80, 4000)));
        let mut snapshot = snapshot(vec![
            found(1, (80, 4000), owner(9)),
            found(2, (80, 4001), owner(9)),
        ]);
        table.identify(&mut snapshot);
        let cookies = |snapshot: &Snapshot| -> Vec<_> {
            let found = snapshot.found.iter();
            found.map(|found| found.socket.cookie.known()).collect()
        };
        assert_eq!(cookies(&snapshot), [Some(5), None]);
        assert_eq!(table.merge(&snapshot).added, 1);
        // Opened before the reading began, and told only now.
        applied(&mut table, &event(9, 6, LEFT, (80, 4001)));
        table.identify(&mut snapshot);
        assert_eq!(cookies(&snapshot), [Some(5), Some(6)]);
        assert_eq!(table.sweep(&snapshot), 0);
        assert_eq!(table.len(), 2);
    }

    #[test]
    fn whose_a_socket_is_among_several_alike_is_not_guessed() {
        let alike = |owners: [Option<Owner>; 2]| {
            let [one, two] = owners;
            let ends = (80, 4000);
            let mut snapshot = snapshot(vec![found(1, ends, one), found(2, ends, two)]);
            Table::default().identify(&mut snapshot);
            snapshot.found.pop().and_then(|found| found.socket.owner)
        };
        assert_eq!(alike([owner(9), owner(8)]), None);
        assert_eq!(alike([owner(9), None]), None);
        assert_eq!(alike([owner(9), owner(9)]), owner(9));
    }
}
