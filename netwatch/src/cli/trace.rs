//! `netwatch trace` and `netwatch life`.

use std::path::PathBuf;

use clap::{Arg, Command as Clap, builder::PossibleValuesParser};

use super::{
    color, select,
    typed::{Typed, btf, rung, switch, valued},
};
use crate::{event::Rung, filter::Filter};

/// Which part of the stream is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// Everything, as it happens.
    Trace,
    /// One line for each connection or flow that ended.
    Life,
}

/// What was meant.
#[derive(Clone, Debug)]
pub struct Config {
    pub view: View,
    pub json: bool,
    pub filter: Filter,
    /// A loss makes the run a failure.
    pub strict: bool,
    /// Show the probes' own diagnostics.
    pub verbose: bool,
    /// Size of the ring buffer of TCP transitions, in bytes.
    pub ring_bytes: u32,
    /// Capabilities that are to stand on this rung and no other.
    pub rungs: Vec<Rung>,
    /// A file that describes the kernel's types.
    pub btf: Option<PathBuf>,
    pub color: bool,
}

/// The ring buffer's usual size.
const RING_BYTES: &str = "16M";

/// The subcommands.
pub fn commands() -> [Clap; 2] {
    let trace = Clap::new("trace").about("Every transition and flow, as it happens (default)");
    let life = Clap::new("life").about("One line for each connection or flow that ended");
    [trace, life].map(|command| command.args(options()))
}

/// The options, which may stand before the command too. Not clap's global ones: of those that may
/// be repeated it would forget what stands before the command.
pub fn options() -> Vec<Arg> {
    let mut options = vec![switch("json", None, "JSON, one object to a line")];
    options.extend(select::kinds(None, None));
    options.extend(select::keys());
    options.push(select::words());
    let strict = "Fail at the end if anything was lost";
    let verbose = "Show the probes' own diagnostics";
    let color = valued("color", "WHEN")
        .help("Colour the text")
        .value_parser(PossibleValuesParser::new(["auto", "always", "never"]))
        .default_value("auto");
    let ring_bytes = valued("ring-bytes", "SIZE")
        .help("Size of the kernel's buffer of TCP transitions, such as 64K or 16M")
        .value_parser(ring_bytes)
        .default_value(RING_BYTES);
    options.extend([
        switch("strict", None, strict),
        switch("verbose", Some('v'), verbose),
        color,
        ring_bytes,
        rung(),
        btf(),
    ]);
    options
}

impl Config {
    /// Understands what was typed.
    ///
    /// # Errors
    ///
    /// It can't be understood.
    pub fn new(clap: &mut Clap, view: View, typed: &Typed<'_>) -> Result<Self, clap::Error> {
        let json = typed.switched_on("json");
        Ok(Self {
            view,
            json,
            filter: select::filter(clap, typed)?,
            strict: typed.switched_on("strict"),
            verbose: typed.switched_on("verbose"),
            ring_bytes: typed.value("ring-bytes").copied().unwrap_or(1 << 24),
            rungs: typed.values("rung").cloned().collect(),
            btf: typed.value("btf").cloned(),
            color: !json && color(typed),
        })
    }
}

/// A size that the kernel takes for a ring buffer.
fn ring_bytes(value: &str) -> Result<u32, String> {
    let (digits, unit) = match value.strip_suffix(['K', 'k']) {
        Some(digits) => (digits, 1 << 10),
        None => match value.strip_suffix(['M', 'm']) {
            Some(digits) => (digits, 1 << 20),
            None => (value, 1),
        },
    };
    let page = rustix::param::page_size();
    let bytes = digits
        .parse::<u32>()
        .ok()
        .and_then(|number| number.checked_mul(unit));
    bytes
        .filter(|bytes| bytes.is_power_of_two() && *bytes as usize >= page && *bytes <= 1 << 30)
        .ok_or_else(|| format!("not a power of two from {page} to 1024M"))
}
