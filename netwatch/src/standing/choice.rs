//! Rungs that somebody chooses: `accept=none`.

use anyhow::{Result, anyhow};

use super::{NETNS, NONE, STANDINGS};
use crate::{event::Rung, probes};

/// Understands `CAPABILITY=RUNG`.
///
/// # Errors
///
/// It has not that form, or there is no such capability or rung: the message names those that there are.
pub fn parse(text: &str) -> Result<Rung, String> {
    let (capability, rung) = text
        .split_once('=')
        .ok_or("not of the form CAPABILITY=RUNG, such as accept=none")?;
    find(capability, rung)
}

/// Checks rungs that were put together in some other way.
///
/// # Errors
///
/// As [`parse`].
pub fn check(rungs: &[Rung]) -> Result<()> {
    let mut found = rungs.iter().map(|rung| find(rung.capability, rung.rung));
    found.try_for_each(|found| found.map(drop).map_err(|error| anyhow!(error)))
}

fn find(capability: &str, rung: &str) -> Result<Rung, String> {
    let mut rungs: Vec<Rung> = offered().collect();
    if rungs.iter().all(|known| known.capability != capability) {
        rungs.dedup_by_key(|known| known.capability);
        let names: Vec<&str> = rungs.iter().map(|known| known.capability).collect();
        return Err(format!(
            "there is no capability {capability:?}: there are {}",
            names.join(", ")
        ));
    }
    rungs.retain(|known| known.capability == capability);
    let names: Vec<&str> = rungs.iter().map(|known| known.rung).collect();
    let names = names.join(", ");
    let found = rungs.into_iter().find(|known| known.rung == rung);
    found.ok_or_else(|| format!("{capability} has no rung {rung:?}: there are {names}"))
}

/// Every rung that can be chosen: `none` only of what netwatch can do without.
fn offered() -> impl Iterator<Item = Rung> {
    let rungs = STANDINGS.iter().map(|known| Rung {
        capability: known.capability,
        rung: known.rung,
    });
    rungs.filter(|known| {
        let is_optional = !probes::is_required(known.capability);
        let can_be_none = is_optional && known.capability != probes::SNAPSHOT;
        known.capability != NETNS && (known.rung != NONE || can_be_none)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_capability_stands_on_a_rung_that_it_has() {
        for text in [
            "accept=none",
            "accept=fexit",
            "accept=cgroup_getpeername",
            "snapshot=procfs",
            "tcp=tp_btf",
            "tcp=tracepoint",
            "accept=kretprobe",
        ] {
            let Rung { capability, rung } = parse(text).expect(text);
            assert_eq!(format!("{capability}={rung}"), text);
        }
    }

    #[test]
    fn what_there_is_not_is_said_with_what_there_is() {
        for (text, message) in [
            (
                "accept",
                "not of the form CAPABILITY=RUNG, such as accept=none",
            ),
            (
                "acept=none",
                "there is no capability \"acept\": there are tcp, memory, open, accept, io, reset, udp, snapshot",
            ),
            (
                "netns=all",
                "there is no capability \"netns\": there are tcp, memory, open, accept, io, reset, udp, snapshot",
            ),
            (
                "tcp=none",
                "tcp has no rung \"none\": there are tp_btf, tracepoint",
            ),
            (
                "snapshot=none",
                "snapshot has no rung \"none\": there are iter, sock_diag, procfs",
            ),
            (
                "udp=",
                "udp has no rung \"\": there are cgroup_skb, fentry, kprobe, none",
            ),
        ] {
            assert_eq!(parse(text), Err(message.to_owned()), "{text}");
        }
        let wrong = [Rung {
            capability: "io",
            rung: "iter",
        }];
        assert!(check(&wrong).is_err());
    }
}
