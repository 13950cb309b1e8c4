//! netstat that never lies: every TCP transition and UDP flow of a Linux machine, as it happens, with
//! the process that owns it, from a table that was exact from the first moment.
//!
//! ```text
//! kernel → probes → ring buffer → source → decode → enrich → table → filter → columns → output
//! ```
//!
//! A module imports only from what stands to its left. [`Tracer`] is the pipeline up to the table,
//! for programs that embed it; [`run`] is the whole, as the command line has it.

pub mod cli;
pub mod clock;
pub mod columns;
mod confinement;
pub mod decode;
mod descriptors;
pub mod doctor;
pub mod enrich;
pub mod event;
pub mod filter;
mod flow_map;
pub mod host;
mod humane;
mod iterator;
mod kernel;
mod ledger;
pub mod list;
mod memory;
pub mod names;
mod netns;
pub mod netstat;
pub mod output;
mod priority;
mod privilege;
mod probes;
mod proc_net;
mod process;
mod reason;
mod rows;
mod run;
mod snapshot;
mod sock_diag;
pub mod source;
mod standing;
pub mod table;
pub mod text;
mod tracefs;
mod tracer;

use std::time::Duration;

use anyhow::{Context as _, Result};
use rustix::thread::CapabilitySet;
use tokio::runtime::Runtime;

use cli::Config;
pub use probes::{Hook, PROBES, Probe};
pub use standing::{STANDINGS, Standing};
pub use tracer::{Options, Tracer};

/// How a run ended that went as it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Clean,
    /// Something was lost, and that was to count as a failure.
    Lost,
    /// It did not go well, in a way that has an exit code of its own.
    Code(u8),
}

/// How often to see whether somebody still reads, where nothing happens that would tell.
const LOOK_AFTER_READER: Duration = Duration::from_millis(500);

/// Does what the command line asks for, until it is done, a signal ends it, or its reader goes. Gives up
/// the privileges of the calling thread that this doesn't need.
///
/// # Errors
///
/// The kernel refuses what netwatch can't do without, or the output can't be written.
pub fn run(config: Config) -> Result<Outcome> {
    if let Some(needed) = needed(&config) {
        confinement::keep(needed)?;
    }
    match config {
        Config::Trace(config) => runtime()?.block_on(run::trace::run(config)),
        Config::Describe(config) => run::describe::run(&config).map(|()| Outcome::Clean),
        Config::List(config) => runtime()?
            .block_on(run::list::run(*config))
            .map(|()| Outcome::Clean),
        Config::Doctor(config) => runtime()?.block_on(run::doctor::run(&config)),
        Config::Route(config) => runtime()?
            .block_on(run::host::route(config))
            .map(|()| Outcome::Clean),
        Config::Interfaces(config) => runtime()?
            .block_on(run::host::interfaces(config))
            .map(|()| Outcome::Clean),
        Config::Statistics(config) => runtime()?
            .block_on(run::host::statistics(config))
            .map(|()| Outcome::Clean),
        // Without a runtime, whose own sockets would be in the tables.
        Config::Netstat(args) => run::netstat::run(args),
    }
}

/// The capabilities that a command needs from its start on. None for those that give up what they don't
/// need later, or do what they were asked with all that its user may do.
const fn needed(config: &Config) -> Option<CapabilitySet> {
    match config {
        Config::Trace(_) | Config::Doctor(_) | Config::Describe(_) => None,
        Config::List(_) => Some(confinement::LIST),
        Config::Route(_) | Config::Interfaces(_) | Config::Statistics(_) | Config::Netstat(_) => {
            Some(confinement::HOST)
        }
    }
}

fn runtime() -> Result<Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("start the runtime")
}
