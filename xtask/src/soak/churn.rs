//! Everything at once: connections, processes that are soon gone, datagrams, network namespaces that come
//! and go, and other netwatches that are killed at any moment.

use std::{
    env, fmt,
    ops::AddAssign,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread::{ScopedJoinHandle, scope, sleep},
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};

use crate::{
    bench::{
        flows,
        storm::{self, Servers, TRANSITIONS},
    },
    command::capture,
};

const STORM: Duration = Duration::from_secs(5);
/// Connections a second.
const PACE: u32 = 10_000;
/// Processes that connect once, in a round.
const PROCESSES: u64 = 50;
/// As many processes as netwatch remembers, and some more.
const REMEMBERED: u64 = 33_000;
/// So many of them come and go at a time.
const AT_A_TIME: u64 = 4;
const FLOWS: Duration = Duration::from_secs(1);
/// Network namespaces in a round, and connections in each.
const NAMESPACES: u64 = 5;
const ELSEWHERE: u64 = 20;
/// Other netwatches in a round; each is killed a little later in its life than the one before.
const OTHERS: u64 = 4;
const OTHER_LIVES_LONGER: Duration = Duration::from_millis(137);
const OTHER_LIVES_LEAST: Duration = Duration::from_millis(30);

/// What was made.
#[derive(Default)]
pub struct Made {
    connections: u64,
    pub flows: u64,
    /// Where the flows went.
    pub ports: Vec<u16>,
}

impl Made {
    /// How many transitions the kernel made of the connections.
    pub const fn transitions(&self) -> u64 {
        self.connections * TRANSITIONS
    }
}

impl AddAssign for Made {
    fn add_assign(&mut self, other: Self) {
        self.connections += other.connections;
        self.flows += other.flows;
        self.ports.extend(other.ports);
    }
}

impl fmt::Display for Made {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} connections, {} flows", self.connections, self.flows)
    }
}

/// Who makes it.
pub struct Churn {
    servers: Servers,
    netwatch: PathBuf,
    xtask: PathBuf,
}

impl Churn {
    /// Starts those that the others connect to.
    ///
    /// # Errors
    ///
    /// One of them can't be started.
    pub fn start(netwatch: &Path) -> Result<Self> {
        Ok(Self {
            servers: Servers::start()?,
            netwatch: netwatch.to_owned(),
            xtask: env::current_exe().context("find xtask")?,
        })
    }

    /// As many processes as netwatch remembers, so that it takes no more memory for them afterwards.
    ///
    /// # Errors
    ///
    /// One of them fails.
    pub fn fill(&self) -> Result<Made> {
        scope(|scope| {
            let threads =
                (0..AT_A_TIME).map(|_| scope.spawn(|| self.processes(REMEMBERED / AT_A_TIME)));
            let threads: Vec<_> = threads.collect();
            threads.into_iter().try_for_each(joined)
        })?;
        Ok(Made {
            connections: REMEMBERED,
            ..Made::default()
        })
    }

    /// A round of all, side by side.
    ///
    /// # Errors
    ///
    /// Something fails that should not.
    pub fn round(&self) -> Result<Made> {
        scope(|scope| {
            let storm = scope.spawn(|| self.servers.storm(STORM, Some(PACE)));
            let processes = scope.spawn(|| self.processes(PROCESSES));
            let flows = scope.spawn(|| flows::run(FLOWS));
            let elsewhere = scope.spawn(|| self.elsewhere());
            let others = scope.spawn(|| self.others());
            let storm = joined(storm)?;
            joined(processes)?;
            joined(elsewhere)?;
            joined(others)?;
            let (flows, port) = joined(flows)?;
            Ok(Made {
                connections: storm.connections + PROCESSES + NAMESPACES * ELSEWHERE,
                flows,
                ports: vec![port],
            })
        })
    }

    fn processes(&self, count: u64) -> Result<()> {
        let port = self.servers.port().to_string();
        for _ in 0..count {
            capture(Command::new(&self.xtask).args(["part", "once", "--port", &port]))?;
        }
        Ok(())
    }

    fn elsewhere(&self) -> Result<()> {
        let count = ELSEWHERE.to_string();
        for _ in 0..NAMESPACES {
            capture(
                Command::new("unshare")
                    .args(["--net", "--"])
                    .arg(&self.xtask)
                    .args(["part", "elsewhere", "--connections", &count]),
            )?;
        }
        Ok(())
    }

    fn others(&self) -> Result<()> {
        for (number, view) in (0..OTHERS).zip(["trace", "life"].into_iter().cycle()) {
            let mut other = Command::new(&self.netwatch);
            other.args([view, "--json"]).stdin(Stdio::null());
            let mut other = Killed(other.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?);
            sleep(OTHER_LIVES_LEAST + OTHER_LIVES_LONGER * number as u32);
            let ended = other.0.try_wait()?;
            ensure!(
                ended.is_none(),
                "another netwatch ended by itself: {ended:?}"
            );
        }
        Ok(())
    }
}

/// A process that is killed in the end.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn joined<T>(thread: ScopedJoinHandle<'_, Result<T>>) -> Result<T> {
    match thread.join() {
        Ok(result) => result,
        Err(panic) => std::panic::resume_unwind(panic),
    }
}

/// In a network namespace of its own: serves and connects so often.
///
/// # Errors
///
/// The kernel refuses.
pub fn elsewhere(connections: u64) -> Result<()> {
    crate::command::exec(Command::new("ip").args(["link", "set", "lo", "up"]))?;
    let server = storm::listen()?;
    let port = server.local_addr().context("find the port")?.port();
    let thread = std::thread::spawn(move || -> Result<()> {
        (0..connections).try_for_each(|_| storm::answer(&server))
    });
    for _ in 0..connections {
        storm::ask([127, 0, 0, 1].into(), port)?;
    }
    match thread.join() {
        Ok(result) => result,
        Err(panic) => std::panic::resume_unwind(panic),
    }
}
