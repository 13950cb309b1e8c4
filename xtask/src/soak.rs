//! A long run under everything at once, with a count of what should have been seen.

pub mod churn;
mod kernel;
mod watch;

use std::{
    thread::sleep,
    time::{Duration, Instant},
};

use anyhow::{Result, bail};

use crate::{
    bench::{report::Section, stage},
    cargo, setup,
};
use churn::Churn;
use kernel::Belongings;
use watch::Watch;

/// What is left of connections in a network namespace that is gone can't be looked at; it is told after
/// 62 s, and the looks come every few seconds.
const FORGOTTEN: Duration = Duration::from_secs(75);
/// TIME_WAIT lasts a minute, and the looks for its end come every few seconds.
const SETTLES: Duration = Duration::from_secs(90);
/// The kernel frees what nobody uses a little later.
const FREED: Duration = Duration::from_secs(10);
const LOOK: Duration = Duration::from_millis(500);
/// Memory grows for so long, as what is in TIME_WAIT is in the table.
const FILLS: Duration = Duration::from_secs(120);
/// After that it may grow by this factor from the first third to the last.
const FLAT: f64 = 1.05;

/// What is checked at the end: what it is, what should be, what is.
struct Check {
    name: &'static str,
    expected: String,
    found: String,
}

impl Check {
    fn equal<T: ToString>(name: &'static str, expected: &T, found: &T) -> Self {
        Self {
            name,
            expected: expected.to_string(),
            found: found.to_string(),
        }
    }

    fn holds(&self) -> bool {
        self.expected == self.found
    }
}

/// Runs for so long, and checks that nothing was lost, nothing grew, and nothing is left.
///
/// # Errors
///
/// Something can't be started, or a check doesn't hold.
pub fn soak(minutes: u64) -> Result<()> {
    setup::build_tools()?;
    setup::for_tests()?;
    cargo::build(true)?;
    let netwatch = cargo::release_binary()?;
    stage::alone()?;
    let before = Belongings::of_all();
    let mut watch = Watch::start(&netwatch)?;
    let churn = Churn::start(&netwatch)?;
    eprintln!("soak: as many processes as netwatch remembers");
    let (mut made, mut memory) = (churn.fill()?, Vec::new());
    let start = Instant::now();
    let end = start + Duration::from_secs(minutes * 60);
    while Instant::now() < end {
        made += churn.round()?;
        let used = watch.memory()?;
        if start.elapsed() > FILLS {
            memory.push(used);
        }
        eprintln!(
            "soak: {} s: {made}; {} MiB",
            start.elapsed().as_secs(),
            used >> 10
        );
    }
    drop(churn);
    let different = settle(&watch)?;
    let seen = watch.end()?;
    let checks = [
        Check::equal(
            "TCP transitions told",
            &made.transitions(),
            &seen.transitions,
        ),
        Check::equal("UDP flows told", &made.flows, &seen.flows_to(&made.ports)),
        Check::equal(
            "events lost, by netwatch's own count",
            &String::from("0"),
            &seen.lost(),
        ),
        Check::equal(
            "lines left out, by netwatch's own count",
            &String::from("0"),
            &seen.given_up(),
        ),
        Check::equal(
            "sockets that the table has otherwise than the kernel",
            &0,
            &different,
        ),
        flat(&memory),
        Check::equal(
            "left in the kernel",
            &String::from("nothing"),
            &left(&before),
        ),
    ];
    report(&checks, minutes)
}

/// Waits until all is told, and the table is that of the kernel; gives back in how many sockets it isn't.
fn settle(watch: &Watch) -> Result<usize> {
    eprintln!("soak: waits for the end of what has no socket");
    sleep(FORGOTTEN);
    let until = Instant::now() + SETTLES;
    loop {
        let different = watch.different()?;
        if different == 0 || Instant::now() > until {
            return Ok(different);
        }
        sleep(LOOK);
    }
}

fn left(before: &Belongings) -> String {
    let until = Instant::now() + FREED;
    loop {
        let left = Belongings::of_all().without(before);
        if left.is_empty() || Instant::now() > until {
            return left.to_string();
        }
        sleep(LOOK);
    }
}

const TOO_SHORT: &str = "not judged: too short a run";

/// From the first third to the last, medians.
fn flat(memory: &[u64]) -> Check {
    if memory.is_empty() {
        return Check::equal("memory", &TOO_SHORT, &TOO_SHORT);
    }
    let third = memory.len().div_ceil(3);
    let [first, last] = [&memory[..third], &memory[memory.len() - third..]].map(|part| {
        let mut part = part.to_vec();
        part.sort_unstable();
        part[part.len() / 2] as f64 / 1024.0
    });
    let is_flat = last <= first * FLAT;
    let found = if is_flat { "flat" } else { "grown" };
    Check {
        name: "memory",
        expected: format!("flat: {first:.1} MiB, then {last:.1}"),
        found: format!("{found}: {first:.1} MiB, then {last:.1}"),
    }
}

fn report(checks: &[Check], minutes: u64) -> Result<()> {
    let title = format!("Soak of {minutes} min");
    let mut section = Section::new(title, &["", "expected", "found", ""]);
    for check in checks {
        let verdict = if check.holds() { "ok" } else { "FAILED" };
        section.row(vec![
            check.name.to_owned(),
            check.expected.clone(),
            check.found.clone(),
            verdict.to_owned(),
        ]);
    }
    print!("{}", section.text());
    let failed = checks.iter().filter(|check| !check.holds()).count();
    if failed > 0 {
        bail!("{failed} of {} checks failed", checks.len());
    }
    Ok(())
}
