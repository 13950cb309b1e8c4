//! What is open: the kernel's own iterators, read in every network namespace.

mod resolve;

use std::{
    collections::HashSet,
    sync::{Mutex, PoisonError, Weak},
    thread,
};

use anyhow::{Context as _, Result};
use aya::Ebpf;

use crate::{
    clock,
    decode::{self, ROW_BYTES, Row},
    event::MonoNs,
    iterator,
    netns::{self, NetNs},
    priority, probes,
};

/// The programs that a snapshot runs, after [`probes::FILES`].
const TABLES: &[&str] = &["snapshot_tcp", "snapshot_udp"];
/// The program that only looks for what [`crate::table::Table::look_again`] wants to know.
const WAITING: &[&str] = &["snapshot_waiting"];

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

/// The loaded programs. A reading ends where nobody else has them any more.
pub type Programs = Weak<Mutex<Ebpf>>;

/// Starts to read everything that is open, also in these network namespaces if they still are.
///
/// # Errors
///
/// There is no room for a thread.
pub fn everything(programs: Programs, netns: HashSet<u32>) -> Result<Reading> {
    start(Job {
        programs,
        files: true,
        tables: TABLES,
        netns,
    })
}

/// Starts to read what waits without a socket: TIME_WAIT, FIN_WAIT2 without a process, SYN_RECV;
/// also in these network namespaces.
///
/// # Errors
///
/// There is no room for a thread.
pub fn waiting(programs: Programs, netns: HashSet<u32>) -> Result<Reading> {
    start(Job {
        programs,
        files: false,
        tables: WAITING,
        netns,
    })
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

/// What a reading is to read.
struct Job {
    programs: Programs,
    /// The descriptors of all processes, too.
    files: bool,
    /// In each network namespace.
    tables: &'static [&'static str],
    /// Network namespaces that are known to hold sockets.
    netns: HashSet<u32>,
}

impl Job {
    fn run(mut self) -> Result<RawSnapshot> {
        let mut raw = RawSnapshot {
            began: clock::monotonic(),
            ..RawSnapshot::default()
        };
        if self.files {
            self.read(probes::FILES, &mut raw)?;
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
        Ok(raw)
    }

    /// One after another: each takes its iterators with it, however many namespaces there are.
    fn visit(&self, namespace: &NetNs, raw: &mut RawSnapshot) -> Result<()> {
        if namespace.enter().is_err() {
            return Ok(());
        }
        for table in self.tables {
            self.read(table, raw)
                .with_context(|| format!("in network namespace {}", namespace.inode))?;
        }
        raw.visited.insert(namespace.inode);
        Ok(())
    }

    fn read(&self, program: &str, raw: &mut RawSnapshot) -> Result<()> {
        let programs = self
            .programs
            .upgrade()
            .context("the programs are out of the kernel again")?;
        let link = {
            let mut ebpf = programs.lock().unwrap_or_else(PoisonError::into_inner);
            iterator::link(&mut ebpf, program)?
        };
        drop(programs);
        let (rows, undecodable) = (&mut raw.rows, &mut raw.undecodable);
        let left = iterator::read::<ROW_BYTES>(link, |bytes| match decode::iterator_row(bytes) {
            Ok(row) => rows.push(row),
            Err(_) => *undecodable += 1,
        })
        .with_context(|| format!("read the iterator {program}"))?;
        raw.undecodable += u64::from(left > 0);
        Ok(())
    }
}

impl RawSnapshot {
    /// Before the first row was read.
    pub const fn began(&self) -> MonoNs {
        self.began
    }
}
