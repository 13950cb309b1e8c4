//! What this process may do, for the message when that is too little.

use procfs::process::Process;

use crate::text;

/// A capability that netwatch uses.
struct Capability {
    /// From `include/uapi/linux/capability.h`.
    bit: u32,
    name: &'static str,
    purpose: &'static str,
    /// For this the kernel takes `cap_sys_admin` too.
    or_sys_admin: bool,
}

const fn capability(bit: u32, name: &'static str, purpose: &'static str) -> Capability {
    Capability {
        bit,
        name,
        purpose,
        or_sys_admin: false,
    }
}

const fn or_sys_admin(capability: Capability) -> Capability {
    Capability {
        or_sys_admin: true,
        ..capability
    }
}

const SYS_ADMIN: u32 = 21;

/// All that are worth granting.
const NEEDED: &[Capability] = &[
    or_sys_admin(capability(39, "cap_bpf", "load programs")),
    or_sys_admin(capability(38, "cap_perfmon", "let them read kernel memory")),
    or_sys_admin(capability(
        12,
        "cap_net_admin",
        "see UDP, accepts and final ports (cgroup hooks)",
    )),
    capability(
        SYS_ADMIN,
        "cap_sys_admin",
        "look into other network namespaces",
    ),
    capability(
        19,
        "cap_sys_ptrace",
        "find the network namespaces of other users' processes",
    ),
    capability(
        2,
        "cap_dac_read_search",
        "see which descriptors other users' processes have",
    ),
];

/// A capability that netwatch uses, and whether this process may use it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Privilege {
    pub name: &'static str,
    /// What it is there for, after the word "to".
    pub purpose: &'static str,
    pub is_held: bool,
}

/// Every capability that netwatch uses; none held where that can't be found out.
pub fn survey() -> Vec<Privilege> {
    let status = Process::myself().and_then(|me| me.status());
    let missing = missing(status.map_or(0, |status| status.capeff));
    let is_held = |name| missing.iter().all(|missing| missing.name != name);
    NEEDED
        .iter()
        .map(|needed| Privilege {
            name: needed.name,
            purpose: needed.purpose,
            is_held: is_held(needed.name),
        })
        .collect()
}

/// Whether this process may use one of them.
pub fn holds(name: &str) -> bool {
    let mut survey = survey().into_iter();
    survey.any(|privilege| privilege.name == name && privilege.is_held)
}

/// Whether this process may enter other network namespaces, and find those of other users: the rung of
/// [`crate::standing::NETNS`].
pub fn netns_rung() -> &'static str {
    match (holds("cap_sys_admin"), holds("cap_sys_ptrace")) {
        (true, true) => "all",
        (true, false) => "reachable",
        (false, _) => "own",
    }
}

/// What is missing and, on the last line, how to get it; None where nothing is missing, or that
/// can't be found out.
pub fn advice() -> Option<String> {
    let status = Process::myself().and_then(|me| me.status()).ok()?;
    let missing = missing(status.capeff);
    if missing.is_empty() {
        return None;
    }
    let lines = missing
        .iter()
        .map(|capability| format!("  {:<19} to {}\n", capability.name, capability.purpose));
    let lacks = format!("this process lacks\n{}", lines.collect::<String>());
    if status.euid == 0 {
        return Some(lacks + "though it is root: its container or service has to grant them");
    }
    let program = std::env::current_exe().map_or_else(
        |_| "netwatch".to_owned(),
        |path| text::clean(path.as_os_str().as_encoded_bytes()),
    );
    let names: Vec<&str> = NEEDED.iter().map(|capability| capability.name).collect();
    let names = names.join(",");
    Some(format!(
        "{lacks}run it as root (sudo {program}), or grant them:\n  sudo setcap {names}+ep {program}"
    ))
}

fn missing(effective: u64) -> Vec<&'static Capability> {
    let has = |bit: u32| effective >> bit & 1 == 1;
    NEEDED
        .iter()
        .filter(|needed| !has(needed.bit))
        .filter(|needed| !(needed.or_sys_admin && has(SYS_ADMIN)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn missing_from(effective: u64) -> Vec<&'static str> {
        missing(effective)
            .iter()
            .map(|needed| needed.name)
            .collect()
    }

    #[test]
    fn without_any_all_are_missing_and_with_all_none() {
        assert_eq!(missing(0).len(), NEEDED.len());
        assert_eq!(missing_from(u64::MAX), [""; 0]);
        let three = 1 << 39 | 1 << 38 | 1 << 12;
        let others = ["cap_sys_admin", "cap_sys_ptrace", "cap_dac_read_search"];
        assert_eq!(missing_from(three), others);
    }

    #[test]
    fn the_service_has_what_is_worth_granting() {
        let names: Vec<String> = NEEDED
            .iter()
            .map(|needed| needed.name.to_uppercase())
            .collect();
        let unit = include_str!("../../packaging/netwatch.service");
        for set in ["AmbientCapabilities", "CapabilityBoundingSet"] {
            let line = format!("{set}={}", names.join(" "));
            assert!(unit.lines().any(|other| other == line), "{line}");
        }
    }

    #[test]
    fn sys_admin_stands_for_all_that_bpf_asks_for() {
        let rest = ["cap_sys_ptrace", "cap_dac_read_search"];
        assert_eq!(missing_from(1 << SYS_ADMIN), rest);
    }
}
