//! What tracing costs under a storm of connections.

use std::{fs, time::Duration};

use anyhow::{Context as _, Result};

use super::{
    contender::{Bench, CONTENDERS, Contender},
    report::Section,
    storm::{Servers, Storm},
    tracer::Used,
};

/// Alternating pairs of storms, untraced and traced.
const PAIRS: usize = 5;
const STORM: Duration = Duration::from_secs(3);

/// What a contender is to reach: the least speed of the workload, and the most CPU-seconds for each
/// million transitions.
const GOALS: &[(&str, f64, Option<f64>)] = &[
    ("netwatch trace --json", 0.85, Some(0.6)),
    ("netwatch trace", 0.85, Some(0.5)),
    ("netwatch life", 0.92, None),
];
/// ns of the kernel's time for each transition.
const MOST_KERNEL: f64 = 350.0;

/// What a storm showed of a tracer.
struct Shown {
    /// The workload's speed, where 1 is that of the untraced storm before.
    speed: f64,
    storm: Storm,
    used: Used,
}

/// What several storms showed together.
struct Figures {
    speeds: Vec<f64>,
    kernel: f64,
    cpu: f64,
    memory: f64,
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
            "CPU s/M events",
            "MiB",
        ],
    );
    for contender in CONTENDERS {
        eprintln!("bench: {PAIRS} pairs of storms with {}", contender.name);
        match contender.figures(bench, &servers) {
            Ok(figures) => figures.add(contender.name, &mut section),
            Err(error) if contender.is_ours() => return Err(error),
            Err(error) => eprintln!("bench: without {}: {error:#}", contender.name),
        }
    }
    section.note(NOTES);
    Ok(section)
}

const NOTES: &str = "Speed: what is left of the workload's (1 is untraced). Kernel: all programs together, per \
transition of the workload, of which a connection has ten; by the kernel's own statistics, which add some 25 ns to each run, \
in a storm of its own. CPU: user and system time of the tracer, per million transitions.";

/// Whether the kernel measures what BPF programs take. That costs time itself.
const STATISTICS: &str = "/proc/sys/kernel/bpf_stats_enabled";

impl Contender {
    fn figures(&self, bench: Bench<'_>, servers: &Servers) -> Result<Figures> {
        let pair = |_| {
            let alone = servers.storm(STORM, None)?;
            let (storm, used) = self.trace(bench, servers)?;
            let speed = storm.rate() / alone.rate();
            Ok(Shown { speed, storm, used })
        };
        let shown: Vec<Shown> = (0..PAIRS).map(pair).collect::<Result<_>>()?;
        let kernel = self.kernel(bench, servers)?;
        let transitions: u64 = shown.iter().map(|one| one.storm.transitions()).sum();
        let cpu: Duration = shown.iter().map(|one| one.used.cpu).sum();
        let memory = shown.iter().map(|one| one.used.memory).max().unwrap_or(0);
        let mut speeds: Vec<f64> = shown.iter().map(|one| one.speed).collect();
        speeds.sort_by(f64::total_cmp);
        Ok(Figures {
            speeds,
            kernel,
            cpu: cpu.as_secs_f64() * 1e6 / transitions as f64,
            memory: memory as f64 / 1024.0,
        })
    }

    /// ns that its programs take for each transition, in one more storm.
    fn kernel(&self, bench: Bench<'_>, servers: &Servers) -> Result<f64> {
        fs::write(STATISTICS, "1").context("have the kernel measure programs")?;
        let traced = self.trace(bench, servers);
        fs::write(STATISTICS, "0").context("have the kernel measure no more")?;
        let (storm, used) = traced?;
        Ok(used.bpf.as_nanos() as f64 / storm.transitions() as f64)
    }

    fn trace(&self, bench: Bench<'_>, servers: &Servers) -> Result<(Storm, Used)> {
        let tracer = self.start(bench)?;
        let before = tracer.used()?;
        let storm = servers.storm(STORM, None)?;
        let after = tracer.used()?;
        tracer.end()?;
        let used = Used {
            cpu: after.cpu - before.cpu,
            memory: after.memory,
            bpf: after.bpf - before.bpf,
            runs: after.runs - before.runs,
        };
        Ok((storm, used))
    }
}

impl Figures {
    fn add(&self, name: &str, section: &mut Section) {
        let speed = self.speeds[self.speeds.len() / 2];
        section.row(vec![
            name.to_owned(),
            format!("{speed:.2}"),
            format!(
                "{:.2} to {:.2}",
                self.speeds[0],
                self.speeds[self.speeds.len() - 1]
            ),
            format!("{:.0}", self.kernel),
            format!("{:.2}", self.cpu),
            format!("{:.1}", self.memory),
        ]);
        let Some((_, least, most_cpu)) = GOALS.iter().find(|(whose, ..)| *whose == name) else {
            return;
        };
        section.judge_least(&format!("Speed with {name}"), speed, *least);
        section.judge(&format!("Kernel ns with {name}"), self.kernel, MOST_KERNEL);
        if let Some(most) = most_cpu {
            section.judge(&format!("CPU with {name}"), self.cpu, *most);
        }
    }
}
