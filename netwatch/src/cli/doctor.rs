//! `netwatch doctor`.

use std::path::PathBuf;

use clap::Command as Clap;

use super::typed::{Typed, btf, rung, switch};
use crate::event::Rung;

/// What was meant.
#[derive(Clone, Debug)]
pub struct Config {
    pub json: bool,
    /// Also the verifier's last words.
    pub verbose: bool,
    /// Capabilities that are to stand on this rung and no other.
    pub rungs: Vec<Rung>,
    /// A file that describes the kernel's types.
    pub btf: Option<PathBuf>,
}

const EXIT_CODES: &str = "\
Exit codes:
  0  complete: all that netwatch knows to see can be seen
  1  degraded: it can trace, but something is not seen
  2  it cannot trace";

/// The subcommand.
pub fn command() -> Clap {
    Clap::new("doctor")
        .about("What this machine allows, what is therefore not seen, and what would fix it")
        .after_help(EXIT_CODES)
        .arg(switch("json", None, "JSON, one object to a line"))
        .arg(switch(
            "verbose",
            Some('v'),
            "Also what the kernel's verifier says",
        ))
        .arg(rung())
        .arg(btf())
}

impl Config {
    /// Understands what was typed.
    pub fn new(typed: &Typed<'_>) -> Self {
        Self {
            json: typed.switched_on("json"),
            verbose: typed.switched_on("verbose"),
            rungs: typed.values("rung").cloned().collect(),
            btf: typed.value("btf").cloned(),
        }
    }
}
