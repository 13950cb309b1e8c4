//! The cargo that started xtask, asked to do more.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Error, Result};

use crate::command::{exec, replace};

/// The crate that is compiled for the kernel, and never linked for the host.
pub const EBPF_PACKAGE: &str = "netwatch-ebpf";

pub fn workspace() -> &'static Path {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask)
}

/// `cargo`, in the workspace wherever xtask was started.
pub fn cargo() -> Command {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.current_dir(workspace());
    command
}

/// The compiler of the host's crates, chosen as cargo chooses it.
pub fn rustc() -> OsString {
    env::var_os("RUSTC").unwrap_or_else(|| "rustc".into())
}

pub fn build(release: bool) -> Result<()> {
    exec(cargo().arg("build").args(release.then_some("--release")))
}

/// One of netwatch's examples, with optimisation.
pub fn build_example(name: &str) -> Result<()> {
    exec(
        cargo()
            .args(["build", "--release", "--package", "netwatch"])
            .args(["--example", name]),
    )
}

/// Plain `cargo test`, so that the suite needs nothing installed but cargo.
pub fn test(args: &[OsString]) -> Result<()> {
    exec(
        cargo()
            .args(["test", "--workspace", "--exclude", EBPF_PACKAGE])
            .args(args),
    )
}

/// Where `build(true)` leaves netwatch: beside the profile directory that xtask itself is in,
/// whatever the target directory is set to.
pub fn release_binary() -> Result<PathBuf> {
    let xtask = env::current_exe().context("find where xtask was built")?;
    let target = xtask
        .ancestors()
        .nth(2)
        .with_context(|| format!("find the target directory above {}", xtask.display()))?;
    Ok(target.join("release/netwatch"))
}

pub fn become_netwatch(netwatch: &Path, args: &[OsString]) -> Error {
    replace(Command::new(netwatch).args(args))
}
