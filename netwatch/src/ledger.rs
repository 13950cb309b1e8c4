//! Every way to lose something, counted.

use std::fs;

use anyhow::{Context as _, Result};
use aya::{
    Ebpf,
    maps::{MapData, PerCpuArray},
    programs::{Program, ProgramFd},
};
use netwatch_common::Counter;

use crate::{decode::DecodeError, event::Loss};

/// Where something is lost, and which counter says so.
const COUNTED: &[(Counter, &str)] = &[
    (Counter::TcpRing, "tcp_ring"),
    (Counter::OwnerRing, "owner_ring"),
    (Counter::ProcessRing, "process_ring"),
    (Counter::UdpRing, "udp_ring"),
    (Counter::FlowsFull, "udp_flows_full"),
    (Counter::Storage, "socket_storage"),
];

/// A program that has a second.
struct Pair {
    first: &'static str,
    second: &'static str,
    /// What was left to the second beside what the kernel skipped.
    left: Option<Counter>,
    /// What that then did.
    covered: Counter,
}

const PAIRS: &[Pair] = &[
    Pair {
        first: "tcp_state",
        second: "tcp_state_again",
        left: Some(Counter::Deferred),
        covered: Counter::Covered,
    },
    Pair {
        first: "io_send",
        second: "io_send_again",
        left: None,
        covered: Counter::CoveredSends,
    },
    Pair {
        first: "io_receive",
        second: "io_receive_again",
        left: None,
        covered: Counter::CoveredReceives,
    },
];

/// Programs that the kernel skips where they already run on the same CPU (`recursion_misses`).
const SKIPPED: &[(&str, &str)] = &[
    ("tcp_state", "skipped_tcp_state"),
    ("reset_received", "skipped_reset_received"),
    ("reset_sent", "skipped_reset_sent"),
    ("tcp_tracepoint", "skipped_tcp_tracepoint"),
    ("accept_exit", "skipped_accept"),
    ("accept_return", "skipped_accept_return"),
    ("udp_out4", "skipped_udp_out4"),
    ("udp_out6", "skipped_udp_out6"),
    ("udp_in", "skipped_udp_in"),
    ("udp_end4", "skipped_udp_end4"),
    ("udp_end6", "skipped_udp_end6"),
    ("udp_out4_kprobe", "skipped_udp_out4_kprobe"),
    ("udp_out6_kprobe", "skipped_udp_out6_kprobe"),
    ("udp_in_kprobe", "skipped_udp_in_kprobe"),
    ("udp_end4_kprobe", "skipped_udp_end4_kprobe"),
    ("udp_end6_kprobe", "skipped_udp_end6_kprobe"),
    ("io_send", "skipped_io_send"),
    ("io_receive", "skipped_io_receive"),
];

/// Records that mean nothing.
const UNDECODABLE: &str = "undecodable";
/// Transitions of a socket that the table has never heard of.
const UNKNOWN_SOCKET: &str = "unknown_socket";
/// Connections of which the kernel has only the rest, though no event has told of their end.
const UNSEEN_END: &str = "unseen_end";

/// A program whose skipped runs are watched.
struct Watched {
    fd: i32,
    place: &'static str,
    /// Where it has a second: that one, and what the two count.
    pair: Option<(i32, &'static Pair)>,
}

/// What was lost so far, by place.
pub struct Ledger {
    counters: PerCpuArray<MapData, u64>,
    programs: Vec<Watched>,
    undecodable: u64,
    unknown_socket: u64,
    unseen_ends: u64,
    /// What was reported, in the order in which it was first seen.
    reported: Vec<Loss>,
}

impl Ledger {
    /// Watches a loaded object.
    ///
    /// # Errors
    ///
    /// The object has no counters.
    pub fn open(ebpf: &mut Ebpf) -> Result<Self> {
        let map = ebpf.take_map("COUNTERS").context("no map COUNTERS")?;
        let counters = PerCpuArray::try_from(map).context("open the map COUNTERS")?;
        let mut programs = Vec::new();
        for &(name, place) in SKIPPED {
            let Some(fd) = fd_of(ebpf, name) else {
                continue;
            };
            let pair = PAIRS.iter().find(|pair| pair.first == name);
            let pair = pair.and_then(|pair| Some((fd_of(ebpf, pair.second)?, pair)));
            programs.push(Watched { fd, place, pair });
        }
        Ok(Self {
            counters,
            programs,
            undecodable: 0,
            unknown_socket: 0,
            unseen_ends: 0,
            reported: Vec::new(),
        })
    }

    /// A record meant nothing, and why.
    pub fn undecodable_record(&mut self, error: &DecodeError) {
        log::warn!("a record of the kernel side can't be read: {error}");
        self.undecodable += 1;
    }

    /// Rows meant nothing.
    pub fn undecodable(&mut self, count: u64) {
        self.undecodable += count;
    }

    /// A transition's socket is unknown.
    pub fn unknown_socket(&mut self) {
        self.unknown_socket += 1;
    }

    /// Connections have ended without an event.
    pub fn unseen_ends(&mut self, count: u64) {
        self.unseen_ends += count;
    }

    /// What was lost since the last time.
    ///
    /// # Errors
    ///
    /// The kernel's counters can't be read.
    pub fn news(&mut self) -> Result<Vec<Loss>> {
        let mut news = Vec::new();
        for &(counter, place) in COUNTED {
            let total = self.counter(counter)?;
            self.compare(place, total, &mut news);
        }
        for index in 0..self.programs.len() {
            let Watched { fd, place, pair } = self.programs[index];
            let lost = match pair {
                None => skipped_runs(fd)?,
                Some((second, pair)) => self.missed_by_both(fd, second, pair)?,
            };
            self.compare(place, lost, &mut news);
        }
        self.compare(UNDECODABLE, self.undecodable, &mut news);
        self.compare(UNKNOWN_SOCKET, self.unknown_socket, &mut news);
        self.compare(UNSEEN_END, self.unseen_ends, &mut news);
        Ok(news)
    }

    /// How many transitions the kernel side has left out so far because the ring was filling up: in
    /// the midst of connections, and at their beginning.
    ///
    /// # Errors
    ///
    /// The kernel's counters can't be read.
    pub fn given_up(&self) -> Result<(u64, u64)> {
        Ok((
            self.counter(Counter::SkippedSteps)?,
            self.counter(Counter::SkippedStarts)?,
        ))
    }

    /// Everything that was lost so far.
    pub fn total(&self) -> u64 {
        self.reported.iter().map(|loss| loss.count).sum()
    }

    /// The same by place, in the order in which it was first seen.
    pub fn reported(&self) -> &[Loss] {
        &self.reported
    }

    /// What was left to the second program is read first, and what that did after: a run that is covered between
    /// the two readings must not look lost.
    fn missed_by_both(&self, first: i32, second: i32, pair: &Pair) -> Result<u64> {
        let left = pair.left.map_or(Ok(0), |counter| self.counter(counter))?;
        let left = left + skipped_runs(first)?;
        let covered = self.counter(pair.covered)?;
        Ok(uncovered(left, covered, skipped_runs(second)?))
    }

    fn counter(&self, counter: Counter) -> Result<u64> {
        let values = self
            .counters
            .get(&(counter as u32), 0)
            .with_context(|| format!("read the counter {counter:?}"))?;
        Ok(values.iter().sum())
    }

    fn compare(&mut self, place: &'static str, total: u64, news: &mut Vec<Loss>) {
        if total == 0 {
            return;
        }
        let known = match self.reported.iter_mut().find(|loss| loss.place == place) {
            Some(known) => known,
            None => {
                self.reported.push(Loss { place, count: 0 });
                let last = self.reported.len() - 1;
                &mut self.reported[last]
            }
        };
        if total > known.count {
            news.push(Loss {
                place,
                count: total - known.count,
            });
            known.count = total;
        }
    }
}

/// How much the second program did not do of what was left to it: at most what the kernel skipped it for. Of
/// what else it did not do there was nothing to tell, as of a socket that is not TCP's.
fn uncovered(left: u64, covered: u64, second_skipped: u64) -> u64 {
    left.saturating_sub(covered).min(second_skipped)
}

fn fd_of(ebpf: &mut Ebpf, name: &str) -> Option<i32> {
    use std::os::fd::{AsFd as _, AsRawFd as _};
    let fd: &ProgramFd = match ebpf.program_mut(name)? {
        Program::BtfTracePoint(program) => program.fd().ok()?,
        Program::FEntry(program) => program.fd().ok()?,
        Program::FExit(program) => program.fd().ok()?,
        Program::KProbe(program) => program.fd().ok()?,
        Program::TracePoint(program) => program.fd().ok()?,
        _ => return None,
    };
    Some(fd.as_fd().as_raw_fd())
}

/// How many runs of a program the kernel skipped (5.12), from `/proc/self/fdinfo`.
fn skipped_runs(fd: i32) -> Result<u64> {
    let path = format!("/proc/self/fdinfo/{fd}");
    let info = fs::read_to_string(&path).with_context(|| format!("read {path}"))?;
    Ok(info
        .lines()
        .find_map(|line| line.strip_prefix("recursion_misses:"))
        .and_then(|value| value.trim().parse().ok())
        .unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn only_what_both_programs_missed_is_lost() {
        assert_eq!(uncovered(0, 0, 5), 0);
        assert_eq!(uncovered(7, 7, 5), 0);
        assert_eq!(uncovered(7, 4, 5), 3);
        assert_eq!(uncovered(7, 4, 2), 2, "one was of a socket not TCP's");
        assert_eq!(uncovered(4, 7, 5), 0, "covered between two readings");
    }

    #[test]
    fn every_counter_of_a_loss_has_its_row_and_no_place_has_two_names() {
        // What the pairs count is no loss by itself, and what was skipped was left out on purpose.
        let of_pairs: usize = PAIRS
            .iter()
            .map(|pair| 1 + usize::from(pair.left.is_some()))
            .sum();
        assert_eq!(COUNTED.len() + of_pairs + 2, Counter::COUNT as usize);
        assert!(
            PAIRS
                .iter()
                .all(|pair| SKIPPED.iter().any(|row| row.0 == pair.first))
        );
        let slots: HashSet<u32> = COUNTED.iter().map(|(counter, _)| *counter as u32).collect();
        assert_eq!(slots.len(), COUNTED.len());
        let places: HashSet<&str> = COUNTED
            .iter()
            .map(|(_, place)| *place)
            .chain(SKIPPED.iter().map(|row| row.1))
            .collect();
        assert_eq!(places.len(), COUNTED.len() + SKIPPED.len());
    }
}
