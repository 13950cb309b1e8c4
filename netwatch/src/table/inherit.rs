//! Connections that arrive at a listener. The kernel side hands its owner down where it can; not where the
//! listener is from before the start and no iterator found it, nor where memory is kept by cookie.

use std::collections::hash_map::Entry;

use rustc_hash::FxHashMap;

use super::Table;
use crate::event::{Cookie, Family, How, Owner, Snapshot, Socket, State, nearest};

/// Where connections arrive. A connection has the family of its listener.
type Port = (Option<u32>, Family, Option<u16>);

const fn port(socket: &Socket) -> Port {
    (socket.netns, socket.family, socket.local.port)
}

/// The listeners that the last snapshot found, and those that came since.
#[derive(Default)]
pub(super) struct Listeners(FxHashMap<Port, Vec<Cookie>>);

impl Listeners {
    pub(super) fn note(&mut self, listener: &Socket) {
        let there = self.0.entry(port(listener)).or_default();
        if !there.contains(&listener.cookie) {
            there.push(listener.cookie);
        }
    }

    pub(super) fn forget(&mut self, listener: &Socket) {
        if let Entry::Occupied(mut there) = self.0.entry(port(listener)) {
            there.get_mut().retain(|cookie| *cookie != listener.cookie);
            if there.get().is_empty() {
                there.remove();
            }
        }
    }
}

impl Table {
    /// Notes the listeners of a snapshot, in place of those of the one before.
    pub(super) fn note_listeners(&mut self, snapshot: &Snapshot) {
        self.listeners.0.clear();
        let sockets = snapshot.found.iter().map(|found| &found.socket);
        for socket in sockets.filter(|socket| socket.state == State::Listen) {
            self.listeners.note(socket);
        }
    }

    /// The owner that a connection has from its listener: the one at its own address, else at all; none
    /// where several processes listen alike, as it can't be told whose it is then.
    pub(super) fn inherited(&self, arrived: &Socket) -> Option<Owner> {
        let cookies = self.listeners.0.get(&port(arrived))?;
        let listeners: Vec<_> = cookies
            .iter()
            .filter_map(|cookie| self.sockets.get(cookie))
            .map(|row| &row.socket)
            .filter(|socket| socket.state == State::Listen)
            .map(|socket| (socket.local.addr, socket))
            .collect();
        let there = nearest(&listeners, arrived.local.addr);
        let process = there.first()?.owner.as_ref()?.process.clone()?;
        let is_its = |socket: &&Socket| socket.process() == Some(&*process);
        there.iter().all(is_its).then_some(Owner {
            process: Some(process),
            how: How::Inherited,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Endpoint, Found, FoundKind, Process, Protocol};

    fn socket(cookie: u64, local: &str, state: State, pid: Option<u32>) -> Socket {
        let process = |pid| Process {
            pid,
            comm: "listens".to_owned(),
            exe: None,
            uid: 0,
            cgroup: None,
        };
        let addr: std::net::IpAddr = local.parse().unwrap();
        Socket {
            cookie: Cookie(cookie),
            protocol: Protocol::Tcp,
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
            state,
            netns: Some(1),
            owner: pid.map(|pid| Owner {
                process: Some(process(pid).into()),
                how: How::Snapshot,
            }),
        }
    }

    /// Whose a connection to this address is, by its process id, where a snapshot has found these.
    fn heir(local: &str, listeners: &[(&str, Option<u32>)]) -> Option<u32> {
        let found = (1..).zip(listeners).map(|(cookie, (local, pid))| Found {
            at: 1,
            socket: socket(cookie, local, State::Listen, *pid),
            kind: FoundKind::Full,
        });
        let mut table = Table::default();
        table.merge(&Snapshot {
            began: 1,
            found: found.collect(),
            visited: [1].into(),
        });
        let owner = table.inherited(&socket(99, local, State::SynRecv, None))?;
        assert_eq!(owner.how, How::Inherited);
        owner.process.map(|process| process.pid)
    }

    #[test]
    fn the_listener_at_the_connection_s_address_goes_before_one_at_all() {
        let each = [
            ("127.0.0.1", Some(1)),
            ("0.0.0.0", Some(3)),
            ("::", Some(4)),
        ];
        assert_eq!(heir("127.0.0.1", &each), Some(1));
        assert_eq!(heir("127.0.0.2", &each), Some(3));
        assert_eq!(heir("::1", &each), Some(4), "of its family");
        assert_eq!(heir("127.0.0.2", &each[..1]), None);
    }

    #[test]
    fn of_several_that_listen_alike_none_is_guessed() {
        let alike = |pids: [Option<u32>; 2]| heir("127.0.0.1", &pids.map(|pid| ("0.0.0.0", pid)));
        assert_eq!(alike([Some(1), Some(2)]), None);
        assert_eq!(alike([Some(1), None]), None);
        assert_eq!(alike([Some(1), Some(1)]), Some(1));
    }
}
