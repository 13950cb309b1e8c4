//! The tracers that are compared, and how to read what they write.

use std::{
    fs::File,
    io::{BufRead as _, BufReader},
    path::Path,
};

use anyhow::{Context as _, Result};

use super::tracer::Tracer;

/// A tracer: what it is called, its command line, and how it tells of a connection.
pub struct Contender {
    pub name: &'static str,
    command: &'static [&'static str],
    /// How many events there are for each connection of a storm, if none is lost.
    pub per_connection: u64,
    /// What a line tells; None for those that stand for no transition of the kernel's. Out of FIN_WAIT2 and TIME_WAIT
    /// the kernel tells of one at most, the end of the socket, for which netwatch's line with the reason stands;
    /// what else netwatch says of these states it has found out by looking.
    read: fn(&str) -> Option<Told>,
}

/// What one line tells of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    pub pid: u32,
    pub local_port: u16,
    pub remote_port: u16,
}

/// What is the same for all comparisons.
#[derive(Clone, Copy)]
pub struct Bench<'a> {
    /// The program under test.
    pub netwatch: &'a str,
    /// The tracer that learns nothing.
    pub bare: &'a str,
    /// Where tracers write to.
    pub output: &'a Path,
}

/// What a tracer of transitions costs at least: `xtask/bare`, which only counts records of 48 bytes.
pub const BARE: Contender = Contender {
    name: "48-byte records, counted",
    command: &["bare", "bare_state"],
    per_connection: 10,
    read: |_| None,
};

/// What it costs that the kernel calls a program at all: one that returns at once.
pub const NOTHING: Contender = Contender {
    name: "a program that returns at once",
    command: &["bare", "bare_nothing"],
    per_connection: 10,
    read: |_| None,
};

pub const CONTENDERS: &[Contender] = &[
    Contender {
        name: "netwatch trace --json",
        command: &["netwatch", "trace", "--json"],
        per_connection: 10,
        read: |line| {
            let is_transition = line.starts_with("{\"event\":\"tcp_state\"");
            let is_silent =
                line.contains("\"TIME_WAIT\"") || line.contains("\"old\":\"FIN_WAIT2\"");
            let counts = is_transition && !is_silent || line.contains("\"reason\":\"local_fin\"");
            counts.then(|| json(line))?
        },
    },
    Contender {
        name: "netwatch trace",
        command: &["netwatch", "trace"],
        per_connection: 10,
        read: |line| {
            let is_silent = line.contains("TIME_WAIT") || line.contains("FIN_WAIT2 → ");
            let is_transition = line.contains(" → ") && !is_silent;
            (is_transition || line.contains(" local_fin ")).then(|| ends(line, 4, 2))?
        },
    },
    Contender {
        name: "netwatch life",
        command: &["netwatch", "life"],
        per_connection: 2,
        read: |line| ends(line, 4, 2),
    },
    Contender {
        name: "tcpstates",
        command: &["tcpstates"],
        per_connection: 10,
        read: |line| columns(line, [1, 4, 6]),
    },
    Contender {
        name: "tcplife",
        command: &["tcplife"],
        per_connection: 2,
        read: |line| columns(line, [0, 3, 5]),
    },
    Contender {
        name: "bpftrace",
        command: &["bpftrace", "-e", BPFTRACE],
        per_connection: 10,
        read: |line| columns(line, [0, 1, 2]),
    },
];

const BPFTRACE: &str = "tracepoint:sock:inet_sock_set_state /args->protocol == 6/ \
{ printf(\"%d %d %d %d %d\\n\", pid, args->sport, args->dport, args->oldstate, args->newstate); }";

impl Contender {
    /// Whether it is netwatch.
    pub fn is_ours(&self) -> bool {
        self.command[0] == "netwatch"
    }

    /// Starts it, and waits until it watches.
    ///
    /// # Errors
    ///
    /// It can't be started.
    pub fn start(&self, bench: Bench<'_>) -> Result<Tracer> {
        let mut command = self.command.to_vec();
        let built_here = match command[0] {
            "netwatch" => Some(bench.netwatch),
            "bare" => Some(bench.bare),
            _ => None,
        };
        if let Some(path) = built_here {
            command[0] = path;
        }
        Tracer::start(&command, bench.output, built_here.is_some())
    }

    /// Hands everything that it told to `take`.
    ///
    /// # Errors
    ///
    /// Its output can't be read.
    pub fn each_told(&self, output: &Path, mut take: impl FnMut(Told)) -> Result<()> {
        let file = File::open(output).context("open a tracer's output")?;
        let mut file = BufReader::with_capacity(1 << 20, file);
        let mut line = Vec::new();
        loop {
            line.clear();
            let bytes = file.read_until(b'\n', &mut line);
            if bytes.context("read a tracer's output")? == 0 {
                return Ok(());
            }
            // What is no text is no line of a tracer.
            let text = std::str::from_utf8(&line).unwrap_or_default();
            if let Some(told) = (self.read)(text) {
                take(told);
            }
        }
    }
}

/// From a line of JSON.
fn json(line: &str) -> Option<Told> {
    Some(Told {
        pid: after(line, "\"pid\":")?,
        local_port: after(line, "\"local_port\":")?,
        remote_port: after(line, "\"remote_port\":")?,
    })
}

/// The number that follows a word.
pub fn after<T: std::str::FromStr>(line: &str, word: &str) -> Option<T> {
    let rest = &line[line.find(word)? + word.len()..];
    let end = rest.find(|digit: char| !digit.is_ascii_digit());
    rest[..end.unwrap_or(rest.len())].parse().ok()
}

/// From columns: of the process, and of the first of two `address:port`.
fn ends(line: &str, pid: usize, local: usize) -> Option<Told> {
    let mut words = line.split_ascii_whitespace();
    let mut port = |skip| words.nth(skip)?.rsplit_once(':')?.1.parse().ok();
    Some(Told {
        local_port: port(local)?,
        remote_port: port(0)?,
        pid: words.nth(pid - local - 2)?.parse().ok()?,
    })
}

/// From columns: of the process, the local port and the remote port.
fn columns(line: &str, [pid, local, remote]: [usize; 3]) -> Option<Told> {
    let mut words = line.split_ascii_whitespace();
    Some(Told {
        pid: words.nth(pid)?.parse().ok()?,
        local_port: words.nth(local - pid - 1)?.parse().ok()?,
        remote_port: words.nth(remote - local - 1)?.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A line of each contender about the same socket, and one that is not to be counted.
    const LINES: &[(&str, &str, &str)] = &[
        (
            "netwatch trace --json",
            r#"{"event":"tcp_state","ts":"2026-11-24T02:15:09.237674121Z","local_port":58056,"remote_port":46657,"state":"ESTABLISHED","pid":23901,"old":"SYN_SENT","new":"ESTABLISHED"}"#,
            r#"{"event":"tcp_state","local_port":58056,"remote_port":46657,"pid":23901,"old":"FIN_WAIT2","new":"CLOSE"}"#,
        ),
        (
            "netwatch trace",
            "02:15:08.685 tcp   127.0.0.1:58056       127.0.0.1:46657         23901 xtask            SYN_SENT → ESTABLISHED",
            "02:15:08.685 tcp   127.0.0.1:58056       127.0.0.1:46657         23901 xtask            remote_fin ↑64 ↓512 272µs",
        ),
        (
            "netwatch life",
            "02:15:09 tcp   127.0.0.1:58056       127.0.0.1:46657         23901 xtask             512   64  132µs   22µs local_fin",
            "ENDED    PROTO LOCAL                 REMOTE                    PID PROCESS          SENT RECV LASTED    RTT ENDED BY",
        ),
        (
            "tcpstates",
            "ffff8881940eae40 23901   xtask       127.0.0.1       58056 127.0.0.1       46657 SYN_SENT    -> ESTABLISHED 0.110",
            "SKADDR           PID     COMM       LADDR           LPORT RADDR           RPORT OLDSTATE    -> NEWSTATE    MS",
        ),
        (
            "tcplife",
            "23901   xtask            127.0.0.1       58056 127.0.0.1       46657 0.50   0.06   0.09",
            "PID     COMM             LADDR           LPORT RADDR           RPORT TX_KB  RX_KB  MS",
        ),
        ("bpftrace", "23901 58056 46657 2 1", "Attaching 1 probe..."),
    ];

    #[test]
    fn every_contender_is_understood() {
        assert_eq!(LINES.len(), CONTENDERS.len());
        for (contender, (name, about, other)) in CONTENDERS.iter().zip(LINES) {
            assert_eq!(contender.name, *name);
            let told = Told {
                pid: 23901,
                local_port: 58056,
                remote_port: 46657,
            };
            assert_eq!((contender.read)(about), Some(told), "{name}");
            assert_eq!((contender.read)(other), None, "{name}");
        }
    }
}
