//! What is open, read from the kernel in every network namespace: by its iterators, or by what it has
//! for everyone where they are refused.

mod holders;
mod iterators;
mod proc_net;
mod resolve;
mod sock_diag;

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, Weak},
    thread,
};

use anyhow::{Context as _, Result, bail};
use aya::Ebpf;

use crate::{
    clock,
    decode::Row,
    event::{Claim, MonoNs, Process},
    netns::{self, NetNs},
    priority,
};

/// A way to read what is open.
#[derive(Clone, Debug)]
pub enum Way {
    /// The programs, in the kernel. A reading ends where nobody else has them any more.
    Iterators(Weak<Mutex<Ebpf>>),
    /// sock_diag, and the descriptors in `/proc`.
    SockDiag,
    /// The tables in `/proc/net`, and the descriptors in `/proc`.
    ProcNet,
}

/// Its rungs below the iterators, which need no program: best first.
pub const RUNGS: &[&str] = &[SOCK_DIAG, PROC_NET];
const SOCK_DIAG: &str = "sock_diag";
const PROC_NET: &str = "procfs";

impl Way {
    /// The way that a rung of [`crate::probes::SNAPSHOT`] names.
    pub fn of(rung: &str, programs: &Arc<Mutex<Ebpf>>) -> Self {
        match rung {
            SOCK_DIAG => Self::SockDiag,
            PROC_NET => Self::ProcNet,
            _ => Self::Iterators(Arc::downgrade(programs)),
        }
    }
}

/// The rung to stand on: the one that is wanted, else the best of [`RUNGS`] that is there, by trying.
///
/// # Errors
///
/// The one that is wanted is not there, or none is.
pub fn choose(wanted: Option<&str>) -> Result<&'static str> {
    if let Some(wanted) = wanted {
        let rung = RUNGS.iter().find(|rung| **rung == wanted);
        let rung = rung.with_context(|| {
            let rungs = RUNGS.join(", ");
            format!("the snapshot has no rung {wanted} that needs no program: there are {rungs}")
        })?;
        attempt(rung).with_context(|| format!("stand on the rung {rung} for the snapshot"))?;
        return Ok(rung);
    }
    let mut refused = Vec::new();
    for rung in RUNGS {
        match attempt(rung) {
            Ok(()) => return Ok(rung),
            Err(error) => refused.push(format!("{rung}: {error:#}")),
        }
    }
    bail!("no way to read what is open: {}", refused.join("; "))
}

/// Whether one of [`RUNGS`] is there, by trying.
///
/// # Errors
///
/// This kernel refuses it.
pub fn attempt(rung: &str) -> Result<()> {
    match rung {
        SOCK_DIAG => sock_diag::attempt(),
        PROC_NET => proc_net::attempt(),
        _ => bail!("{rung} is no rung of the snapshot that can be had without a program"),
    }
}

/// Rows as the kernel gave them, before it is known which processes they name.
#[derive(Debug, Default)]
pub struct RawSnapshot {
    began: MonoNs,
    rows: Vec<Row>,
    visited: HashSet<u32>,
    /// Network namespaces that were looked for in vain.
    pub unfound: HashSet<u32>,
    /// Rows that were not understood.
    pub undecodable: u64,
    /// Inode numbers of the sockets whose holders are still to be looked for, by their places in `rows`.
    inodes: Vec<(usize, u32)>,
    /// The processes that claims name which no program has announced.
    processes: Vec<(Claim, Process)>,
}

/// A snapshot being read on a thread of its own: reading changes the thread's network namespace.
pub struct Reading {
    thread: thread::JoinHandle<Result<RawSnapshot>>,
}

impl Reading {
    /// Whether [`Reading::finish`] would not wait.
    pub fn is_finished(&self) -> bool {
        self.thread.is_finished()
    }

    /// Waits for the end.
    ///
    /// # Errors
    ///
    /// An iterator could not be read.
    pub fn finish(self) -> Result<RawSnapshot> {
        match self.thread.join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }
}

/// Starts to read everything that is open, also in these network namespaces if they still are.
///
/// # Errors
///
/// There is no room for a thread.
pub fn everything(way: Way, netns: HashSet<u32>) -> Result<Reading> {
    let scope = Scope::Everything;
    start(Job { way, scope, netns })
}

/// Starts to read what waits without a socket: TIME_WAIT, FIN_WAIT2 without a process, SYN_RECV;
/// also in these network namespaces.
///
/// # Errors
///
/// There is no room for a thread.
pub fn waiting(way: Way, netns: HashSet<u32>) -> Result<Reading> {
    let scope = Scope::Waiting;
    start(Job { way, scope, netns })
}

fn start(job: Job) -> Result<Reading> {
    let thread = thread::Builder::new()
        .name("snapshot".to_owned())
        .spawn(move || {
            priority::ordinary();
            job.run()
        })
        .context("start a thread for the snapshot")?;
    Ok(Reading { thread })
}

/// How much a reading reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scope {
    /// Every socket, and who holds it.
    Everything,
    /// What [`crate::table::Table::look_again`] wants to know.
    Waiting,
}

/// What a reading is to read.
struct Job {
    way: Way,
    scope: Scope,
    /// Network namespaces that are known to hold sockets.
    netns: HashSet<u32>,
}

impl Job {
    fn run(mut self) -> Result<RawSnapshot> {
        let mut raw = RawSnapshot {
            began: clock::monotonic(),
            ..RawSnapshot::default()
        };
        if let (Way::Iterators(programs), Scope::Everything) = (&self.way, self.scope) {
            iterators::files(programs, &mut raw)?;
        }
        for namespace in netns::all() {
            self.visit(&namespace, &mut raw)?;
        }
        // A namespace that none of its processes is in any more may still have sockets.
        self.netns
            .extend(raw.rows.iter().filter_map(|row| row.ends.netns));
        self.netns.retain(|inode| !raw.visited.contains(inode));
        if !self.netns.is_empty() {
            for namespace in netns::hidden(&self.netns) {
                self.visit(&namespace, &mut raw)?;
            }
            self.netns.retain(|inode| !raw.visited.contains(inode));
            raw.unfound = self.netns;
        }
        if self.scope == Scope::Everything {
            holders::join(&mut raw);
        }
        Ok(raw)
    }

    /// One after another: each takes its descriptors with it, however many namespaces there are.
    fn visit(&self, namespace: &NetNs, raw: &mut RawSnapshot) -> Result<()> {
        if namespace.enter().is_err() {
            return Ok(());
        }
        let read = match &self.way {
            Way::Iterators(programs) => iterators::tables(programs, self.scope, raw),
            Way::SockDiag => sock_diag::tables(namespace.inode, self.scope, raw),
            Way::ProcNet => proc_net::tables(namespace.inode, self.scope, raw),
        };
        read.with_context(|| format!("in network namespace {}", namespace.inode))?;
        raw.visited.insert(namespace.inode);
        Ok(())
    }
}

impl RawSnapshot {
    /// Before the first row was read.
    pub const fn began(&self) -> MonoNs {
        self.began
    }
}

#[cfg(test)]
mod tests;
