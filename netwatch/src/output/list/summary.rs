//! How many sockets there are, by what.

use std::{
    collections::HashMap,
    fmt::Display,
    io::{self, Write},
    net::IpAddr,
};

use serde::Serialize;

use crate::{event::MonoNs, list::Entry, names::Names, rows::Rows};

/// How many processes and remotes are named.
const MOST: usize = 10;

/// Counts of sockets.
#[derive(Default)]
pub struct Summary {
    states: HashMap<(&'static str, &'static str), usize>,
    processes: HashMap<Option<String>, usize>,
    remotes: HashMap<IpAddr, usize>,
}

impl Summary {
    /// Counts rows.
    pub fn of(rows: &Rows<'_>) -> Self {
        let mut summary = Self::default();
        rows.each(|entry| summary.count(entry));
        summary
    }

    /// Counts a row.
    pub fn count(&mut self, entry: &Entry) {
        let socket = &entry.socket;
        let state = (socket.protocol.name(), socket.state_name());
        *self.states.entry(state).or_default() += 1;
        let comm = socket.comm().map(str::to_owned);
        *self.processes.entry(comm).or_default() += 1;
        if let Some(addr) = socket.remote.addr {
            *self.remotes.entry(addr).or_default() += 1;
        }
    }

    /// Writes the same as JSON.
    ///
    /// # Errors
    ///
    /// It can't be written.
    pub fn write_json(
        &self,
        out: &mut impl Write,
        ts: &impl Display,
        at: MonoNs,
    ) -> io::Result<()> {
        let line = SummaryLine {
            event: "summary",
            ts: ts.to_string(),
            mono_ns: at,
            sockets: self.states.values().sum(),
            states: ranked(&self.states)
                .into_iter()
                .map(|((proto, state), sockets)| StateCount {
                    proto,
                    state,
                    sockets,
                })
                .collect(),
            processes: ranked(&self.processes)
                .into_iter()
                .map(|(comm, sockets)| ProcessCount {
                    comm: comm.as_deref(),
                    sockets,
                })
                .collect(),
            remotes: ranked(&self.remotes)
                .into_iter()
                .map(|(addr, sockets)| RemoteCount {
                    addr: *addr,
                    sockets,
                })
                .collect(),
        };
        serde_json::to_writer(&mut *out, &line)?;
        out.write_all(b"\n")
    }

    /// Writes how many there are, by protocol and state, by process, and by remote host.
    ///
    /// # Errors
    ///
    /// It can't be written.
    pub fn write(&self, out: &mut impl Write, names: &mut Names) -> io::Result<()> {
        let total: usize = self.states.values().sum();
        let of = |protocol| {
            let states = self
                .states
                .iter()
                .filter(move |((of, _), _)| *of == protocol);
            states.map(|(_, count)| count).sum::<usize>()
        };
        writeln!(out, "{total} sockets: {} TCP, {} UDP", of("tcp"), of("udp"))?;
        let states = ranked(&self.states);
        let states = states
            .iter()
            .map(|((protocol, state), count)| (format!("{protocol} {state}"), *count));
        section(out, "By state", states.collect())?;
        let processes = ranked(&self.processes);
        let processes = processes.iter().map(|(comm, count)| {
            let comm = comm.as_deref().unwrap_or("without a process");
            (comm.to_owned(), *count)
        });
        section(out, "By process", processes.collect())?;
        let remotes = ranked(&self.remotes);
        names.look_up_hosts(remotes.iter().take(MOST).map(|(addr, _)| **addr));
        let remotes = remotes.iter().map(|(addr, count)| {
            let name = names.host(**addr);
            (name.map_or_else(|| addr.to_string(), str::to_owned), *count)
        });
        section(out, "By remote", remotes.collect())
    }
}

#[derive(Serialize)]
struct SummaryLine<'a> {
    event: &'static str,
    ts: String,
    mono_ns: u64,
    sockets: usize,
    states: Vec<StateCount<'a>>,
    processes: Vec<ProcessCount<'a>>,
    remotes: Vec<RemoteCount>,
}

#[derive(Serialize)]
struct StateCount<'a> {
    proto: &'a str,
    state: &'a str,
    sockets: usize,
}

#[derive(Serialize)]
struct ProcessCount<'a> {
    comm: Option<&'a str>,
    sockets: usize,
}

#[derive(Serialize)]
struct RemoteCount {
    addr: IpAddr,
    sockets: usize,
}

/// The most frequent first.
fn ranked<K: Ord>(counts: &HashMap<K, usize>) -> Vec<(&K, usize)> {
    let mut ranked: Vec<_> = counts.iter().map(|(key, count)| (key, *count)).collect();
    ranked.sort_by(|(one, few), (other, many)| many.cmp(few).then(one.cmp(other)));
    ranked
}

fn section(out: &mut impl Write, title: &str, rows: Vec<(String, usize)>) -> io::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{title}")?;
    for (name, count) in rows.iter().take(MOST) {
        writeln!(out, "{count:>7}  {name}")?;
    }
    if let Some(rest) = rows.get(MOST..).filter(|rest| !rest.is_empty()) {
        let count: usize = rest.iter().map(|(_, count)| count).sum();
        writeln!(out, "{count:>7}  {} others", rest.len())?;
    }
    Ok(())
}
