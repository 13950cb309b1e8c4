//! From what the kernel side says of an owner to the process that it is.
//!
//! Never asks `/proc`: by the time an event is read, the process may be gone or its id reused. What
//! was not announced stays None.

use std::sync::Arc;

use lru::LruCache;

use crate::{
    decode::until_zero,
    event::{Claim, How, Owner, Process, ProcessKey},
    text,
};

/// Twice what the kernel side remembers having announced.
const PROCESSES: std::num::NonZeroUsize = std::num::NonZeroUsize::new(32_768).expect("not zero");

/// The processes that were announced.
pub struct Processes {
    known: LruCache<ProcessKey, Known>,
}

struct Known {
    /// The name as the kernel has it, by which a change is seen.
    comm: [u8; 16],
    process: Arc<Process>,
}

impl Default for Processes {
    fn default() -> Self {
        Self {
            known: LruCache::new(PROCESSES),
        }
    }
}

impl Processes {
    /// Takes an announcement.
    pub fn learn(&mut self, key: ProcessKey, comm: [u8; 16], process: Process) {
        let process = Arc::new(process);
        self.known.put(key, Known { comm, process });
    }

    /// The owner that a claim names.
    pub fn owner(&mut self, claim: Claim) -> Owner {
        if claim.how == How::Kernel {
            return Owner {
                process: None,
                how: How::Kernel,
            };
        }
        let process = match self.known.get_mut(&claim.key) {
            Some(known) => known.at(&claim),
            None => Arc::new(unannounced(&claim)),
        };
        Owner {
            process: Some(process),
            how: claim.how,
        }
    }
}

impl Known {
    /// The process, by the name and the user that it had at the time: it may take others at any moment.
    fn at(&mut self, claim: &Claim) -> Arc<Process> {
        if self.comm != claim.comm || self.process.uid != claim.uid {
            let changed = Process {
                comm: text::clean(until_zero(&claim.comm)),
                uid: claim.uid,
                ..(*self.process).clone()
            };
            (self.comm, self.process) = (claim.comm, Arc::new(changed));
        }
        Arc::clone(&self.process)
    }
}

fn unannounced(claim: &Claim) -> Process {
    Process {
        pid: claim.key.tgid,
        comm: text::clean(until_zero(&claim.comm)),
        exe: None,
        uid: claim.uid,
        cgroup: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn called(comm: &str) -> [u8; 16] {
        let mut bytes = [0; 16];
        bytes[..comm.len()].copy_from_slice(comm.as_bytes());
        bytes
    }

    #[test]
    fn a_process_is_told_by_the_name_and_the_user_of_each_time() {
        let key = ProcessKey::default();
        let claim = |comm, uid| Claim {
            key,
            uid,
            how: How::Connect,
            comm: called(comm),
        };
        let announced = Process {
            pid: 0,
            comm: "master".to_owned(),
            exe: Some("/usr/sbin/daemon".to_owned()),
            uid: 0,
            cgroup: Some("/system.slice".to_owned()),
        };
        fn told(processes: &mut Processes, claim: Claim) -> (String, Option<String>, u32) {
            let process = processes.owner(claim).process.expect("a process");
            (process.comm.clone(), process.exe.clone(), process.uid)
        }
        let mut processes = Processes::default();
        let early = told(&mut processes, claim("early", 7));
        assert_eq!(early, ("early".to_owned(), None, 7));
        processes.learn(key, called("master"), announced);
        let exe = Some("/usr/sbin/daemon".to_owned());
        for (comm, uid) in [("master", 0), ("master", 33), ("worker", 33), ("master", 0)] {
            let expected = (comm.to_owned(), exe.clone(), uid);
            assert_eq!(told(&mut processes, claim(comm, uid)), expected);
        }
    }
}
