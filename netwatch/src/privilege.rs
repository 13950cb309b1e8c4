//! What this process may do, for the message when that is too little.

use procfs::process::Process;

/// Capabilities that netwatch uses: bit (`include/uapi/linux/capability.h`), name, what for.
const NEEDED: &[(u32, &str, &str)] = &[
    (39, "cap_bpf", "load programs"),
    (38, "cap_perfmon", "read kernel memory from them"),
    (
        12,
        "cap_net_admin",
        "see UDP, accepts and final ports (cgroup hooks)",
    ),
    (21, "cap_sys_admin", "look into other network namespaces"),
];

/// What is missing and how to get it; None where nothing is missing, or that can't be found out.
pub fn advice() -> Option<String> {
    let status = Process::myself().and_then(|me| me.status()).ok()?;
    let missing: Vec<_> = NEEDED
        .iter()
        .filter(|(bit, ..)| status.capeff >> bit & 1 == 0)
        .collect();
    if missing.is_empty() {
        return None;
    }
    let lines: Vec<String> = missing
        .iter()
        .map(|(_, name, why)| format!("  {name:<15} to {why}"))
        .collect();
    let names: Vec<&str> = NEEDED.iter().map(|(_, name, _)| *name).collect();
    let program = std::env::current_exe()
        .map_or_else(|_| "netwatch".to_owned(), |path| path.display().to_string());
    Some(format!(
        "this process lacks\n{}\nrun it as root (sudo {program}), or grant them:\n  sudo setcap {}+ep {program}",
        lines.join("\n"),
        names.join(",")
    ))
}
