//! The netwatch under test, and what it says.

use std::{
    collections::HashMap,
    io::{BufRead as _, BufReader, Read},
    os::unix::fs::MetadataExt as _,
    path::Path,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, PoisonError},
    thread::{self, JoinHandle, sleep},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use rustix::process::setpriority_process;

use crate::{
    bench::{
        contender::after,
        flows::QUESTION,
        tracer::{end_politely, memory_of},
    },
    command::capture,
};

const PATIENCE: Duration = Duration::from_secs(20);

/// A running `netwatch trace --json`.
pub struct Watch {
    child: Child,
    seen: Arc<Mutex<Seen>>,
    reader: JoinHandle<Result<()>>,
    /// The network namespace whose table is compared.
    netns: u64,
}

/// What it has said.
#[derive(Default)]
pub struct Seen {
    has_started: bool,
    /// Of connections that are xtask's, up to the end of each socket.
    pub transitions: u64,
    /// Ended flows that asked, by the port that they went to.
    flows: HashMap<u16, u64>,
    /// The state of every socket that is not closed, by netns and cookie.
    open: HashMap<(u64, u64), String>,
    end: String,
}

impl Watch {
    /// Starts it, and waits until it watches.
    ///
    /// # Errors
    ///
    /// It can't be started.
    pub fn start(netwatch: &Path) -> Result<Self> {
        let mut child = Command::new(netwatch)
            .args(["trace", "--json"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .context("start netwatch")?;
        let output = child.stdout.take().context("netwatch without output")?;
        let seen = Arc::new(Mutex::new(Seen::default()));
        let reader = {
            let seen = Arc::clone(&seen);
            thread::spawn(move || read(output, &seen))
        };
        let netns = std::fs::metadata("/proc/self/ns/net").context("look at the namespace")?;
        let watch = Self {
            child,
            seen,
            reader,
            netns: netns.ino(),
        };
        let until = Instant::now() + PATIENCE;
        while !watch.seen().has_started {
            ensure!(Instant::now() < until, "netwatch didn't begin");
            sleep(Duration::from_millis(10));
        }
        Ok(watch)
    }

    fn seen(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Resident, in KiB.
    ///
    /// # Errors
    ///
    /// It is gone.
    pub fn memory(&self) -> Result<u64> {
        memory_of(self.child.id())
    }

    /// In how many sockets of this network namespace what it has told differs from what ss finds.
    ///
    /// # Errors
    ///
    /// ss fails.
    pub fn different(&self) -> Result<usize> {
        let text = capture(Command::new("ss").args(["-Htane"]))?;
        let found: HashMap<u64, &str> = text.lines().filter_map(socket).collect();
        let seen = self.seen();
        let open: HashMap<u64, &String> = (seen.open.iter())
            .filter(|((netns, _), _)| *netns == self.netns)
            .map(|((_, cookie), state)| (*cookie, state))
            .collect();
        let unknown = found.iter().filter(|(cookie, state)| {
            open.get(cookie)
                .is_none_or(|known| known.as_str() != **state)
        });
        let gone = open.keys().filter(|cookie| !found.contains_key(cookie));
        Ok(unknown.count() + gone.count())
    }

    /// Ends it, and gives back what it has said.
    ///
    /// # Errors
    ///
    /// It didn't end well.
    pub fn end(&mut self) -> Result<Seen> {
        end_politely(&mut self.child)?;
        let until = Instant::now() + PATIENCE;
        while !self.reader.is_finished() {
            ensure!(Instant::now() < until, "netwatch's output doesn't end");
            sleep(Duration::from_millis(10));
        }
        Ok(std::mem::take(&mut *self.seen()))
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // Ended already, where all went well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// As a nice value: before the processes that make what it reads of, which would starve it.
const AHEAD: i32 = -15;

fn read(output: impl Read, seen: &Mutex<Seen>) -> Result<()> {
    setpriority_process(None, AHEAD).context("put the reader before the others")?;
    let mut output = BufReader::with_capacity(1 << 20, output);
    let mut line = String::new();
    while output
        .read_line(&mut line)
        .context("read netwatch's output")?
        > 0
    {
        let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.take(&line);
        line.clear();
    }
    Ok(())
}

impl Seen {
    fn take(&mut self, line: &str) {
        match word(line, "event") {
            Some("start") => self.has_started = true,
            Some("tcp_state") => self.transition(line),
            Some("udp_flow") if word(line, "phase") == Some("close") => {
                // The answers of one server may go to what was the port of another.
                let asked = after(line, "\"tx_bytes\":") == Some(QUESTION);
                if let Some(port) = after(line, "\"remote_port\":").filter(|_| asked) {
                    *self.flows.entry(port).or_default() += 1;
                }
            }
            Some("end") => self.end = line.to_owned(),
            Some("pressure" | "lost") => eprint!("soak: {line}"),
            _ => {}
        }
    }

    fn transition(&mut self, line: &str) {
        let (Some(old), Some(new)) = (word(line, "old"), word(line, "new")) else {
            return;
        };
        let netns = after(line, "\"netns\":").unwrap_or(0);
        let cookie = after(line, "\"cookie\":").unwrap_or(0);
        if new == "CLOSE" {
            self.open.remove(&(netns, cookie));
        } else {
            self.open.insert((netns, cookie), new.to_owned());
        }
        let is_of_listener = new == "LISTEN" || (old == "LISTEN" && new == "CLOSE");
        // A connection's life ends with the rest that the kernel keeps of it; what is counted, with
        // its socket.
        let is_rest = old == "TIME_WAIT";
        if !is_of_listener && !is_rest && word(line, "comm") == Some("xtask") {
            self.transitions += 1;
        }
    }

    /// How many flows to these ports have ended.
    pub fn flows_to(&self, ports: &[u16]) -> u64 {
        let mut ports = ports.to_vec();
        ports.sort_unstable();
        ports.dedup();
        ports.iter().filter_map(|port| self.flows.get(port)).sum()
    }

    /// By its own count.
    pub fn lost(&self) -> String {
        self.of_end("lost")
    }

    /// By its own count.
    pub fn given_up(&self) -> String {
        self.of_end("given_up")
    }

    fn of_end(&self, name: &str) -> String {
        after::<u64>(&self.end, &format!("\"{name}\":"))
            .map_or_else(|| "unknown".to_owned(), |count| count.to_string())
    }
}

/// A word in a line of JSON, by its name.
fn word<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let key = line.find(&format!("\"{name}\":\""))?;
    let rest = &line[key + name.len() + 4..];
    rest.split('"').next()
}

/// A line of `ss -Htane`: the cookie, and the state by the kernel's name.
fn socket(line: &str) -> Option<(u64, &str)> {
    let state = match line.split_ascii_whitespace().next()? {
        "ESTAB" => "ESTABLISHED",
        "SYN-SENT" => "SYN_SENT",
        "SYN-RECV" => "SYN_RECV",
        "FIN-WAIT-1" => "FIN_WAIT1",
        "FIN-WAIT-2" => "FIN_WAIT2",
        "TIME-WAIT" => "TIME_WAIT",
        "CLOSE-WAIT" => "CLOSE_WAIT",
        "LAST-ACK" => "LAST_ACK",
        other => other,
    };
    let cookie = line
        .split_ascii_whitespace()
        .find_map(|word| word.strip_prefix("sk:"))?;
    Some((u64::from_str_radix(cookie, 16).ok()?, state))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ss_finds_is_understood() {
        let line = "TIME-WAIT 0 0 127.0.0.1:1 127.0.0.1:2 timer:(timewait,59sec,0) ino:0 sk:1f3";
        assert_eq!(socket(line), Some((0x1f3, "TIME_WAIT")));
    }

    #[test]
    fn sockets_are_counted_and_kept_until_they_close() {
        let line = |old: &str, new: &str| {
            format!(
                "{{\"event\":\"tcp_state\",\"cookie\":7,\"netns\":4,\"comm\":\"xtask\",\"old\":\"{old}\",\"new\":\"{new}\"}}\n"
            )
        };
        let mut seen = Seen::default();
        seen.take(&line("CLOSE", "LISTEN"));
        seen.take(&line("LISTEN", "CLOSE"));
        assert_eq!((seen.transitions, seen.open.len()), (0, 0));
        seen.take(&line("SYN_SENT", "ESTABLISHED"));
        seen.take(&line("FIN_WAIT2", "TIME_WAIT"));
        assert_eq!((seen.transitions, seen.open.len()), (2, 1));
        seen.take(&line("TIME_WAIT", "CLOSE"));
        assert_eq!((seen.transitions, seen.open.len()), (2, 0));
    }
}
