//! `trace`, `life`: what happens, until a signal ends it or its reader goes.

use std::io::{self, ErrorKind};

use anyhow::{Context as _, Error, Result};
use tokio::time::interval;

use super::list::Ends;
use crate::{
    LOOK_AFTER_READER, Options, Outcome, Tracer,
    cli::trace::{Config, View},
    clock::Clock,
    confinement,
    event::{Protocol, Report, Rung},
    memory,
    output::{self, End, Output},
    priority, privilege, standing,
};

/// Traces.
///
/// # Errors
///
/// The kernel refuses what netwatch can't do without, or the output can't be written.
pub async fn run(config: Config) -> Result<Outcome> {
    memory::share();
    let mut ends = Ends::new()?;
    let mut tracer = Tracer::start(Options {
        ring_bytes: config.ring_bytes,
        diagnostics: config.verbose,
        only_ends: config.view == View::Life,
        udp: config.filter.may_want(Protocol::Udp),
        rungs: config.rungs.clone(),
        btf: config.btf.clone(),
    })
    .await?;
    // Both need the privileges that go then.
    priority::ahead();
    let advice = privilege::advice();
    let unfenced = confinement::after_attach()?;
    memory::give_back();
    if let Some(reason) = unfenced {
        output::note(&format!(
            "goes on with fewer privileges, but without a fence: {reason:#}"
        ));
    }
    for (rung, error) in worth_telling(&tracer, config.verbose) {
        output::note(&format!(
            "without {} for {}: {error:#}",
            rung.rung, rung.capability
        ));
    }
    if let Some(advice) = advice {
        output::note(&advice);
    }
    let mut output = Output::open(&config, Clock::now()).context("open the output")?;
    let mut written = output.say(&[tracer.start_report()]);
    let mut look_after_reader = interval(LOOK_AFTER_READER);
    while written.is_ok() {
        tokio::select! {
            reports = tracer.next() => written = output.say(reports?),
            () = ends.wait() => break,
            _ = look_after_reader.tick() => {
                warn(&mut tracer);
                if output::reader_is_gone() {
                    break;
                }
                written = output.say(&[]);
            }
        }
        if output.is_relieved() {
            tracer.put_right();
        }
    }
    warn(&mut tracer);
    finish(tracer, output, written, config.strict)
}

/// The refusals worth telling: of what then stands on no rung. `not seen` tells what a lower rung lacks, and
/// the doctor why.
fn worth_telling(tracer: &Tracer, verbose: bool) -> impl Iterator<Item = &(Rung, Error)> {
    let is_without = |capability| {
        let mut rungs = tracer.rungs().iter();
        rungs.any(|rung| rung.capability == capability && rung.rung == standing::NONE)
    };
    let missing = tracer.missing().iter();
    missing.filter(move |(rung, _)| verbose || is_without(rung.capability))
}

/// Says the rest. Also where nobody reads it any more, what was lost is told.
fn finish(
    tracer: Tracer,
    mut output: Output,
    mut written: io::Result<()>,
    strict: bool,
) -> Result<Outcome> {
    let mut last = tracer.finish()?;
    if let Some((end, before)) = last.split_last_mut() {
        written = written.and_then(|()| output.say(before));
        if let Report::End { given_up, .. } = end {
            *given_up += output.given_up();
        }
        written = written.and_then(|()| output.say(std::slice::from_ref(end)));
    }
    let written = written.and_then(|()| output.finish());
    output::ledger(&last);
    let is_stuck = match written {
        Ok(End::Written) => false,
        Ok(End::Stuck(bytes)) => {
            output::note(&format!(
                "nobody took the last {bytes} bytes of the output: they are lost"
            ));
            true
        }
        Err(error) if error.kind() == ErrorKind::BrokenPipe => false,
        Err(error) => return Err(error).context("write the output"),
    };
    let is_lossy = match last.last() {
        Some(Report::End { lost, given_up, .. }) => lost + given_up > 0,
        _ => false,
    };
    Ok(if strict && (is_lossy || is_stuck) {
        Outcome::Lost
    } else {
        Outcome::Clean
    })
}

fn warn(tracer: &mut Tracer) {
    if let Some(warning) = tracer.warning() {
        output::note(&format!("{warning:#}"));
    }
}
