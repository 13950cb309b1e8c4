//! What is open now: one reading of sock_diag in each network namespace, and of the descriptors of
//! all processes beside it.

mod bpf;
mod cgroup;
mod changes;
mod holders;
mod iterator;

use std::{sync::Arc, thread};

use anyhow::{Context as _, Result, bail};

pub use crate::sock_diag::{Detail, Entry, Memory, TcpInfo, Timer, TimerKind};
use crate::{
    event::{Family, How, Owner, Process, Protocol},
    netns::{self, NetNs},
    process::ProcessReader,
    sock_diag::{self, ALL_STATES, Answered, Dump, Dumped, Families, attribute},
};
use cgroup::CgroupPaths;
pub use changes::{Changes, Mark};
pub use holders::HolderRung;
use holders::Holders;

/// What to read.
#[derive(Clone, Debug)]
pub struct Wanted {
    pub protocols: Vec<Protocol>,
    /// Both where it is None.
    pub family: Option<Family>,
    /// Also TCP sockets that listen and UDP sockets without a peer.
    pub listening: bool,
    /// All others.
    pub connected: bool,
    /// What TCP knows, memory and more.
    pub detail: bool,
    pub owners: bool,
    /// How the owners are to be learned; the better way where it is None.
    pub holder_rung: Option<HolderRung>,
    /// Executables and cgroups.
    pub whole: bool,
    /// Inode numbers of the network namespaces; all where empty.
    pub netns: Vec<u32>,
}

/// Every socket that one reading found.
#[derive(Debug, Default)]
pub struct Listing {
    dumps: Vec<Dumped>,
    holders: Holders,
    cgroups: CgroupPaths,
}

impl Listing {
    /// Reads what is open.
    ///
    /// # Errors
    ///
    /// The kernel refuses sock_diag, or a network namespace that was asked for can't be entered.
    pub fn read(wanted: &Wanted) -> Result<Self> {
        let own = netns::own();
        let (dumps, others, holders) = thread::scope(|scope| {
            let holders = scope.spawn(|| {
                let mut reader = ProcessReader::new(wanted.whole);
                wanted
                    .owners
                    .then(|| Holders::read(wanted.holder_rung, &mut reader))
            });
            // A thread of its own, as it changes the thread's network namespace.
            let others = scope.spawn(|| read_others(wanted, own));
            (read_own(wanted, own), join(others), join(holders))
        });
        let mut dumps = dumps?;
        dumps.extend(others?);
        Ok(Self {
            dumps,
            holders: holders.unwrap_or_default(),
            cgroups: if wanted.whole {
                CgroupPaths::read()
            } else {
                CgroupPaths::default()
            },
        })
    }

    /// Every socket, as netstat has them: a protocol and family after another, each in the kernel's
    /// order.
    pub fn entries(&self) -> impl Iterator<Item = Entry> {
        let answers = self.dumps.iter().flat_map(Dumped::sockets);
        answers.map(|answered| self.entry(answered))
    }

    /// Whether there are sockets of more than one network namespace.
    pub fn has_namespaces(&self) -> bool {
        let mut netns = self
            .dumps
            .iter()
            .filter(|dumped| !dumped.is_empty())
            .map(|dumped| dumped.dump.netns);
        let first = netns.next();
        netns.any(|other| Some(other) != first)
    }

    fn entry(&self, answered: Answered) -> Entry {
        let Answered {
            mut entry, cgroup, ..
        } = answered;
        entry.holders = self.holders.of(entry.socket.cookie, entry.facts.inode);
        entry.socket.owner = owner(self.holder_processes(&entry));
        entry.facts.cgroup = cgroup.and_then(|id| self.cgroups.get(id));
        entry
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

fn read_own(wanted: &Wanted, own: Option<u32>) -> Result<Vec<Dumped>> {
    let mut dumps = Vec::new();
    if own.is_none_or(|own| wanted.reads(own)) {
        read_one(wanted, own, &mut dumps)?;
    }
    Ok(dumps)
}

fn read_others(wanted: &Wanted, own: Option<u32>) -> Result<Vec<Dumped>> {
    let mut dumps = Vec::new();
    if wanted.netns.len() == 1 && own.is_some_and(|own| wanted.reads(own)) {
        return Ok(dumps);
    }
    let others = netns::all();
    let others = others
        .iter()
        .filter(|other| Some(other.inode) != own && wanted.reads(other.inode));
    let mut missing: Vec<u32> = wanted.netns.clone();
    missing.retain(|inode| Some(*inode) != own);
    for namespace in others {
        match namespace.enter() {
            Ok(()) => read_one(wanted, Some(namespace.inode), &mut dumps)?,
            // Without the privilege only the own one is listed.
            Err(_) if wanted.netns.is_empty() => {}
            Err(error) => return Err(error).with_context(|| cannot_enter(namespace)),
        }
        missing.retain(|inode| *inode != namespace.inode);
    }
    match missing.first() {
        None => Ok(dumps),
        Some(inode) => bail!(
            "there is no network namespace {inode} that this user may see: to look into those of \
             others run it as root (sudo), or grant it cap_sys_admin and cap_sys_ptrace"
        ),
    }
}

fn cannot_enter(namespace: &NetNs) -> String {
    format!(
        "enter network namespace {}, which takes CAP_SYS_ADMIN",
        namespace.inode
    )
}

fn read_one(wanted: &Wanted, netns: Option<u32>, dumps: &mut Vec<Dumped>) -> Result<()> {
    for protocol in &wanted.protocols {
        for families in Families::passes(*protocol, wanted.family) {
            dumps.push(sock_diag::read(Dump {
                protocol: *protocol,
                families,
                states: wanted.states(*protocol),
                extensions: wanted.extensions(),
                netns,
            })?);
        }
    }
    Ok(())
}

/// Bits of the kernel's states: of LISTEN, and of CLOSE, in which UDP sockets without a peer are.
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

/// The holder that uses the socket: process 1 only keeps sockets for the services that it starts.
fn owner(holders: &[Arc<Process>]) -> Option<Owner> {
    let user = holders.iter().find(|process| process.pid != 1);
    let process = user.or(holders.first())?;
    Some(Owner {
        process: Some(Arc::clone(process)),
        how: How::Snapshot,
    })
}
