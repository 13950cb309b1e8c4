//! What a tracer remembers of sockets, in bytes.

use std::{thread::sleep, time::Duration};

use anyhow::Result;

use super::{contender::Bench, hold::Held, report::Section, tracer::Tracer};

const SOCKETS: usize = 50_000;
const PROCESSES: usize = 250;
const MOST_BYTES: f64 = 300.0;
/// The start takes memory that is given back.
const START: Duration = Duration::from_secs(2);

/// Measures netwatch without and with many sockets open.
///
/// # Errors
///
/// Something can't be started.
pub fn measure(bench: Bench<'_>) -> Result<Section> {
    eprintln!("bench: memory for {SOCKETS} sockets");
    let resident = || {
        let command = [bench.netwatch, "trace", "--json"];
        let tracer = Tracer::start(&command, bench.output, true)?;
        sleep(START);
        let used = tracer.used()?.memory;
        tracer.end()?;
        anyhow::Ok(used as f64)
    };
    let without = resident()?;
    let held = Held::start(SOCKETS, PROCESSES)?;
    let with = resident()?;
    drop(held);
    let each = (with - without) * 1024.0 / SOCKETS as f64;
    let mut section = Section::new(
        format!("Memory with {SOCKETS} sockets open"),
        &["", "MiB without", "MiB with", "bytes for each"],
    );
    section.row(vec![
        "netwatch trace --json".to_owned(),
        format!("{:.1}", without / 1024.0),
        format!("{:.1}", with / 1024.0),
        format!("{each:.0}"),
    ]);
    section.judge("bytes for each", each, MOST_BYTES);
    Ok(section)
}
