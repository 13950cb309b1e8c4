//! netwatch, watching.

use std::{
    collections::HashSet,
    io::{BufRead, BufReader, Read},
    process::{Child, ChildStderr, Command, Stdio},
    sync::mpsc::{Receiver, channel},
    thread::JoinHandle,
};

use rustix::process::{Pid, Signal, kill_process};

use super::{
    actor::Sock,
    flow::Flow,
    laws,
    life::Life,
    schema::{Detail, End, Event, Socket, State},
    stage::say,
    wait::{Deadline, PATIENCE},
};

/// A failure shows so many lines, and leaves more in a file.
const SHOWN: usize = 300;

/// The command, for a test that wants to run it in its own way.
pub fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_netwatch"));
    command.args(arguments);
    command
}

/// Why a `doctor --json` finds that it can't trace; None where it can.
pub fn cause(doctor: &mut Command) -> Option<String> {
    let output = doctor.output().expect("run netwatch");
    let text = String::from_utf8_lossy(&output.stdout);
    let verdict = text.lines().last().expect("a verdict");
    let verdict: serde_json::Value = serde_json::from_str(verdict).expect("a verdict");
    verdict["cause"].as_str().map(ToOwned::to_owned)
}

/// A running `netwatch --json`, and all that it has said.
pub struct Watch {
    process: Child,
    lines: Receiver<Result<Event, String>>,
    stderr: Option<JoinHandle<String>>,
    netns: HashSet<u32>,
    events: Vec<Event>,
    lives: Vec<Life>,
    flows: Vec<Flow>,
}

/// What a run came to.
pub struct Ended {
    pub events: Vec<Event>,
    pub end: End,
    pub stderr: String,
}

impl Watch {
    /// Starts it and waits until it watches. Lines about other namespaces than these, which there
    /// are where no `--netns` keeps them out, are not for the test.
    pub fn start(arguments: &[&str], netns: &[u32]) -> Self {
        Self::over(&mut command(arguments), netns)
    }

    /// The same of a command that was made in some other way.
    pub fn over(command: &mut Command, netns: &[u32]) -> Self {
        let mut process = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("run netwatch");
        let (sender, lines) = channel();
        let stdout = BufReader::new(process.stdout.take().expect("its output is piped"));
        std::thread::spawn(move || {
            for line in stdout.lines() {
                let event = line
                    .map_err(|error| error.to_string())
                    .and_then(Event::parse);
                if sender.send(event).is_err() {
                    return;
                }
            }
        });
        let stderr = process
            .stderr
            .take()
            .map(|stderr| std::thread::spawn(|| read_all(stderr)));
        let netns = netns.iter().copied().collect();
        let (events, lives, flows) = Default::default();
        let mut watch = Self {
            process,
            lines,
            stderr,
            netns,
            events,
            lives,
            flows,
        };
        watch.wait("the start line", |events| !events.is_empty());
        let Detail::Start(start) = &watch.events[0].detail else {
            panic!("the first line is {}", watch.events[0].line);
        };
        let rungs = start.rungs.iter();
        let rungs: Vec<String> = rungs
            .map(|(capability, rung)| format!("{capability}:{}", rung.as_str().unwrap_or("?")))
            .collect();
        say("rungs", &rungs.join(" "));
        watch
    }

    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// The rung that a capability stands on, by its start line; `none` where it has none.
    pub fn rung(&self, capability: &str) -> &str {
        let Detail::Start(start) = &self.events[0].detail else {
            unreachable!("the first line was looked at")
        };
        let rung = start.rungs.get(capability).and_then(|rung| rung.as_str());
        rung.unwrap_or("none")
    }

    /// All lines so far.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// Reads lines until the condition holds for all of them together.
    pub fn wait(&mut self, what: &str, holds: impl FnMut(&[Event]) -> bool) {
        self.wait_until(what, Deadline::after(PATIENCE), holds);
    }

    /// Reads lines until one tells that this socket is closed.
    pub fn wait_closed(&mut self, socket: &Sock) {
        let is_it = |told: &Socket| told.cookie == socket.cookie && told.state == State::Close;
        self.wait("a close", |events| {
            events.iter().filter_map(Event::socket).any(is_it)
        });
    }

    pub fn wait_until(
        &mut self,
        what: &str,
        deadline: Deadline,
        mut holds: impl FnMut(&[Event]) -> bool,
    ) {
        while !holds(&self.events) {
            match self.lines.recv_timeout(deadline.remaining()) {
                Ok(event) => self.receive(event),
                Err(error) => self.give_up(&format!("waited in vain for {what}: {error}")),
            }
            while let Ok(event) = self.lines.try_recv() {
                self.receive(event);
            }
        }
    }

    fn receive(&mut self, event: Result<Event, String>) {
        let event = event.unwrap_or_else(|fault| panic!("netwatch broke the contract: {fault}"));
        let ours = |netns: u32| self.netns.contains(&netns);
        if event
            .socket()
            .and_then(|socket| socket.netns)
            .is_none_or(ours)
        {
            self.events.push(event);
        }
    }

    fn give_up(&mut self, why: &str) -> ! {
        self.process.kill().ok();
        let status = self.process.wait();
        let stderr = self.stderr.take().and_then(|stderr| stderr.join().ok());
        let lines: Vec<&str> = self.events.iter().map(|event| &*event.line).collect();
        if lines.len() <= SHOWN {
            eprintln!("{}", lines.join("\n"));
        } else {
            let path = std::env::temp_dir().join(format!("netwatch-{}.jsonl", self.pid()));
            std::fs::write(&path, lines.join("\n")).expect("leave the lines in a file");
            eprintln!("{} lines are in {}", lines.len(), path.display());
        }
        eprintln!("({status:?}; stderr: {})", stderr.unwrap_or_default());
        panic!("{why}");
    }

    /// Waits until what was said of a connection is as expected; at the end nothing may have been
    /// added to it.
    pub fn expect(&mut self, life: Life) {
        self.wait(&life.to_string(), |events| life.is_told(events));
        life.compare(&self.events);
        self.lives.push(life);
    }

    /// The same for a flow, which is over.
    pub fn expect_flow(&mut self, flow: Flow) {
        self.wait(&flow.to_string(), |events| flow.is_told(events));
        flow.compare(&self.events);
        self.flows.push(flow);
    }

    /// Ends it in good order: nothing was lost, and what was expected is still all there was.
    pub fn stop(self) -> Ended {
        let ended = self.end_by(Signal::INT);
        laws::nothing_lost(&ended);
        ended
    }

    /// Ends it by a signal; what was expected is still all there was, and every law was kept.
    pub fn end_by(mut self, signal: Signal) -> Ended {
        let (lives, flows) = (
            std::mem::take(&mut self.lives),
            std::mem::take(&mut self.flows),
        );
        let ended = self.signal(signal);
        for life in &lives {
            life.compare(&ended.events);
        }
        for flow in &flows {
            flow.compare(&ended.events);
        }
        laws::check(&ended.events);
        ended
    }

    /// Ends it where it was to tell of some things only, so that most laws don't hold.
    pub fn end_selected(self) -> Ended {
        self.signal(Signal::INT)
    }

    fn signal(mut self, signal: Signal) -> Ended {
        kill_process(Pid::from_child(&self.process), signal).expect("signal netwatch");
        self.wait("the end line", |events| {
            events
                .last()
                .is_some_and(|event| matches!(event.detail, Detail::End(_)))
        });
        let status = self.process.wait().expect("wait for netwatch");
        let stderr = self
            .stderr
            .take()
            .and_then(|stderr| stderr.join().ok())
            .unwrap_or_default();
        assert!(status.success(), "netwatch ended with {status}: {stderr}");
        let events = std::mem::take(&mut self.events);
        let Some(Detail::End(end)) = events.last().map(|event| event.detail.clone()) else {
            unreachable!("it was waited for");
        };
        Ended {
            events,
            end,
            stderr,
        }
    }

    /// Ends it as nothing can be survived.
    pub fn kill(mut self) {
        self.process.kill().expect("kill netwatch");
        self.process.wait().expect("wait for netwatch");
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

fn read_all(mut stderr: ChildStderr) -> String {
    let mut bytes = Vec::new();
    stderr.read_to_end(&mut bytes).ok();
    String::from_utf8_lossy(&bytes).into_owned()
}
