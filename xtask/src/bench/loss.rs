//! What tracers lose, and whose they say a connection is.

use std::{thread::sleep, time::Duration};

use anyhow::Result;

use super::{
    contender::{Bench, CONTENDERS, Contender},
    report::{Report, Section},
    storm::{Servers, Storm},
};

const STORM: Duration = Duration::from_secs(5);
/// Connections a second of a storm that leaves the machine some room.
const PACE: u32 = 20_000;
const LONG: Duration = Duration::from_secs(60);
/// After its last process the kernel still has the last packets of a storm to deliver.
const LAST_PACKETS: Duration = Duration::from_millis(200);

/// What a storm showed.
struct Shown {
    storm: Storm,
    /// Lines about its connections, and those that name the right process.
    told: u64,
    right: u64,
    /// Resident, in KiB, before and after.
    memory: [u64; 2],
}

/// Counts what each tracer tells of storms whose connections and processes are known.
///
/// # Errors
///
/// Something can't be started.
pub fn compare(bench: Bench<'_>, report: &mut Report) -> Result<()> {
    let servers = Servers::start()?;
    let mut section = Section::new(
        "What tracers lose of a storm's transitions, and in how many of their lines the process is right",
        &[
            "",
            "lost at 20 000/s",
            "lost at full speed",
            "connections/s",
            "right process",
        ],
    );
    for contender in CONTENDERS {
        eprintln!("bench: what {} loses", contender.name);
        let shown = contender
            .watch(bench, &servers, STORM, Some(PACE))
            .and_then(|paced| Ok((paced, contender.watch(bench, &servers, STORM, None)?)));
        match shown {
            Ok((paced, full)) => section.row(vec![
                contender.name.to_owned(),
                contender.lost(&paced),
                contender.lost(&full),
                format!("{:.0}", full.storm.rate()),
                format!(
                    "{:.1} %",
                    full.right as f64 / full.told.max(1) as f64 * 100.0
                ),
            ]),
            Err(error) if contender.is_ours() => return Err(error),
            Err(error) => eprintln!("bench: without {}: {error:#}", contender.name),
        }
    }
    section.note("Lost: of those that the storm made, by its own count; what is given up under pressure counts too.");
    report.add(section);
    report.add(long(bench, &servers)?);
    Ok(())
}

/// A minute at full speed.
fn long(bench: Bench<'_>, servers: &Servers) -> Result<Section> {
    let mut section = Section::new(
        format!("{} s at full speed, to a file", LONG.as_secs()),
        &[
            "",
            "connections/s",
            "transitions",
            "lost",
            "MiB before",
            "MiB after",
        ],
    );
    let ours = CONTENDERS.iter().filter(|contender| contender.is_ours());
    for contender in ours {
        eprintln!("bench: {} for {} s", contender.name, LONG.as_secs());
        let shown = contender.watch(bench, servers, LONG, None)?;
        let [before, after] = shown.memory.map(|kib| kib as f64 / 1024.0);
        section.row(vec![
            contender.name.to_owned(),
            format!("{:.0}", shown.storm.rate()),
            shown.storm.transitions().to_string(),
            contender.lost(&shown),
            format!("{before:.1}"),
            format!("{after:.1}"),
        ]);
    }
    Ok(section)
}

impl Contender {
    fn watch(
        &self,
        bench: Bench<'_>,
        servers: &Servers,
        time: Duration,
        pace: Option<u32>,
    ) -> Result<Shown> {
        let tracer = self.start(bench)?;
        let before = tracer.used()?.memory;
        let storm = servers.storm(time, pace)?;
        let after = tracer.used()?.memory;
        sleep(LAST_PACKETS);
        let output = tracer.end()?;
        let (mut lines, mut right) = (0, 0);
        self.each_told(&output, |told| {
            if let Some(pid) = storm.owner(told) {
                lines += 1;
                right += u64::from(pid == told.pid);
            }
        })?;
        Ok(Shown {
            storm,
            told: lines,
            right,
            memory: [before, after],
        })
    }

    fn lost(&self, shown: &Shown) -> String {
        let truth = shown.storm.connections * self.per_connection;
        let lost = truth.cast_signed() - shown.told.cast_signed();
        match lost {
            0 => "0".to_owned(),
            _ => format!("{:.4} %", lost as f64 / truth as f64 * 100.0),
        }
    }
}
