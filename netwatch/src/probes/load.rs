//! Loading the object, and attaching one program of it.

use std::{fs::File, path::PathBuf};

use anyhow::{Context as _, Result};
use aya::{
    Btf, Ebpf, EbpfLoader, include_bytes_aligned,
    programs::{
        BtfTracePoint, CgroupAttachMode, CgroupSkb, CgroupSkbAttachType, FEntry, FExit, Iter,
        KProbe, Program, ProgramError, TracePoint,
    },
};
use netwatch_common::RecordOffsets;

use super::{Hook, Probe, refusal};
use crate::{
    event::Rung,
    kernel::{self, Layout},
    tracefs,
};

/// What the object is loaded with.
#[derive(Clone, Debug)]
pub struct LoadOptions {
    /// Size of the ring buffer of TCP transitions, in bytes.
    pub ring_bytes: u32,
    /// Let the programs write diagnostics of their own.
    pub diagnostics: bool,
    /// Of [`netwatch_common::detail`]: no more than this is told of TCP.
    pub detail: u32,
    /// Tell of UDP.
    pub udp: bool,
    /// Where the kernel's types are described, if not by the kernel itself.
    pub btf: Option<PathBuf>,
    /// Capabilities that are to stand on this rung and no other.
    pub rungs: Vec<Rung>,
}

impl LoadOptions {
    /// The rung that a capability is to stand on; None for the best.
    pub fn wanted(&self, capability: &str) -> Option<&'static str> {
        let mut rungs = self.rungs.iter().rev();
        rungs
            .find(|rung| rung.capability == capability)
            .map(|rung| rung.rung)
    }
}

pub(super) static OBJECT: &[u8] =
    include_bytes_aligned!(concat!(env!("OUT_DIR"), "/netwatch-ebpf"));

/// What the programs must know of each other before they load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Plan {
    /// There is a use for the program that tells of a connection's start.
    pub may_open: bool,
    /// The start of a connection is left to the program for it.
    pub open: bool,
    /// What is remembered of a socket is found by its cookie.
    pub by_cookie: bool,
    /// The same, of UDP sockets at least.
    pub udp_by_cookie: bool,
    /// Who accepts is told by a program that can't reach what is remembered of a socket.
    pub accept_beside: bool,
}

/// The object, and what its programs are attached to.
pub(super) struct Loader<'a> {
    pub ebpf: Ebpf,
    btf: &'a Btf,
    cgroup: Result<File>,
    records: Result<RecordOffsets>,
    /// The kernel's verifier knows types.
    typed: bool,
    interrupts: bool,
}

impl<'a> Loader<'a> {
    /// Makes the maps.
    pub fn new(options: &LoadOptions, layout: Layout, btf: &'a Btf, plan: Plan) -> Result<Self> {
        let records = tracefs::record_offsets();
        let known = records.as_ref().copied().unwrap_or_default();
        Ok(Self {
            ebpf: load_object(options, layout, btf, (plan, known))?,
            btf,
            cgroup: open_cgroup_root(),
            records,
            typed: layout.typed,
            interrupts: layout.interrupts,
        })
    }

    /// Whether this kernel has a use for a program of a rung that it takes.
    pub fn uses(&self, probe: &Probe) -> bool {
        self.interrupts || !probe.is_second
    }

    /// Loads and attaches a program.
    pub fn attach(&mut self, probe: &Probe) -> Result<()> {
        let program = self
            .ebpf
            .program_mut(probe.program)
            .with_context(|| format!("netwatch's object has no program {}", probe.program))?;
        let cgroup = match (probe.hook.is_of_cgroups(), &self.cgroup) {
            (true, Err(error)) => anyhow::bail!("{error:#}"),
            (true, Ok(cgroup)) => Some(cgroup),
            (false, _) => None,
        };
        if probe.hook.needs_types() && !self.typed {
            anyhow::bail!(
                "attach {} to {}: this kernel doesn't describe its own types (CONFIG_DEBUG_INFO_BTF)",
                probe.program,
                probe.hook
            );
        }
        if let (Hook::Tracepoint(_), Err(error)) = (probe.hook, &self.records) {
            anyhow::bail!("{error:#}");
        }
        load_and_attach(program, probe.hook, self.btf, cgroup)
            .map_err(|error| refusal::explained(&error, probe))
    }

    /// Takes a program out of the kernel, if it is there.
    pub fn unload(&mut self, probe: &Probe) -> Result<()> {
        let result = match self.ebpf.program_mut(probe.program) {
            Some(Program::BtfTracePoint(program)) => program.unload(),
            Some(Program::CgroupSkb(program)) => program.unload(),
            Some(Program::CgroupSock(program)) => program.unload(),
            Some(Program::CgroupSockAddr(program)) => program.unload(),
            Some(Program::FEntry(program)) => program.unload(),
            Some(Program::FExit(program)) => program.unload(),
            Some(Program::Iter(program)) => program.unload(),
            Some(Program::KProbe(program)) => program.unload(),
            Some(Program::SockOps(program)) => program.unload(),
            Some(Program::TracePoint(program)) => program.unload(),
            _ => Ok(()),
        };
        match result {
            Ok(()) | Err(ProgramError::NotLoaded) => Ok(()),
            Err(error) => Err(error).with_context(|| format!("unload {}", probe.program)),
        }
    }
}

fn load_object(
    options: &LoadOptions,
    layout: Layout,
    btf: &Btf,
    (plan, records): (Plan, RecordOffsets),
) -> Result<Ebpf> {
    let (open_hook, by_cookie) = (u32::from(plan.open), u32::from(plan.by_cookie));
    let accept_beside = u32::from(plan.accept_beside);
    let untyped = u32::from(!layout.typed);
    let interrupted = u32::from(layout.interrupts);
    let current_in_skb = u32::from(kernel::tells_the_thread_in_skb());
    let log_level: u8 = if options.diagnostics { u8::MAX } else { 0 };
    let mut loader = EbpfLoader::new();
    loader
        .btf(layout.typed.then_some(btf))
        .override_global("OFFSETS", &layout.offsets, true)
        .override_global("KERN_SOCK_MASK", &layout.kern_sock_mask, true)
        .override_global("RECORDS", &records, true)
        .override_global("BY_COOKIE", &by_cookie, true)
        .override_global("UNTYPED", &untyped, true)
        .override_global("INTERRUPTED", &interrupted, true)
        .override_global("ACCEPT_BESIDE", &accept_beside, true)
        .override_global("ACCEPT_ARGUMENTS", &layout.accept_arguments, true)
        .override_global("OPEN_HOOK", &open_hook, true)
        .override_global("CURRENT_IN_SKB", &current_in_skb, true)
        .override_global("DETAIL", &options.detail, true)
        .override_global("RING_BYTES", &options.ring_bytes, true)
        .override_global(aya_log::LEVEL, &log_level, true)
        .map_max_entries("EVENTS", options.ring_bytes);
    if !plan.by_cookie && !plan.udp_by_cookie {
        loader.map_max_entries("MEMORIES", 1);
    }
    if !layout.interrupts {
        loader.map_max_entries("MARKS", 1);
    }
    if !plan.accept_beside {
        loader.map_max_entries("ACCEPTED", 1);
    }
    loader.load(OBJECT).map_err(refusal::of_maps)
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
        (Hook::Tracepoint(name), _) => {
            let program: &mut TracePoint = program.try_into()?;
            let (category, name) = name.split_once('/').unwrap_or_default();
            program.load()?;
            program.attach(category, name)?;
        }
        (Hook::Entry(function), _) => {
            let program: &mut FEntry = program.try_into()?;
            program.load(function, btf)?;
            program.attach()?;
        }
        (Hook::KernelProbe(function) | Hook::Return(function), _) => {
            let program: &mut KProbe = program.try_into()?;
            program.load()?;
            program.attach(function, 0)?;
        }
        (Hook::Iterator(target), _) => {
            let program: &mut Iter = program.try_into()?;
            program.load(target, btf)?;
        }
        (Hook::Exit(function), _) => {
            let program: &mut FExit = program.try_into()?;
            program.load(function, btf)?;
            program.attach()?;
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
