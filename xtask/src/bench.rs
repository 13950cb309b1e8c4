//! Benchmarks: netwatch beside its peers, alternating, in one run. None of them is a test.

mod hold;
mod list;
mod measure;

use std::ffi::OsString;

use anyhow::Result;
use clap::{Subcommand, ValueEnum};

use crate::{cargo, setup};

/// What a benchmark asks.
#[derive(Clone, Copy, ValueEnum)]
pub enum Question {
    /// How long a list of all sockets takes
    List,
}

/// What a benchmark starts as processes of their own.
#[derive(Subcommand)]
pub enum Part {
    /// Holds established connections until stdin ends
    Hold {
        #[arg(long)]
        sockets: usize,
    },
    /// Runs a command once and writes what it took
    Measure {
        #[arg(last = true, required = true)]
        command: Vec<OsString>,
    },
}

/// Asks one question, or all.
///
/// # Errors
///
/// Something that is measured can't be started.
pub fn ask(question: Option<Question>) -> Result<()> {
    setup::build_tools()?;
    setup::test_programs()?;
    cargo::build(true)?;
    let netwatch = cargo::release_binary()?;
    match question {
        Some(Question::List) | None => list::compare(&netwatch),
    }
}

/// Is a part of a benchmark.
///
/// # Errors
///
/// It can't be.
pub fn be(part: Part) -> Result<()> {
    match part {
        Part::Hold { sockets } => hold::hold(sockets),
        Part::Measure { command } => measure::measure(&command),
    }
}
