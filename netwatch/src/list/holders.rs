//! Which processes hold which sockets: by the kernel's iterator over open files, or by /proc.

use std::{ops::Range, sync::Arc};

use super::{iterator, process::ProcessReader, procfs};
use crate::event::{Cookie, Process};

/// A descriptor of a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Descriptor {
    /// The socket's cookie, or its inode number, as [`Key`] says.
    pub socket: u64,
    pub pid: u32,
    pub fd: u32,
}

/// What a socket is looked up by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Key {
    #[default]
    Cookie,
    Inode,
}

/// All descriptors of sockets, as one way of reading them gives them.
#[derive(Debug)]
pub struct Descriptors {
    pub key: Key,
    pub all: Vec<Descriptor>,
    /// Processes whose descriptors may not be seen.
    pub hidden: usize,
}

/// Every holder of every socket, those of one socket side by side.
#[derive(Debug, Default)]
pub struct Holders {
    key: Key,
    sockets: Vec<u64>,
    processes: Vec<Arc<Process>>,
    fds: Vec<u32>,
    /// Processes whose descriptors may not be seen.
    pub hidden: usize,
}

/// A way to learn who holds which socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HolderRung {
    /// The kernel's iterator over open files; /proc where it refuses.
    Iterator,
    Proc,
}

/// From so many TCP sockets on, loading the iterator takes less time than a walk through /proc.
const MANY: u64 = 1_500;

impl Holders {
    /// Reads who holds which socket, by a given rung or by the better one; what is known of the holders,
    /// by `reader`.
    pub fn read(rung: Option<HolderRung>, reader: &mut ProcessReader) -> Self {
        let iterate = match rung {
            Some(rung) => rung == HolderRung::Iterator,
            None => procfs::tcp_sockets() >= MANY,
        };
        let iterated = iterate
            .then(|| iterator::descriptors(reader))
            .and_then(|read| read.inspect_err(|error| log::info!("{error:#}")).ok());
        Self::new(iterated.unwrap_or_else(procfs::descriptors), reader)
    }

    fn new(mut descriptors: Descriptors, reader: &mut ProcessReader) -> Self {
        descriptors.all.sort_unstable();
        let mut holders = Self {
            key: descriptors.key,
            hidden: descriptors.hidden,
            ..Self::default()
        };
        for descriptor in descriptors.all {
            // A process that is gone holds nothing any more.
            let Some(process) = reader.process(descriptor.pid) else {
                continue;
            };
            holders.sockets.push(descriptor.socket);
            holders.fds.push(descriptor.fd);
            holders.processes.push(process);
        }
        holders
    }

    /// The holders of a socket, by their places.
    pub fn of(&self, cookie: Cookie, inode: Option<u32>) -> Range<usize> {
        let wanted = match (self.key, inode) {
            (Key::Cookie, _) => cookie.0,
            (Key::Inode, Some(inode)) => inode.into(),
            (Key::Inode, None) => return 0..0,
        };
        let start = self.sockets.partition_point(|socket| *socket < wanted);
        let count = self.sockets[start..]
            .iter()
            .take_while(|socket| **socket == wanted)
            .count();
        start..start + count
    }

    /// The processes at these places.
    pub fn processes(&self, places: Range<usize>) -> &[Arc<Process>] {
        self.processes.get(places).unwrap_or_default()
    }

    /// Their descriptors' numbers.
    pub fn fds(&self, places: Range<usize>) -> &[u32] {
        self.fds.get(places).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holders_of_one_socket_stand_side_by_side() {
        let me = std::process::id();
        let descriptor = |socket, fd| Descriptor {
            socket,
            pid: me,
            fd,
        };
        let descriptors = Descriptors {
            key: Key::Inode,
            all: vec![descriptor(9, 4), descriptor(7, 8), descriptor(9, 3)],
            hidden: 0,
        };
        let holders = Holders::new(descriptors, &mut ProcessReader::new(false));
        let fds_of = |inode| holders.fds(holders.of(Cookie(0), inode)).to_vec();
        assert_eq!(fds_of(Some(9)), [3, 4]);
        assert_eq!(fds_of(Some(7)), [8]);
        assert_eq!(fds_of(Some(8)), [0_u32; 0]);
        assert_eq!(fds_of(None), [0_u32; 0], "no descriptor, no inode");
        assert_eq!(holders.processes(0..1)[0].pid, me);
    }
}
