//! How long a list of all sockets takes.

use anyhow::Result;

use super::{
    contender::Bench,
    hold::Held,
    measure::{Run, median, run},
    report::{Report, Section},
};

/// Sockets, and the processes that hold them.
const SCALES: [(usize, usize); 3] = [(1_000, 20), (10_000, 100), (50_000, 250)];
/// Runs of each command.
const ROUNDS: usize = 9;

/// A question at one scale: what is asked of whom. The first is netwatch.
struct Contest {
    title: &'static str,
    commands: &'static [&'static [&'static str]],
    /// At most so much of another's time, at a number of sockets: `(sockets, whose, ratio)`.
    goals: &'static [(usize, &'static str, f64)],
}

const CONTESTS: [Contest; 2] = [
    Contest {
        title: "TCP sockets with their processes",
        commands: &[
            &["netwatch", "list", "-tanp"],
            &["ss", "-tanp"],
            &["netstat", "-tanp"],
            &["lsof", "-nP", "-iTCP"],
        ],
        goals: &[
            (1_000, "ss", 1.0),
            (10_000, "ss", 0.35),
            (50_000, "ss", 1.0 / 6.0),
            (50_000, "netstat", 1.0 / 8.0),
        ],
    },
    Contest {
        title: "TCP sockets alone",
        commands: &[
            &["netwatch", "list", "-tan"],
            &["ss", "-tan"],
            &["netstat", "-tan"],
        ],
        goals: &[(50_000, "ss", 1.0)],
    },
];

/// Compares netwatch with ss, netstat and lsof.
///
/// # Errors
///
/// Something can't be started.
pub fn compare(bench: Bench<'_>, report: &mut Report) -> Result<()> {
    for (sockets, processes) in SCALES {
        eprintln!("bench: {sockets} sockets in {processes} processes");
        let held = Held::start(sockets, processes)?;
        for contest in &CONTESTS {
            let mut section = Section::new(
                format!("{}: {sockets} in {processes} processes", contest.title),
                &["", "median ms", "least to most", "MiB", "ratio"],
            );
            let medians = contest.run(bench.netwatch, &mut section)?;
            contest.judge(sockets, &medians, &mut section);
            report.add(section);
        }
        drop(held);
    }
    Ok(())
}

impl Contest {
    /// Runs all commands in turns, and tells each one's median.
    fn run(&self, netwatch: &str, section: &mut Section) -> Result<Vec<f64>> {
        let mut runs: Vec<Vec<Run>> = vec![Vec::new(); self.commands.len()];
        for _ in 0..ROUNDS {
            for (command, runs) in self.commands.iter().zip(&mut runs) {
                let mut command = command.to_vec();
                if command[0] == "netwatch" {
                    command[0] = netwatch;
                }
                runs.push(run(&command)?);
            }
        }
        let mut medians = Vec::new();
        for (command, runs) in self.commands.iter().zip(&mut runs) {
            let mut walls: Vec<f64> = runs
                .iter()
                .map(|run| run.wall.as_secs_f64() * 1e3)
                .collect();
            let median = median(&mut walls);
            medians.push(median);
            let memory = runs.iter().map(|run| run.memory).max().unwrap_or(0) as f64 / 1024.0;
            section.row(vec![
                command.join(" "),
                format!("{median:.1}"),
                format!("{:.1} to {:.1}", walls[0], walls[walls.len() - 1]),
                format!("{memory:.1}"),
                format!("{:.2}", medians[0] / median),
            ]);
        }
        Ok(medians)
    }

    /// Says which goals are met.
    fn judge(&self, sockets: usize, medians: &[f64], section: &mut Section) {
        for (_, whose, goal) in self.goals.iter().filter(|(at, ..)| *at == sockets) {
            let other = self
                .commands
                .iter()
                .position(|command| command[0] == *whose);
            let Some(median) = other.and_then(|index| medians.get(index)) else {
                continue;
            };
            section.judge(
                &format!("Share of the time of {whose}"),
                medians[0] / median,
                *goal,
            );
        }
    }
}
