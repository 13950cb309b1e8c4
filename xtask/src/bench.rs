//! Benchmarks: netwatch beside its peers, alternating, in one run. None of them is a test.

mod hold;
mod idle;
mod list;
mod measure;
mod packets;
mod report;
mod storm;
mod trace;
mod tracer;

use std::{ffi::OsString, fs, path::Path, process::Command, time::Duration};

use anyhow::{Context as _, Result};
use clap::{Subcommand, ValueEnum};
use rustix::thread::{UnshareFlags, unshare_unsafe};

use crate::{cargo, command::exec, setup};
use report::Report;

/// What a benchmark asks.
#[derive(Clone, Copy, ValueEnum)]
pub enum Question {
    /// How long a list of all sockets takes
    List,
    /// What tracing costs and loses under a storm of connections
    Trace,
    /// What tracing adds to datagrams, and to packets of TCP
    Packets,
    /// What it takes while nothing happens
    Idle,
}

/// What a benchmark starts as processes of their own.
#[derive(Subcommand)]
pub enum Part {
    /// Holds established connections until stdin ends
    Hold {
        #[arg(long)]
        sockets: usize,
    },
    /// Accepts connections, answers and closes them
    Serve,
    /// Connects and asks as fast as it can
    Connect {
        #[arg(long)]
        port: u16,
        #[arg(long)]
        millis: u64,
    },
    /// Sends and receives datagrams
    Datagrams {
        #[arg(long)]
        millis: u64,
    },
    /// Sends as much as it can over TCP
    Bulk {
        #[arg(long)]
        millis: u64,
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
    let netwatch = netwatch
        .to_str()
        .context("the path of netwatch is not UTF-8")?;
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
    let folder = cargo::workspace().join("target/bench");
    fs::create_dir_all(&folder).context("make a folder for output")?;
    let output = folder.join("trace");
    let mut report = Report::default();
    // First: what others leave behind in TIME_WAIT is looked after for a minute.
    if matches!(question, None | Some(Question::Idle)) {
        report.add(idle::measure(netwatch, &output)?);
    }
    if matches!(question, None | Some(Question::List)) {
        list::compare(netwatch, &mut report)?;
    }
    if matches!(question, None | Some(Question::Packets)) {
        report.add(packets::compare(netwatch, &output)?);
    }
    if matches!(question, None | Some(Question::Trace)) {
        report.add(trace::compare(netwatch, &output)?);
    }
    match question {
        // One answer alone must not replace all of them.
        Some(_) => Ok(()),
        None => report.write(),
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
        Part::Serve => storm::serve(),
        Part::Connect { port, millis } => storm::connect(port, Duration::from_millis(millis)),
        Part::Datagrams { millis } => packets::datagrams(Duration::from_millis(millis)),
        Part::Bulk { millis } => packets::bulk(Duration::from_millis(millis)),
        Part::Measure { command } => measure::measure(&command),
    }
}
