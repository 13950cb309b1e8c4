//! Processes that connect once and are gone: who can name them?

use std::{
    collections::HashSet,
    env,
    process::{Command, Stdio},
    sync::atomic::{AtomicBool, Ordering},
    thread::{scope, sleep},
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};

use super::{
    contender::{Bench, CONTENDERS, after},
    report::Section,
    storm::{Servers, ask},
};

const PROCESSES: usize = 500;
/// From one process to the next.
const PAUSE: Duration = Duration::from_millis(8);
/// From one look of those that look to the next.
const LOOK: Duration = Duration::from_secs(1);

/// A program that looks, once a second, and how it names processes.
struct Poller {
    command: &'static [&'static str],
    pids: fn(&str) -> Vec<u32>,
}

const POLLERS: [Poller; 3] = [
    Poller {
        command: &["ss", "-tanp"],
        pids: |text| {
            text.split(',')
                .filter_map(|word| after(word, "pid="))
                .collect()
        },
    },
    Poller {
        command: &["netstat", "-tanp"],
        pids: |text| {
            let words = text.split_ascii_whitespace();
            words
                .filter_map(|word| word.split_once('/')?.0.parse().ok())
                .collect()
        },
    },
    Poller {
        command: &["lsof", "-nP", "-iTCP", "-Fp"],
        pids: |text| {
            text.lines()
                .filter_map(|line| line.strip_prefix('p')?.parse().ok())
                .collect()
        },
    },
];

/// Counts the processes that each contender names.
///
/// # Errors
///
/// Something can't be started.
pub fn compare(bench: Bench<'_>) -> Result<Section> {
    let servers = Servers::start()?;
    let mut section = Section::new(
        format!("{PROCESSES} processes that connect once and end"),
        &["", "named"],
    );
    for contender in CONTENDERS {
        eprintln!("bench: short-lived processes, with {}", contender.name);
        let named = || {
            let tracer = contender.start(bench)?;
            let processes = processes(&servers)?;
            // Some write what they have only now and then.
            sleep(LOOK);
            let mut named = HashSet::new();
            contender.each_told(&tracer.end()?, |told| {
                named.insert(told.pid);
            })?;
            anyhow::Ok(share(&processes, &named))
        };
        match named() {
            Ok(share) => section.row(vec![contender.name.to_owned(), share]),
            Err(error) if contender.is_ours() => return Err(error),
            Err(error) => eprintln!("bench: without {}: {error:#}", contender.name),
        }
    }
    for poller in &POLLERS {
        let name = format!("{}, each second", poller.command.join(" "));
        eprintln!("bench: short-lived processes, with {name}");
        let (processes, named) = poller.watch(&servers)?;
        section.row(vec![name, share(&processes, &named)]);
    }
    Ok(section)
}

impl Poller {
    /// Looks again and again while the processes come and go.
    fn watch(&self, servers: &Servers) -> Result<(Vec<u32>, HashSet<u32>)> {
        let done = AtomicBool::new(false);
        scope(|scope| {
            let looking = scope.spawn(|| {
                let mut named = HashSet::new();
                while !done.load(Ordering::Relaxed) {
                    let mut command = Command::new(self.command[0]);
                    command.args(&self.command[1..]).stdin(Stdio::null());
                    let output = command.output().context("look")?;
                    named.extend((self.pids)(&String::from_utf8_lossy(&output.stdout)));
                    sleep(LOOK);
                }
                anyhow::Ok(named)
            });
            let processes = processes(servers);
            done.store(true, Ordering::Relaxed);
            match looking.join() {
                Ok(named) => Ok((processes?, named?)),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        })
    }
}

/// Runs them, one after another.
fn processes(servers: &Servers) -> Result<Vec<u32>> {
    let xtask = env::current_exe().context("find xtask")?;
    let port = servers.port().to_string();
    let mut pids = Vec::with_capacity(PROCESSES);
    for _ in 0..PROCESSES {
        let mut command = Command::new(&xtask);
        command.args(["part", "once", "--port", &port]);
        let mut child = command.stdin(Stdio::null()).spawn().context("start one")?;
        pids.push(child.id());
        ensure!(child.wait()?.success(), "a process failed");
        sleep(PAUSE);
    }
    Ok(pids)
}

fn share(processes: &[u32], named: &HashSet<u32>) -> String {
    let count = processes.iter().filter(|pid| named.contains(pid)).count();
    format!("{:.1} %", count as f64 / processes.len() as f64 * 100.0)
}

/// Connects and asks once.
///
/// # Errors
///
/// The kernel refuses.
pub fn once(port: u16) -> Result<()> {
    ask([127, 0, 0, 1].into(), port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_that_look_are_understood() {
        let texts = [
            "ESTAB 0 0 1.1.1.1:1 2.2.2.2:2 users:((\"a\",pid=77,fd=3),(\"b\",pid=78,fd=4))\n",
            "tcp 0 0 1.1.1.1:1 2.2.2.2:2 ESTABLISHED 77/a\ntcp 0 0 1.1.1.1:1 2.2.2.2:2 TIME_WAIT -\ntcp 0 0 1.1.1.1:1 2.2.2.2:2 ESTABLISHED 78/b: c\n",
            "p77\nf3\np78\nf4\n",
        ];
        for (poller, text) in POLLERS.iter().zip(texts) {
            assert_eq!((poller.pids)(text), [77, 78], "{:?}", poller.command);
        }
    }
}
