//! What the kernel refused, and what that means: the number of an error alone says little.

use std::{fmt, io};

use crate::event::Rung;

/// What the kernel was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// To make a map.
    Map,
    /// To take a program that reads kernel memory, and to attach it.
    Tracing,
    /// The same, of a program that is run by a cgroup.
    Cgroup,
}

/// A refusal that has a meaning.
struct Meaning {
    asked: &'static [Asked],
    errno: i32,
    /// It means this where this process doesn't hold the privilege.
    lacking: Option<&'static str>,
    says: &'static str,
}

const fn meaning(asked: &'static [Asked], errno: i32, says: &'static str) -> Meaning {
    Meaning {
        asked,
        errno,
        lacking: None,
        says,
    }
}

const fn lacking(privilege: &'static str, meaning: Meaning) -> Meaning {
    Meaning {
        lacking: Some(privilege),
        ..meaning
    }
}

const ANY: &[Asked] = &[Asked::Map, Asked::Tracing, Asked::Cgroup];
const PROGRAM: &[Asked] = &[Asked::Tracing, Asked::Cgroup];
/// `ENOTSUPP`, which is the kernel's own and has no name outside.
const NOT_SUPPORTED: i32 = 524;

/// The first that fits holds.
const MEANINGS: &[Meaning] = &[
    lacking("cap_bpf", meaning(ANY, libc::EPERM, "bpf(2) takes cap_bpf")),
    lacking(
        "cap_perfmon",
        meaning(
            PROGRAM,
            libc::EPERM,
            "programs that read kernel memory take cap_perfmon",
        ),
    ),
    lacking(
        "cap_net_admin",
        meaning(
            &[Asked::Cgroup],
            libc::EPERM,
            "hooks of cgroups take cap_net_admin",
        ),
    ),
    meaning(
        &[Asked::Map],
        libc::EPERM,
        "a container or the limit of locked memory (ulimit -l, before Linux 5.11) forbids it",
    ),
    meaning(
        PROGRAM,
        libc::EPERM,
        "this kernel forbids such programs, by lockdown, by a security module or by how it was built",
    ),
    meaning(
        PROGRAM,
        libc::EACCES,
        "the kernel's verifier refuses the program",
    ),
    meaning(
        PROGRAM,
        libc::EINVAL,
        "this kernel doesn't know what the program uses, or such a hook",
    ),
    meaning(
        PROGRAM,
        libc::E2BIG,
        "the kernel's verifier finds the program too large",
    ),
    meaning(ANY, libc::ENOMEM, "the kernel has no memory left for it"),
    meaning(ANY, libc::ENOSYS, "this kernel was built without bpf(2)"),
    meaning(PROGRAM, libc::ENOENT, "this kernel has no such hook"),
    meaning(PROGRAM, libc::ESRCH, "this kernel has no such hook"),
    meaning(
        PROGRAM,
        NOT_SUPPORTED,
        "this kernel can't attach programs there on such a machine",
    ),
    meaning(
        PROGRAM,
        libc::EOPNOTSUPP,
        "this kernel can't attach programs there",
    ),
    meaning(
        PROGRAM,
        libc::EBUSY,
        "somebody else's program has the hook for itself",
    ),
];

/// What it means that the kernel answered so, where this process holds what `holds` says.
pub fn words(asked: Asked, errno: Option<i32>, holds: impl Fn(&str) -> bool) -> &'static str {
    let fits = |meaning: &&Meaning| {
        Some(meaning.errno) == errno
            && meaning.asked.contains(&asked)
            && meaning.lacking.is_none_or(|privilege| !holds(privilege))
    };
    let meaning = MEANINGS.iter().find(fits);
    meaning.map_or("this kernel refuses it", |meaning| meaning.says)
}

/// The number of the system's error among the causes of another.
pub fn errno(error: &(dyn std::error::Error + 'static)) -> Option<i32> {
    let mut causes = std::iter::successors(Some(error), |error| error.source());
    causes.find_map(|cause| cause.downcast_ref::<io::Error>()?.raw_os_error())
}

/// A rung that can't be stood on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub rung: Rung,
    /// What was being done.
    pub what: String,
    pub meaning: &'static str,
    /// The error's own words.
    pub error: String,
    /// The verifier's last words, where it was the verifier.
    pub log: Vec<String>,
}

impl Refusal {
    /// In one line.
    pub fn reason(&self) -> String {
        let Self {
            what,
            meaning,
            error,
            ..
        } = self;
        format!("{what}: {meaning} ({error})")
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason())?;
        let mut lines = self.log.iter();
        lines.try_for_each(|line| write!(f, "\n  {line}"))
    }
}

impl std::error::Error for Refusal {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named_before_what_else_it_may_be() {
        let all = |_: &str| true;
        let none = |_: &str| false;
        let but_net_admin = |name: &str| name != "cap_net_admin";
        let eperm = Some(libc::EPERM);
        assert!(words(Asked::Map, eperm, none).contains("cap_bpf"));
        assert!(words(Asked::Tracing, eperm, |name| name == "cap_bpf").contains("cap_perfmon"));
        assert!(words(Asked::Cgroup, eperm, but_net_admin).contains("cap_net_admin"));
        for asked in [Asked::Tracing, Asked::Cgroup] {
            assert!(words(asked, eperm, all).contains("lockdown"));
        }
        assert!(words(Asked::Tracing, eperm, but_net_admin).contains("lockdown"));
        assert_eq!(words(Asked::Map, None, all), "this kernel refuses it");
    }

    #[test]
    fn every_row_is_reached() {
        for (at, row) in MEANINGS.iter().enumerate() {
            let holds = |name: &str| row.lacking != Some(name);
            let reached = row
                .asked
                .iter()
                .any(|asked| words(*asked, Some(row.errno), holds) == row.says);
            assert!(reached, "row {at}: {}", row.says);
            assert!(!row.says.contains("errno"), "{}", row.says);
        }
    }

    #[test]
    fn the_number_is_found_behind_other_errors() {
        let inner = io::Error::from_raw_os_error(libc::ENOENT);
        let outer = anyhow::Error::new(inner).context("open it");
        assert_eq!(errno(&*outer), Some(libc::ENOENT));
        assert_eq!(errno(&io::Error::other("nothing")), None);
    }
}
