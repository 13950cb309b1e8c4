//! The programs: which hook each stands on, what for, and on which rung.
//!
//! Why so many: most transitions run in softirq or in the peer's system call, so the process that
//! happens to run says nothing. The owner is learned at the few moments when the caller is known to
//! be a user of the socket, each of which has a hook of its own. A kernel or a container may refuse
//! any of them; what is there is found out by loading it.

mod ladder;
mod load;
mod refusal;
mod table;

use std::fmt;

pub use ladder::{Attached, attach};
pub use load::LoadOptions;
pub use table::PROBES;

/// Where a program is attached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hook {
    /// A tracepoint, by the name that the kernel's BTF gives it.
    BtfTracepoint(&'static str),
    /// A tracepoint as tracefs has it: `category/name`.
    Tracepoint(&'static str),
    /// The root of the unified cgroup hierarchy; which hook there, the program's section says.
    Cgroup,
    CgroupEgress,
    CgroupIngress,
    /// The beginning of a kernel function, by a trampoline (fentry).
    Entry(&'static str),
    /// The end of a kernel function, by a trampoline (fexit).
    Exit(&'static str),
    /// The beginning of a kernel function, by a kprobe.
    KernelProbe(&'static str),
    /// The return of a kernel function, by a kretprobe.
    Return(&'static str),
    /// An iterator's target. Loaded here, attached anew for each snapshot.
    Iterator(&'static str),
}

impl Hook {
    /// Whether the program is attached to a cgroup.
    pub const fn is_of_cgroups(self) -> bool {
        matches!(
            self,
            Self::Cgroup | Self::CgroupEgress | Self::CgroupIngress
        )
    }

    /// Whether the kernel's verifier must know the types of what the program is given.
    pub const fn needs_types(self) -> bool {
        matches!(
            self,
            Self::BtfTracepoint(_) | Self::Entry(_) | Self::Exit(_) | Self::Iterator(_)
        )
    }
}

impl fmt::Display for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BtfTracepoint(name) => write!(f, "the tracepoint {name}"),
            Self::Tracepoint(name) => write!(f, "the classic tracepoint {name}"),
            Self::Cgroup => f.write_str("the root cgroup"),
            Self::CgroupEgress => f.write_str("the root cgroup's egress"),
            Self::CgroupIngress => f.write_str("the root cgroup's ingress"),
            Self::Entry(function) => write!(f, "the entry of {function}"),
            Self::KernelProbe(function) => write!(f, "a kprobe at {function}"),
            Self::Exit(function) => write!(f, "the exit of {function}"),
            Self::Return(function) => write!(f, "the return of {function}"),
            Self::Iterator(target) => write!(f, "the iterator {target}"),
        }
    }
}

/// One program of the object.
#[derive(Clone, Copy, Debug)]
pub struct Probe {
    pub program: &'static str,
    pub hook: Hook,
    /// What of the kernel it relies on, by the names in the kernel's BTF; where kernels differ, each form, separated
    /// by ` | `. Of a function or a tracepoint the parameters, of a classic tracepoint those fields of its record
    /// that are read, of an iterator the fields of its context, of a cgroup hook the attach type with the struct
    /// of its context.
    pub prototype: &'static str,
    /// What it is for.
    pub capability: &'static str,
    /// The name of the rung that it belongs to, together with its neighbours of the same name.
    pub rung: &'static str,
    /// Without it netwatch can't run.
    pub required: bool,
    /// It does the work of the one before where the kernel skipped that; only for kernels that interrupt
    /// programs.
    pub is_second: bool,
}

/// The iterator over open files, which leaves the owner with each socket that it meets.
pub const FILES: &str = "snapshot_files";

/// The capability that reads what is open already.
pub const SNAPSHOT: &str = "snapshot";

/// The capability to remember something of each socket, with a rung that takes no program of its own and
/// one for tracing programs that can't do that.
pub const MEMORY: &str = "memory";
pub const SOCKET_STORAGE: &str = "sk_storage";
pub const COOKIE_MAP: &str = "cookie_map";
/// The same where the kernel tells of a socket's end by a classic tracepoint only.
pub const COOKIE_MAP_BY_RECORD: &str = "cookie_map_by_record";

/// The capability that tells of transitions.
pub const TCP: &str = "tcp";
/// Its rung that gets no more of a socket than its address.
pub const TRACEPOINT: &str = "tracepoint";

/// The capability that tells who accepts, and its rung that can't reach what is remembered of a socket.
pub const ACCEPT: &str = "accept";
pub const KRETPROBE: &str = "kretprobe";

/// The capability that tells of a connection's start in place of [`TCP`].
pub const OPEN: &str = "open";

/// The capability that a trace without UDP does without.
pub const UDP: &str = "udp";
/// Its rung that can't reach what is remembered of a socket.
pub const KPROBE: &str = "kprobe";

/// The rung of a capability that has none.
pub const NONE: &str = "none";

/// The capabilities that programs serve, in the order of attaching.
pub fn capabilities() -> impl Iterator<Item = &'static str> {
    firsts(PROBES.iter().map(|probe| probe.capability))
}

/// The rungs of a capability that programs serve, best first.
pub fn rungs_of(capability: &str) -> impl Iterator<Item = &'static str> {
    let probes = PROBES
        .iter()
        .filter(move |probe| probe.capability == capability);
    firsts(probes.map(|probe| probe.rung))
}

/// Whether netwatch can't run without a capability.
pub fn is_required(capability: &str) -> bool {
    let mut probes = PROBES.iter();
    probes.any(|probe| probe.capability == capability && probe.required)
}

/// Of neighbours that are equal, the first.
fn firsts(names: impl Iterator<Item = &'static str>) -> impl Iterator<Item = &'static str> {
    let mut last = None;
    names.filter(move |name| last.replace(*name) != Some(*name))
}

#[cfg(test)]
mod tests;
