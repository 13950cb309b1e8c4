//! `list`: one listing, or a frame for each change.

use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    time::{Instant, sleep, sleep_until},
};

use crate::{
    Options, Tracer,
    cli::list::Config,
    list::{Changes, Entry, Listing},
    output::{self, list::Lister},
    rows::Rows,
};

/// Lists what is open, once or until a signal ends it.
///
/// # Errors
///
/// The kernel refuses to be asked, or the output can't be written.
pub async fn run(config: Config) -> Result<()> {
    let repeats = match config.repeat {
        Some(pause) => Some((pause, Ends::new()?)),
        None => None,
    };
    let listing = Listing::read(&config.wanted)?;
    let mut lister = Lister::new(&config);
    if config.wanted.owners {
        output::list::note_hidden(listing.hidden_processes());
    }
    let rows = Rows::new(&config, &listing);
    lister.show(&listing, &rows).context("write the list")?;
    match repeats {
        Some(repeats) => {
            let shown = (rows.collect(), listing);
            repeat(&config, lister, shown, repeats).await
        }
        None => Ok(()),
    }
}

/// Shows a new frame when something changed, but none sooner than `pause` after the last.
async fn repeat(
    config: &Config,
    mut lister: Lister<'_>,
    mut before: (Vec<Entry>, Listing),
    (pause, mut ends): (Duration, Ends),
) -> Result<()> {
    let mut hints = Hints::new().await;
    // What changed until the hints came on is found without one.
    let mut is_due = true;
    loop {
        let next = Instant::now() + pause;
        let news = async {
            if !std::mem::take(&mut is_due) {
                hints.wait(next).await?;
            }
            sleep_until(next).await;
            anyhow::Ok(())
        };
        tokio::select! {
            result = news => result?,
            () = ends.wait() => return Ok(()),
        }
        if output::reader_is_gone() {
            return Ok(());
        }
        let listing = Listing::read(&config.wanted)?;
        let after = (Rows::new(config, &listing).collect(), listing);
        let compared = Changes::new((&before.1, &before.0), (&after.1, &after.0));
        if !compared.is_empty() {
            lister.show_changes(&compared).context("write the list")?;
        }
        before = after;
    }
}

/// The signals that end it.
pub(super) struct Ends {
    interrupt: Signal,
    terminate: Signal,
}

impl Ends {
    pub fn new() -> Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt()).context("listen for SIGINT")?,
            terminate: signal(SignalKind::terminate()).context("listen for SIGTERM")?,
        })
    }

    pub async fn wait(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// After so long it is worth looking again in any case: no event tells of a UDP socket that is bound
/// and silent.
const UNTOLD: Duration = Duration::from_secs(5);

/// Says when it is worth looking again: when the kernel tells of an event, where netwatch may trace;
/// else after every pause.
struct Hints(Option<Tracer>);

impl Hints {
    async fn new() -> Self {
        let tracer = Tracer::start(Options::default()).await;
        Self(tracer.inspect_err(|error| log::info!("{error:#}")).ok())
    }

    async fn wait(&mut self, next: Instant) -> Result<()> {
        match &mut self.0 {
            Some(tracer) => tokio::select! {
                news = tracer.next() => news.map(drop),
                () = sleep(UNTOLD) => Ok(()),
            },
            None => {
                sleep_until(next).await;
                Ok(())
            }
        }
    }
}
