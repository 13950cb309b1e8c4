//! What it means that the kernel refuses a program.

use std::{error::Error, io};

use aya::{BtfError, programs::ProgramError};

use super::{Hook, Probe};
use crate::privilege;

/// `ENOTSUPP` of `include/linux/errno.h`, which no C library names.
const ENOTSUPP: i32 = 524;

/// What a refusal means.
struct Meaning {
    /// Of which hooks.
    hooks: fn(Hook) -> bool,
    errnos: &'static [i32],
    says: &'static str,
}

/// The first that fits counts.
const MEANINGS: &[Meaning] = &[
    Meaning {
        hooks: |hook| matches!(hook, Hook::Exit(_)),
        errnos: &[libc::EPERM, ENOTSUPP, libc::EOPNOTSUPP, libc::EBUSY],
        says: "this kernel refuses trampolines",
    },
    Meaning {
        hooks: Hook::is_of_cgroups,
        errnos: &[libc::E2BIG],
        says: "the root cgroup has as many programs as the kernel lets it have",
    },
    Meaning {
        hooks: |_| true,
        errnos: &[libc::ENOMEM],
        says: "the kernel has no memory for it",
    },
    Meaning {
        hooks: |_| true,
        errnos: &[libc::EPERM],
        says: "this kernel, or the container, does not permit it",
    },
];

/// Says what was refused and what that means, then the kernel's own words: the error and, where it was the
/// verifier, its last lines.
pub(super) fn explained(error: &ProgramError, probe: &Probe) -> anyhow::Error {
    let meaning = meaning(error, probe.hook);
    let what = format!("attach {} to {}", probe.program, probe.hook);
    anyhow::anyhow!("{meaning} ({})", words(error)).context(what)
}

/// The sentence for people.
fn meaning(error: &ProgramError, hook: Hook) -> String {
    if let ProgramError::Btf(BtfError::UnknownBtfTypeName { .. }) = error {
        return format!("this kernel has not {hook}");
    }
    let errno = errno(error).unwrap_or(0);
    let lacking = lacking(hook);
    if matches!(errno, libc::EPERM | libc::EACCES) && !lacking.is_empty() {
        return format!("this needs {}", lacking.join(" and "));
    }
    let mut meanings = MEANINGS.iter();
    let known = meanings.find(|row| (row.hooks)(hook) && row.errnos.contains(&errno));
    match (known, error) {
        (Some(row), _) => row.says.to_owned(),
        (None, ProgramError::LoadError { .. }) => "the kernel's verifier refuses it".to_owned(),
        (None, _) => "this kernel refuses it".to_owned(),
    }
}

/// The capabilities that this process lacks for a hook.
fn lacking(hook: Hook) -> Vec<&'static str> {
    let needed = if hook.is_of_cgroups() {
        ["cap_bpf", "cap_net_admin"]
    } else {
        ["cap_bpf", "cap_perfmon"]
    };
    let survey = privilege::survey().into_iter();
    let missing = survey.filter(|held| !held.is_held && needed.contains(&held.name));
    missing.map(|held| held.name).collect()
}

/// The error number of the system call that failed.
fn errno(error: &ProgramError) -> Option<i32> {
    if let ProgramError::IOError(error) = error {
        return error.raw_os_error();
    }
    let mut error: &dyn Error = error;
    loop {
        if let Some(error) = error.downcast_ref::<io::Error>() {
            return error.raw_os_error();
        }
        error = error.source()?;
    }
}

fn words(error: &ProgramError) -> String {
    match error {
        ProgramError::LoadError {
            io_error,
            verifier_log,
        } => {
            let log = verifier_log.to_string();
            let lines: Vec<&str> = log.lines().filter(|line| !line.is_empty()).collect();
            let tail = &lines[lines.len().saturating_sub(6)..];
            let error = io_error.to_string();
            let words: Vec<&str> = std::iter::once(&*error)
                .chain(tail.iter().copied())
                .collect();
            words.join("\n  ")
        }
        _ => {
            let mut words = error.to_string();
            let mut error: &dyn Error = error;
            while let Some(source) = error.source() {
                words = format!("{words}: {source}");
                error = source;
            }
            words
        }
    }
}
