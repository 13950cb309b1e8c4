//! From rows to sockets, each with its owner.

use std::net::IpAddr;

use rustc_hash::FxHashMap;

use super::RawSnapshot;
use crate::{
    decode::{Row, RowKind},
    enrich::Processes,
    event::{
        Claim, Cookie, Family, Found, FoundKind, How, Owner, Protocol, Snapshot, Socket, State,
        nearest,
    },
};

impl RawSnapshot {
    /// The rows as sockets, each with the owner that its own row names: where no descriptors were read,
    /// nothing is there to join them with.
    pub fn resolve_alone(self, processes: &mut Processes) -> Snapshot {
        let (holders, listeners) = (FxHashMap::default(), Listeners::default());
        let rows = self.rows.into_iter().map(|row| {
            let claim = owner_of(&row, &holders, &listeners);
            found(row, claim.map(|claim| processes.owner(claim)))
        });
        Snapshot {
            began: self.began,
            found: rows.collect(),
            visited: self.visited,
        }
    }

    /// Joins the rows into sockets, each with its owner.
    pub fn resolve(mut self, processes: &mut Processes) -> Snapshot {
        for (claim, process) in self.processes.drain(..) {
            processes.learn(claim.key, claim.comm, process);
        }
        let mut sockets: FxHashMap<Cookie, Row> =
            FxHashMap::with_capacity_and_hasher(self.rows.len(), Default::default());
        let mut holders: FxHashMap<Cookie, Claim> = FxHashMap::default();
        for row in self.rows {
            match row.kind {
                RowKind::File { udp } => {
                    if let Some(claim) = row.owner {
                        prefer(&mut holders, row.cookie, claim);
                    }
                    if is_in_use(&row, udp) {
                        // Read without the socket's lock: any event since then is newer.
                        let at = row.at.min(self.began);
                        sockets.entry(row.cookie).or_insert(Row { at, ..row });
                    }
                }
                _ => {
                    sockets.insert(row.cookie, row);
                }
            }
        }
        let listeners = listeners(&sockets, &holders);
        let found = sockets
            .into_values()
            .map(|row| {
                let claim = owner_of(&row, &holders, &listeners);
                found(row, claim.map(|claim| processes.owner(claim)))
            })
            .collect();
        Snapshot {
            began: self.began,
            found,
            visited: self.visited,
        }
    }
}

/// Of several holders the lowest process id, as that is the parent of the others; but not 1, which
/// only keeps sockets for the services that it starts.
fn prefer(holders: &mut FxHashMap<Cookie, Claim>, cookie: Cookie, claim: Claim) {
    let holder = holders.entry(cookie).or_insert(claim);
    if rank(claim.key.tgid) < rank(holder.key.tgid) {
        *holder = claim;
    }
}

/// The lower it is, the rather a holder with this process id is the owner.
pub(super) const fn rank(pid: u32) -> (bool, u32) {
    (pid == 1, pid)
}

/// Whether a descriptor's socket is one that the socket tables list.
fn is_in_use(row: &Row, udp: bool) -> bool {
    if udp {
        row.ends.local.port.is_some()
    } else {
        row.state != State::Close
    }
}

/// Who listens where, by network namespace, family and port. An accepted connection has the family
/// of its listener.
type Listeners = FxHashMap<Place, Vec<(Option<IpAddr>, Claim)>>;
type Place = (Option<u32>, Family, Option<u16>);

/// The owners of connections that nobody has accepted yet.
fn listeners(sockets: &FxHashMap<Cookie, Row>, holders: &FxHashMap<Cookie, Claim>) -> Listeners {
    let mut listeners = Listeners::default();
    let listening = sockets.values().filter(|row| row.state == State::Listen);
    for row in listening {
        if let Some(claim) = row.owner.or(holders.get(&row.cookie).copied()) {
            let there = listeners.entry(place(row)).or_default();
            there.push((row.ends.local.addr, claim));
        }
    }
    listeners
}

fn place(row: &Row) -> Place {
    (row.ends.netns, row.ends.family, row.ends.local.port)
}

/// The listener at a connection's own address, else at all addresses; none where several processes
/// listen alike, as it can't be told whose it is then.
fn listener_of(row: &Row, listeners: &Listeners) -> Option<Claim> {
    let there = listeners.get(&place(row))?;
    let claims = nearest(there, row.ends.local.addr);
    let first = *claims.first()?;
    claims
        .iter()
        .all(|claim| claim.key == first.key)
        .then_some(first)
}

fn owner_of(row: &Row, holders: &FxHashMap<Cookie, Claim>, listeners: &Listeners) -> Option<Claim> {
    let seen = row.owner.filter(|claim| claim.how != How::Snapshot);
    let accepted_later = || {
        let waits = matches!(row.state, State::Established | State::CloseWait);
        let claim = (waits && row.kind == RowKind::Tcp).then(|| listener_of(row, listeners))??;
        Some(Claim {
            how: How::Inherited,
            ..claim
        })
    };
    seen.or_else(|| holders.get(&row.cookie).copied())
        .or(row.owner)
        .or_else(accepted_later)
}

fn found(row: Row, owner: Option<Owner>) -> Found {
    let udp = matches!(row.kind, RowKind::Udp | RowKind::File { udp: true });
    Found {
        at: row.at,
        socket: Socket {
            cookie: row.cookie,
            protocol: if udp { Protocol::Udp } else { Protocol::Tcp },
            family: row.ends.family,
            local: row.ends.local,
            remote: row.ends.remote,
            state: row.state,
            netns: row.ends.netns,
            owner,
        },
        kind: match row.kind {
            RowKind::Request => FoundKind::Request,
            RowKind::TimeWait => FoundKind::TimeWait,
            RowKind::Tcp | RowKind::Udp | RowKind::File { .. } => FoundKind::Full,
        },
    }
}

#[cfg(test)]
mod tests {
    use crate::event::{Endpoint, Ends, ProcessKey};

    use super::*;

    fn claim(tgid: u32) -> Claim {
        Claim {
            key: ProcessKey {
                tgid,
                ..ProcessKey::default()
            },
            uid: 0,
            comm: [0; 16],
            how: How::Listen,
        }
    }

    fn row(cookie: u64, local: &str, state: State, owner: Option<Claim>) -> Row {
        let addr: IpAddr = local.parse().unwrap();
        Row {
            at: 0,
            cookie: Cookie(cookie),
            ends: Ends {
                family: if addr.is_ipv4() {
                    Family::Ipv4
                } else {
                    Family::Ipv6
                },
                local: Endpoint {
                    addr: Some(addr),
                    port: Some(80),
                },
                remote: Endpoint::default(),
                netns: Some(1),
            },
            state,
            owner,
            kind: RowKind::Tcp,
        }
    }

    /// The owner of a connection to this address that nobody has accepted, by its process id.
    fn owner(local: &str, listeners_at: &[(&str, u32)]) -> Option<u32> {
        let sockets = (0..).zip(listeners_at).map(|(cookie, &(addr, tgid))| {
            let row = row(cookie, addr, State::Listen, Some(claim(tgid)));
            (row.cookie, row)
        });
        let holders = FxHashMap::default();
        let listeners = listeners(&sockets.collect(), &holders);
        let waits = row(99, local, State::Established, None);
        owner_of(&waits, &holders, &listeners).map(|claim| {
            assert_eq!(claim.how, How::Inherited);
            claim.key.tgid
        })
    }

    #[test]
    fn a_connection_that_nobody_has_accepted_is_its_listener_s() {
        let each = [
            ("127.0.0.1", 1),
            ("127.0.0.2", 2),
            ("0.0.0.0", 3),
            ("::", 4),
        ];
        assert_eq!(owner("127.0.0.1", &each), Some(1));
        assert_eq!(owner("127.0.0.2", &each), Some(2));
        assert_eq!(owner("127.0.0.3", &each), Some(3));
        assert_eq!(owner("::1", &each), Some(4), "of its family");
        assert_eq!(owner("127.0.0.3", &each[..2]), None);
    }

    #[test]
    fn of_several_processes_that_listen_alike_none_is_guessed() {
        assert_eq!(owner("127.0.0.1", &[("0.0.0.0", 1), ("0.0.0.0", 2)]), None);
        assert_eq!(
            owner("127.0.0.1", &[("0.0.0.0", 1), ("0.0.0.0", 1)]),
            Some(1)
        );
    }
}
