//! A tracer under test: started, watched while it runs, ended.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

/// A running tracer, whose output goes to a file.
pub struct Tracer {
    child: Child,
    output: PathBuf,
}

/// What a tracer has used up.
#[derive(Clone, Copy, Debug, Default)]
pub struct Used {
    /// In user mode and in the kernel on its behalf.
    pub cpu: Duration,
    /// Resident, in KiB.
    pub memory: u64,
    /// In the kernel, by its BPF programs, and how often they ran.
    pub bpf: Duration,
    pub runs: u64,
}

/// What the descriptors of attached programs are links to.
const ATTACHED: [&str; 2] = ["anon_inode:[perf_event]", "anon_inode:bpf_link"];
/// How long a tracer may take to begin.
const PATIENCE: Duration = Duration::from_secs(20);

impl Tracer {
    /// Starts a command, and waits until it watches: until it has written something, as netwatch does
    /// first, or, for those that keep that back, until a program of it is attached.
    ///
    /// # Errors
    ///
    /// It can't be started, or doesn't begin.
    pub fn start(command: &[&str], output: &Path, writes: bool) -> Result<Self> {
        let (program, args) = command.split_first().context("no command")?;
        let file = File::create(output).context("make a file for output")?;
        let child = Command::new(program)
            .args(args)
            .stdin(Stdio::null())
            .stdout(file)
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("start {program}"))?;
        let mut tracer = Self {
            child,
            output: output.to_owned(),
        };
        let until = Instant::now() + PATIENCE;
        while !tracer.watches(writes) {
            if let Some(status) = tracer.child.try_wait()? {
                bail!("{program} ended at once: {status}");
            }
            if Instant::now() > until {
                bail!("{program} didn't begin in {PATIENCE:?}");
            }
            sleep(Duration::from_millis(10));
        }
        Ok(tracer)
    }

    fn watches(&self, writes: bool) -> bool {
        if writes {
            return fs::metadata(&self.output).is_ok_and(|file| file.len() > 0);
        }
        let fds = fs::read_dir(format!("/proc/{}/fd", self.child.id()));
        let targets = fds.into_iter().flatten().flatten();
        targets
            .filter_map(|fd| fs::read_link(fd.path()).ok())
            .any(|target| ATTACHED.iter().any(|kind| target.as_os_str() == *kind))
    }

    /// What it has used up so far.
    ///
    /// # Errors
    ///
    /// It is gone.
    pub fn used(&self) -> Result<Used> {
        let folder = PathBuf::from(format!("/proc/{}", self.child.id()));
        let mut used = Used::default();
        for task in fs::read_dir(folder.join("task")).context("look at the tracer's threads")? {
            let text = fs::read_to_string(task?.path().join("schedstat"))?;
            let nanos = text.split(' ').next().and_then(|text| text.parse().ok());
            used.cpu += Duration::from_nanos(nanos.context("read its schedstat")?);
        }
        used.memory = memory_of(self.child.id())?;
        for info in fs::read_dir(folder.join("fdinfo"))? {
            // A descriptor may be closed meanwhile.
            let text = fs::read_to_string(info?.path()).unwrap_or_default();
            if let Some(nanos) = number(&text, "run_time_ns:") {
                used.bpf += Duration::from_nanos(nanos);
                used.runs += number(&text, "run_cnt:").unwrap_or(0);
            }
        }
        Ok(used)
    }

    /// Asks it to end as ^C does, waits, and gives back its output's path.
    ///
    /// # Errors
    ///
    /// It can't be asked.
    pub fn end(mut self) -> Result<PathBuf> {
        end_politely(&mut self.child)?;
        Ok(std::mem::take(&mut self.output))
    }
}

impl Drop for Tracer {
    fn drop(&mut self) {
        // Ended already, where all went well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Asks a process to end as ^C does, and waits.
///
/// # Errors
///
/// It can't be asked.
pub fn end_politely(child: &mut Child) -> Result<()> {
    let pid = Pid::from_raw(child.id().try_into()?);
    kill(pid, Signal::SIGINT).context("end the tracer")?;
    child.wait().context("wait for the tracer")?;
    Ok(())
}

/// What a process has resident, in KiB.
///
/// # Errors
///
/// It is gone.
pub fn memory_of(pid: u32) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).context("look at a process")?;
    number(&status, "VmRSS:").context("read its memory")
}

/// The number after a word at the beginning of a line.
fn number(text: &str, word: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(word))?;
    line.split_whitespace().next()?.parse().ok()
}
