//! The pipeline at work: ring buffers to reports, with the table kept true.

mod options;
mod pressure;
mod resync;

use std::{
    collections::{HashSet, VecDeque},
    sync::{Arc, Mutex},
    time::Duration,
};

use anyhow::Result;
use aya::Ebpf;
use tokio::time::{Instant, sleep_until};

use crate::{
    clock,
    decode::{self, Record},
    enrich::Processes,
    event::{Event, MonoNs, Report, Rung, What},
    flow_map::FlowMap,
    ledger::Ledger,
    probes::{self, Attached},
    snapshot::Reading,
    source::{Batch, Rings},
    standing::{self, choice},
    table::Table,
};
pub use options::Options;
use pressure::Pressure;
use resync::{Resync, stand_without_programs};

/// The ring buffers are read this often; in between, the kernel side wakes the reader for a
/// threshold crossed. A wake-up for each record would cost more than all the rest.
const TICK: Duration = Duration::from_millis(10);
/// Where nothing came the last time, the first record wakes the reader, and it looks this often for
/// what no record tells.
const IDLE_TICK: Duration = Duration::from_millis(500);
/// So many events are taken in one turn: as many as stay in the cache.
const MOST_EVENTS: usize = 2_048;
/// So many flows wait at most.
const MOST_FLOWS: usize = 8_192;
/// The kernel's counters of losses are read this often.
const LEDGER_NS: MonoNs = 100_000_000;
/// The same, where nothing came that could have been lost beside it.
const IDLE_LEDGER_NS: MonoNs = 1_000_000_000;

/// A running tracer. Dropping it leaves nothing behind in the kernel.
///
/// ```no_run
/// # async fn example() -> anyhow::Result<()> {
/// let mut tracer = netwatch::Tracer::start(netwatch::Options::default()).await?;
/// loop {
///     for report in tracer.next().await? {
///         println!("{report:?}");
///     }
/// }
/// # }
/// ```
pub struct Tracer {
    programs: Arc<Mutex<Ebpf>>,
    rungs: Vec<Rung>,
    missing: Vec<(Rung, anyhow::Error)>,
    rings: Rings,
    flow_map: FlowMap,
    ledger: Ledger,
    diagnostics: Option<aya_log::EbpfLogger<&'static dyn log::Log>>,
    processes: Processes,
    table: Table,
    /// Nothing came in the last turn.
    is_idle: bool,
    resync: Resync,
    /// What is being read of the sockets whose end no event tells.
    look: Option<Reading>,
    next_look: MonoNs,
    /// Network namespaces that no look needs to search for again.
    unfound: HashSet<u32>,
    last_turn: Instant,
    last_ledger: MonoNs,
    pressure: Pressure,
    started: MonoNs,
    events: u64,
    fresh: Batch,
    /// Flows that wait until the processes that they refer to are known.
    flows: Batch,
    /// More is there than the last turn took.
    is_behind: bool,
    reports: Vec<Report>,
    /// What the last look found, and is still to be told.
    found: VecDeque<Report>,
    warning: Option<anyhow::Error>,
    /// What happened while the tracer started is still to be told.
    reports_of_start: bool,
}

impl Tracer {
    /// Attaches to the kernel, then reads what is open already: from here on the table is true.
    ///
    /// # Errors
    ///
    /// The kernel, or a missing privilege, refuses what netwatch can't do without, or a rung that is wanted; or
    /// there is no such rung.
    pub async fn start(options: Options) -> Result<Self> {
        choice::check(&options.rungs)?;
        let load = options.to_load();
        let Attached {
            mut ebpf,
            mut rungs,
            missing,
        } = probes::attach(&load)?;
        stand_without_programs(&mut rungs, load.wanted(probes::SNAPSHOT))?;
        let started = clock::monotonic();
        let diagnostics = options
            .diagnostics
            .then(|| aya_log::EbpfLogger::init(&mut ebpf))
            .transpose()?;
        let mut tracer = Self {
            rings: Rings::open(&mut ebpf)?,
            flow_map: FlowMap::open(&mut ebpf)?,
            ledger: Ledger::open(&mut ebpf)?,
            diagnostics,
            processes: Processes::default(),
            table: if options.only_ends {
                Table::of_ends()
            } else {
                Table::default()
            },
            is_idle: false,
            resync: Resync::default(),
            look: None,
            next_look: 0,
            unfound: HashSet::new(),
            last_turn: Instant::now(),
            last_ledger: 0,
            pressure: Pressure::default(),
            started,
            events: 0,
            fresh: Batch::default(),
            flows: Batch::default(),
            is_behind: false,
            reports: Vec::new(),
            found: VecDeque::new(),
            warning: None,
            reports_of_start: true,
            programs: Arc::new(Mutex::new(ebpf)),
            rungs,
            missing,
        };
        tracer.read_what_is_open().await?;
        Ok(tracer)
    }

    /// What stands on which rung, and what was open already.
    pub fn start_report(&self) -> Report {
        Report::Start {
            at: self.started,
            version: env!("CARGO_PKG_VERSION"),
            kernel: rustix::system::uname()
                .release()
                .to_string_lossy()
                .into_owned(),
            rungs: self.rungs.clone(),
            unseen: standing::unseen(&self.rungs),
            sockets: self.table.len() as u64,
        }
    }

    /// What stands on which rung.
    pub fn rungs(&self) -> &[Rung] {
        &self.rungs
    }

    /// The rungs that this kernel refused, each with the reason.
    pub fn missing(&self) -> &[(Rung, anyhow::Error)] {
        &self.missing
    }

    /// Every socket, as of the last reports.
    pub const fn table(&self) -> &Table {
        &self.table
    }

    /// Has the table compared with the kernel's truth, as after a loss.
    pub fn put_right(&mut self) {
        self.resync.want();
    }

    /// Waits for something to report. Safe to cancel.
    ///
    /// # Errors
    ///
    /// The kernel's maps can't be read.
    pub async fn next(&mut self) -> Result<&[Report]> {
        if std::mem::take(&mut self.reports_of_start) && !self.reports.is_empty() {
            return Ok(&self.reports);
        }
        loop {
            self.wait().await?;
            self.reports.clear();
            self.turn(MOST_EVENTS)?;
            if !self.reports.is_empty() {
                return Ok(&self.reports);
            }
        }
    }

    /// Waits until it is time for a turn. That time stays the same where a wait is given up.
    async fn wait(&mut self) -> Result<()> {
        let pause = match (self.is_behind, self.is_idle, self.rings.is_asleep()) {
            (true, ..) => {
                tokio::task::yield_now().await;
                return Ok(());
            }
            (_, true, false) => return self.rings.set_asleep(true),
            (_, true, true) => IDLE_TICK,
            (_, false, true) => {
                self.rings.set_asleep(false)?;
                TICK
            }
            (_, false, false) => TICK,
        };
        tokio::select! {
            () = sleep_until(self.last_turn + pause) => Ok(()),
            crossed = self.rings.crossed() => crossed,
        }
    }

    /// What went wrong last, if that was since the last call. The trace goes on, and tries again.
    pub fn warning(&mut self) -> Option<anyhow::Error> {
        self.warning.take()
    }

    /// Takes what is still there, waits until the table is put right where that is due, and closes
    /// the ledger.
    ///
    /// # Errors
    ///
    /// The kernel's maps can't be read.
    pub fn finish(mut self) -> Result<Vec<Report>> {
        if !std::mem::take(&mut self.reports_of_start) {
            self.reports.clear();
        }
        self.last_ledger = 0;
        self.turn(usize::MAX)?;
        self.tell_found(usize::MAX);
        self.finish_resync()?;
        // Last, as everything before may have found a loss.
        let at = clock::monotonic();
        self.last_ledger = 0;
        self.losses(at)?;
        self.reports.push(Report::End {
            at,
            events: self.events,
            lost: self.ledger.total(),
            given_up: self.pressure.total(),
            places: self.ledger.reported().to_vec(),
            duration: crate::event::elapsed(self.started, at),
        });
        Ok(self.reports)
    }

    /// One turn: what is there now, though not more than `limit` events, so that what is said of them
    /// goes out before more memory is taken. What a look found is compared with everything.
    fn turn(&mut self, limit: usize) -> Result<()> {
        self.last_turn = Instant::now();
        let look_is_ready = self.look.as_ref().is_some_and(Reading::is_finished);
        self.take_events(if look_is_ready { usize::MAX } else { limit })?;
        let now = clock::monotonic();
        self.losses(now)?;
        self.continue_resync(now)?;
        self.look_again(look_is_ready, now);
        self.tell_found(resync::MOST_FOUND);
        self.due_flows(now)?;
        if let Some(diagnostics) = &mut self.diagnostics {
            diagnostics.flush();
        }
        Ok(())
    }

    /// Takes the events that are there, or holds them back while a resync is under way.
    fn take_events(&mut self, limit: usize) -> Result<()> {
        let is_held = self.resync.held().is_some();
        self.drain(if is_held { usize::MAX } else { limit });
        match self.resync.held() {
            Some(held) => held.append(&mut self.fresh),
            None => self.fold_fresh()?,
        }
        Ok(())
    }

    /// Reads the rings, but no more than `limit` events. Processes are learned at once, whatever comes
    /// in between; events are put in the order of time, which two rings and several CPUs don't keep.
    fn drain(&mut self, limit: usize) {
        let (fresh, flows) = (&mut self.fresh, &mut self.flows);
        let (processes, ledger) = (&mut self.processes, &mut self.ledger);
        let mut take = |bytes: &[u8], to: &mut Batch| match decode::peek(bytes) {
            Ok((at, false)) => to.push(at, bytes),
            Ok((_, true)) => match decode::record(bytes) {
                Ok(Record::Process { key, comm, process }) => processes.learn(key, comm, *process),
                Ok(Record::Event(_)) => {}
                Err(error) => ledger.undecodable_record(&error),
            },
            Err(error) => ledger.undecodable_record(&error),
        };
        self.rings.drain_flows(|bytes| take(bytes, flows));
        self.is_behind = !self.rings.drain_events(limit, |bytes| take(bytes, fresh));
        // The processes that flows refer to are in the other ring, before its end at this moment.
        if !self.is_behind || flows.len() > MOST_FLOWS {
            fresh.append(flows);
        }
        self.is_idle = fresh.is_empty();
        fresh.sort();
    }

    fn fold_fresh(&mut self) -> Result<()> {
        let mut fresh = std::mem::take(&mut self.fresh);
        self.fold_all(&mut fresh)?;
        self.fresh = fresh;
        Ok(())
    }

    fn fold_all(&mut self, records: &mut Batch) -> Result<()> {
        for record in records.iter() {
            match decode::record_of(record, |claim| self.processes.owner(claim)) {
                Ok(Record::Event(event)) => self.fold(&event)?,
                Ok(Record::Process { .. }) => {}
                Err(error) => self.ledger.undecodable_record(&error),
            }
        }
        records.clear();
        Ok(())
    }

    fn fold(&mut self, event: &Event) -> Result<()> {
        match &event.what {
            What::Transition(transition) => self.events += 1 + u64::from(transition.opening),
            What::Flow(_) => self.events += 1,
            What::Released => self.final_counters(event)?,
            What::Owner(_) | What::ResetSent => {}
        }
        if self.table.apply(event, &mut self.reports).is_err() {
            self.ledger.unknown_socket();
        }
        Ok(())
    }

    /// A UDP socket is closed: the last word on its flows is in the kernel's map.
    fn final_counters(&mut self, event: &Event) -> Result<()> {
        for id in self.table.flows_of(event.cookie).to_vec() {
            if let Some(counters) = self.flow_map.get(id)? {
                self.table.count_flow(id, counters);
            }
            self.flow_map.forget(id)?;
        }
        Ok(())
    }

    fn due_flows(&mut self, now: MonoNs) -> Result<()> {
        while let Some(id) = self.table.due_flow(now) {
            let counters = self.flow_map.get(id)?;
            if self
                .table
                .refresh_flow(id, counters, now, &mut self.reports)
            {
                self.flow_map.forget(id)?;
            }
        }
        Ok(())
    }

    fn losses(&mut self, now: MonoNs) -> Result<()> {
        let pause = if self.is_idle {
            IDLE_LEDGER_NS
        } else {
            LEDGER_NS
        };
        if now < self.last_ledger + pause {
            return Ok(());
        }
        self.last_ledger = now;
        for loss in self.ledger.news()? {
            let (count, place) = (loss.count, loss.place);
            self.reports.push(Report::Lost {
                at: now,
                count,
                place,
            });
            self.resync.want();
        }
        let given_up = self.ledger.given_up()?;
        if let Some(step) = self.pressure.follow(given_up, now) {
            self.reports.push(step);
            self.resync.want();
        }
        Ok(())
    }
}
