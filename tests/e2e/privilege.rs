//! With less than all privileges: what is left works, and what is missing is said.

use std::{
    os::unix::process::CommandExt as _,
    process::{Command, Stdio},
};

use rustix::thread::{CapabilitySet, remove_capability_from_bounding_set};

use crate::harness::{
    Life, Pair, Reason, Stage,
    State::{Close, FinWait1, FinWait2},
    Watch,
    netwatch::{cause, command},
};

/// netwatch as root, but for these capabilities.
pub fn without(lacking: &'static [CapabilitySet], arguments: &[&str]) -> Command {
    let mut command = command(arguments);
    // SAFETY: system calls only.
    unsafe {
        command.pre_exec(move || {
            for capability in lacking {
                remove_capability_from_bounding_set(*capability)?;
            }
            Ok(())
        })
    };
    command
}

/// Its own network namespace nobody needs to enter: also there it sees what no event tells.
#[test]
fn without_sys_admin() {
    sees_its_own_namespace(&[CapabilitySet::SYS_ADMIN], "cap_sys_admin", "own");
}

/// The same, where it may enter others but finds only those that it may look for.
#[test]
fn without_sys_ptrace() {
    sees_its_own_namespace(&[CapabilitySet::SYS_PTRACE], "cap_sys_ptrace", "reachable");
}

fn sees_its_own_namespace(lacking: &'static [CapabilitySet], missing: &str, rung: &str) {
    let stage = Stage::new();
    stage.netns.sysctl("ipv4/tcp_fin_timeout", "1");
    let netns = stage.netns.inode;
    let arguments = ["trace", "--json", "--netns", &netns.to_string()];
    let mut netwatch = without(lacking, &arguments);
    let mut watch = Watch::over(&mut netwatch, &[netns]);
    assert_eq!(watch.rung("netns"), rung);
    let mut pair = Pair::meet(&stage);
    pair.client.close(&pair.near);
    let life: Life = pair.near_life().to(&[FinWait1, FinWait2, Close]);
    watch.expect(life.ends(Reason::LocalFin, 0, 0));
    let stderr = watch.stop().stderr;
    assert!(stderr.contains(missing), "what is missing: {stderr}");
}

/// TCP without the hooks of cgroups.
#[test]
fn without_net_admin() {
    let stage = Stage::new();
    let netns = stage.netns.inode;
    let arguments = ["trace", "--json", "--netns", &netns.to_string()];
    let lacking = &[CapabilitySet::NET_ADMIN, CapabilitySet::SYS_ADMIN];
    if let Some(why) = cause(&mut without(lacking, &["doctor", "--json"])) {
        // Before 5.12 those hooks give connections their cookies.
        assert!(why.contains("this needs cap_net_admin"), "{why}");
        assert!(why.contains("give connections a cookie"), "{why}");
        return;
    }
    let mut netwatch = without(lacking, &arguments);
    let mut watch = Watch::over(&mut netwatch, &[netns]);
    let mut pair = Pair::meet(&stage);
    pair.part();
    watch.wait_closed(&pair.far);
    assert_ne!(watch.rung("udp"), "cgroup_skb");
    let is_blind = watch.rung("udp") == "none";
    let stderr = watch.end_selected().stderr;
    let part = "without cgroup_skb for udp: attach udp_create to the root cgroup";
    assert_eq!(stderr.contains(part), is_blind, "{stderr}");
    assert!(stderr.contains("this needs cap_net_admin"), "{stderr}");
}

/// Nothing works without these: the cause comes first, the advice last.
#[test]
fn without_bpf() {
    let lacking = &[CapabilitySet::BPF, CapabilitySet::SYS_ADMIN];
    let output = without(lacking, &["trace"])
        .stdin(Stdio::null())
        .output()
        .expect("run netwatch");
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let stderr = String::from_utf8_lossy(&output.stderr);
    let lines: Vec<&str> = stderr.lines().collect();
    assert!(lines[0].contains("not permitted"), "the cause: {stderr}");
    let last = lines[lines.len() - 1];
    assert!(last.starts_with("though it is root"), "advice: {stderr}");
    assert!(stderr.contains("\n  cap_bpf "), "what is missing: {stderr}");
}
