//! Formatting and clippy, for the host's crates and for the eBPF crate.

use anyhow::Result;

use crate::cargo::{EBPF_PACKAGE, cargo};
use crate::command::exec;

const WARNINGS_ARE_ERRORS: [&str; 3] = ["--", "-D", "warnings"];

pub fn all() -> Result<()> {
    exec(cargo().args(["fmt", "--all", "--check"]))?;
    exec(
        cargo()
            .args(["clippy", "--workspace", "--exclude", EBPF_PACKAGE])
            .arg("--all-targets")
            .args(WARNINGS_ARE_ERRORS),
    )?;
    ebpf()
}

/// For the host's target, where the crate can be checked though not linked: clippy cannot read a
/// `core` that the distribution's rustc compiled, and the verdict must not depend on which `core`
/// a machine has. The profile is the eBPF one since its `panic = "abort"` is what lets a crate
/// without std be checked for the host at all.
fn ebpf() -> Result<()> {
    exec(
        cargo()
            .args(["clippy", "--package", EBPF_PACKAGE, "--profile", "ebpf"])
            .args(WARNINGS_ARE_ERRORS),
    )
}
