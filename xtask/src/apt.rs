//! Debian's and Ubuntu's packages.

use std::process::Command;
use std::sync::Once;

use anyhow::Result;

use crate::command::{capture, exec_persistently};

/// Without it, lists that could not be fetched are a warning.
pub const STRICT: [&str; 2] = ["-o", "APT::Update::Error-Mode=any"];
const INSTALL: [&str; 3] = ["install", "--no-install-recommends", "-y"];

/// Whether a package of this name can be installed, as far as the package lists tell.
pub fn knows(package: &str) -> bool {
    update();
    capture(Command::new("apt-cache").args(["show", package])).is_ok()
}

pub fn install(packages: &[&str]) -> Result<()> {
    update();
    exec_persistently(
        Command::new("apt-get")
            .env("DEBIAN_FRONTEND", "noninteractive")
            .args(INSTALL)
            .args(["-qq", "-o", "Dpkg::Use-Pty=0"])
            .args(packages),
    )
}

/// What to type where xtask may not install.
pub fn by_hand(packages: &[&str]) -> String {
    format!("sudo apt-get {} {}", INSTALL.join(" "), packages.join(" "))
}

/// Lists that are missing or old make an install fail, so they are fetched before the first one.
/// A single source out of reach fails the whole update, and need not fail the install.
fn update() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let mut update = Command::new("apt-get");
        update.args(["update", "-qq"]).args(STRICT);
        if let Err(error) = exec_persistently(&mut update) {
            eprintln!("setup: {error:#}; going on with the package lists that are here");
        }
    });
}
