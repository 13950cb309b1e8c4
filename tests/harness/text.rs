//! netwatch, writing text for people.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    sync::mpsc::{Receiver, channel},
};

use rustix::process::{Pid, Signal, kill_process};

use super::wait::{Deadline, PATIENCE};

pub struct Text {
    process: Child,
    lines: Receiver<Vec<u8>>,
    text: String,
}

impl Text {
    /// Starts it and waits for its first line, the header: from then on it watches.
    pub fn start(command: &mut Command) -> Self {
        let mut process = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("run netwatch");
        let stdout = process.stdout.take().expect("its output is piped");
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).split(b'\n').map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        let mut text = Self {
            process,
            lines,
            text: String::new(),
        };
        text.wait_for_line("");
        text
    }

    /// Waits for a line, after those already waited for, that has this in it.
    pub fn wait_for_line(&mut self, part: &str) {
        let deadline = Deadline::after(PATIENCE);
        loop {
            let line = self
                .lines
                .recv_timeout(deadline.remaining())
                .unwrap_or_else(|error| {
                    panic!(
                        "waited in vain for {part:?}: {error}; there was:\n{}",
                        self.text
                    )
                });
            self.receive(line);
            if self
                .text
                .lines()
                .last()
                .is_some_and(|line| line.contains(part))
            {
                return;
            }
        }
    }

    fn receive(&mut self, line: Vec<u8>) {
        self.text += &String::from_utf8(line).expect("text is UTF-8");
        self.text += "\n";
    }

    /// Ends it in good order; all that it wrote.
    pub fn stop(mut self) -> String {
        let pid = Pid::from_child(&self.process);
        kill_process(pid, Signal::INT).expect("interrupt netwatch");
        while let Ok(line) = self.lines.recv() {
            self.receive(line);
        }
        let status = self.process.wait().expect("wait for netwatch");
        assert!(status.success(), "netwatch ended with {status}");
        std::mem::take(&mut self.text)
    }
}

impl Drop for Text {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}
