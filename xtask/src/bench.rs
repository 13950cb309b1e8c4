//! Benchmarks: netwatch beside its peers, alternating, in one run. None of them is a test.

pub mod contender;
pub mod flows;
mod hold;
mod idle;
mod list;
mod loss;
mod measure;
mod memory;
mod packets;
pub mod report;
mod short_lived;
pub mod stage;
pub mod storm;
mod trace;
pub mod tracer;

use std::{ffi::OsString, fs, path::PathBuf, process::Command, time::Duration};

use anyhow::{Context as _, Result};
use clap::{Subcommand, ValueEnum};

use crate::{cargo, command::exec, setup, soak::churn};
use contender::Bench;
use report::Report;

/// What a benchmark asks.
#[derive(Clone, Copy, PartialEq, ValueEnum)]
pub enum Question {
    /// How long a list of all sockets takes
    List,
    /// What tracing costs under a storm of connections
    Trace,
    /// What tracers lose, and whether they name the right process
    Loss,
    /// Whether processes that are soon gone are named
    ShortLived,
    /// What tracing adds to datagrams, and to packets of TCP
    Packets,
    /// What tracing costs and loses of short UDP flows
    Flows,
    /// How much memory a socket takes
    Memory,
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
        /// Connections a second
        #[arg(long)]
        pace: Option<u32>,
    },
    /// Connects and asks once
    Once {
        #[arg(long)]
        port: u16,
    },
    /// Asks over UDP, each time with a new socket
    Flows {
        #[arg(long)]
        millis: u64,
    },
    /// Connects to itself, in a network namespace that it was started in
    Elsewhere {
        #[arg(long)]
        connections: u64,
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
    setup::for_tests()?;
    setup::for_benchmarks();
    cargo::build(true)?;
    cargo::build_example("bare")?;
    let netwatch = cargo::release_binary()?;
    let bare = netwatch.with_file_name("examples/bare");
    let [netwatch, bare] = [&netwatch, &bare].map(|path| path.to_str());
    let (netwatch, bare) = netwatch
        .zip(bare)
        .context("the path of netwatch is not UTF-8")?;
    stage::alone()?;
    let folder = folder_for_output()?;
    let bench = Bench {
        netwatch,
        bare,
        output: &folder.join("trace"),
    };
    let mut report = Report::default();
    let asks = |one: Question| question.is_none_or(|question| question == one);
    // First: what others leave behind in TIME_WAIT is looked after for a minute.
    if asks(Question::Idle) {
        report.add(idle::measure(bench)?);
    }
    if asks(Question::Memory) {
        report.add(memory::measure(bench)?);
    }
    if asks(Question::List) {
        list::compare(bench, &mut report)?;
    }
    if asks(Question::Packets) {
        report.add(packets::compare(bench)?);
    }
    if asks(Question::Flows) {
        report.add(flows::compare(bench)?);
    }
    if asks(Question::ShortLived) {
        report.add(short_lived::compare(bench)?);
    }
    if asks(Question::Trace) {
        report.add(trace::compare(bench)?);
    }
    if asks(Question::Loss) {
        loss::compare(bench, &mut report)?;
    }
    match question {
        // One answer alone must not replace all of them.
        Some(_) => Ok(()),
        None => report.write(),
    }
}

/// So much is written in a minute at full speed.
const ROOM_KIB: u64 = 14 << 20;

/// A folder that no disk slows down, where there is memory for it. Seen by nobody else.
fn folder_for_output() -> Result<PathBuf> {
    let folder = cargo::workspace().join("target/bench/traces");
    fs::create_dir_all(&folder).context("make a folder for output")?;
    let memory = fs::read_to_string("/proc/meminfo").context("read how much memory there is")?;
    let available = contender::after::<u64>(&memory.replace(' ', ""), "MemAvailable:");
    if available.is_some_and(|kib| kib > ROOM_KIB) {
        let size = format!("size={ROOM_KIB}k");
        let mut mount = Command::new("mount");
        exec(
            mount
                .args(["-t", "tmpfs", "-o", &size, "tmpfs"])
                .arg(&folder),
        )?;
    } else {
        eprintln!("bench: too little memory to write to: what tracers write goes to the disk");
    }
    Ok(folder)
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
        Part::Connect { port, millis, pace } => {
            storm::connect(port, Duration::from_millis(millis), pace)
        }
        Part::Elsewhere { connections } => churn::elsewhere(connections),
        Part::Once { port } => short_lived::once(port),
        Part::Flows { millis } => flows::flows(Duration::from_millis(millis)),
        Part::Datagrams { millis } => packets::datagrams(Duration::from_millis(millis)),
        Part::Bulk { millis } => packets::bulk(Duration::from_millis(millis)),
        Part::Measure { command } => measure::measure(&command),
    }
}
