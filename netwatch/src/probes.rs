//! The programs: which hook each stands on, what for, and on which rung.
//!
//! Why so many: most transitions run in softirq or in the peer's system call, so the process that
//! happens to run says nothing. The owner is learned at the few moments when the caller is known to
//! be a user of the socket, each of which has a hook of its own. A kernel or a container may refuse
//! any of them; what is there is found out by loading it.

use std::{fmt, fs::File};

use anyhow::{Context as _, Result};
use aya::{
    Btf, Ebpf, EbpfLoader, include_bytes_aligned,
    programs::{
        BtfTracePoint, CgroupAttachMode, CgroupSkb, CgroupSkbAttachType, Iter, Program,
        ProgramError,
    },
};

use netwatch_common::detail;

use crate::{
    event::Rung,
    iterator,
    kernel::{self, Layout},
    privilege,
};

/// Where a program is attached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hook {
    /// A tracepoint, by the name that the kernel's BTF gives it.
    BtfTracepoint(&'static str),
    /// The root of the unified cgroup hierarchy; which hook there, the program's section says.
    Cgroup,
    CgroupEgress,
    CgroupIngress,
    /// An iterator's target. Loaded here, attached anew for each snapshot.
    Iterator(&'static str),
}

impl fmt::Display for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BtfTracepoint(name) => write!(f, "the tracepoint {name}"),
            Self::Cgroup => f.write_str("the root cgroup"),
            Self::CgroupEgress => f.write_str("the root cgroup's egress"),
            Self::CgroupIngress => f.write_str("the root cgroup's ingress"),
            Self::Iterator(target) => write!(f, "the iterator {target}"),
        }
    }
}

/// One program of the object.
#[derive(Clone, Copy, Debug)]
pub struct Probe {
    pub program: &'static str,
    pub hook: Hook,
    /// What it is for.
    pub capability: &'static str,
    /// The name of the rung that it belongs to, together with its neighbours of the same name.
    pub rung: &'static str,
    /// Without it netwatch can't run.
    pub required: bool,
}

const fn probe(
    program: &'static str,
    hook: Hook,
    capability: &'static str,
    rung: &'static str,
) -> Probe {
    Probe {
        program,
        hook,
        capability,
        rung,
        required: false,
    }
}

const fn required(probe: Probe) -> Probe {
    Probe {
        required: true,
        ..probe
    }
}

/// The iterator over open files, which leaves the owner with each socket that it meets.
pub const FILES: &str = "snapshot_files";

/// The capability that reads what is open already.
pub const SNAPSHOT: &str = "snapshot";

/// The first program that reports transitions.
const STATE: &str = "tcp_state";

/// The program, and its capability, that reports a connection's start in place of `tcp_state`.
const OPEN: (&str, &str) = ("tcp_open", "open");

/// The capability that a trace without UDP does without.
const UDP: &str = "udp";

/// Every program, in the order of attaching: what others rely on goes first, and the transitions
/// last, so that from the first of them on everything is in place.
pub const PROBES: &[Probe] = {
    use Hook::{BtfTracepoint, Cgroup, CgroupEgress, CgroupIngress, Iterator};
    &[
        probe(FILES, Iterator("task_file"), SNAPSHOT, "iter"),
        probe("snapshot_tcp", Iterator("tcp"), SNAPSHOT, "iter"),
        probe("snapshot_waiting", Iterator("tcp"), SNAPSHOT, "iter"),
        probe("snapshot_udp", Iterator("udp"), SNAPSHOT, "iter"),
        probe("udp_create", Cgroup, "udp", "cgroup_skb"),
        probe("udp_bind4", Cgroup, "udp", "cgroup_skb"),
        probe("udp_bind6", Cgroup, "udp", "cgroup_skb"),
        probe("udp_connect4", Cgroup, "udp", "cgroup_skb"),
        probe("udp_connect6", Cgroup, "udp", "cgroup_skb"),
        probe("udp_send4", Cgroup, "udp", "cgroup_skb"),
        probe("udp_send6", Cgroup, "udp", "cgroup_skb"),
        probe("udp_receive4", Cgroup, "udp", "cgroup_skb"),
        probe("udp_receive6", Cgroup, "udp", "cgroup_skb"),
        probe("udp_release", Cgroup, "udp", "cgroup_skb"),
        probe("udp_egress", CgroupEgress, "udp", "cgroup_skb"),
        probe("udp_ingress", CgroupIngress, "udp", "cgroup_skb"),
        probe("accept4", Cgroup, "accept", "cgroup_getpeername"),
        probe("accept6", Cgroup, "accept", "cgroup_getpeername"),
        probe("io_send", BtfTracepoint("sock_send_length"), "io", "tp_btf"),
        probe(
            "io_receive",
            BtfTracepoint("sock_recv_length"),
            "io",
            "tp_btf",
        ),
        probe(
            "reset_received",
            BtfTracepoint("tcp_receive_reset"),
            "reset",
            "tp_btf",
        ),
        probe(
            "reset_sent",
            BtfTracepoint("tcp_send_reset"),
            "reset",
            "tp_btf",
        ),
        probe(OPEN.0, Cgroup, OPEN.1, "sock_ops"),
        required(probe(
            STATE,
            BtfTracepoint("inet_sock_set_state"),
            "tcp",
            "tp_btf",
        )),
        required(probe(
            "tcp_state_again",
            BtfTracepoint("inet_sock_set_state"),
            "tcp",
            "tp_btf",
        )),
    ]
};

/// The programs, in the kernel. Dropping it takes them out again.
pub struct Attached {
    pub ebpf: Ebpf,
    /// One for each capability.
    pub rungs: Vec<Rung>,
    /// A rung that is missing, and why.
    pub missing: Vec<(Rung, anyhow::Error)>,
}

/// What the object is loaded with.
#[derive(Clone, Copy, Debug)]
pub struct LoadOptions {
    /// Size of the ring buffer of TCP transitions, in bytes.
    pub ring_bytes: u32,
    /// Let the programs write diagnostics of their own.
    pub diagnostics: bool,
    /// Of [`netwatch_common::detail`]: no more than this is told of TCP.
    pub detail: u32,
    /// Tell of UDP.
    pub udp: bool,
    /// Load the iterators that read what is open.
    pub iterators: bool,
}

static OBJECT: &[u8] = include_bytes_aligned!(concat!(env!("OUT_DIR"), "/netwatch-ebpf"));

/// Loads and attaches what this kernel takes.
///
/// # Errors
///
/// A program that netwatch can't do without was refused.
pub fn attach(options: LoadOptions) -> Result<Attached> {
    // The cause first: the advice ends with a command to copy.
    try_attach(options).map_err(|error| match privilege::advice() {
        Some(advice) => anyhow::anyhow!("{error:#}\n{advice}"),
        None => error,
    })
}

fn try_attach(options: LoadOptions) -> Result<Attached> {
    let layout = Layout::of_this_kernel()?;
    let btf = Btf::from_sys_fs().context("read the kernel's BTF")?;
    // Where only ends are told, nothing needs the ports of the start.
    let open = options.detail < detail::ENDS;
    let mut attached = attach_all(options, layout, &btf, open)?;
    let refused = attached
        .missing
        .iter()
        .position(|(rung, _)| rung.capability == OPEN.1);
    if let Some(index) = refused {
        // `tcp_state` was told to leave the start of a connection to a program that isn't there.
        let refusal = attached.missing.swap_remove(index);
        drop(attached);
        attached = attach_all(options, layout, &btf, false)?;
        attached.rungs.push(Rung {
            capability: OPEN.1,
            rung: "none",
        });
        attached.missing.push(refusal);
    }
    Ok(attached)
}

fn attach_all(options: LoadOptions, layout: Layout, btf: &Btf, open: bool) -> Result<Attached> {
    let cgroup = open_cgroup_root();
    let mut ebpf = load_object(options, layout, btf, open)?;
    let mut missing: Vec<(Rung, anyhow::Error)> = Vec::new();
    let mut rungs: Vec<Rung> = Vec::new();
    for probe in PROBES
        .iter()
        .filter(|probe| open || probe.program != OPEN.0)
        .filter(|probe| options.udp || probe.capability != UDP)
        .filter(|probe| options.iterators || probe.capability != SNAPSHOT)
    {
        if missing
            .iter()
            .any(|(rung, _)| rung.capability == probe.capability)
        {
            continue;
        }
        let is_missing = |(rung, _): &(Rung, _)| rung.capability == SNAPSHOT;
        let iterates = options.iterators && !missing.iter().any(is_missing);
        if probe.program == STATE && iterates {
            remember_owners(&mut ebpf)?;
        }
        let rung = Rung {
            capability: probe.capability,
            rung: probe.rung,
        };
        match attach_one(&mut ebpf, probe, btf, &cgroup) {
            Ok(()) if rungs.contains(&rung) => {}
            Ok(()) => rungs.push(rung),
            Err(error) if probe.required => return Err(error),
            Err(error) => {
                rungs.retain(|other| other.capability != probe.capability);
                rungs.push(Rung {
                    capability: probe.capability,
                    rung: "none",
                });
                unload_all(&mut ebpf, probe.capability)?;
                missing.push((rung, error));
            }
        }
    }
    Ok(Attached {
        ebpf,
        rungs,
        missing,
    })
}

/// Takes a capability's programs out of the kernel: half of them would tell half of the truth.
fn unload_all(ebpf: &mut Ebpf, capability: &str) -> Result<()> {
    for probe in PROBES.iter().filter(|probe| probe.capability == capability) {
        let result = match ebpf.program_mut(probe.program) {
            Some(Program::BtfTracePoint(program)) => program.unload(),
            Some(Program::CgroupSkb(program)) => program.unload(),
            Some(Program::CgroupSock(program)) => program.unload(),
            Some(Program::CgroupSockAddr(program)) => program.unload(),
            Some(Program::SockOps(program)) => program.unload(),
            _ => Ok(()),
        };
        match result {
            Ok(()) | Err(ProgramError::NotLoaded) => {}
            Err(error) => return Err(error).with_context(|| format!("unload {}", probe.program)),
        }
    }
    Ok(())
}

fn load_object(options: LoadOptions, layout: Layout, btf: &Btf, open: bool) -> Result<Ebpf> {
    let open_hook = u32::from(open);
    let current_in_skb = u32::from(kernel::tells_the_thread_in_skb());
    let log_level: u8 = if options.diagnostics { u8::MAX } else { 0 };
    let mut loader = EbpfLoader::new();
    loader
        .btf(Some(btf))
        .override_global("OFFSETS", &layout.offsets, true)
        .override_global("KERN_SOCK_MASK", &layout.kern_sock_mask, true)
        .override_global("OPEN_HOOK", &open_hook, true)
        .override_global("CURRENT_IN_SKB", &current_in_skb, true)
        .override_global("DETAIL", &options.detail, true)
        .override_global("RING_BYTES", &options.ring_bytes, true)
        .override_global(aya_log::LEVEL, &log_level, true)
        .map_max_entries("EVENTS", options.ring_bytes);
    loader
        .load(OBJECT)
        .context("create netwatch's maps in the kernel")
}

fn attach_one(ebpf: &mut Ebpf, probe: &Probe, btf: &Btf, cgroup: &Result<File>) -> Result<()> {
    let program = ebpf
        .program_mut(probe.program)
        .with_context(|| format!("netwatch's object has no program {}", probe.program))?;
    let cgroup = match probe.hook {
        Hook::Cgroup | Hook::CgroupEgress | Hook::CgroupIngress => match cgroup {
            Ok(cgroup) => Some(cgroup),
            Err(error) => anyhow::bail!("{error:#}"),
        },
        Hook::BtfTracepoint(_) | Hook::Iterator(_) => None,
    };
    load_and_attach(program, probe.hook, btf, cgroup).map_err(|error| explain(error, probe))
}

fn load_and_attach(
    program: &mut Program,
    hook: Hook,
    btf: &Btf,
    cgroup: Option<&File>,
) -> Result<(), ProgramError> {
    // `Single` is what a link takes; it still shares the cgroup with the programs of others.
    let mode = CgroupAttachMode::Single;
    match (hook, cgroup) {
        (Hook::BtfTracepoint(name), _) => {
            let program: &mut BtfTracePoint = program.try_into()?;
            program.load(name, btf)?;
            program.attach()?;
        }
        (Hook::Iterator(target), _) => {
            let program: &mut Iter = program.try_into()?;
            program.load(target, btf)?;
        }
        (Hook::CgroupEgress, Some(cgroup)) => {
            let program: &mut CgroupSkb = program.try_into()?;
            program.load()?;
            program.attach(cgroup, CgroupSkbAttachType::Egress, mode)?;
        }
        (Hook::CgroupIngress, Some(cgroup)) => {
            let program: &mut CgroupSkb = program.try_into()?;
            program.load()?;
            program.attach(cgroup, CgroupSkbAttachType::Ingress, mode)?;
        }
        (Hook::Cgroup, Some(cgroup)) => attach_to_cgroup(program, cgroup, mode)?,
        (_, None) => return Err(ProgramError::NotLoaded),
    }
    Ok(())
}

fn attach_to_cgroup(
    program: &mut Program,
    cgroup: &File,
    mode: CgroupAttachMode,
) -> Result<(), ProgramError> {
    match program {
        Program::CgroupSock(program) => {
            program.load()?;
            program.attach(cgroup, mode)?;
        }
        Program::CgroupSockAddr(program) => {
            program.load()?;
            program.attach(cgroup, mode)?;
        }
        Program::SockOps(program) => {
            program.load()?;
            program.attach(cgroup, mode)?;
        }
        _ => return Err(ProgramError::UnexpectedProgramType),
    }
    Ok(())
}

/// Lets every socket that is open already know its owner, so that the first connection that arrives
/// at a listener inherits it.
fn remember_owners(ebpf: &mut Ebpf) -> Result<()> {
    let link = iterator::link(ebpf, FILES)?;
    iterator::read::<1>(link, |_| {}).context("read the iterator over open files")?;
    Ok(())
}

/// Says what was refused, with the verifier's last words where it was the verifier.
fn explain(error: ProgramError, probe: &Probe) -> anyhow::Error {
    let what = format!("attach {} to {}", probe.program, probe.hook);
    if let ProgramError::LoadError {
        io_error,
        verifier_log,
    } = &error
    {
        let log = verifier_log.to_string();
        let lines: Vec<&str> = log.lines().filter(|line| !line.is_empty()).collect();
        let tail = &lines[lines.len().saturating_sub(6)..];
        let words =
            std::iter::once(io_error.to_string()).chain(tail.iter().map(|&line| line.into()));
        let words: Vec<String> = words.collect();
        return anyhow::anyhow!(words.join("\n  ")).context(what);
    }
    anyhow::Error::new(error).context(what)
}

/// The root of the unified cgroup hierarchy, wherever it is mounted.
fn open_cgroup_root() -> Result<File> {
    let mounts = procfs::process::Process::myself()
        .and_then(|me| me.mountinfo())
        .context("read /proc/self/mountinfo")?;
    let mount = mounts
        .into_iter()
        .find(|mount| mount.fs_type == "cgroup2" && mount.root == "/")
        .context(
            "no cgroup2 file system is mounted (mount -t cgroup2 none /sys/fs/cgroup/unified)",
        )?;
    File::open(&mount.mount_point).with_context(|| format!("open {}", mount.mount_point.display()))
}

#[cfg(test)]
mod tests;
