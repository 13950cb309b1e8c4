//! Installs what is missing, saying what and why; says nothing where all is there.

mod ebpf_core;
mod path;
mod programs;

use std::process::Command;

use anyhow::{Context, Result};

use crate::cargo::{cargo, workspace};
use crate::command::{capture, exec_on_stderr};
use crate::ebpf_tools;

pub use programs::{for_benchmarks, for_guests, for_installation, for_tests};

/// The newest that loads the LLVM which rustc 1.95 ships, instead of wanting one of the system's.
const LINKER_VERSION: &str = "0.10.3";

pub fn build_tools() -> Result<()> {
    linker()?;
    ebpf_core::ensure()
}

fn linker() -> Result<()> {
    let linker = ebpf_tools::linker(workspace());
    let wanted = format!("bpf-linker {LINKER_VERSION}");
    if capture(Command::new(&linker).arg("--version")).is_ok_and(|found| found.trim() == wanted) {
        return Ok(());
    }
    eprintln!("setup: {wanted}, which links the eBPF programs: compiling it takes a minute or two");
    exec_on_stderr(
        cargo()
            .args(["install", "bpf-linker", "--version", LINKER_VERSION])
            .args(["--locked", "--force", "--root"])
            .arg(ebpf_tools::tools(workspace())),
    )
    .context("install bpf-linker")
}
