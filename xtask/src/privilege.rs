//! Who is asking. What netwatch itself may do, it finds out and says.

use anyhow::{Result, bail};

pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

pub fn require_root() -> Result<()> {
    if !is_root() {
        bail!(
            "the tests need root: they load eBPF programs and make network namespaces. \
             Run `sudo cargo xtask test`"
        );
    }
    Ok(())
}

pub fn require_root_to_install() -> Result<()> {
    if !is_root() {
        bail!(
            "installing needs root: it gives a program file capabilities. Run `sudo cargo xtask install`"
        );
    }
    Ok(())
}
