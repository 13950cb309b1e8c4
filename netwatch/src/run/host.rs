//! `route`, `interfaces`, `statistics`: one reading, or one after another.

use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};
use tokio::time::{Instant, MissedTickBehavior, interval, interval_at};

use super::list::Ends;
use crate::{
    LOOK_AFTER_READER,
    cli::host,
    clock::monotonic,
    host::{Place, interfaces, route, statistics},
    output::{
        self,
        host::{Host, InterfaceReading, StatisticsReading},
    },
};

/// Shows the routes.
///
/// # Errors
///
/// The kernel refuses to be asked, or the output can't be written.
pub async fn route(config: host::Route) -> Result<()> {
    let place = Place::new(config.common.netns)?;
    let mut output = Host::new(&config.common, place.netns);
    repeat(config.common.every, || {
        let routes = place.read(|| route::read(&config.families, &config.selection))?;
        output.routes(&config, &routes).context("write the routes")
    })
    .await
}

/// Shows the interfaces.
///
/// # Errors
///
/// The kernel refuses to be asked, there is no interface of a name that was given, or the output
/// can't be written.
pub async fn interfaces(config: host::Interfaces) -> Result<()> {
    let place = Place::new(config.common.netns)?;
    let mut output = Host::new(&config.common, place.netns);
    let mut before = None;
    repeat(config.common.every, || {
        let all = place.read(interfaces::read)?;
        let names = all
            .iter()
            .map(|one| (one.index, one.name.clone()))
            .collect();
        let at = monotonic();
        let selected = interfaces::select(all, &config.names, config.all);
        let reading = InterfaceReading {
            at,
            names,
            interfaces: selected.map_err(|message| anyhow!(message))?,
        };
        output
            .interfaces(&config, &reading, before.as_ref())
            .context("write the interfaces")?;
        before = Some(reading);
        Ok(())
    })
    .await
}

/// Shows the protocol counters.
///
/// # Errors
///
/// The kernel's files can't be read, or the output can't be written.
pub async fn statistics(config: host::Statistics) -> Result<()> {
    let place = Place::new(config.common.netns)?;
    let mut output = Host::new(&config.common, place.netns);
    let mut before = None;
    repeat(config.common.every, || {
        let statistics = place.read(|| statistics::read(config.protocols))?;
        let reading = StatisticsReading {
            at: monotonic(),
            statistics,
        };
        output
            .statistics(&config, &reading, before.as_ref())
            .context("write the statistics")?;
        before = Some(reading);
        Ok(())
    })
    .await
}

/// Does it once; or every so often, until a signal ends it or its reader goes.
async fn repeat(every: Option<Duration>, mut frame: impl FnMut() -> Result<()>) -> Result<()> {
    let mut ends = Ends::new()?;
    frame()?;
    let Some(every) = every else {
        return Ok(());
    };
    let mut frames = interval_at(Instant::now() + every, every);
    frames.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut look_after_reader = interval(LOOK_AFTER_READER);
    loop {
        tokio::select! {
            _ = frames.tick() => frame()?,
            _ = look_after_reader.tick() => if output::reader_is_gone() {
                return Ok(());
            },
            () = ends.wait() => return Ok(()),
        }
    }
}
