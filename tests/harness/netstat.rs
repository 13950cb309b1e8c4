//! `netwatch netstat` beside netstat.

use std::{
    path::PathBuf,
    process::{Command, Output, Stdio},
};

use super::host::printed;

/// netstat and netwatch are asked so often for one and the same moment: what changes by itself
/// changes seldom.
const ATTEMPTS: usize = 20;
/// So often in a row they differ while nothing changes, before that counts.
const ROUNDS: usize = 3;

/// What can't be equal in two readings, and is left out of the comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mask {
    Nothing,
    /// The seconds that a timer has left, which are others at each reading.
    Seconds,
}

/// Lets no question about names leave the thread's namespace, so that what has no name on this machine
/// has none at once.
pub fn no_name_servers() {
    for family in ["-4", "-6"] {
        let rule = "rule add ipproto udp dport 53 prohibit";
        let words: Vec<&str> = rule.split(' ').collect();
        printed("ip", &[&[family], &words[..]].concat());
    }
}

/// How the two are run.
pub struct Runner {
    netwatch: PathBuf,
    /// As this user; None is the test's own, who is root.
    user: Option<u32>,
    /// What they get for stdin.
    input: fn() -> Stdio,
}

impl Runner {
    pub fn root() -> Self {
        Self {
            netwatch: env!("CARGO_BIN_EXE_netwatch").into(),
            user: None,
            input: Stdio::null,
        }
    }

    /// Runs a copy of netwatch that this user can reach.
    pub fn user(netwatch: PathBuf, user: u32) -> Self {
        Self {
            netwatch,
            user: Some(user),
            input: Stdio::null,
        }
    }

    /// With this for stdin.
    pub fn with_input(self, input: fn() -> Stdio) -> Self {
        Self { input, ..self }
    }

    fn run(&self, mut command: Command) -> Output {
        use std::os::unix::process::CommandExt as _;
        if let Some(user) = self.user {
            command.uid(user).gid(user);
        }
        // Messages and the like in the language of the tests.
        command.env("LC_ALL", "C.UTF-8");
        command
            .stdin((self.input)())
            .output()
            .unwrap_or_else(|error| panic!("run {command:?}: {error}"))
    }

    pub fn netstat(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new("netstat");
        command.args(arguments);
        self.run(command)
    }

    pub fn netwatch(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(&self.netwatch);
        command.arg("netstat").args(arguments);
        self.run(command)
    }

    /// Both print the same, byte by byte, to stdout and stderr, with the same exit code: ours is
    /// what netstat printed before it or behind it.
    pub fn compare(&self, line: &str, mask: Mask) {
        let arguments: Vec<&str> = line.split_ascii_whitespace().collect();
        let mut before = shown(&self.netstat(&arguments), mask);
        let mut differed = 0;
        for _ in 0..ATTEMPTS {
            let ours = shown(&self.netwatch(&arguments), mask);
            let after = shown(&self.netstat(&arguments), mask);
            if ours == before || ours == after {
                return;
            }
            // For a moment a process that a test beside this one starts has all that this one has.
            differed = if before == after { differed + 1 } else { 0 };
            if differed == ROUNDS {
                difference(line, &after, &ours);
            }
            before = after;
        }
        let ours = shown(&self.netwatch(&arguments), mask);
        panic!(
            "netstat {line}: it changed at each of {ATTEMPTS} readings; the last\n{before}ours\n{ours}"
        );
    }
}

/// Everything that a run came to.
fn shown(output: &Output, mask: Mask) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let stdout = text(&output.stdout);
    format!(
        "{}---- stderr\n{}---- {}\n",
        match mask {
            Mask::Nothing => stdout,
            Mask::Seconds => stdout.lines().map(without_seconds).collect(),
        },
        text(&output.stderr),
        output.status
    )
}

/// `on (0.42/1/0)` as `on (_/1/0)`.
fn without_seconds(line: &str) -> String {
    let masked = line.rsplit_once(" (").and_then(|(before, timer)| {
        let (_, counts) = timer.split_once('/')?;
        Some(format!("{before} (_/{counts}\n"))
    });
    masked.unwrap_or_else(|| format!("{line}\n"))
}

fn difference(line: &str, theirs: &str, ours: &str) -> ! {
    let (mut left, mut right) = (theirs.lines(), ours.lines());
    loop {
        let (their, our) = (left.next(), right.next());
        if their != our {
            panic!("netstat {line}\ntheirs: {their:?}\nours:   {our:?}\n{theirs}\n{ours}");
        }
        assert!(their.is_some(), "netstat {line}: they differ in newlines");
    }
}
