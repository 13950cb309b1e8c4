//! What is read of the kernel's own state, besides its events.

use std::{collections::HashSet, net::SocketAddr};

use super::{Cookie, MonoNs, Socket, Traffic};

/// One socket of a snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// When this socket was read.
    pub at: MonoNs,
    pub socket: Socket,
    pub kind: FoundKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FoundKind {
    Full,
    /// A connection request of a listener.
    Request,
    /// What the kernel keeps of a closed connection.
    TimeWait,
}

/// All sockets of the machine, read one after another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// Before the first socket was read.
    pub began: MonoNs,
    pub found: Vec<Found>,
    /// Network namespaces that were looked into, by inode number. Of all others a snapshot has at
    /// most what processes hold.
    pub visited: HashSet<u32>,
}

impl Snapshot {
    /// Whether this socket may be there though the snapshot doesn't have it.
    pub fn may_have_missed(&self, socket: &Socket) -> bool {
        socket
            .netns
            .is_some_and(|netns| !self.visited.contains(&netns))
    }
}

/// Names a flow: one socket, one remote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FlowId {
    pub cookie: Cookie,
    pub remote: SocketAddr,
}

/// What the kernel's map says of a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counters {
    pub traffic: Traffic,
    pub first: MonoNs,
    pub last: MonoNs,
}
