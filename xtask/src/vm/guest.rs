//! A guest: booted, listened to, and ended in any case.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc::{RecvTimeoutError, channel},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};

use super::{image::Image, kernel::Kernel, outcome::Told};

/// All tests of a kernel together, which take twenty minutes.
const LIMIT: Duration = Duration::from_secs(45 * 60);
const MEMORY: &str = "2048";
const CPUS: &str = "2";
/// The kernel's. Where nobody but QEMU knows that the host was busy for a while, a kernel would find that its
/// timer doesn't work or that a CPU hangs.
const COMMAND_LINE: &str = "console=ttyS0 panic=-1 oops=panic mitigations=off random.trust_cpu=on \
    tsc=reliable no_timer_check watchdog_thresh=60 rcupdate.rcu_cpu_stall_timeout=120 quiet loglevel=5";
/// Words with which a kernel complains.
const COMPLAINTS: &[&str] = &[
    "WARNING: ",
    "BUG: ",
    "Oops",
    "general protection",
    "Kernel panic",
    "self-detected stall",
];
/// The last line that a guest writes to the third serial port.
pub const DONE: &str = "done\n";
/// Lines of the console that are shown of a guest that died.
const TAIL: usize = 25;

/// What came of a guest.
pub struct Run {
    pub told: Told,
    /// What is wrong beside tests that failed.
    pub faults: Vec<String>,
    pub took: Duration,
}

impl Run {
    /// Boots the kernel with the image as its root, and waits until it turns itself off.
    ///
    /// # Errors
    ///
    /// QEMU can't be started.
    pub fn boot(kernel: &Kernel, image: &Image) -> Result<Self> {
        let ports = ["console", "end", "notes"].map(|name| image.path.with_file_name(name));
        for port in &ports {
            fs::write(port, "").context("make a file for a serial port")?;
        }
        let start = Instant::now();
        let mut guest = Guest(qemu(kernel, image, &ports).spawn().context("start QEMU")?);
        let output = guest.0.stdout.take().context("QEMU without output")?;
        eprintln!("vm: {} boots", kernel.name);
        let mut told = listen(output, &kernel.name, start + LIMIT);
        let is_late = start.elapsed() >= LIMIT;
        drop(guest);
        let [console, end, notes] = ports.map(|port| text(&port));
        let (console, end) = (console?, end?);
        notes?.lines().for_each(|line| told.note(line));
        let mut faults: Vec<String> = complaints(&console);
        if is_late {
            faults.push(format!("not done in {LIMIT:?}"));
        } else if !end.ends_with(DONE) {
            let lines: Vec<&str> = console.lines().collect();
            let tail = lines[lines.len().saturating_sub(TAIL)..].join("\n");
            faults.push(format!("it died:\n{tail}"));
        }
        if told.programs != image.programs {
            let (ended, all) = (told.programs, image.programs);
            faults.push(format!(
                "{ended} of {all} programs of tests came to their end"
            ));
        }
        if told.tests().count() == 0 {
            faults.push("no test ran".to_owned());
        }
        Ok(Self {
            told,
            faults,
            took: start.elapsed(),
        })
    }
}

/// Ended where it doesn't end by itself.
struct Guest(Child);

impl Drop for Guest {
    fn drop(&mut self) {
        // It has ended already, where all went well.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What came over a serial port.
fn text(port: &Path) -> Result<String> {
    let bytes = fs::read(port).with_context(|| format!("read {}", port.display()))?;
    Ok(String::from_utf8_lossy(&bytes).replace('\r', ""))
}

/// The first serial port is the kernel's console, the second the tests' output, then come the word
/// that all is done, and the tests' notes, which would tear libtest's lines.
fn qemu(kernel: &Kernel, image: &Image, [console, end, notes]: &[PathBuf; 3]) -> Command {
    let mut qemu = Command::new("qemu-system-x86_64");
    qemu.args([
        "-accel",
        // With threads, one CPU can meet an int3 that another has just taken out of the kernel's text.
        "tcg,thread=single",
        "-machine",
        "q35",
        "-cpu",
        "max",
    ])
    .args(["-smp", CPUS, "-m", MEMORY, "-nodefaults", "-no-user-config"])
    .args(["-display", "none", "-no-reboot", "-kernel"])
    .arg(&kernel.image)
    .arg("-initrd")
    .arg(&image.path)
    .args(["-append", COMMAND_LINE])
    .arg("-serial")
    .arg(format!("file:{}", console.display()))
    .args([
        "-chardev",
        "stdio,id=out,signal=off",
        "-serial",
        "chardev:out",
        "-serial",
    ])
    .arg(format!("file:{}", end.display()))
    .arg("-serial")
    .arg(format!("file:{}", notes.display()))
    .stdin(Stdio::null())
    .stdout(Stdio::piped());
    qemu
}

/// Takes line after line until the guest ends or time is up, and shows what is worth it.
fn listen(output: impl Read + Send + 'static, kernel: &str, until: Instant) -> Told {
    let (sender, lines) = channel();
    thread::spawn(move || {
        for line in BufReader::new(output).split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line)
                .trim_end_matches('\r')
                .to_owned();
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    let mut told = Told::default();
    loop {
        let rest = until.saturating_duration_since(Instant::now());
        match lines.recv_timeout(rest) {
            Ok(line) => {
                told.take(&line);
                if !line.is_empty() {
                    eprintln!("vm: {kernel}: {line}");
                }
            }
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return told,
        }
    }
}

fn complaints(console: &str) -> Vec<String> {
    let is_one = |line: &&str| COMPLAINTS.iter().any(|words| line.contains(words));
    let found = console.lines().filter(is_one);
    found
        .map(|line| format!("the kernel complained: {line}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_complaints_are_faults() {
        let console = "[    0.1] Linux\n[   12.3] WARNING: CPU: 0 PID: 7 at net/core/sock.c:1\n";
        let found = complaints(console);
        assert_eq!(found.len(), 1);
        assert!(found[0].contains("net/core/sock.c"));
    }
}
