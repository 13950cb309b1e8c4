//! What this process may do, against what netwatch and its tests need.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use rustix::io::Errno;

struct Capability {
    name: &'static str,
    bit: u8,
    /// The kernel takes CAP_SYS_ADMIN for the capabilities that were split from it.
    part_of_sys_admin: bool,
}

const CAP_SYS_ADMIN: u8 = 21;

const NEEDED: [Capability; 3] = [
    Capability {
        name: "CAP_BPF",
        bit: 39,
        part_of_sys_admin: true,
    },
    Capability {
        name: "CAP_PERFMON",
        bit: 38,
        part_of_sys_admin: true,
    },
    Capability {
        name: "CAP_NET_ADMIN",
        bit: 12,
        part_of_sys_admin: false,
    },
];

/// More than what is needed: sys_admin lets netwatch look into other network namespaces,
/// sys_ptrace lets it name the processes of other users.
const FILE_CAPABILITIES: &str = "cap_bpf,cap_perfmon,cap_net_admin,cap_sys_admin,cap_sys_ptrace+ep";

/// Passes where this process has the capabilities, or the binary brings its own.
pub fn require_for_running(netwatch: &Path) -> Result<()> {
    let missing = Process::current()?.missing();
    if missing.is_empty() || has_file_capabilities(netwatch)? {
        return Ok(());
    }
    let path = netwatch.display();
    bail!(
        "netwatch is built, but running it needs {} too. Any of these grants what it needs:\n  \
         sudo cargo xtask run\n  \
         sudo {path}\n  \
         sudo setcap {FILE_CAPABILITIES} {path}   (once for each build; then `cargo xtask run`)",
        missing.join(", ")
    );
}

pub fn is_root() -> Result<bool> {
    Ok(Process::current()?.effective_uid == 0)
}

pub fn require_root() -> Result<()> {
    if !is_root()? {
        bail!(
            "the tests need root: they load eBPF programs and make network namespaces. \
             Run `sudo cargo xtask test`"
        );
    }
    Ok(())
}

#[derive(Debug, PartialEq, Eq)]
struct Process {
    effective_uid: u32,
    effective_capabilities: u64,
}

impl Process {
    fn current() -> Result<Self> {
        let path = "/proc/self/status";
        let status = fs::read_to_string(path).with_context(|| format!("read {path}"))?;
        Self::parse(&status).with_context(|| format!("parse {path}"))
    }

    fn parse(status: &str) -> Result<Self> {
        let field = |name: &str, index: usize| {
            status
                .lines()
                .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
                .and_then(|values| values.split_whitespace().nth(index))
                .with_context(|| format!("find value {index} of {name}"))
        };
        let uid = field("Uid", 1)?;
        let capabilities = field("CapEff", 0)?;
        Ok(Self {
            effective_uid: uid.parse().with_context(|| format!("read the uid {uid}"))?,
            effective_capabilities: u64::from_str_radix(capabilities, 16)
                .with_context(|| format!("read the capabilities {capabilities}"))?,
        })
    }

    fn missing(&self) -> Vec<&'static str> {
        let has = |bit: u8| self.effective_capabilities >> bit & 1 == 1;
        NEEDED
            .iter()
            .filter(|needed| !has(needed.bit))
            .filter(|needed| !(needed.part_of_sys_admin && has(CAP_SYS_ADMIN)))
            .map(|needed| needed.name)
            .collect()
    }
}

fn has_file_capabilities(binary: &Path) -> Result<bool> {
    let mut value = [0; 64];
    match rustix::fs::getxattr(binary, "security.capability", &mut value) {
        Ok(length) => Ok(length > 0),
        Err(Errno::NODATA | Errno::NOTSUP) => Ok(false),
        Err(error) => Err(error)
            .with_context(|| format!("read the file capabilities of {}", binary.display())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_capabilities(effective_capabilities: u64) -> Process {
        Process {
            effective_uid: 1000,
            effective_capabilities,
        }
    }

    #[test]
    fn the_effective_values_are_the_ones_read() {
        let status = "Name:\tx\nUid:\t1000\t0\t1000\t1000\n\
                      CapPrm:\t000001ffffffffff\nCapEff:\t000000c000001000\n";
        assert_eq!(
            Process::parse(status).unwrap(),
            Process {
                effective_uid: 0,
                effective_capabilities: 0xc0_0000_1000,
            }
        );
    }

    #[test]
    fn a_status_without_capabilities_says_so() {
        let error = Process::parse("Uid:\t0\t0\t0\t0\n").unwrap_err();
        assert_eq!(error.to_string(), "find value 0 of CapEff");
    }

    #[test]
    fn without_capabilities_every_needed_one_is_missing() {
        assert_eq!(
            with_capabilities(0).missing(),
            ["CAP_BPF", "CAP_PERFMON", "CAP_NET_ADMIN"]
        );
    }

    #[test]
    fn the_needed_three_suffice() {
        let three = 1 << 39 | 1 << 38 | 1 << 12;
        assert!(with_capabilities(three).missing().is_empty());
    }

    #[test]
    fn sys_admin_stands_for_bpf_and_perfmon_only() {
        assert_eq!(
            with_capabilities(1 << CAP_SYS_ADMIN).missing(),
            ["CAP_NET_ADMIN"]
        );
    }

    #[test]
    fn a_plain_file_has_no_capabilities() {
        let xtask = std::env::current_exe().unwrap();
        assert!(!has_file_capabilities(&xtask).unwrap());
    }
}
