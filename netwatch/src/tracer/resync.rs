//! Reading the kernel's truth: all of it at the start and again after a loss, and from time to time that
//! part whose changes no event tells.

use std::{
    collections::{HashSet, VecDeque},
    thread,
    time::Duration,
};

use anyhow::{Error, Result};
use tokio::time::sleep;

use super::Tracer;
use crate::{
    clock,
    event::{MonoNs, Report, Rung, Snapshot},
    privilege, probes,
    snapshot::{self, RawSnapshot, Reading, Way},
    source::Batch,
    standing,
};

/// A resync, or a look, follows the one before by the first of these at least and by its own longest
/// pause at most; in between, by fifty times what that one took. What a look finds is never urgent, and
/// a storm leaves so much in TIME_WAIT that looking more often would cost more than the storm's events.
const PAUSE_NS: MonoNs = 1_000_000_000;
const LONGEST_PAUSE_NS: MonoNs = 3_000_000_000;
const LONGEST_LOOK_PAUSE_NS: MonoNs = 5_000_000_000;
const SHARE: MonoNs = 50;
/// At the start and the end, whether a snapshot is read is seen after so long again.
const LOOK_AFTER_READING: Duration = Duration::from_millis(1);
/// So many ends that a look found are told in one turn: after a storm there are as many as the events
/// of seconds, and told at once they would outrun whoever reads of them.
pub(super) const MOST_FOUND: usize = 2_048;

/// A resync, wanted or under way.
#[derive(Default)]
pub(super) struct Resync {
    wanted: bool,
    not_before: MonoNs,
    running: Option<Running>,
}

struct Running {
    reading: Reading,
    began: MonoNs,
    /// Events that came meanwhile.
    held: Batch,
}

impl Resync {
    /// Something was lost.
    pub fn want(&mut self) {
        self.wanted = true;
    }

    /// Whether the table can't be believed until one is done.
    const fn is_due(&self) -> bool {
        self.wanted || self.running.is_some()
    }

    /// Where events wait while one is under way.
    pub fn held(&mut self) -> Option<&mut Batch> {
        self.running.as_mut().map(|running| &mut running.held)
    }

    fn take_finished(&mut self) -> Option<Running> {
        self.running
            .take_if(|running| running.reading.is_finished())
    }
}

impl Tracer {
    /// How to read what is open.
    fn snapshot_way(&self) -> Way {
        let mut rungs = self.rungs.iter();
        let rung = rungs.find(|rung| rung.capability == probes::SNAPSHOT);
        Way::of(rung.map_or("", |rung| rung.rung), &self.programs)
    }

    /// Holds events back until the snapshot is read, then takes the snapshot, then the events: what
    /// is newer wins.
    pub(super) async fn read_what_is_open(&mut self) -> Result<()> {
        let reading = snapshot::everything(self.snapshot_way(), HashSet::new())?;
        while !reading.is_finished() {
            self.drain(usize::MAX);
            sleep(LOOK_AFTER_READING).await;
        }
        let raw = reading.finish()?;
        self.drain(usize::MAX);
        let mut snapshot = self.understood(raw);
        self.table.merge(&snapshot);
        self.fold_fresh()?;
        self.table.identify(&mut snapshot);
        self.table.sweep(&snapshot);
        Ok(())
    }

    /// What a snapshot has read, in terms of sockets and their owners.
    fn understood(&mut self, raw: RawSnapshot) -> Snapshot {
        self.ledger.undecodable(raw.undecodable);
        self.unfound.clone_from(&raw.unfound);
        let mut snapshot = raw.resolve(&mut self.processes);
        self.table.identify(&mut snapshot);
        snapshot
    }

    /// Starts a resync that is wanted, or takes one that is read.
    pub(super) fn continue_resync(&mut self, now: MonoNs) -> Result<()> {
        if let Some(Running {
            reading,
            began,
            held,
        }) = self.resync.take_finished()
        {
            self.resync.not_before = clock::monotonic() + pause(began, now, LONGEST_PAUSE_NS);
            return match reading.finish() {
                Ok(raw) => self.take_resync(raw, held, now),
                Err(error) => self.give_up_resync(error, held, now),
            };
        }
        if self.resync.wanted && self.resync.running.is_none() && now >= self.resync.not_before {
            let began = clock::monotonic();
            match snapshot::everything(self.snapshot_way(), self.table.netns()) {
                Ok(reading) => {
                    self.resync.wanted = false;
                    self.resync.running = Some(Running {
                        reading,
                        began,
                        held: Batch::default(),
                    });
                }
                Err(error) => self.give_up_resync(error, Batch::default(), now)?,
            }
        }
        Ok(())
    }

    /// Does a resync that is wanted or under way to its end, where nothing comes after it.
    pub(super) fn finish_resync(&mut self) -> Result<()> {
        self.resync.not_before = 0;
        self.continue_resync(clock::monotonic())?;
        while let Some(Running { reading, .. }) = &self.resync.running {
            let is_finished = reading.is_finished();
            self.take_events(usize::MAX)?;
            if is_finished {
                return self.continue_resync(clock::monotonic());
            }
            thread::sleep(LOOK_AFTER_READING);
        }
        Ok(())
    }

    /// A resync could not be done: later, then.
    fn give_up_resync(&mut self, error: Error, mut held: Batch, now: MonoNs) -> Result<()> {
        self.warning = Some(error.context("put the table right after a loss (will try again)"));
        self.resync.wanted = true;
        self.resync.not_before = now + LONGEST_PAUSE_NS;
        self.fold_all(&mut held)
    }

    fn take_resync(&mut self, raw: RawSnapshot, mut held: Batch, now: MonoNs) -> Result<()> {
        let began = raw.began();
        let mut snapshot = self.understood(raw);
        let mut changes = self.table.merge(&snapshot);
        let at = self.reports.len();
        self.fold_all(&mut held)?;
        self.table.identify(&mut snapshot);
        changes.removed += self.table.sweep(&snapshot);
        let flows = self.flow_map.all()?;
        let before = self.reports.len();
        for id in self
            .table
            .reconcile_flows(&flows, began, now, &mut self.reports)
        {
            self.flow_map.forget(id)?;
            changes.removed += 1;
        }
        changes.added += (self.reports.len() - before) as u64;
        let (added, removed, changed) = (changes.added, changes.removed, changes.changed);
        self.reports.insert(
            at,
            Report::Resync {
                at: now,
                added,
                removed,
                changed,
            },
        );
        Ok(())
    }

    /// Looks for the end of what waits without a socket. `ready`: the look under way was finished
    /// before the events up to now were taken, so that none is missing that goes before it.
    pub(super) fn look_again(&mut self, ready: bool, now: MonoNs) {
        if let Some(look) = self.look.take_if(|_| ready) {
            match look.finish() {
                Ok(raw) => self.take_look(raw, now),
                Err(error) => self.give_up_look(error, now),
            }
        }
        let idle = self.look.is_none() && !self.resync.is_due();
        if idle && now >= self.next_look && self.table.has_waiting() {
            let mut netns = self.table.netns_of_waiting();
            self.unfound.retain(|inode| netns.contains(inode));
            netns.retain(|inode| !self.unfound.contains(inode));
            match snapshot::waiting(self.snapshot_way(), netns) {
                Ok(look) => self.look = Some(look),
                Err(error) => self.give_up_look(error, now),
            }
        }
    }

    fn take_look(&mut self, raw: RawSnapshot, now: MonoNs) {
        self.next_look = now + pause(raw.began(), now, LONGEST_LOOK_PAUSE_NS);
        self.ledger.undecodable(raw.undecodable);
        self.unfound.extend(&raw.unfound);
        // What is lost, or held back, would look like an end that no event told.
        if self.resync.is_due() {
            return;
        }
        let mut snapshot = raw.resolve_alone(&mut self.processes);
        self.table.identify(&mut snapshot);
        let mut found = Vec::new();
        let unseen = self.table.look_again(&snapshot, &mut found);
        self.found.extend(found);
        self.ledger.unseen_ends(unseen);
    }

    /// Tells what the last look found, so much of it at most.
    pub(super) fn tell_found(&mut self, most: usize) {
        let most = most.min(self.found.len());
        self.reports.extend(self.found.drain(..most));
        if self.found.is_empty() {
            self.found = VecDeque::new();
        } else {
            self.is_idle = false;
        }
    }

    fn give_up_look(&mut self, error: Error, now: MonoNs) {
        self.warning = Some(error.context("look for what has no socket (will try again)"));
        self.next_look = now + LONGEST_PAUSE_NS;
    }
}

fn pause(began: MonoNs, now: MonoNs, longest: MonoNs) -> MonoNs {
    (now.saturating_sub(began).saturating_mul(SHARE)).clamp(PAUSE_NS, longest)
}

/// Adds the rungs that need no program: that of the snapshot, where the iterators were refused or are not
/// wanted, and that of looking into network namespaces.
pub(super) fn stand_without_programs(rungs: &mut Vec<Rung>, wanted: Option<&str>) -> Result<()> {
    let is_it = |rung: &Rung| rung.capability == probes::SNAPSHOT && rung.rung != standing::NONE;
    if !rungs.iter().any(is_it) {
        rungs.retain(|rung| rung.capability != probes::SNAPSHOT);
        rungs.push(Rung {
            capability: probes::SNAPSHOT,
            rung: snapshot::choose(wanted)?,
        });
    }
    rungs.push(Rung {
        capability: standing::NETNS,
        rung: privilege::netns_rung(),
    });
    Ok(())
}
