//! Who holds which socket, by the descriptors in `/proc`: of the processes that this one may look into.

use std::collections::hash_map::Entry;

use rustc_hash::FxHashMap;

use super::{RawSnapshot, resolve::rank};
use crate::{
    descriptors,
    event::{Claim, How, Process, ProcessKey},
    process::ProcessReader,
};

/// Finds the owners of the sockets whose inode numbers are known.
pub fn join(raw: &mut RawSnapshot) {
    let inodes = std::mem::take(&mut raw.inodes);
    if inodes.is_empty() {
        return;
    }
    let holders = holders();
    let mut reader = ProcessReader::new(true);
    let mut claims: FxHashMap<u32, Option<Claim>> = FxHashMap::default();
    for (place, inode) in inodes {
        let Some(pid) = holders.get(&u64::from(inode)) else {
            continue;
        };
        let claim = match claims.entry(*pid) {
            Entry::Occupied(entry) => *entry.get(),
            Entry::Vacant(entry) => {
                // A process that is gone holds nothing any more.
                let process = reader.process(*pid);
                let claim = process.as_deref().map(claim);
                raw.processes.extend(claim.zip(process.as_deref().cloned()));
                *entry.insert(claim)
            }
        };
        raw.rows[place].owner = claim;
    }
}

/// Of each socket that a process holds, by its inode number, the process id of the owner.
fn holders() -> FxHashMap<u64, u32> {
    let mut holders: FxHashMap<u64, u32> = FxHashMap::default();
    for descriptor in descriptors::by_proc().all {
        let holder = holders.entry(descriptor.socket).or_insert(descriptor.pid);
        if rank(descriptor.pid) < rank(*holder) {
            *holder = descriptor.pid;
        }
    }
    holders
}

/// What names a process that no program has announced: its id alone, as of this reading.
fn claim(process: &Process) -> Claim {
    let mut comm = [0; 16];
    for (to, from) in comm.iter_mut().zip(process.comm.bytes()) {
        *to = from;
    }
    Claim {
        key: ProcessKey {
            tgid: process.pid,
            ..ProcessKey::default()
        },
        uid: process.uid,
        comm,
        how: How::Snapshot,
    }
}

#[cfg(test)]
mod tests {
    use std::{net::TcpListener, os::fd::AsFd as _};

    use rustix::fs::fstat;

    use super::*;
    use crate::enrich::Processes;

    #[test]
    fn a_holder_is_known_whole_and_by_the_name_that_proc_has() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let inode = fstat(listener.as_fd()).unwrap().st_ino;
        let pid = holders()[&inode];
        let process = ProcessReader::new(true).process(pid).unwrap();
        let claim = claim(&process);
        let mut processes = Processes::default();
        processes.learn(claim.key, claim.comm, (*process).clone());
        let owner = processes.owner(claim);
        assert_eq!(owner.process.as_deref(), Some(&*process));
        assert_eq!((pid, owner.how), (std::process::id(), How::Snapshot));
    }
}
