//! What tracing costs, and what it loses, under a storm of connections.

use std::{
    fs::{self, File},
    io::{BufRead as _, BufReader},
    path::Path,
    time::Duration,
};

use anyhow::{Context as _, Result};

use super::{
    report::Section,
    storm::{Servers, Storm},
    tracer::{Tracer, Used},
};

/// One tracer: what it is called, its command line, and which lines of its output are events.
struct Contender {
    name: &'static str,
    command: &'static [&'static str],
    /// How many events there are for each connection, if none is lost, and what marks their lines.
    per_connection: u64,
    mark: &'static str,
}

const CONTENDERS: &[Contender] = &[
    Contender {
        name: "netwatch trace --json",
        command: &["netwatch", "trace", "--json"],
        per_connection: 10,
        mark: "\"tcp_state\"",
    },
    Contender {
        name: "netwatch trace",
        command: &["netwatch", "trace"],
        per_connection: 10,
        mark: "→",
    },
    Contender {
        name: "netwatch life",
        command: &["netwatch", "life"],
        per_connection: 2,
        mark: "127.0.0.",
    },
    Contender {
        name: "tcpstates",
        command: &["tcpstates"],
        per_connection: 10,
        mark: "127.0.0.",
    },
    Contender {
        name: "tcplife",
        command: &["tcplife"],
        per_connection: 2,
        mark: "127.0.0.",
    },
];

/// Alternating pairs of storms, untraced and traced.
const PAIRS: usize = 5;
const STORM: Duration = Duration::from_secs(3);

/// What a storm showed of a tracer.
struct Shown {
    storm: Storm,
    used: Used,
    lines: u64,
}

/// Compares tracers: loss, cost, and what is left of the workload's speed.
///
/// # Errors
///
/// Something can't be started.
pub fn compare(netwatch: &str, output: &Path) -> Result<Section> {
    let servers = Servers::start()?;
    let title = "Tracers under a storm of connections, from a pair of processes for each CPU";
    let mut section = Section::new(
        title,
        &[
            "",
            "speed",
            "least to most",
            "lost",
            "kernel ns/event",
            "CPU s/M events",
            "MiB",
        ],
    );
    for contender in CONTENDERS {
        eprintln!("bench: {PAIRS} pairs of storms with {}", contender.name);
        match contender.pairs(netwatch, &servers, output) {
            Ok(pairs) => {
                let kernel = contender.kernel(netwatch, &servers, output)?;
                section.row(contender.row(&pairs, kernel));
            }
            Err(error) if contender.command[0] == "netwatch" => return Err(error),
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
    /// Storms in pairs: what one was slowed down to, and what the traced one showed.
    fn pairs(&self, netwatch: &str, servers: &Servers, output: &Path) -> Result<Vec<(f64, Shown)>> {
        let pair = |_| {
            let alone = servers.storm(STORM)?;
            let traced = self.trace(netwatch, servers, output)?;
            Ok((traced.storm.rate() / alone.rate(), traced))
        };
        (0..PAIRS).map(pair).collect()
    }

    /// ns that its programs take for each transition, in one more storm.
    fn kernel(&self, netwatch: &str, servers: &Servers, output: &Path) -> Result<f64> {
        fs::write(STATISTICS, "1").context("have the kernel measure programs")?;
        let shown = self.trace(netwatch, servers, output);
        fs::write(STATISTICS, "0").context("have the kernel measure no more")?;
        let shown = shown?;
        Ok(shown.used.bpf.as_nanos() as f64 / shown.storm.transitions() as f64)
    }

    fn trace(&self, netwatch: &str, servers: &Servers, output: &Path) -> Result<Shown> {
        let mut command = self.command.to_vec();
        if command[0] == "netwatch" {
            command[0] = netwatch;
        }
        let writes = self.command[0] == "netwatch";
        let tracer = Tracer::start(&command, output, writes)?;
        let before = tracer.used()?;
        let storm = servers.storm(STORM)?;
        let after = tracer.used()?;
        let output = tracer.end()?;
        let file = BufReader::with_capacity(1 << 20, File::open(output)?);
        let lines = file.split(b'\n').filter(|line| {
            let line = line.as_deref().unwrap_or_default();
            line.windows(self.mark.len())
                .any(|window| window == self.mark.as_bytes())
        });
        Ok(Shown {
            storm,
            used: Used {
                cpu: after.cpu - before.cpu,
                memory: after.memory,
                bpf: after.bpf - before.bpf,
                runs: after.runs - before.runs,
            },
            lines: lines.count() as u64,
        })
    }

    fn row(&self, pairs: &[(f64, Shown)], kernel: f64) -> Vec<String> {
        let mut ratios: Vec<f64> = pairs.iter().map(|(ratio, _)| *ratio).collect();
        ratios.sort_by(f64::total_cmp);
        let shown: Vec<&Shown> = pairs.iter().map(|(_, shown)| shown).collect();
        let transitions: u64 = shown.iter().map(|shown| shown.storm.transitions()).sum();
        let connections: u64 = shown.iter().map(|shown| shown.storm.connections).sum();
        let lines: u64 = shown.iter().map(|shown| shown.lines).sum();
        let cpu: Duration = shown.iter().map(|shown| shown.used.cpu).sum();
        let lost = 1.0 - lines as f64 / (connections * self.per_connection) as f64;
        let memory = shown
            .iter()
            .map(|shown| shown.used.memory)
            .max()
            .unwrap_or(0);
        vec![
            self.name.to_owned(),
            format!("{:.2}", ratios[ratios.len() / 2]),
            format!("{:.2} to {:.2}", ratios[0], ratios[ratios.len() - 1]),
            format!("{:.4} %", lost * 100.0),
            format!("{kernel:.0}"),
            format!("{:.2}", cpu.as_secs_f64() * 1e6 / transitions as f64),
            format!("{:.1}", memory as f64 / 1024.0),
        ]
    }
}
