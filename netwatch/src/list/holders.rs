//! Which processes hold which sockets: by the kernel's iterator over open files, or by /proc.

use std::{fs, ops::Range, sync::Arc};

use super::iterator;
use crate::{
    descriptors::{self, Descriptors, Key},
    event::{Cookie, Process},
    process::ProcessReader,
};

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
            None => tcp_sockets() >= MANY,
        };
        let iterated = iterate
            .then(|| iterator::descriptors(reader))
            .and_then(|read| read.inspect_err(|error| log::info!("{error:#}")).ok());
        Self::new(iterated.unwrap_or_else(descriptors::by_proc), reader)
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

/// TCP sockets of all network namespaces. From `tcp_sockets_allocated`.
fn tcp_sockets() -> u64 {
    let text = fs::read_to_string("/proc/net/sockstat").unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with("TCP:"));
    let mut words = line.unwrap_or_default().split(' ');
    words.find(|word| *word == "alloc");
    words
        .next()
        .and_then(|count| count.parse().ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::descriptors::Descriptor;

    #[test]
    fn tcp_sockets_are_counted() {
        let _one = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        assert!(tcp_sockets() > 0);
    }

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
