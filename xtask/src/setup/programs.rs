//! The programs whose sockets the tests watch, or whose word they compare with.

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

pub fn install() -> Result<()> {
    let missing: Vec<&Program> = PROGRAMS
        .iter()
        .filter(|program| !path::has(program.name))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    for Program { name, package, why } in &missing {
        eprintln!("setup: {name} ({package}), for the tests: it {why}");
    }
    if !path::has("apt-get") {
        let names: Vec<&str> = missing.iter().map(|program| program.name).collect();
        bail!(
            "the tests need {}: install them, by whatever name your distribution packages them",
            names.join(", ")
        );
    }
    let packages: Vec<&str> = missing.iter().map(|program| program.package).collect();
    apt::install(&packages).context("install the programs that the tests use")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_program_is_listed_once() {
        for (index, program) in PROGRAMS.iter().enumerate() {
            let others = &PROGRAMS[index + 1..];
            assert!(others.iter().all(|other| other.name != program.name));
        }
    }
}
