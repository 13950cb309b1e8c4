//! What the machine is set to: the kernel's own files.

use std::fs;

use procfs::process::Process;

use crate::{privilege::Privilege, text};

/// Something that the machine has, lacks, or is set to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    pub name: &'static str,
    /// None where there is no such thing.
    pub value: Option<String>,
    /// How it stands in netwatch's way, if it does.
    pub hinders: Option<&'static str>,
    pub remedy: Option<&'static str>,
}

/// What is looked at.
struct Look {
    name: &'static str,
    read: fn() -> Option<String>,
    /// Whether such a value, with what this process holds of the row's privilege, is in the way.
    is_in_the_way: fn(Option<&str>, bool) -> bool,
    /// With this privilege it may not be.
    privilege: Option<&'static str>,
    hinders: &'static str,
    remedy: &'static str,
}

const LOOKS: &[Look] = &[
    Look {
        name: "btf",
        read: || fs::metadata(BTF).ok().map(|_| BTF.to_owned()),
        is_in_the_way: |value, _| value.is_none(),
        privilege: None,
        hinders: "without a description of the kernel's types few programs can read its structs",
        remedy: "a kernel with CONFIG_DEBUG_INFO_BTF, or a description of this one (--btf FILE)",
    },
    Look {
        name: "cgroup2",
        read: cgroup2,
        is_in_the_way: |value, _| value.is_none(),
        privilege: None,
        hinders: "the programs of the cgroup rungs have nothing to be attached to",
        remedy: "mount -t cgroup2 none /sys/fs/cgroup/unified",
    },
    Look {
        name: "kernel.perf_event_paranoid",
        read: || line("/proc/sys/kernel/perf_event_paranoid"),
        is_in_the_way: |value, is_held| !is_held && number(value) >= 2,
        privilege: Some("cap_perfmon"),
        hinders: "kprobes and classic tracepoints take cap_perfmon",
        remedy: "grant cap_perfmon",
    },
    Look {
        name: "kernel.unprivileged_bpf_disabled",
        read: || line("/proc/sys/kernel/unprivileged_bpf_disabled"),
        is_in_the_way: |value, is_held| !is_held && number(value) >= 1,
        privilege: Some("cap_bpf"),
        hinders: "every use of bpf(2) takes cap_bpf",
        remedy: "grant cap_bpf",
    },
    Look {
        name: "kernel.kptr_restrict",
        read: || line("/proc/sys/kernel/kptr_restrict"),
        // netwatch reads no address of a symbol, and prints none.
        is_in_the_way: |_, _| false,
        privilege: None,
        hinders: "",
        remedy: "",
    },
    Look {
        name: "lockdown",
        read: || line("/sys/kernel/security/lockdown").and_then(|modes| chosen(&modes)),
        is_in_the_way: |value, _| value == Some("confidentiality"),
        privilege: None,
        hinders: "no program may read kernel memory",
        remedy: "boot with lockdown=integrity or without it",
    },
];

/// Where the kernel describes its own types.
const BTF: &str = "/sys/kernel/btf/vmlinux";

/// Everything that is worth a look, with what this process holds.
pub fn settings(privileges: &[Privilege]) -> Vec<Setting> {
    let setting = |look: &Look| {
        let value = (look.read)();
        let is_held = look.privilege.is_none_or(|name| holds(privileges, name));
        let is_in_the_way = (look.is_in_the_way)(value.as_deref(), is_held);
        Setting {
            name: look.name,
            value,
            hinders: is_in_the_way.then_some(look.hinders),
            remedy: is_in_the_way.then_some(look.remedy),
        }
    };
    LOOKS.iter().map(setting).collect()
}

fn holds(privileges: &[Privilege], name: &str) -> bool {
    let mut privileges = privileges.iter();
    privileges.any(|privilege| privilege.name == name && privilege.is_held)
}

/// Release of the running kernel.
pub fn release() -> String {
    let name = rustix::system::uname();
    text::clean(name.release().to_bytes())
}

/// Where the unified cgroup hierarchy is mounted.
fn cgroup2() -> Option<String> {
    let mounts = Process::myself().and_then(|me| me.mountinfo()).ok()?;
    let mount = mounts
        .into_iter()
        .find(|mount| mount.fs_type == "cgroup2" && mount.root == "/")?;
    let path = mount.mount_point.into_os_string();
    Some(text::clean(path.as_encoded_bytes()))
}

fn line(path: &str) -> Option<String> {
    let bytes = fs::read(path).ok()?;
    Some(text::clean(bytes.trim_ascii()))
}

/// A setting that can't be read is taken to be 0.
fn number(value: Option<&str>) -> i64 {
    value.and_then(|value| value.parse().ok()).unwrap_or(0)
}

/// The word in brackets: `[none] integrity confidentiality`.
fn chosen(modes: &str) -> Option<String> {
    let (_, rest) = modes.split_once('[')?;
    let (word, _) = rest.split_once(']')?;
    Some(word.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether a value is in the way, without and with the row's privilege.
    fn judged(name: &str, value: Option<&str>) -> [bool; 2] {
        let look = LOOKS.iter().find(|look| look.name == name).unwrap();
        [false, true].map(|is_held| (look.is_in_the_way)(value, is_held))
    }

    #[test]
    fn what_is_in_the_way_depends_on_the_value_and_on_what_is_held() {
        for (name, value, expected) in [
            ("btf", None, [true, true]),
            ("btf", Some(BTF), [false, false]),
            ("cgroup2", None, [true, true]),
            ("kernel.perf_event_paranoid", Some("3"), [true, false]),
            ("kernel.perf_event_paranoid", Some("-1"), [false, false]),
            ("kernel.unprivileged_bpf_disabled", Some("2"), [true, false]),
            (
                "kernel.unprivileged_bpf_disabled",
                Some("0"),
                [false, false],
            ),
            ("kernel.kptr_restrict", Some("2"), [false, false]),
            ("lockdown", Some("confidentiality"), [true, true]),
            ("lockdown", Some("integrity"), [false, false]),
            ("lockdown", None, [false, false]),
        ] {
            assert_eq!(judged(name, value), expected, "{name} {value:?}");
        }
    }

    #[test]
    fn every_look_finds_its_setting_here_or_says_that_there_is_none() {
        let settings = settings(&[]);
        assert_eq!(settings.len(), LOOKS.len());
        for setting in settings {
            assert_eq!(setting.hinders.is_some(), setting.remedy.is_some());
            assert_ne!(setting.hinders, Some(""), "{}", setting.name);
            assert_ne!(setting.value.as_deref(), Some(""), "{}", setting.name);
        }
    }

    #[test]
    fn the_word_in_brackets_is_the_one_that_holds() {
        assert_eq!(
            chosen("none [integrity] confidentiality").as_deref(),
            Some("integrity")
        );
        assert_eq!(chosen("none"), None);
    }
}
