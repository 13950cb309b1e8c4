//! What one run of a command takes.

use std::{
    env,
    ffi::OsString,
    fs::{self, File},
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use nix::sys::resource::{UsageWho, getrusage};

use crate::{cargo, command::capture};

/// What a run took.
#[derive(Clone, Copy)]
pub struct Run {
    pub wall: Duration,
    /// At its peak, in KiB.
    pub memory: u64,
}

/// Puts values in order, and gives back the one in the middle.
///
/// # Panics
///
/// There are no values.
pub fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Runs a command in a process of its own, so that its memory is told from that of all others.
///
/// # Errors
///
/// It can't be run, or fails.
pub fn run(command: &[&str]) -> Result<Run> {
    let xtask = env::current_exe().context("find xtask")?;
    let mut measure = Command::new(xtask);
    measure.args(["part", "measure", "--"]).args(command);
    let text = capture(&mut measure)?;
    let mut numbers = text.split_whitespace().map(str::parse::<u64>);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(nanos)), Some(Ok(memory))) => Ok(Run {
            wall: Duration::from_nanos(nanos),
            memory,
        }),
        _ => bail!("`{}` was not measured: {text}", command.join(" ")),
    }
}

/// Runs a command with its output in a file, and writes its wall time in ns and its memory in KiB.
///
/// # Errors
///
/// It can't be run, or fails.
pub fn measure(command: &[OsString]) -> Result<()> {
    let (program, args) = command.split_first().context("no command")?;
    let folder = cargo::workspace().join("target/bench");
    fs::create_dir_all(&folder).context("make a folder for output")?;
    let output = File::create(output_path(&folder)).context("make a file for output")?;
    let mut command = Command::new(program);
    command.args(args).stdout(output).stderr(Stdio::null());
    let start = Instant::now();
    let status = command.status().context("start it")?;
    let wall = start.elapsed();
    // lsof says 1 where one thing of many could not be read.
    let is_as_good = command.get_program() == "lsof" && status.code() == Some(1);
    if !status.success() && !is_as_good {
        bail!("it failed: {status}");
    }
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).context("read what it used")?;
    println!("{} {}", wall.as_nanos(), usage.max_rss());
    Ok(())
}

fn output_path(folder: &Path) -> std::path::PathBuf {
    folder.join("output")
}
