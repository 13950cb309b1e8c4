//! What it means that the kernel refuses a program.

use std::{error::Error, io};

use aya::{BtfError, EbpfError, programs::ProgramError};

use super::{Hook, Probe};
use crate::{privilege, text};

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
        hooks: |hook| matches!(hook, Hook::Entry(_) | Hook::Exit(_)),
        errnos: &[libc::EPERM, ENOTSUPP, libc::EOPNOTSUPP, libc::EBUSY],
        says: "this kernel refuses trampolines",
    },
    Meaning {
        hooks: |hook| matches!(hook, Hook::KernelProbe(_) | Hook::Return(_)),
        errnos: &[libc::ENOENT, libc::ENODEV],
        says: "this kernel has no kprobes (CONFIG_KPROBES), or not this function",
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
    let (words, log) = words(error);
    anyhow::anyhow!("{what}: {meaning} ({words}){log}")
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

/// Says what it means that the object's maps were refused.
pub(super) fn of_maps(error: EbpfError) -> anyhow::Error {
    let is_forbidden = errno(&error) == Some(libc::EPERM);
    let meaning = match is_forbidden {
        true if !privilege::holds("cap_bpf") => "this needs cap_bpf",
        true => {
            "the container, or before Linux 5.11 the limit of locked memory (ulimit -l), forbids it"
        }
        false => "this kernel refuses them",
    };
    anyhow::Error::new(error).context(format!("create maps in the kernel: {meaning}"))
}

/// The error number of the system call that failed.
fn errno(error: &(dyn Error + 'static)) -> Option<i32> {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = cause {
        // What some pass on as if it were that error itself.
        let passed_on = match error.downcast_ref::<ProgramError>() {
            Some(ProgramError::IOError(error)) => Some(error),
            Some(ProgramError::LoadError { io_error, .. }) => Some(io_error),
            _ => None,
        };
        if let Some(error) = error.downcast_ref::<io::Error>().or(passed_on) {
            return error.raw_os_error();
        }
        cause = error.source();
    }
    None
}

/// So many of the verifier's last lines say what it didn't like.
const LAST_LINES: usize = 6;

/// The error's own words, and where it was the verifier, a line for each of its last.
fn words(error: &ProgramError) -> (String, String) {
    if let ProgramError::LoadError {
        io_error,
        verifier_log,
    } = error
    {
        let log = verifier_log.to_string();
        let lines: Vec<&str> = log.lines().filter(|line| !line.is_empty()).collect();
        let last = lines[lines.len().saturating_sub(LAST_LINES)..].iter();
        let last = last.map(|line| format!("\n  {}", text::clean(line.as_bytes())));
        return (io_error.to_string(), last.collect());
    }
    let mut words = error.to_string();
    let mut error: &dyn Error = error;
    while let Some(source) = error.source() {
        words = format!("{words}: {source}");
        error = source;
    }
    (words, String::new())
}

#[cfg(test)]
mod tests {
    use aya::maps::MapError;

    use super::*;

    #[test]
    fn the_number_is_found_behind_other_errors() {
        let io_error = || io::Error::from_raw_os_error(libc::EPERM);
        let of_map = EbpfError::MapError(MapError::CreateError {
            name: "EVENTS".to_owned(),
            io_error: io_error(),
        });
        assert_eq!(errno(&of_map), Some(libc::EPERM));
        assert_eq!(errno(&ProgramError::IOError(io_error())), Some(libc::EPERM));
        assert_eq!(errno(&ProgramError::NotLoaded), None);
        let told = format!("{:#}", of_maps(of_map));
        assert!(told.starts_with("create maps in the kernel: "), "{told}");
        assert!(
            told.contains("forbids it: ") || told.contains("cap_bpf: "),
            "{told}"
        );
    }
}
