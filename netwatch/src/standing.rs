//! What each rung leaves unseen, and what would let it be seen.

pub mod choice;

use crate::event::Rung;
pub use crate::probes::NONE;

/// What it means that a capability stands on a rung.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    pub capability: &'static str,
    pub rung: &'static str,
    /// What is not seen, as a sentence without its full stop; None where nothing is missing.
    pub unseen: Option<&'static str>,
    /// What would fix it; None where there is nothing to fix.
    pub remedy: Option<&'static str>,
}

const fn complete(capability: &'static str, rung: &'static str) -> Standing {
    Standing {
        capability,
        rung,
        unseen: None,
        remedy: None,
    }
}

const fn lacking(
    capability: &'static str,
    rung: &'static str,
    unseen: &'static str,
    remedy: &'static str,
) -> Standing {
    Standing {
        capability,
        rung,
        unseen: Some(unseen),
        remedy: Some(remedy),
    }
}

const CGROUP_HOOKS: &str = "cap_net_admin, a cgroup2 file system (mount -t cgroup2 none \
    /sys/fs/cgroup/unified), and a kernel with CONFIG_CGROUP_BPF";
const TRACE_HOOKS: &str = "cap_bpf and cap_perfmon, and a kernel with CONFIG_DEBUG_INFO_BTF";

/// What it means for each capability to stand on each of its rungs, or on none.
pub const STANDINGS: &[Standing] = &[
    complete("tcp", "tp_btf"),
    lacking(
        "tcp",
        "tracepoint",
        "a transition that a CPU makes while it runs another program of a classic tracepoint or of a kprobe \
         (before Linux 6.7 without its being counted)",
        TRACE_HOOKS,
    ),
    lacking("tcp", NONE, "anything of TCP", TRACE_HOOKS),
    complete("memory", "sk_storage"),
    lacking(
        "memory",
        "cookie_map",
        "when a connection arrived, before it was established",
        "Linux 5.12 or later",
    ),
    lacking(
        "memory",
        "cookie_map_by_record",
        "when a connection arrived, before it was established",
        "Linux 5.12 or later with CONFIG_DEBUG_INFO_BTF",
    ),
    lacking("memory", NONE, "anything of TCP", TRACE_HOOKS),
    complete("open", "sock_ops"),
    lacking(
        "open",
        NONE,
        "the local port of a connection before it is established, and of a listener that was not bound",
        CGROUP_HOOKS,
    ),
    complete("accept", "fexit"),
    lacking(
        "accept",
        "kretprobe",
        "who accepted a connection, until it is used or closed, where more threads wait for one than the kernel \
         follows at once (10, or two for each CPU)",
        "a kernel that lets trampolines stand at inet_csk_accept",
    ),
    lacking(
        "accept",
        "cgroup_getpeername",
        "who accepted a connection without asking for its address, until it is used or closed",
        "a kernel that lets programs trace inet_csk_accept",
    ),
    lacking(
        "accept",
        NONE,
        "who accepted a connection, until it is used or closed",
        CGROUP_HOOKS,
    ),
    complete("io", "tp_btf"),
    lacking(
        "io",
        NONE,
        "which process uses a connection, where another one opened or accepted it",
        "Linux 6.3 or later",
    ),
    complete("reset", "tp_btf"),
    lacking("reset", NONE, "which side reset a connection", TRACE_HOOKS),
    complete("udp", "cgroup_skb"),
    lacking(
        "udp",
        "fentry",
        "datagrams that arrive and that nobody receives; what the kernel's own tunnels send and receive",
        CGROUP_HOOKS,
    ),
    lacking(
        "udp",
        "kprobe",
        "datagrams that arrive and that nobody receives; what the kernel's own tunnels send and receive; a \
         socket to which nothing has given a cookie yet, which is counted as lost",
        CGROUP_HOOKS,
    ),
    lacking("udp", NONE, "anything of UDP", CGROUP_HOOKS),
    complete("snapshot", "iter"),
    lacking(
        "snapshot",
        "sock_diag",
        "which sockets are the kernel's own; what is in network namespaces that only sockets keep; without \
         cap_sys_ptrace and cap_dac_read_search the owners of what other users hold",
        "cap_bpf and cap_perfmon, and Linux 5.11 or later with CONFIG_DEBUG_INFO_BTF",
    ),
    lacking(
        "snapshot",
        "procfs",
        "the cookie of a connection from before, until an event tells of it; whose sockets those are of which \
         several have the same ends; and what sock_diag does not tell",
        "a kernel with CONFIG_INET_DIAG, CONFIG_INET_TCP_DIAG and CONFIG_INET_UDP_DIAG (modprobe tcp_diag \
         udp_diag)",
    ),
    lacking(
        "snapshot",
        NONE,
        "what was open before",
        "a /proc file system",
    ),
    complete(NETNS, "all"),
    lacking(
        NETNS,
        "reachable",
        "what is open before the start in network namespaces that only processes of others are in, and \
         the end of TIME_WAIT there",
        "cap_sys_ptrace",
    ),
    lacking(
        NETNS,
        "own",
        "what has no process in other network namespaces: connections left or not accepted before the start, \
         and the end of TIME_WAIT",
        "cap_sys_admin and cap_sys_ptrace",
    ),
];

/// The capability of looking into network namespaces, which no program serves.
pub const NETNS: &str = "netns";

/// What it means to stand on this rung.
pub fn of(rung: &Rung) -> Option<&'static Standing> {
    let mut standings = STANDINGS.iter();
    standings.find(|known| (known.capability, known.rung) == (rung.capability, rung.rung))
}

/// What these rungs leave unseen, capability by capability.
pub fn unseen(rungs: &[Rung]) -> Vec<(&'static str, &'static str)> {
    let standings = rungs.iter().filter_map(of);
    standings
        .filter_map(|standing| Some((standing.capability, standing.unseen?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::{
        probes::{self, PROBES},
        snapshot,
    };

    fn named() -> HashSet<(&'static str, &'static str)> {
        let named = STANDINGS.iter().map(|row| (row.capability, row.rung));
        named.collect()
    }

    #[test]
    fn every_rung_of_the_probes_has_its_row_and_so_has_none_of_them() {
        let named = named();
        assert_eq!(named.len(), STANDINGS.len(), "a rung has two rows");
        let of_probes = PROBES.iter().map(|probe| (probe.capability, probe.rung));
        let without_program = [(probes::MEMORY, probes::SOCKET_STORAGE)];
        let of_snapshot = snapshot::RUNGS.iter().map(|rung| (probes::SNAPSHOT, *rung));
        let mut rungs: HashSet<_> = of_probes
            .chain(of_snapshot)
            .chain(without_program)
            .collect();
        let capabilities: HashSet<_> = rungs.iter().map(|(capability, _)| *capability).collect();
        rungs.extend(
            capabilities
                .into_iter()
                .map(|capability| (capability, NONE)),
        );
        rungs.extend(["all", "reachable", "own"].map(|rung| (NETNS, rung)));
        assert_eq!(named, rungs);
    }

    #[test]
    fn what_is_unseen_has_a_remedy_and_stands_alone_in_a_line() {
        for row in STANDINGS {
            assert_eq!(row.unseen.is_some(), row.remedy.is_some(), "{row:?}");
            for text in [row.unseen, row.remedy].into_iter().flatten() {
                let is_one = !text.contains('\n') && !text.contains("  ") && !text.ends_with('.');
                assert!(is_one && !text.is_empty(), "{text}");
            }
        }
    }

    #[test]
    fn only_what_is_missing_is_told() {
        let rungs =
            [("tcp", "tp_btf"), ("udp", NONE)].map(|(capability, rung)| Rung { capability, rung });
        assert_eq!(unseen(&rungs), [("udp", "anything of UDP")]);
    }
}
