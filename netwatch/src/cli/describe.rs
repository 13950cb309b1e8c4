//! The command line described: completions for shells, and man pages.

use std::path::PathBuf;

use clap::{Arg, Command as Clap, value_parser};
use clap_complete::Shell;

use super::typed::Typed;

/// What is to be written.
#[derive(Clone, Debug)]
pub enum Config {
    Completions(Shell),
    /// Man pages, into this folder.
    Man(PathBuf),
}

/// The subcommands.
pub fn commands() -> [Clap; 2] {
    let shell = Arg::new("shell")
        .required(true)
        .value_parser(value_parser!(Shell));
    let folder = Arg::new("folder")
        .required(true)
        .value_parser(value_parser!(PathBuf));
    [
        Clap::new("completions")
            .about("Completions for a shell, to be sourced by it")
            .arg(shell),
        Clap::new("man")
            .about("Man pages, into a folder")
            .hide(true)
            .arg(folder),
    ]
}

impl Config {
    /// Completions for the shell that was typed.
    pub fn completions(typed: &Typed<'_>) -> Option<Self> {
        typed.value("shell").copied().map(Self::Completions)
    }

    /// Man pages into the folder that was typed.
    pub fn man(typed: &Typed<'_>) -> Option<Self> {
        typed.value("folder").cloned().map(Self::Man)
    }
}
