//! What is open: the kernel's own iterators, read in every network namespace.

use std::{
    collections::{HashMap, HashSet},
    thread,
};

use anyhow::{Context as _, Result};
use aya::{Ebpf, programs::iter::IterLink};

use crate::{
    clock,
    decode::{self, ROW_BYTES, Row, RowKind},
    enrich::Processes,
    event::{Claim, Cookie, How, MonoNs, Owner, Protocol, Socket, State},
    iterator,
    netns::{self, NetNs},
    probes,
    table::{Found, FoundKind, Snapshot},
};

/// The programs that a snapshot runs, after [`probes::FILES`].
const TABLES: [&str; 2] = ["snapshot_tcp", "snapshot_udp"];
/// The program that only looks for what [`crate::table::Table::look_again`] wants to know.
const WAITING: [&str; 1] = ["snapshot_waiting"];

/// Rows as the kernel gave them, before it is known which processes they name.
#[derive(Debug, Default)]
pub struct RawSnapshot {
    began: MonoNs,
    rows: Vec<Row>,
    unreachable: HashSet<u32>,
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

/// Starts to read everything that is open.
///
/// # Errors
///
/// The iterators could not be attached.
pub fn everything(ebpf: &mut Ebpf) -> Result<Reading> {
    let files = iterator::link(ebpf, probes::FILES)?;
    start(ebpf, Some(files), &TABLES)
}

/// Starts to read what waits without a socket: TIME_WAIT, FIN_WAIT2 without a process, SYN_RECV.
///
/// # Errors
///
/// The iterators could not be attached.
pub fn waiting(ebpf: &mut Ebpf) -> Result<Reading> {
    start(ebpf, None, &WAITING)
}

fn start(ebpf: &mut Ebpf, files: Option<IterLink>, tables: &[&str]) -> Result<Reading> {
    let namespaces = netns::all();
    let mut jobs = Vec::with_capacity(namespaces.len());
    for namespace in namespaces {
        let links = tables
            .iter()
            .map(|name| iterator::link(ebpf, name))
            .collect::<Result<Vec<_>>>()?;
        jobs.push((namespace, links));
    }
    let thread = thread::Builder::new()
        .name("snapshot".to_owned())
        .spawn(move || read_all(files, jobs))
        .context("start a thread for the snapshot")?;
    Ok(Reading { thread })
}

fn read_all(files: Option<IterLink>, jobs: Vec<(NetNs, Vec<IterLink>)>) -> Result<RawSnapshot> {
    let mut raw = RawSnapshot {
        began: clock::monotonic(),
        ..RawSnapshot::default()
    };
    if let Some(files) = files {
        raw.read(files)
            .context("read the iterator over open files")?;
    }
    for (namespace, links) in jobs {
        if namespace.enter().is_err() {
            raw.unreachable.insert(namespace.inode);
            continue;
        }
        for link in links {
            raw.read(link).with_context(|| {
                format!("read the sockets of network namespace {}", namespace.inode)
            })?;
        }
    }
    Ok(raw)
}

impl RawSnapshot {
    /// Before the first row was read.
    pub const fn began(&self) -> MonoNs {
        self.began
    }

    fn read(&mut self, link: IterLink) -> Result<()> {
        let (rows, undecodable) = (&mut self.rows, &mut self.undecodable);
        let left = iterator::read::<ROW_BYTES>(link, |bytes| match decode::iterator_row(bytes) {
            Ok(row) => rows.push(row),
            Err(_) => *undecodable += 1,
        })?;
        self.undecodable += u64::from(left > 0);
        Ok(())
    }

    /// Joins the rows into sockets, each with its owner.
    pub fn resolve(self, processes: &mut Processes) -> Snapshot {
        let mut sockets: HashMap<Cookie, Row> = HashMap::with_capacity(self.rows.len());
        let mut holders: HashMap<Cookie, Claim> = HashMap::new();
        for row in self.rows {
            match row.kind {
                RowKind::File { udp } => {
                    if let Some(claim) = row.owner {
                        prefer(&mut holders, row.cookie, claim);
                    }
                    if is_in_use(&row, udp) {
                        sockets.entry(row.cookie).or_insert(row);
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
            unreachable: self.unreachable,
        }
    }
}

/// Of several holders the lowest process id, as that is the parent of the others; but not 1, which
/// only keeps sockets for the services that it starts.
fn prefer(holders: &mut HashMap<Cookie, Claim>, cookie: Cookie, claim: Claim) {
    let rank = |claim: &Claim| (claim.key.tgid == 1, claim.key.tgid);
    let holder = holders.entry(cookie).or_insert(claim);
    if rank(&claim) < rank(holder) {
        *holder = claim;
    }
}

/// Whether a descriptor's socket is one that the socket tables list.
fn is_in_use(row: &Row, udp: bool) -> bool {
    if udp {
        row.ends.local.port.is_some()
    } else {
        row.state != State::Close
    }
}

type Place = (Option<u32>, Option<u16>);

/// Who listens where: the owner of connections that nobody has accepted yet.
fn listeners(
    sockets: &HashMap<Cookie, Row>,
    holders: &HashMap<Cookie, Claim>,
) -> HashMap<Place, Claim> {
    sockets
        .values()
        .filter(|row| row.state == State::Listen)
        .filter_map(|row| Some((place(row), row.owner.or(holders.get(&row.cookie).copied())?)))
        .collect()
}

fn place(row: &Row) -> Place {
    (row.ends.netns, row.ends.local.port)
}

fn owner_of(
    row: &Row,
    holders: &HashMap<Cookie, Claim>,
    listeners: &HashMap<Place, Claim>,
) -> Option<Claim> {
    let seen = row.owner.filter(|claim| claim.how != How::Snapshot);
    let accepted_later = || {
        let waits = matches!(row.state, State::Established | State::CloseWait);
        let claim = listeners
            .get(&place(row))
            .filter(|_| waits && row.kind == RowKind::Tcp)?;
        Some(Claim {
            how: How::Inherited,
            ..*claim
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
