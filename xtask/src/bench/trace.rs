//! What tracing costs under a storm of connections.

use std::{fs, time::Duration};

use anyhow::{Context as _, Result};
use aya::programs::loaded_programs;

use super::{
    contender::{BARE, Bench, CONTENDERS, Contender, NOTHING},
    measure,
    report::Section,
    storm::{Servers, Storm},
    tracer::Used,
};

/// Alternating pairs of storms, untraced and traced.
const PAIRS: usize = 7;
const STORM: Duration = Duration::from_secs(3);
/// Storms in which the kernel measures the programs.
const MEASURED: usize = 5;

/// What a contender is to reach: the least speed of the workload, and the most CPU-seconds for each
/// million transitions.
const GOALS: &[(&str, f64, Option<f64>)] = &[
    ("netwatch trace --json", 0.85, Some(0.6)),
    ("netwatch trace", 0.85, Some(0.5)),
    ("netwatch life", 0.92, None),
];
/// ns of the kernel's time for each transition, in the programs on its tracepoint.
const MOST_KERNEL: f64 = 350.0;
/// The same, where 1 is what a bare record takes.
const MOST_OF_BARE: f64 = 1.4;

/// The programs on the tracepoint of transitions.
const STATE_PROGRAMS: &[&str] = &["tcp_state", "tcp_state_again", "bare_state", "bare_nothing"];

/// A storm under a tracer.
struct Traced {
    storm: Storm,
    used: Used,
    /// Of what its programs took: in those on the tracepoint of transitions.
    state: Duration,
}

/// What several storms showed together.
struct Figures {
    /// The median.
    speed: f64,
    /// In their order.
    speeds: Vec<f64>,
    kernel: Kernel,
    cpu: f64,
    memory: f64,
}

/// ns for each transition.
#[derive(Clone, Copy)]
struct Kernel {
    /// In all programs.
    all: f64,
    /// In those on the tracepoint itself; None for a tracer that isn't taken apart.
    state: Option<f64>,
}

/// Compares tracers: cost, and what is left of the workload's speed.
///
/// # Errors
///
/// Something can't be started.
pub fn compare(bench: Bench<'_>) -> Result<Section> {
    let servers = Servers::start()?;
    let mut section = Section::new(
        "Tracers under a storm of connections, from a pair of processes for each CPU",
        &[
            "",
            "speed",
            "least to most",
            "kernel ns/event",
            "in its hook",
            "CPU s/M events",
            "MiB",
        ],
    );
    // The first to write pays for memory that the kernel has yet to find.
    CONTENDERS[0].trace(bench, &servers)?;
    let mut bare = None;
    for contender in [&NOTHING, &BARE].into_iter().chain(CONTENDERS) {
        eprintln!("bench: {PAIRS} pairs of storms with {}", contender.name);
        match contender.figures(bench, &servers) {
            Ok(figures) => {
                figures.add(contender.name, bare, &mut section);
                if contender.name == BARE.name {
                    bare = figures.kernel.state;
                }
            }
            Err(error) if contender.is_ours() => return Err(error),
            Err(error) => eprintln!("bench: without {}: {error:#}", contender.name),
        }
    }
    section.note(NOTES);
    Ok(section)
}

const NOTES: &str = "Speed: what is left of the workload's (1 is untraced). Kernel: all programs together, and \
those on the tracepoint of transitions alone, per transition of the workload, of which a connection has ten; by the kernel's \
own statistics, in storms of their own, the median. A program that returns at once: nearly all of its time is what these statistics \
add to each run, of which netwatch has two for each transition. 48-byte records: a program that writes one for each \
transition and learns nothing, and a reader that counts them every 10 ms. CPU: user and system time of the tracer, per million transitions.";

/// Whether the kernel measures what BPF programs take. That costs time itself.
const STATISTICS: &str = "/proc/sys/kernel/bpf_stats_enabled";

impl Contender {
    fn figures(&self, bench: Bench<'_>, servers: &Servers) -> Result<Figures> {
        let pair = |_| {
            let alone = servers.storm(STORM, None)?;
            let traced = self.trace(bench, servers)?;
            Ok((traced.storm.rate() / alone.rate(), traced))
        };
        let pairs: Vec<(f64, Traced)> = (0..PAIRS).map(pair).collect::<Result<_>>()?;
        let kernel = self.kernel(bench, servers)?;
        let traced = || pairs.iter().map(|(_, traced)| traced);
        let transitions: u64 = traced().map(|one| one.storm.transitions()).sum();
        let cpu: Duration = traced().map(|one| one.used.cpu).sum();
        let memory = traced().map(|one| one.used.memory).max().unwrap_or(0);
        let mut speeds: Vec<f64> = pairs.iter().map(|(speed, _)| *speed).collect();
        Ok(Figures {
            speed: measure::median(&mut speeds),
            speeds,
            kernel,
            cpu: cpu.as_secs_f64() * 1e6 / transitions as f64,
            memory: memory as f64 / 1024.0,
        })
    }

    /// What its programs take, in more storms.
    fn kernel(&self, bench: Bench<'_>, servers: &Servers) -> Result<Kernel> {
        fs::write(STATISTICS, "1").context("have the kernel measure programs")?;
        let traced: Result<Vec<Traced>> =
            (0..MEASURED).map(|_| self.trace(bench, servers)).collect();
        fs::write(STATISTICS, "0").context("have the kernel measure no more")?;
        let traced = traced?;
        let median = |of: fn(&Traced) -> Duration| {
            let each = |one: &Traced| of(one).as_nanos() as f64 / one.storm.transitions() as f64;
            measure::median(&mut traced.iter().map(each).collect::<Vec<f64>>())
        };
        let is_taken_apart = traced.iter().all(|one| !one.state.is_zero());
        Ok(Kernel {
            all: median(|one| one.used.bpf),
            state: is_taken_apart.then(|| median(|one| one.state)),
        })
    }

    fn trace(&self, bench: Bench<'_>, servers: &Servers) -> Result<Traced> {
        let tracer = self.start(bench)?;
        let (before, state_before) = (tracer.used()?, in_state_programs());
        let storm = servers.storm(STORM, None)?;
        let (after, state_after) = (tracer.used()?, in_state_programs());
        tracer.end()?;
        let used = Used {
            cpu: after.cpu - before.cpu,
            memory: after.memory,
            bpf: after.bpf - before.bpf,
            runs: after.runs - before.runs,
        };
        Ok(Traced {
            storm,
            used,
            state: state_after.saturating_sub(state_before),
        })
    }
}

/// What the programs on the tracepoint of transitions have taken so far.
fn in_state_programs() -> Duration {
    let programs = loaded_programs().flatten();
    let state = programs.filter(|program| {
        let name = program.name_as_str().unwrap_or_default();
        STATE_PROGRAMS.contains(&name)
    });
    state.map(|program| program.run_time()).sum()
}

impl Figures {
    /// `bare`: ns that a bare record takes.
    fn add(&self, name: &str, bare: Option<f64>, section: &mut Section) {
        let speed = self.speed;
        section.row(vec![
            name.to_owned(),
            format!("{speed:.2}"),
            format!(
                "{:.2} to {:.2}",
                self.speeds[0],
                self.speeds[self.speeds.len() - 1]
            ),
            format!("{:.0}", self.kernel.all),
            self.kernel
                .state
                .map_or_else(|| "-".to_owned(), |ns| format!("{ns:.0}")),
            format!("{:.2}", self.cpu),
            format!("{:.1}", self.memory),
        ]);
        let Some((_, least, most_cpu)) = GOALS.iter().find(|(whose, ..)| *whose == name) else {
            return;
        };
        section.judge_least(&format!("Speed with {name}"), speed, *least);
        if let Some(state) = self.kernel.state {
            section.judge(&format!("Kernel ns with {name}"), state, MOST_KERNEL);
            if let Some(bare) = bare {
                let what = format!("Kernel time with {name}, of that for a bare record");
                section.judge(&what, state / bare, MOST_OF_BARE);
            }
        }
        if let Some(most) = most_cpu {
            section.judge(&format!("CPU with {name}"), self.cpu, *most);
        }
    }
}
