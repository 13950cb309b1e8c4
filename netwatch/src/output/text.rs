//! Aligned text.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use super::{Output, note};
use crate::{
    cli::trace::View,
    clock::Clock,
    columns::{self, Align, Column, Line},
    event::{Reason, Report, State},
};

/// Writes aligned lines, the columns' headers first.
pub(super) struct Text<W> {
    out: W,
    clock: Clock,
    columns: Vec<&'static Column>,
    color: bool,
    headed: bool,
}

const DIM: Style = Style::new().dimmed();
const BOLD: Style = Style::new().bold();
const PLAIN: Style = Style::new();
const GOOD: Style = AnsiColor::Green.on_default();
const NEWS: Style = AnsiColor::Cyan.on_default();
const BAD: Style = AnsiColor::Red.on_default();

impl<W: Write> Text<W> {
    pub fn new(out: W, clock: Clock, view: View, color: bool) -> Self {
        let names = match view {
            View::Trace => columns::TRACE,
            View::Life => columns::LIFE,
        };
        Self {
            out,
            clock,
            columns: columns::named(names),
            color,
            headed: false,
        }
    }

    fn head(&mut self) -> io::Result<()> {
        let headers = self
            .columns
            .iter()
            .map(|column| (*column, column.header.to_owned(), BOLD));
        let line = join(headers, self.color);
        self.headed = true;
        writeln!(self.out, "{line}")
    }

    fn row(&mut self, report: &Report) -> io::Result<()> {
        let Some(socket) = report.socket() else {
            return Ok(());
        };
        let line = Line {
            clock: &self.clock,
            at: report.at(),
            socket,
            report,
        };
        let cells = self.columns.iter().map(|column| {
            let style = match column.name {
                "time" | "ended" => DIM,
                "event" | "reason" => meaning(report),
                _ => PLAIN,
            };
            (*column, (column.cell)(&line), style)
        });
        let line = join(cells, self.color);
        writeln!(self.out, "{line}")
    }

    /// A line that is about netwatch itself, among the others.
    fn remark(&mut self, report: &Report, text: &str, style: Style) -> io::Result<()> {
        let time = self.clock.time_of_day(report.at());
        let style = if self.color { style } else { PLAIN };
        writeln!(self.out, "{time} {style}{text}{style:#}")
    }
}

impl<W: Write> Output for Text<W> {
    fn begin(&mut self) {
        self.clock.refresh();
    }

    fn report(&mut self, report: &Report) -> io::Result<()> {
        if !self.headed {
            self.head()?;
        }
        match report {
            Report::Start {
                version,
                kernel,
                rungs,
                sockets,
                ..
            } => {
                let rungs: Vec<String> = rungs
                    .iter()
                    .map(|rung| format!("{}:{}", rung.capability, rung.rung))
                    .collect();
                note(&format!(
                    "{version} on Linux {kernel}, {sockets} sockets open already"
                ));
                note(&rungs.join(" "));
                Ok(())
            }
            Report::Lost { count, place, .. } => self.remark(
                report,
                &format!("*** LOST {count} events ({place}) ***"),
                BAD,
            ),
            Report::Resync {
                added,
                removed,
                changed,
                ..
            } => {
                let what = format!("{added} added, {removed} removed, {changed} changed");
                self.remark(report, &format!("*** table put right: {what} ***"), NEWS)
            }
            Report::End { .. } => Ok(()),
            Report::TcpState { .. } | Report::TcpClose { .. } | Report::UdpFlow { .. } => {
                self.row(report)
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Pads each cell to its column; the last is as long as it is.
fn join(cells: impl Iterator<Item = (&'static Column, String, Style)>, color: bool) -> String {
    let mut line = String::new();
    let mut debt = 0;
    for (column, cell, style) in cells {
        if !line.is_empty() {
            line.push(' ');
        }
        // What a cell is too long by is taken from the padding of those that follow.
        let length = cell.chars().count();
        let room = column.width.saturating_sub(length);
        let pad = room.saturating_sub(debt);
        debt = (debt + length).saturating_sub(column.width);
        let style = if color { style } else { PLAIN };
        let padding = " ".repeat(pad);
        match column.align {
            Align::Left => line.push_str(&format!("{style}{cell}{style:#}{padding}")),
            Align::Right => line.push_str(&format!("{padding}{style}{cell}{style:#}")),
        }
    }
    line.truncate(line.trim_end().len());
    line
}

/// The colour of what happened.
const fn meaning(report: &Report) -> Style {
    match report {
        Report::TcpState {
            new: State::Established,
            ..
        } => GOOD,
        Report::TcpState {
            new: State::Listen | State::SynSent,
            ..
        } => NEWS,
        Report::TcpClose { closing, .. } => match closing.reason {
            Reason::LocalFin | Reason::RemoteFin => PLAIN,
            _ => BAD,
        },
        Report::UdpFlow { .. } | Report::TcpState { .. } => PLAIN,
        _ => BAD,
    }
}

#[cfg(test)]
mod tests;
