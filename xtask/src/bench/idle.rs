//! What a tracer takes while nothing happens.

use std::{path::Path, thread::sleep, time::Duration};

use anyhow::Result;

use super::{report::Section, tracer::Tracer};

const TIME: Duration = Duration::from_secs(20);
/// What is left of the start is not to be counted.
const START: Duration = Duration::from_secs(2);

/// Measures netwatch on an idle host.
///
/// # Errors
///
/// It can't be started.
pub fn measure(netwatch: &str, output: &Path) -> Result<Section> {
    eprintln!("bench: idle for {} s", TIME.as_secs());
    let tracer = Tracer::start(&[netwatch, "trace", "--json"], output, true)?;
    sleep(START);
    let before = tracer.used()?;
    sleep(TIME);
    let after = tracer.used()?;
    tracer.end()?;
    let mut section = Section::new("Idle", &["", "% of one CPU", "MiB"]);
    let cpu = (after.cpu - before.cpu).as_secs_f64() / TIME.as_secs_f64();
    section.row(vec![
        "netwatch trace --json".to_owned(),
        format!("{:.3}", cpu * 100.0),
        format!("{:.1}", after.memory as f64 / 1024.0),
    ]);
    Ok(section)
}
