//! The programs whose sockets the tests watch, or whose word they compare with; those that the benchmarks
//! compare with; and those that boot guests and install.

use anyhow::{Context, Result, bail};

use super::path;
use crate::apt;

struct Program {
    name: &'static str,
    package: &'static str,
    why: &'static str,
}

const PROGRAMS: [Program; 8] = [
    Program {
        name: "ip",
        package: "iproute2",
        why: "gives every test a network namespace of its own",
    },
    Program {
        name: "ss",
        package: "iproute2",
        why: "prints the sockets that the table is compared with",
    },
    Program {
        name: "nstat",
        package: "iproute2",
        why: "prints the protocol counters that netwatch's are compared with",
    },
    Program {
        name: "netstat",
        package: "net-tools",
        why: "prints what netwatch's lists are compared with",
    },
    Program {
        name: "lsof",
        package: "lsof",
        why: "names the owners that netwatch's are compared with",
    },
    Program {
        name: "nc",
        package: "netcat-openbsd",
        why: "is a TCP or UDP peer that is a process of its own",
    },
    Program {
        name: "curl",
        package: "curl",
        why: "is an everyday TCP client",
    },
    Program {
        name: "dig",
        package: "bind9-dnsutils",
        why: "is an everyday UDP client",
    },
];

/// What boots a guest.
const GUESTS: [Program; 6] = [
    Program {
        name: "qemu-system-x86_64",
        package: "qemu-system-x86",
        why: "is the machine that another kernel runs on",
    },
    Program {
        name: "busybox",
        package: "busybox-static",
        why: "is all the system that a guest has",
    },
    Program {
        name: "cpio",
        package: "cpio",
        why: "packs a guest's files",
    },
    Program {
        name: "modprobe",
        package: "kmod",
        why: "knows which modules a module needs",
    },
    Program {
        name: "xz",
        package: "xz-utils",
        why: "unpacks modules",
    },
    Program {
        name: "zstd",
        package: "zstd",
        why: "unpacks modules",
    },
];

/// What puts netwatch in place.
const INSTALLERS: [Program; 1] = [Program {
    name: "setcap",
    package: "libcap2-bin",
    why: "gives a program its capabilities",
}];

/// What can't be had of these is left out of the comparison.
const PEERS: [Program; 3] = [
    Program {
        name: "tcpstates",
        package: "libbpf-tools",
        why: "traces TCP transitions",
    },
    Program {
        name: "tcplife",
        package: "libbpf-tools",
        why: "traces the ends of TCP connections",
    },
    Program {
        name: "bpftrace",
        package: "bpftrace",
        why: "traces whatever one writes down",
    },
];

/// Installs what the tests need.
///
/// # Errors
///
/// It can't be had.
pub fn for_tests() -> Result<()> {
    install(&PROGRAMS, "the tests")
}

/// Installs what netwatch is put in place with.
///
/// # Errors
///
/// It can't be had.
pub fn for_installation() -> Result<()> {
    install(&INSTALLERS, "the installation")
}

/// Installs what guests are booted with.
///
/// # Errors
///
/// It can't be had.
pub fn for_guests() -> Result<()> {
    install(&GUESTS, "the tests on other kernels")
}

/// Installs what the benchmarks compare with, as far as it can be had.
pub fn for_benchmarks() {
    for peer in &PEERS {
        if let Err(error) = install(std::slice::from_ref(peer), "the benchmarks") {
            eprintln!("setup: {error:#}; going on without {}", peer.name);
        }
    }
}

fn install(programs: &[Program], what_for: &str) -> Result<()> {
    let missing: Vec<&Program> = programs
        .iter()
        .filter(|program| !path::has(program.name))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    for Program { name, package, why } in &missing {
        eprintln!("setup: {name} ({package}), for {what_for}: it {why}");
    }
    if !path::has("apt-get") {
        let names: Vec<&str> = missing.iter().map(|program| program.name).collect();
        bail!(
            "for {what_for} there must be {}: install them, by whatever name your distribution packages them",
            names.join(", ")
        );
    }
    let packages: Vec<&str> = missing.iter().map(|program| program.package).collect();
    apt::install(&packages).with_context(|| format!("install what is needed for {what_for}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_program_is_listed_once() {
        let all = PROGRAMS.iter().chain(&INSTALLERS).chain(&GUESTS);
        let all: Vec<&Program> = all.chain(&PEERS).collect();
        for (index, program) in all.iter().enumerate() {
            let others = &all[index + 1..];
            assert!(others.iter().all(|other| other.name != program.name));
        }
    }
}
