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
};
use grid::Grid;

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
        let names = config.names && config.form != Form::Json;
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
    pub fn show(&mut self, listing: &Listing, rows: &[&Entry]) -> io::Result<()> {
        match self.config.form {
            Form::Table => {
                let marked = rows.iter().map(|entry| (Mark::Stayed, *entry, listing));
                self.table(&marked.collect::<Vec<_>>(), false)?;
            }
            Form::Summary => summary::write(&mut self.out, rows, &mut self.names)?,
            Form::Json => {
                for entry in rows {
                    self.json(listing, entry, None)?;
                }
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
        let at = monotonic();
        match self.config.form {
            Form::Table => {
                writeln!(self.out, "\n{}", self.clock.time_of_day(at))?;
                let rows = changes
                    .rows()
                    .map(|(mark, listing, entry)| (mark, entry, listing));
                self.table(&rows.collect::<Vec<_>>(), true)?;
            }
            Form::Summary => {
                writeln!(self.out, "\n{}", self.clock.time_of_day(at))?;
                summary::write(&mut self.out, &changes.now(), &mut self.names)?;
            }
            Form::Json => {
                for (mark, listing, entry) in changes.rows() {
                    if mark != Mark::Stayed {
                        self.json(listing, entry, Some(mark))?;
                    }
                }
            }
        }
        self.out.flush()
    }

    fn json(&mut self, listing: &Listing, entry: &Entry, mark: Option<Mark>) -> io::Result<()> {
        json::write(&mut self.out, &self.clock, listing, entry, mark)
    }

    fn table(&mut self, rows: &[(Mark, &Entry, &Listing)], marked: bool) -> io::Result<()> {
        let columns = self.columns(rows);
        let entries = || rows.iter().map(|(_, entry, _)| *entry);
        let ends = entries().flat_map(|entry| [entry.socket.local, entry.socket.remote]);
        self.names.look_up_hosts(ends.filter_map(|end| end.addr));
        if columns.iter().any(|column| column.name == "user") {
            self.names
                .look_up_users(entries().filter_map(|entry| entry.facts.uid));
        }
        let mut grid = Grid::new(columns.iter().map(|column| (column.header, column.align)));
        for (mark, entry, listing) in rows {
            let line = ListLine {
                entry,
                listing,
                names: &self.names,
            };
            grid.row(columns.iter().map(|column| (column.value)(&line)), &line);
            grid.mark(*mark);
        }
        grid.write(&mut self.out, marked, self.config.color)
    }

    fn columns(&self, rows: &[(Mark, &Entry, &Listing)]) -> Vec<&'static ListColumn> {
        if let Some(columns) = &self.config.columns {
            return columns.clone();
        }
        let netns: HashSet<_> = rows
            .iter()
            .map(|(_, entry, _)| entry.socket.netns)
            .collect();
        let standard = Standard {
            netns: netns.len() > 1,
            ..self.config.standard
        };
        let names = standard.names();
        names
            .iter()
            .filter_map(|name| list_column(name).ok())
            .collect()
    }
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
