//! `completions` and `man`.

use anyhow::{Context as _, Result};

use crate::{cli::describe::Config, output::describe};

/// Writes what was asked for.
///
/// # Errors
///
/// It can't be written.
pub fn run(config: &Config) -> Result<()> {
    match config {
        Config::Completions(shell) => describe::completions(*shell).context("write completions"),
        Config::Man(folder) => describe::man_pages(folder)
            .with_context(|| format!("write man pages into {}", folder.display())),
    }
}
