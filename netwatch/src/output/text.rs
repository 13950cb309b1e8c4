//! Aligned text.

use std::{
    fmt::Write as _,
    io::{self, Write},
    iter,
};

use anstyle::{AnsiColor, Style};

use super::{Output, note};
use crate::{
    cli::trace::View,
    clock::{Clock, Stamps},
    columns::{self, Align, Column, Line},
    event::{Reason, Report, State},
};

/// Writes aligned lines, the columns' headers first.
pub(super) struct Text<W> {
    out: W,
    stamps: Stamps,
    columns: Vec<&'static Column>,
    time: String,
    cell: String,
    line: String,
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
            stamps: Stamps::new(clock),
            time: String::new(),
            cell: String::new(),
            line: String::new(),
            columns: columns::named(names),
            color,
            headed: false,
        }
    }

    fn head(&mut self) -> io::Result<()> {
        self.headed = true;
        let mut line = Padded::new(&mut self.line, self.color);
        for column in &self.columns {
            line.cell(column, column.header, BOLD);
        }
        writeln!(self.out, "{}", self.line.trim_end())
    }

    fn row(&mut self, report: &Report) -> io::Result<()> {
        let Some(socket) = report.socket() else {
            return Ok(());
        };
        self.time.clear();
        self.stamps.time_of_day(report.at(), &mut self.time);
        let what = Line {
            time: &self.time,
            socket,
            report,
        };
        let mut line = Padded::new(&mut self.line, self.color);
        for column in &self.columns {
            let style = match column.name {
                "time" | "ended" => DIM,
                "event" | "reason" => meaning(report),
                _ => PLAIN,
            };
            self.cell.clear();
            (column.cell)(&what, &mut self.cell);
            line.cell(column, &self.cell, style);
        }
        self.line.truncate(self.line.trim_end().len());
        self.line.push('\n');
        self.out.write_all(self.line.as_bytes())
    }

    /// A line that is about netwatch itself, among the others.
    fn remark(&mut self, report: &Report, text: &str, style: Style) -> io::Result<()> {
        self.time.clear();
        self.stamps.time_of_day(report.at(), &mut self.time);
        let time = &self.time;
        let style = if self.color { style } else { PLAIN };
        writeln!(self.out, "{time} {style}{text}{style:#}")
    }
}

impl<W: Write> Output for Text<W> {
    fn begin(&mut self) {
        self.stamps.refresh();
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

/// A line in which each cell is padded to its column.
struct Padded<'a> {
    line: &'a mut String,
    color: bool,
    /// What cells were too long by: it is taken from the padding of those that follow.
    debt: usize,
}

impl<'a> Padded<'a> {
    fn new(line: &'a mut String, color: bool) -> Self {
        line.clear();
        Self {
            line,
            color,
            debt: 0,
        }
    }

    fn cell(&mut self, column: &Column, cell: &str, style: Style) {
        if !self.line.is_empty() {
            self.line.push(' ');
        }
        let length = if cell.is_ascii() {
            cell.len()
        } else {
            cell.chars().count()
        };
        let padding = column
            .width
            .saturating_sub(length)
            .saturating_sub(self.debt);
        self.debt = (self.debt + length).saturating_sub(column.width);
        if column.align == Align::Right {
            self.pad(padding);
        }
        if self.color && style != PLAIN {
            // Writing to a String can't fail.
            let _ = write!(self.line, "{style}{cell}{style:#}");
        } else {
            self.line.push_str(cell);
        }
        if column.align == Align::Left {
            self.pad(padding);
        }
    }

    fn pad(&mut self, count: usize) {
        self.line.extend(iter::repeat_n(' ', count));
    }
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
