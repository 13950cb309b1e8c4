//! Aligned text.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};

use super::{Format, note};
use crate::{
    cli::trace::View,
    clock::{Clock, Stamps},
    columns::{self, Align, Column, Line},
    event::{Reason, Report, State, Told},
};

/// Writes aligned lines, the columns' headers first.
pub struct Text {
    stamps: Stamps,
    columns: Vec<&'static Column>,
    time: String,
    color: bool,
    headed: bool,
}

const DIM: Style = Style::new().dimmed();
const BOLD: Style = Style::new().bold();
const PLAIN: Style = Style::new();
const GOOD: Style = AnsiColor::Green.on_default();
const NEWS: Style = AnsiColor::Cyan.on_default();
const BAD: Style = AnsiColor::Red.on_default();

impl Text {
    /// With times by the given clock, for one of the views, with colour or without.
    pub fn new(clock: Clock, view: View, color: bool) -> Self {
        let names = match view {
            View::Trace => columns::TRACE,
            View::Life => columns::LIFE,
        };
        Self {
            stamps: Stamps::new(clock),
            time: String::new(),
            columns: columns::named(names),
            color,
            headed: false,
        }
    }

    fn head(&mut self, out: &mut String) {
        self.headed = true;
        let mut line = Padded::new(out, self.color);
        for column in &self.columns {
            line.cell(column, BOLD, |out| out.push_str(column.header));
        }
        line.end();
    }

    fn row(&mut self, report: &Report, out: &mut String) {
        let Some(socket) = report.socket() else {
            return;
        };
        self.time.clear();
        self.stamps.time_of_day(report.at(), &mut self.time);
        let what = Line {
            time: &self.time,
            socket,
            report,
        };
        let mut line = Padded::new(out, self.color);
        for column in &self.columns {
            let style = match column.style {
                columns::Style::Plain => PLAIN,
                columns::Style::Dim => DIM,
                columns::Style::Meaning => meaning(report),
            };
            line.cell(column, style, |out| (column.cell)(&what, out));
        }
        line.end();
    }

    /// A line that is about netwatch itself, among the others.
    fn remark(&mut self, report: &Report, text: &str, style: Style, out: &mut String) {
        self.stamps.time_of_day(report.at(), out);
        let style = if self.color { style } else { PLAIN };
        // Writing to a String can't fail.
        let _ = writeln!(out, " {style}{text}{style:#}");
    }
}

impl Format for Text {
    fn begin(&mut self) {
        self.stamps.refresh();
    }

    fn report(&mut self, report: &Report, out: &mut String) {
        if !self.headed {
            self.head(out);
        }
        match report {
            Report::Start {
                version,
                kernel,
                rungs,
                unseen,
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
                for (capability, what) in unseen {
                    note(&format!("not seen ({capability}): {what}"));
                }
            }
            Report::Lost { count, place, .. } => self.remark(
                report,
                &format!("*** LOST {count} events ({place}) ***"),
                BAD,
                out,
            ),
            Report::Pressure {
                place,
                told,
                given_up,
                ..
            } => {
                let what = match told {
                    Told::Everything => "everything is told again",
                    Told::Landmarks => "only beginnings, ends and listeners are told",
                    Told::Ends => "only ends and listeners are told",
                    Told::Nothing => "nothing is told",
                };
                let text = format!("*** {place}: {what}; {given_up} left out up to here ***");
                self.remark(report, &text, BAD, out);
            }
            Report::Resync {
                added,
                removed,
                changed,
                ..
            } => {
                let what = format!("{added} added, {removed} removed, {changed} changed");
                self.remark(
                    report,
                    &format!("*** table put right: {what} ***"),
                    NEWS,
                    out,
                );
            }
            Report::End { .. } => {}
            Report::TcpState { .. } | Report::TcpClose { .. } | Report::UdpFlow { .. } => {
                self.row(report, out);
            }
        }
    }
}

/// A line in which each cell is padded to its column.
struct Padded<'a> {
    out: &'a mut String,
    color: bool,
    /// Spaces before the next cell, unless the line ends there.
    gap: usize,
    /// What cells were too long by: it is taken from the padding of those that follow.
    debt: usize,
}

impl<'a> Padded<'a> {
    const fn new(out: &'a mut String, color: bool) -> Self {
        Self {
            out,
            color,
            gap: 0,
            debt: 0,
        }
    }

    fn cell(&mut self, column: &Column, style: Style, write: impl FnOnce(&mut String)) {
        let before = self.out.len();
        push_spaces(self.out, self.gap);
        let is_styled = self.color && style != PLAIN;
        if is_styled {
            // Writing to a String can't fail.
            let _ = write!(self.out, "{style}");
        }
        let start = self.out.len();
        write(self.out);
        let text = &self.out[start..];
        let length = if text.is_ascii() {
            text.len()
        } else {
            text.chars().count()
        };
        let padding = column
            .width
            .saturating_sub(length)
            .saturating_sub(self.debt);
        self.debt = (self.debt + length).saturating_sub(column.width);
        if length == 0 {
            self.out.truncate(before);
            self.gap += padding + 1;
            return;
        }
        if column.align == Align::Right && padding > 0 {
            self.out
                .insert_str(start, &SPACES[..padding.min(SPACES.len())]);
        }
        if is_styled {
            let _ = write!(self.out, "{style:#}");
        }
        self.gap = match column.align {
            Align::Left => padding + 1,
            Align::Right => 1,
        };
    }

    /// Ends the line.
    fn end(self) {
        self.out.push('\n');
    }
}

fn push_spaces(out: &mut String, mut number: usize) {
    while number > SPACES.len() {
        out.push_str(SPACES);
        number -= SPACES.len();
    }
    out.push_str(&SPACES[..number]);
}

/// As many as any column is wide.
const SPACES: &str = "                                ";

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
