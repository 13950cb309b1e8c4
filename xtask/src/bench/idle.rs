//! What a tracer takes while nothing happens.

use std::{
    fs,
    thread::sleep,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};

use super::{contender::Bench, report::Section, tracer::Tracer};

const TIME: Duration = Duration::from_secs(20);
/// What is left of the start is not to be counted.
const START: Duration = Duration::from_secs(2);

/// TIME_WAIT lasts 60 s.
const LEFTOVERS: Duration = Duration::from_secs(75);

/// Sockets of the bench's own network namespace, and of the machine's.
const COUNTS: [&str; 2] = ["/proc/net/sockstat", "/proc/1/net/sockstat"];

/// Waits until no connection is left in TIME_WAIT, which netwatch would look after.
fn wait_for_quiet() -> Result<()> {
    let start = Instant::now();
    while start.elapsed() < LEFTOVERS {
        let mut is_quiet = true;
        for path in COUNTS {
            let counts = fs::read_to_string(path).with_context(|| format!("read {path}"))?;
            is_quiet &= counts.contains(" tw 0 ");
        }
        if is_quiet {
            return Ok(());
        }
        eprintln!("bench: waits for the end of TIME_WAIT");
        sleep(Duration::from_secs(5));
    }
    Ok(())
}

/// Measures netwatch on an idle host.
///
/// # Errors
///
/// It can't be started.
pub fn measure(bench: Bench<'_>) -> Result<Section> {
    wait_for_quiet()?;
    eprintln!("bench: idle for {} s", TIME.as_secs());
    let tracer = Tracer::start(&[bench.netwatch, "trace", "--json"], bench.output, true)?;
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
    section.judge("% of one CPU", cpu * 100.0, 0.1);
    Ok(section)
}
