//! Where everything happens: namespaces of its own, in which nobody else opens sockets.

use std::{path::Path, process::Command};

use anyhow::{Context as _, Result};
use rustix::thread::{UnshareFlags, unshare_unsafe};

use crate::command::exec;

/// Moves there. To be called before there are threads.
///
/// # Errors
///
/// The kernel refuses.
pub fn alone() -> Result<()> {
    // SAFETY: only namespaces change, and xtask has one thread.
    unsafe { unshare_unsafe(UnshareFlags::NEWNET | UnshareFlags::NEWNS) }
        .context("make namespaces")?;
    exec(Command::new("mount").args(["--make-rprivate", "/"]))?;
    exec(Command::new("ip").args(["link", "set", "lo", "up"]))?;
    // The peers look for tracepoints there.
    if !Path::new("/sys/kernel/tracing/events").exists() {
        let tracefs = ["-t", "tracefs", "tracefs", "/sys/kernel/tracing"];
        exec(Command::new("mount").args(tracefs))?;
    }
    Ok(())
}
