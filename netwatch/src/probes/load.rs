//! Loading the object, and attaching one program of it.

use std::fs::File;

use anyhow::{Context as _, Result};
use aya::{
    Btf, Ebpf, EbpfLoader, include_bytes_aligned,
    programs::{
        BtfTracePoint, CgroupAttachMode, CgroupSkb, CgroupSkbAttachType, FExit, Iter, Program,
        ProgramError,
    },
};

use super::{Hook, Probe, refusal};
use crate::{
    event::Rung,
    kernel::{self, Layout},
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

/// The object, and what its programs are attached to.
pub(super) struct Loader<'a> {
    pub ebpf: Ebpf,
    btf: &'a Btf,
    cgroup: Result<File>,
}

impl<'a> Loader<'a> {
    /// Makes the maps. `open`: the start of a connection is left to the program for it.
    pub fn new(options: &LoadOptions, layout: Layout, btf: &'a Btf, open: bool) -> Result<Self> {
        Ok(Self {
            ebpf: load_object(options, layout, btf, open)?,
            btf,
            cgroup: open_cgroup_root(),
        })
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
            Some(Program::FExit(program)) => program.unload(),
            Some(Program::Iter(program)) => program.unload(),
            Some(Program::SockOps(program)) => program.unload(),
            _ => Ok(()),
        };
        match result {
            Ok(()) | Err(ProgramError::NotLoaded) => Ok(()),
            Err(error) => Err(error).with_context(|| format!("unload {}", probe.program)),
        }
    }
}

fn load_object(options: &LoadOptions, layout: Layout, btf: &Btf, open: bool) -> Result<Ebpf> {
    let (open_hook, by_cookie) = (u32::from(open), u32::from(layout.by_cookie));
    let current_in_skb = u32::from(kernel::tells_the_thread_in_skb());
    let log_level: u8 = if options.diagnostics { u8::MAX } else { 0 };
    let mut loader = EbpfLoader::new();
    loader
        .btf(Some(btf))
        .override_global("OFFSETS", &layout.offsets, true)
        .override_global("KERN_SOCK_MASK", &layout.kern_sock_mask, true)
        .override_global("BY_COOKIE", &by_cookie, true)
        .override_global("ACCEPT_ARGUMENTS", &layout.accept_arguments, true)
        .override_global("OPEN_HOOK", &open_hook, true)
        .override_global("CURRENT_IN_SKB", &current_in_skb, true)
        .override_global("DETAIL", &options.detail, true)
        .override_global("RING_BYTES", &options.ring_bytes, true)
        .override_global(aya_log::LEVEL, &log_level, true)
        .map_max_entries("EVENTS", options.ring_bytes);
    if !layout.by_cookie {
        loader.map_max_entries("MEMORIES", 1);
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
