//! `list`: tables, frames of them, summaries, JSON.

mod grid;
mod json;
mod summary;

use std::{
    collections::HashSet,
    io::{self, BufWriter, StdoutLock, Write, stdout},
};

use anstyle::{AnsiColor, Style};

use super::note;
use crate::{
    cli::list::{Config, Form},
    clock::{Clock, monotonic},
    columns::list::{ListColumn, ListLine, Standard, list_column},
    list::{Changes, Entry, Listing, Mark},
    names::Names,
    rows::Rows,
};
use grid::Grid;
use summary::Summary;

/// Writes listings to stdout.
pub struct Lister<'a> {
    config: &'a Config,
    out: BufWriter<StdoutLock<'static>>,
    names: Names,
    clock: Clock,
}

const BOLD: Style = Style::new().bold();
const CAME: Style = AnsiColor::Green.on_default();
const WENT: Style = AnsiColor::Red.on_default();

impl<'a> Lister<'a> {
    pub fn new(config: &'a Config) -> Self {
        let names = config.names && !matches!(config.form, Form::Json | Form::JsonSummary);
        Self {
            config,
            out: BufWriter::with_capacity(1 << 16, stdout().lock()),
            names: if names {
                Names::of_this_machine()
            } else {
                Names::numeric()
            },
            clock: Clock::now(),
        }
    }

    /// Writes a whole listing.
    ///
    /// # Errors
    ///
    /// It can't be written.
    pub fn show(&mut self, listing: &Listing, rows: &Rows<'_>) -> io::Result<()> {
        match self.config.form {
            Form::Table => {
                let columns = self.columns(listing);
                self.look_up(&columns, |look_at| rows.each(look_at));
                let mut grid = Grid::new(&columns);
                rows.each(|entry| grid.row(&self.line(listing, entry), Mark::Stayed));
                grid.write(&mut self.out, false, self.config.color)?;
            }
            Form::Summary => Summary::of(rows).write(&mut self.out, &mut self.names)?,
            Form::JsonSummary => self.json_summary(&Summary::of(rows))?,
            Form::Json => {
                let mut result = Ok(());
                rows.each(|entry| {
                    if result.is_ok() {
                        result = json::write(&mut self.out, &self.clock, (listing, entry), None);
                    }
                });
                result?;
            }
        }
        self.out.flush()
    }

    /// Writes a frame, and what changed since the one before.
    ///
    /// # Errors
    ///
    /// It can't be written.
    pub fn show_changes(&mut self, changes: &Changes<'_>) -> io::Result<()> {
        let time = self.clock.time_of_day(monotonic());
        match self.config.form {
            Form::Table => {
                writeln!(self.out, "\n{time}")?;
                let columns = self.columns(changes.after());
                self.look_up(&columns, |look_at| {
                    changes.rows().for_each(|(_, _, entry)| look_at(entry));
                });
                let mut grid = Grid::new(&columns);
                for (mark, listing, entry) in changes.rows() {
                    grid.row(&self.line(listing, entry), mark);
                }
                grid.write(&mut self.out, true, self.config.color)?;
            }
            Form::Summary => {
                writeln!(self.out, "\n{time}")?;
                summary_of(changes).write(&mut self.out, &mut self.names)?;
            }
            Form::JsonSummary => self.json_summary(&summary_of(changes))?,
            Form::Json => {
                for (mark, listing, entry) in changes.rows() {
                    if mark != Mark::Stayed {
                        json::write(&mut self.out, &self.clock, (listing, entry), Some(mark))?;
                    }
                }
            }
        }
        self.out.flush()
    }

    fn json_summary(&mut self, summary: &Summary) -> io::Result<()> {
        let at = monotonic();
        summary.write_json(&mut self.out, &self.clock.rfc3339(at), at)
    }

    fn line<'b>(&'b self, listing: &'b Listing, entry: &'b Entry) -> ListLine<'b> {
        ListLine {
            entry,
            listing,
            names: &self.names,
        }
    }

    /// Looks up the names that rows need, before the first is written.
    fn look_up(&mut self, columns: &[&ListColumn], rows: impl FnOnce(&mut dyn FnMut(&Entry))) {
        if !self.config.names {
            return;
        }
        let users = columns.iter().any(|column| column.name == "user");
        let (mut hosts, mut uids) = (HashSet::new(), HashSet::new());
        rows(&mut |entry| {
            let ends = [entry.socket.local, entry.socket.remote];
            hosts.extend(ends.iter().filter_map(|end| end.addr));
            uids.extend(entry.facts.uid.filter(|_| users));
        });
        self.names.look_up_hosts(hosts);
        self.names.look_up_users(uids);
    }

    fn columns(&self, listing: &Listing) -> Vec<&'static ListColumn> {
        if let Some(columns) = &self.config.columns {
            return columns.clone();
        }
        let standard = Standard {
            netns: listing.has_namespaces(),
            ..self.config.standard
        };
        let names = standard.names();
        names
            .iter()
            .filter_map(|name| list_column(name).ok())
            .collect()
    }
}

/// What there is after the changes.
fn summary_of(changes: &Changes<'_>) -> Summary {
    let now = changes.rows().filter(|(mark, ..)| *mark != Mark::Went);
    let mut summary = Summary::default();
    now.for_each(|(_, _, entry)| summary.count(entry));
    summary
}

/// Says which owners could not be seen.
pub fn note_hidden(processes: usize) {
    if processes > 0 {
        note(&format!(
            "the descriptors of {processes} processes of others may not be read, so some sockets \
             show no process: run it as root (sudo) to see them all"
        ));
    }
}
