//! Climbing: of each capability's rungs the best that the kernel takes, found out by loading it.

use anyhow::{Context as _, Result, anyhow, bail};
use aya::{Btf, Ebpf};

use netwatch_common::detail;

use super::{
    COOKIE_MAP, FILES, MEMORY, NONE, OPEN, PROBES, SNAPSHOT, SOCKET_STORAGE, TCP, UDP,
    capabilities, is_required,
    load::{LoadOptions, Loader},
    rungs_of,
};
use crate::{event::Rung, iterator, kernel::Layout, privilege};

/// The programs, in the kernel. Dropping it takes them out again.
pub struct Attached {
    pub ebpf: Ebpf,
    /// One for each capability.
    pub rungs: Vec<Rung>,
    /// Every rung that was refused, best first, and why.
    pub missing: Vec<(Rung, anyhow::Error)>,
}

/// Loads and attaches what this kernel takes.
///
/// # Errors
///
/// A program that netwatch can't do without was refused, or one of a rung that was wanted.
pub fn attach(options: &LoadOptions) -> Result<Attached> {
    // The cause first: the advice ends with a command to copy.
    try_attach(options).map_err(|error| match privilege::advice() {
        Some(advice) => anyhow::anyhow!("{error:#}\n{advice}"),
        None => error,
    })
}

fn try_attach(options: &LoadOptions) -> Result<Attached> {
    let mut layout = Layout::of_this_kernel()?;
    if let Some(wanted) = options.wanted(MEMORY) {
        layout.by_cookie = wanted == COOKIE_MAP;
    }
    let btf = Btf::from_sys_fs().context("read the kernel's BTF")?;
    // Where only ends are told, nothing needs the ports of the start; but by cookie, this is what gives
    // connections theirs.
    let needed = options.detail < detail::ENDS || layout.by_cookie;
    let open = needed && options.wanted(OPEN) != Some(NONE);
    if layout.by_cookie && !open {
        bail!(
            "{MEMORY} stands on {COOKIE_MAP}, for which the programs of {OPEN} give connections their \
             cookies: leave out {OPEN}={NONE}"
        );
    }
    let mut attached = attach_all(options, layout, &btf, open)?;
    let is_refused = |rung: &Rung| rung.capability == OPEN && rung.rung == NONE;
    if open && attached.rungs.iter().any(is_refused) {
        if layout.by_cookie {
            let refused = attached.missing.into_iter();
            let mut refused = refused.filter(|(rung, _)| rung.capability == OPEN);
            let error = refused.next().map(|(_, error)| error);
            return Err(error.unwrap_or_else(|| anyhow!("{OPEN} has no rung")))
                .context("give connections a cookie, which this kernel's tracing programs can't");
        }
        // `tcp_state` was told to leave the start of a connection to a program that isn't there.
        let mut refused = std::mem::take(&mut attached.missing);
        refused.retain(|(rung, _)| rung.capability == OPEN);
        drop(attached);
        attached = attach_all(options, layout, &btf, false)?;
        attached.missing.extend(refused);
    }
    if needed && !attached.rungs.iter().any(|rung| rung.capability == OPEN) {
        attached.rungs.push(Rung {
            capability: OPEN,
            rung: NONE,
        });
    }
    Ok(attached)
}

fn attach_all(options: &LoadOptions, layout: Layout, btf: &Btf, open: bool) -> Result<Attached> {
    let mut climb = Climb {
        loader: Loader::new(options, layout, btf, open)?,
        rungs: Vec::new(),
        missing: Vec::new(),
    };
    for capability in capabilities() {
        let is_needed = match capability {
            OPEN => open,
            UDP => options.udp,
            MEMORY => layout.by_cookie,
            _ => true,
        };
        if capability == MEMORY && !is_needed {
            climb.rungs.push(Rung {
                capability,
                rung: SOCKET_STORAGE,
            });
        }
        if !is_needed {
            continue;
        }
        if capability == TCP {
            climb.remember_owners()?;
        }
        climb.capability(capability, options.wanted(capability))?;
    }
    Ok(Attached {
        ebpf: climb.loader.ebpf,
        rungs: climb.rungs,
        missing: climb.missing,
    })
}

/// How far it got.
struct Climb<'a> {
    loader: Loader<'a>,
    rungs: Vec<Rung>,
    missing: Vec<(Rung, anyhow::Error)>,
}

impl Climb<'_> {
    /// Stands on the best rung that the kernel takes, or on the one that is wanted.
    fn capability(&mut self, capability: &'static str, wanted: Option<&str>) -> Result<()> {
        let is_meant = |rung: &&str| wanted.is_none_or(|wanted| wanted == *rung);
        let before = self.missing.len();
        for rung in rungs_of(capability).filter(is_meant) {
            match self.rung(capability, rung) {
                Ok(()) => {
                    self.rungs.push(Rung { capability, rung });
                    return Ok(());
                }
                Err(error) if wanted.is_some() => {
                    let what =
                        format!("stand on the rung {rung} for {capability}, which is wanted");
                    return Err(error.context(what));
                }
                Err(error) => self.missing.push((Rung { capability, rung }, error)),
            }
        }
        if is_required(capability) && self.missing.len() > before {
            return Err(self.missing.swap_remove(before).1);
        }
        self.rungs.push(Rung {
            capability,
            rung: NONE,
        });
        Ok(())
    }

    /// Attaches all programs of a rung or, where one is refused, none: half of them would tell half of the
    /// truth.
    fn rung(&mut self, capability: &str, rung: &str) -> Result<()> {
        let programs = PROBES.iter();
        let programs =
            programs.filter(|probe| (probe.capability, probe.rung) == (capability, rung));
        for probe in programs.clone() {
            if let Err(error) = self.loader.attach(probe) {
                for probe in programs {
                    self.loader.unload(probe)?;
                }
                return Err(error);
            }
        }
        Ok(())
    }

    /// Lets every socket that is open already know its owner, so that the first connection that arrives
    /// at a listener inherits it.
    fn remember_owners(&mut self) -> Result<()> {
        let mut rungs = self.rungs.iter();
        if rungs.any(|rung| rung.capability == SNAPSHOT && rung.rung != NONE) {
            let link = iterator::link(&mut self.loader.ebpf, FILES)?;
            iterator::read::<1>(link, |_| {}).context("read the iterator over open files")?;
        }
        Ok(())
    }
}
