//! Finds or installs a `core` for the eBPF target, which no toolchain brings along.

use std::process::Command;

use anyhow::{Context, Result, bail};

use super::path;
use crate::apt;
use crate::cargo::rustc;
use crate::command::capture;
use crate::ebpf_tools::{Core, TARGET};
use crate::privilege;

/// A compiler and the `core` for eBPF that it compiled. Debian's stable releases carry a rustc of
/// their own age, too old for us, and beside it the newer one that their browsers are built with.
const PACKAGES: [[&str; 2]; 2] = [
    ["rustc-web", "libstd-rust-web-dev-bpf"],
    ["rustc", "libstd-rust-dev-bpf"],
];

/// What decides which ways there are on this machine.
#[derive(Clone, Copy)]
struct Facts {
    rustup: bool,
    apt: bool,
    root: bool,
}

impl Facts {
    fn gather() -> Result<Self> {
        Ok(Self {
            rustup: path::has("rustup"),
            apt: path::has("apt-get"),
            root: privilege::is_root(),
        })
    }

    /// Packages first: they need no network beyond the package registries, which is all that many
    /// build machines have.
    fn ways(self) -> Vec<Way> {
        let mut ways = Vec::new();
        if self.apt && self.root {
            ways.push(Way::Apt);
        }
        if self.rustup {
            ways.push(Way::Rustup);
        }
        ways
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Rustup,
    Apt,
}

impl Way {
    fn announce(self) {
        match self {
            Self::Rustup => eprintln!("setup:   trying the component rust-src of rustup"),
            Self::Apt => eprintln!("setup:   trying a rustc that is packaged with one"),
        }
    }

    fn take(self) -> Result<()> {
        match self {
            Self::Rustup => add_rust_src(),
            Self::Apt => apt::install(choose(apt::knows)?),
        }
    }
}

pub fn ensure() -> Result<()> {
    if Core::find(&rustc()).is_some() {
        return Ok(());
    }
    eprintln!("setup: `core` for {TARGET}, which the eBPF programs are compiled against");
    for way in Facts::gather()?.ways() {
        way.announce();
        match way.take() {
            Ok(()) if Core::find(&rustc()).is_some() => return Ok(()),
            Ok(()) => eprintln!("setup:   it installed, but brings no `core` for this target"),
            Err(error) => eprintln!("setup:   {error:#}"),
        }
    }
    bail!(
        "`core` for {TARGET} is missing. Either of these brings it:\n  \
         rustup component add rust-src\n  \
         {}   (Debian, Ubuntu; some releases say rustc and libstd-rust-dev-bpf)",
        apt::by_hand(&PACKAGES[0])
    );
}

/// Quick where the network is out of reach.
fn add_rust_src() -> Result<()> {
    let added = capture(
        Command::new("rustup")
            .env("RUSTUP_DOWNLOAD_TIMEOUT", "15")
            .env("RUSTUP_MAX_RETRIES", "0")
            .args(["component", "add", "rust-src"]),
    );
    // What rustup has to say of a network it can't reach is a page long.
    if added.is_err() {
        bail!("rustup could not add it");
    }
    Ok(())
}

fn choose(known: impl Fn(&str) -> bool) -> Result<&'static [&'static str]> {
    PACKAGES
        .iter()
        .find(|packages| packages.iter().all(|package| known(package)))
        .map(|packages| packages.as_slice())
        .with_context(|| format!("no package of this release has `core` for {TARGET}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn apt_comes_before_rustup() {
        let facts = Facts {
            rustup: true,
            apt: true,
            root: true,
        };
        assert_eq!(facts.ways(), [Way::Apt, Way::Rustup]);
    }

    #[test]
    fn apt_is_no_way_without_root() {
        let facts = Facts {
            rustup: false,
            apt: true,
            root: false,
        };
        assert_eq!(facts.ways(), []);
    }

    #[test]
    fn the_browsers_rustc_is_taken_where_the_release_has_it() {
        assert_eq!(choose(|_| true).unwrap(), PACKAGES[0]);
    }

    #[test]
    fn else_the_plain_names_are_taken() {
        let plain = choose(|package| !package.contains("web")).unwrap();
        assert_eq!(plain, ["rustc", "libstd-rust-dev-bpf"]);
    }

    #[test]
    fn a_compiler_without_its_core_is_no_choice() {
        let error = choose(|package| package == "rustc").unwrap_err();
        assert!(error.to_string().contains(TARGET));
    }
}
