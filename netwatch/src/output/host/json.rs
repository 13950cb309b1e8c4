//! JSON lines of the three commands. The names are a contract, written down in `docs/json-host.md`.

mod interface;
mod route;
mod statistics;

use std::io::{self, Write};

use serde::Serialize;

pub use interface::interface;
pub use route::route;
pub use statistics::Statistics;

/// What every line begins with.
#[derive(Serialize)]
pub struct Stamp {
    pub ts: String,
    pub mono_ns: u64,
    pub netns: u32,
}

#[derive(Serialize)]
struct Line<'a, T> {
    event: &'static str,
    #[serde(flatten)]
    stamp: &'a Stamp,
    #[serde(flatten)]
    fields: &'a T,
}

/// Writes one line.
///
/// # Errors
///
/// It can't be written.
pub fn line(
    out: &mut impl Write,
    event: &'static str,
    stamp: &Stamp,
    fields: &impl Serialize,
) -> io::Result<()> {
    let line = Line {
        event,
        stamp,
        fields,
    };
    serde_json::to_writer(&mut *out, &line)?;
    out.write_all(b"\n")
}

#[cfg(test)]
mod documented;
