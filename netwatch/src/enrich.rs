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
            Some(known) => known.called(claim.comm),
            None => Arc::new(unannounced(&claim)),
        };
        Owner {
            process: Some(process),
            how: claim.how,
        }
    }
}

impl Known {
    /// The process, by the name that it had at the time: it may give itself another at any moment.
    fn called(&mut self, comm: [u8; 16]) -> Arc<Process> {
        if self.comm != comm {
            let renamed = Process {
                comm: text::clean(until_zero(&comm)),
                ..(*self.process).clone()
            };
            (self.comm, self.process) = (comm, Arc::new(renamed));
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
