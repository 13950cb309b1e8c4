//! Saying it: the only writers of stdout, and of what stands on stderr beside it.

pub mod describe;
pub mod host;
mod json;
pub mod list;
pub mod netstat;
#[cfg(test)]
mod samples;
mod text;

use std::io::{self, BufWriter, Write, stdout};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::{
    cli::trace::{Config, View},
    clock::Clock,
    event::{Facts, Phase, Report},
    filter::{Filter, Subject},
    humane,
};

/// Takes reports, one after another.
pub trait Output {
    /// Reports follow that have just come in.
    fn begin(&mut self);

    /// Says a report.
    ///
    /// # Errors
    ///
    /// It can't be written.
    fn report(&mut self, report: &Report) -> io::Result<()>;

    /// Brings what was said to its reader.
    ///
    /// # Errors
    ///
    /// It can't be written.
    fn flush(&mut self) -> io::Result<()>;
}

/// The output that was asked for.
pub fn open(config: &Config, clock: Clock) -> Box<dyn Output> {
    let stdout = BufWriter::with_capacity(1 << 16, stdout().lock());
    let selection = Selection {
        view: config.view,
        filter: config.filter.clone(),
    };
    if config.json {
        Box::new(Selected {
            output: json::Json::new(stdout, clock),
            selection,
        })
    } else {
        let text = text::Text::new(stdout, clock, config.view, config.color);
        Box::new(Selected {
            output: text,
            selection,
        })
    }
}

/// Passes on what was asked for.
struct Selected<O> {
    output: O,
    selection: Selection,
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

impl<O: Output> Output for Selected<O> {
    fn begin(&mut self) {
        self.output.begin();
    }

    fn report(&mut self, report: &Report) -> io::Result<()> {
        if self.selection.takes(report) {
            self.output.report(report)
        } else {
            Ok(())
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
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
    note(&format!("{events} events in {time}, {lost} lost{detail}"));
}

/// Says something that is no data.
pub fn note(text: &str) {
    // Whoever closed stderr doesn't want to know.
    let _ = writeln!(io::stderr(), "netwatch: {text}");
}
