//! Where the eBPF build finds what it needs beside the host's own toolchain.
//!
//! netwatch/build.rs includes this file too, so what `cargo xtask setup` accepts is what the
//! build then takes. It uses nothing but std for that reason.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

pub const TARGET: &str = "bpfel-unknown-none";

/// Beside the toolchain's own rustc, because distributions ship a `core` compiled for eBPF and a
/// `core` is only good for the compiler that made it.
pub const DISTRIBUTION_RUSTC: &str = "/usr/bin/rustc";

/// Where `core` for the eBPF target comes from; rustup has no compiled one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Core {
    /// Compiled on the spot from the toolchain's rust-src.
    Source,
    /// Compiled for the distribution's rustc.
    Distribution,
}

impl Core {
    /// The one to build with, where `rustc` is the compiler that builds the host's crates.
    pub fn find(rustc: &OsStr) -> Option<Self> {
        let source = "src/rust/library/Cargo.lock";
        if has(rustc, source) {
            Some(Self::Source)
        } else if has(OsStr::new(DISTRIBUTION_RUSTC), &format!("{TARGET}/lib")) {
            Some(Self::Distribution)
        } else {
            None
        }
    }
}

/// Where tools are installed: in the workspace, so that no version chosen elsewhere is disturbed
/// and none is picked up.
pub fn tools(workspace: &Path) -> PathBuf {
    workspace.join("target/tools")
}

pub fn linker(workspace: &Path) -> PathBuf {
    tools(workspace).join("bin/bpf-linker")
}

fn has(rustc: &OsStr, part: &str) -> bool {
    let Ok(output) = Command::new(rustc).args(["--print", "sysroot"]).output() else {
        return false;
    };
    let sysroot = String::from_utf8_lossy(&output.stdout);
    output.status.success()
        && Path::new(sysroot.trim())
            .join("lib/rustlib")
            .join(part)
            .exists()
}
