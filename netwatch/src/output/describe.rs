//! Completions and man pages, from the definition of the command line.

use std::{
    io::{self, Write as _, stdout},
    path::Path,
};

use clap_complete::Shell;

use crate::cli;

/// Writes the completions for a shell to stdout.
///
/// # Errors
///
/// They can't be written.
pub fn completions(shell: Shell) -> io::Result<()> {
    // The generator panics where it can't write, so it writes to memory.
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut cli::command(), "netwatch", &mut script);
    stdout().lock().write_all(&script)
}

/// Writes a page for netwatch, and one for each of its commands, into a folder.
///
/// # Errors
///
/// They can't be written.
pub fn man_pages(folder: &Path) -> io::Result<()> {
    std::fs::create_dir_all(folder)?;
    clap_mangen::generate_to(cli::command(), folder)
}
