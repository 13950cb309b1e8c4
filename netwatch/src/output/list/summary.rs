//! How many sockets there are, by what.

use std::{
    collections::HashMap,
    hash::Hash,
    io::{self, Write},
};

use crate::{
    event::{Protocol, State},
    list::Entry,
    names::Names,
};

/// How many processes and remotes are named.
const MOST: usize = 10;

/// Writes counts by protocol and state, by process, and by remote host.
///
/// # Errors
///
/// It can't be written.
pub fn write(out: &mut impl Write, rows: &[&Entry], names: &mut Names) -> io::Result<()> {
    let of = |protocol| {
        rows.iter()
            .filter(move |entry| entry.socket.protocol == protocol)
    };
    let (tcp, udp) = (of(Protocol::Tcp).count(), of(Protocol::Udp).count());
    writeln!(out, "{} sockets: {tcp} TCP, {udp} UDP", rows.len())?;
    let states = counts(
        rows.iter()
            .map(|entry| (entry.socket.protocol, entry.socket.state)),
    );
    let states = states.iter().map(|((protocol, state), count)| {
        let name = match (protocol, state) {
            (Protocol::Udp, State::Close) => crate::event::UNCONNECTED,
            (_, state) => state.name(),
        };
        (format!("{} {name}", protocol.name()), *count)
    });
    section(out, "By state", states.collect())?;
    let processes = counts(rows.iter().map(|entry| entry.socket.comm()));
    let processes = processes.iter().map(|(comm, count)| {
        let comm = comm.unwrap_or("without a process");
        (comm.to_owned(), *count)
    });
    section(out, "By process", processes.collect())?;
    let remotes = counts(rows.iter().filter_map(|entry| entry.socket.remote.addr));
    names.look_up_hosts(remotes.iter().take(MOST).map(|(addr, _)| *addr));
    let remotes = remotes.iter().map(|(addr, count)| {
        let name = names.host(*addr);
        (name.map_or_else(|| addr.to_string(), str::to_owned), *count)
    });
    section(out, "By remote", remotes.collect())
}

/// How often each occurs, the most frequent first.
fn counts<K: Eq + Hash + Ord + Copy>(keys: impl Iterator<Item = K>) -> Vec<(K, usize)> {
    let mut counts: HashMap<K, usize> = HashMap::new();
    for key in keys {
        *counts.entry(key).or_default() += 1;
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by(|(one, few), (other, many)| many.cmp(few).then(one.cmp(other)));
    counts
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
