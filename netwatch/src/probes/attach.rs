//! One program into the kernel, and onto its hook.

use std::fs::File;

use anyhow::{Context as _, Result};
use aya::{
    Btf, Ebpf,
    programs::{
        BtfTracePoint, CgroupAttachMode, CgroupSkb, CgroupSkbAttachType, Iter, Program,
        ProgramError,
    },
};

use super::{Hook, Probe};
use crate::{
    event::Rung,
    privilege,
    refusal::{self, Asked, Refusal},
    text,
};

/// Loads a program and attaches it.
///
/// # Errors
///
/// The kernel refuses it, or there is nothing to attach it to.
pub fn one(
    ebpf: &mut Ebpf,
    probe: &Probe,
    btf: &Btf,
    cgroup: &Result<File>,
) -> Result<(), Refusal> {
    let refused = |meaning, error: String| Refusal {
        rung: Rung {
            capability: probe.capability,
            rung: probe.rung,
        },
        what: format!("attach {} to {}", probe.program, probe.hook),
        meaning,
        error,
        log: Vec::new(),
    };
    let Some(program) = ebpf.program_mut(probe.program) else {
        return Err(refused(
            "there is no such program",
            "netwatch was built without it".to_owned(),
        ));
    };
    let cgroup = match probe.hook {
        Hook::Cgroup | Hook::CgroupEgress | Hook::CgroupIngress => match cgroup {
            Ok(cgroup) => Some(cgroup),
            Err(error) => {
                return Err(refused(
                    "there is no hierarchy to attach to",
                    format!("{error:#}"),
                ));
            }
        },
        Hook::BtfTracepoint(_) | Hook::Iterator(_) => None,
    };
    load_and_attach(program, probe.hook, btf, cgroup).map_err(|error| {
        let asked = if cgroup.is_some() {
            Asked::Cgroup
        } else {
            Asked::Tracing
        };
        let (error, log) = said(error);
        let meaning = refusal::words(asked, refusal::errno(&*error), privilege::holds);
        let text = format!("{error:#}");
        Refusal {
            log,
            ..refused(meaning, text)
        }
    })
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

/// So many of the verifier's last lines say what it did not like.
const LAST_LINES: usize = 6;

/// The error, and the verifier's last words where it was the verifier.
fn said(error: ProgramError) -> (anyhow::Error, Vec<String>) {
    let ProgramError::LoadError {
        io_error,
        verifier_log,
    } = error
    else {
        return (anyhow::Error::new(error), Vec::new());
    };
    let log = verifier_log.to_string();
    let lines: Vec<&str> = log.lines().filter(|line| !line.is_empty()).collect();
    let last = &lines[lines.len().saturating_sub(LAST_LINES)..];
    let last = last.iter().map(|line| text::clean(line.as_bytes()));
    (io_error.into(), last.collect())
}

/// The root of the unified cgroup hierarchy, wherever it is mounted.
///
/// # Errors
///
/// It is mounted nowhere, or can't be opened.
pub fn open_cgroup_root() -> Result<File> {
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
