//! What is open now: one reading of sock_diag in each network namespace, and of the descriptors of
//! all processes beside it.

mod cgroup;
mod changes;
mod diag;
mod entry;
mod holders;
mod info;
mod iterator;
mod message;
mod process;
mod procfs;

use std::{sync::Arc, thread};

use anyhow::{Context as _, Result};

use crate::{
    event::{Family, How, Owner, Process, Protocol},
    snapshot::netns::{self, NetNs},
};
use cgroup::CgroupPaths;
pub use changes::{Changes, Mark};
use diag::{Diag, Dump};
pub use entry::{Detail, Entry, Memory, Timer, TimerKind};
use holders::Holders;
pub use info::TcpInfo;
use message::{Answered, attribute};
use process::ProcessReader;

/// What to read.
#[derive(Clone, Debug)]
pub struct Wanted {
    pub protocols: Vec<Protocol>,
    pub families: Vec<Family>,
    /// Also TCP sockets that listen and UDP sockets without a peer.
    pub listening: bool,
    /// All others.
    pub connected: bool,
    /// What TCP knows, memory and more.
    pub detail: bool,
    pub owners: bool,
    /// Executables and cgroups.
    pub whole: bool,
    /// Inode numbers of the network namespaces; all where empty.
    pub netns: Vec<u32>,
}

/// Every socket that one reading found, in the kernel's order.
#[derive(Debug)]
pub struct Listing {
    pub entries: Vec<Entry>,
    holders: Holders,
}

impl Listing {
    /// Reads what is open.
    ///
    /// # Errors
    ///
    /// The kernel refuses sock_diag, or a network namespace that was asked for can't be entered.
    pub fn read(wanted: &Wanted) -> Result<Self> {
        let (answered, holders) = thread::scope(|scope| {
            let holders = scope.spawn(|| {
                let mut reader = ProcessReader::new(wanted.whole);
                wanted.owners.then(|| Holders::read(&mut reader))
            });
            // A thread of its own, as reading changes the thread's network namespace.
            let answered = scope.spawn(|| read_namespaces(wanted));
            (join(answered), join(holders))
        });
        let holders = holders.unwrap_or(Holders::NONE);
        let mut paths = CgroupPaths::default();
        let entries = answered?
            .into_iter()
            .map(|answered| finished(answered, &holders, wanted.whole.then_some(&mut paths)))
            .collect();
        Ok(Self { entries, holders })
    }

    /// The processes that hold a socket, and by which descriptors.
    pub fn holders(&self, entry: &Entry) -> impl Iterator<Item = (&Arc<Process>, u32)> {
        let processes = self.holder_processes(entry).iter();
        processes.zip(self.holders.fds(entry.holders.clone()).iter().copied())
    }

    /// The processes that hold a socket, one for each descriptor.
    pub fn holder_processes(&self, entry: &Entry) -> &[Arc<Process>] {
        self.holders.processes(entry.holders.clone())
    }

    /// How many processes there are whose descriptors may not be seen.
    pub const fn hidden_processes(&self) -> usize {
        self.holders.hidden
    }
}

fn join<T>(thread: thread::ScopedJoinHandle<'_, T>) -> T {
    thread
        .join()
        .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

fn read_namespaces(wanted: &Wanted) -> Result<Vec<Answered>> {
    let own = netns::own();
    let mut answered = Vec::new();
    if own.is_none_or(|own| wanted.reads(own)) {
        read_one(wanted, own, &mut answered)?;
    }
    if wanted.netns.len() == 1 && own.is_some_and(|own| wanted.reads(own)) {
        return Ok(answered);
    }
    let others = netns::all();
    let others = others
        .iter()
        .filter(|other| Some(other.inode) != own && wanted.reads(other.inode));
    for namespace in others {
        match namespace.enter() {
            Ok(()) => read_one(wanted, Some(namespace.inode), &mut answered)?,
            // Without the privilege only the own one is listed.
            Err(_) if wanted.netns.is_empty() => {}
            Err(error) => return Err(error).with_context(|| cannot_enter(namespace)),
        }
    }
    Ok(answered)
}

fn cannot_enter(namespace: &NetNs) -> String {
    format!(
        "enter network namespace {}, which takes CAP_SYS_ADMIN",
        namespace.inode
    )
}

fn read_one(wanted: &Wanted, netns: Option<u32>, answered: &mut Vec<Answered>) -> Result<()> {
    let mut diag = Diag::open()?;
    for protocol in &wanted.protocols {
        for family in &wanted.families {
            let dump = Dump {
                protocol: *protocol,
                family: *family,
                states: wanted.states(*protocol),
                extensions: wanted.extensions(),
                netns,
            };
            diag.dump(&dump, |one| answered.push(one))?;
        }
    }
    Ok(())
}

/// Bits of the kernel's states: of all of them, of LISTEN, and of CLOSE, in which UDP sockets
/// without a peer are.
const ALL_STATES: u32 = 0xffe;
const LISTEN: u32 = 1 << 10;
const CLOSE: u32 = 1 << 7;

impl Wanted {
    fn reads(&self, netns: u32) -> bool {
        self.netns.is_empty() || self.netns.contains(&netns)
    }

    fn states(&self, protocol: Protocol) -> u32 {
        let waits = match protocol {
            Protocol::Tcp => LISTEN,
            Protocol::Udp => CLOSE,
        };
        let listening = if self.listening { waits } else { 0 };
        let connected = if self.connected {
            ALL_STATES & !waits
        } else {
            0
        };
        listening | connected
    }

    const fn extensions(&self) -> u8 {
        const fn bit(attribute: u16) -> u8 {
            1 << (attribute - 1)
        }
        if !self.detail {
            return 0;
        }
        bit(attribute::INFO)
            | bit(attribute::CONG)
            | bit(attribute::TOS)
            | bit(attribute::TCLASS)
            | bit(attribute::SKMEMINFO)
    }
}

fn finished(answered: Answered, holders: &Holders, paths: Option<&mut CgroupPaths>) -> Entry {
    let Answered { mut entry, cgroup } = answered;
    entry.holders = holders.of(entry.socket.cookie, entry.facts.inode);
    let processes = holders.processes(entry.holders.clone());
    entry.socket.owner = owner(processes);
    if let Some((paths, id)) = paths.zip(cgroup) {
        entry.facts.cgroup = paths.get(id);
    }
    entry
}

/// The holder that uses the socket: process 1 only keeps sockets for the services that it starts.
fn owner(holders: &[Arc<Process>]) -> Option<Owner> {
    let user = holders.iter().find(|process| process.pid != 1);
    let process = user.or(holders.first())?;
    Some(Owner {
        process: Some(Arc::clone(process)),
        how: How::Snapshot,
    })
}
