//! Saying it: the only writers of stdout, and of what stands on stderr beside it.

pub mod describe;
pub mod doctor;
pub mod host;
pub mod json;
pub mod list;
pub mod netstat;
mod pressure;
#[cfg(test)]
mod samples;
pub mod text;
mod writer;

use std::io::{self, Write as _, stdout};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::{
    cli::trace::{Config, View},
    clock::{Clock, monotonic},
    event::{Facts, Phase, Report, Told},
    filter::{Filter, Subject},
    humane,
};
use pressure::Pressure;
pub use writer::End;
use writer::Writer;

/// Puts reports into words.
pub trait Format {
    /// Reports follow that have just come in.
    fn begin(&mut self);

    /// Writes a report to the end of `out`.
    fn report(&mut self, report: &Report, out: &mut String);
}

/// Says on stdout what was asked for.
pub struct Output {
    format: Box<dyn Format>,
    selection: Selection,
    pressure: Pressure,
    text: String,
    writer: Writer,
    /// The reader keeps up again, and that was not noticed yet.
    is_relieved: bool,
}

/// A piece of text that is worth handing over: it still lies in the cache.
const PIECE: usize = 128 << 10;

impl Output {
    /// The output that was asked for.
    ///
    /// # Errors
    ///
    /// Stdout is closed.
    pub fn open(config: &Config, clock: Clock) -> io::Result<Self> {
        let format: Box<dyn Format> = if config.json {
            Box::new(json::Json::new(clock))
        } else {
            Box::new(text::Text::new(clock, config.view, config.color))
        };
        Ok(Self {
            format,
            selection: Selection {
                view: config.view,
                filter: config.filter.clone(),
            },
            pressure: Pressure::default(),
            text: String::new(),
            writer: Writer::stdout()?,
            is_relieved: false,
        })
    }

    /// Says what there is to say. What the reader can't take is left out, the least first.
    ///
    /// # Errors
    ///
    /// What was said before can't be written.
    pub fn say(&mut self, reports: &[Report]) -> io::Result<()> {
        self.format.begin();
        for report in reports {
            if self.selection.takes(report) && self.pressure.lets_pass(report) {
                self.format.report(report, &mut self.text);
            }
            if self.text.len() >= PIECE {
                self.hand_over()?;
            }
        }
        self.hand_over()
    }

    fn hand_over(&mut self) -> io::Result<()> {
        self.writer.hand_over(&mut self.text)?;
        let now = monotonic();
        if let Some(step) = self.pressure.follow(self.writer.waiting(), now) {
            self.is_relieved = self.pressure.told() == Told::Everything;
            self.format.report(&step, &mut self.text);
            self.writer.hand_over(&mut self.text)?;
        }
        Ok(())
    }

    /// Whether the reader keeps up again, where it did not when this was last asked.
    pub fn is_relieved(&mut self) -> bool {
        std::mem::take(&mut self.is_relieved)
    }

    /// How many lines were left out so far.
    pub const fn given_up(&self) -> u64 {
        self.pressure.total()
    }

    /// Waits until the reader has taken everything, as long as it takes anything.
    ///
    /// # Errors
    ///
    /// It can't be written.
    pub fn finish(self) -> io::Result<End> {
        self.writer.finish()
    }
}

struct Selection {
    view: View,
    filter: Filter,
}

impl Selection {
    fn takes(&self, report: &Report) -> bool {
        let ends = matches!(
            report,
            Report::TcpClose { .. }
                | Report::UdpFlow {
                    phase: Phase::Close,
                    ..
                }
        );
        match report.socket() {
            Some(_) if self.view == View::Life && !ends => false,
            Some(socket) => self.filter.matches(&Subject {
                socket,
                facts: figures(report).as_ref().unwrap_or(&UNKNOWN),
                interface: None,
                holders: &[],
            }),
            None => true,
        }
    }
}

/// What is known of a socket while nothing but its state is told.
static UNKNOWN: Facts = Facts {
    uid: None,
    inode: None,
    age: None,
    rtt: None,
    bytes_sent: None,
    bytes_received: None,
    mark: None,
    interface: None,
    cgroup: None,
};

/// The figures that a report has.
fn figures(report: &Report) -> Option<Facts> {
    match report {
        Report::TcpClose { closing, .. } => Some(Facts {
            age: closing.duration,
            rtt: closing.rtt,
            bytes_sent: closing.bytes_sent,
            bytes_received: closing.bytes_received,
            ..Facts::default()
        }),
        Report::UdpFlow {
            traffic, duration, ..
        } => Some(Facts {
            age: Some(*duration),
            bytes_sent: Some(traffic.tx_bytes),
            bytes_received: Some(traffic.rx_bytes),
            ..Facts::default()
        }),
        _ => None,
    }
}

/// Whether the reader of stdout has gone, which a write would only find out at the next event.
pub fn reader_is_gone() -> bool {
    let stdout = stdout();
    let mut polled = [PollFd::new(&stdout, PollFlags::empty())];
    let now = Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    poll(&mut polled, Some(&now)).is_ok() && polled[0].revents().contains(PollFlags::ERR)
}

/// Says what was lost, or that nothing was, where these reports have the end.
pub fn ledger(reports: &[Report]) {
    let Some(Report::End {
        events,
        lost,
        given_up,
        places,
        duration,
        ..
    }) = reports.last()
    else {
        return;
    };
    let places: Vec<String> = places
        .iter()
        .map(|loss| format!("{} {}", loss.place, loss.count))
        .collect();
    let time = humane::duration(*duration);
    let detail = if places.is_empty() {
        String::new()
    } else {
        format!(": {}", places.join(", "))
    };
    let left_out = match given_up {
        0 => String::new(),
        count => format!(", {count} left out"),
    };
    note(&format!(
        "{events} events in {time}, {lost} lost{detail}{left_out}"
    ));
}

/// Says something that is no data.
pub fn note(text: &str) {
    // Whoever closed stderr doesn't want to know.
    let _ = writeln!(io::stderr(), "netwatch: {text}");
}
