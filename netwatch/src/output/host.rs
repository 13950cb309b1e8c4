//! `route`, `interfaces` and `statistics`, as text and as JSON.

mod grid;
mod interfaces;
mod json;
mod routes;
mod statistics;

use std::{
    collections::HashMap,
    io::{self, BufWriter, StdoutLock, Write, stdout},
    time::Duration,
};

use anstyle::{AnsiColor, Style};

use crate::{
    cli::host::{Common, Interfaces, Route, Statistics},
    clock::{Clock, monotonic},
    event::MonoNs,
    host::{
        interfaces::Interface,
        names,
        route::{self, tables::Tables},
        statistics as counted,
    },
    names::Names,
};

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const BAD: Style = AnsiColor::Red.on_default();
const PLAIN: Style = Style::new();

/// Writes readings to stdout.
pub struct Host {
    out: BufWriter<StdoutLock<'static>>,
    clock: Clock,
    netns: u32,
    json: bool,
    color: bool,
    repeats: bool,
    frames: u64,
}

/// Interfaces at one moment.
pub struct InterfaceReading {
    pub at: MonoNs,
    /// Those that were selected.
    pub interfaces: Vec<Interface>,
    /// All by number, which masters and parents are given as.
    pub names: HashMap<u32, String>,
}

/// Protocol counters at one moment.
pub struct StatisticsReading {
    pub at: MonoNs,
    pub statistics: counted::Statistics,
}

impl Host {
    /// For readings of this network namespace.
    pub fn new(config: &Common, netns: u32) -> Self {
        Self {
            out: BufWriter::with_capacity(1 << 16, stdout().lock()),
            clock: Clock::now(),
            netns,
            json: config.json,
            color: config.color,
            repeats: config.every.is_some(),
            frames: 0,
        }
    }

    /// Writes routes.
    ///
    /// # Errors
    ///
    /// They can't be written.
    pub fn routes(&mut self, config: &Route, routes: &[route::Route]) -> io::Result<()> {
        let at = monotonic();
        let tables = Tables::read();
        if self.json {
            let stamp = self.stamp(at);
            for route in routes {
                json::line(&mut self.out, "route", &stamp, &json::route(route, &tables))?;
            }
            return self.out.flush();
        }
        self.begin_frame(at)?;
        let labels = routes::Labels::new(config.names, routes, names::of_networks);
        let text = routes::Text {
            labels,
            tables,
            extended: config.extended,
            selection: &config.selection,
        };
        text.write(&mut self.out, &config.families, routes)?;
        self.out.flush()
    }

    /// Writes interfaces; rates too, where there was a reading before.
    ///
    /// # Errors
    ///
    /// They can't be written.
    pub fn interfaces(
        &mut self,
        config: &Interfaces,
        now: &InterfaceReading,
        before: Option<&InterfaceReading>,
    ) -> io::Result<()> {
        let rates = interfaces::Rates::new(now, before);
        if self.json {
            let stamp = self.stamp(now.at);
            for interface in &now.interfaces {
                let fields = json::interface(interface, &now.names, rates.of(interface));
                json::line(&mut self.out, "interface", &stamp, &fields)?;
            }
            return self.out.flush();
        }
        self.begin_frame(now.at)?;
        match before {
            Some(_) => rates.write(&mut self.out, &now.interfaces, self.color)?,
            None if config.extended => interfaces::blocks(&mut self.out, now)?,
            None => interfaces::table(&mut self.out, &now.interfaces)?,
        }
        self.out.flush()
    }

    /// Writes protocol counters; what changed, where there was a reading before.
    ///
    /// # Errors
    ///
    /// They can't be written.
    pub fn statistics(
        &mut self,
        config: &Statistics,
        now: &StatisticsReading,
        before: Option<&StatisticsReading>,
    ) -> io::Result<()> {
        let changes = before.map(|before| counted::Changes {
            counters: now.statistics.since(&before.statistics),
            time: Duration::from_nanos(now.at - before.at),
        });
        if self.json {
            let fields = json::Statistics {
                statistics: &now.statistics,
                changes: changes.as_ref(),
            };
            let stamp = self.stamp(now.at);
            json::line(&mut self.out, "statistics", &stamp, &fields)?;
            return self.out.flush();
        }
        self.begin_frame(now.at)?;
        let text = statistics::Text { color: self.color };
        match changes {
            Some(changes) => text.changes(&mut self.out, &changes)?,
            None => text.totals(&mut self.out, &now.statistics, config.all)?,
        }
        self.out.flush()
    }

    fn stamp(&self, at: MonoNs) -> json::Stamp {
        json::Stamp {
            ts: self.clock.rfc3339(at).to_string(),
            mono_ns: at,
            netns: self.netns,
        }
    }

    /// Where there is more than one frame, each has its time.
    fn begin_frame(&mut self, at: MonoNs) -> io::Result<()> {
        self.frames += 1;
        if !self.repeats {
            return Ok(());
        }
        if self.frames > 1 {
            writeln!(self.out)?;
        }
        writeln!(self.out, "{}", self.clock.time_of_day(at))
    }
}

/// A style, or none where there is to be no colour.
const fn styled(style: Style, color: bool) -> Style {
    if color { style } else { PLAIN }
}

/// Only where names are wanted.
fn wanted_names(wanted: bool) -> Names {
    if wanted {
        Names::of_this_machine()
    } else {
        Names::numeric()
    }
}
