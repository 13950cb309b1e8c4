//! Climbing: of each capability's rungs the best that the kernel takes, found out by loading it.

use std::path::Path;

use anyhow::{Context as _, Result, anyhow, bail};
use aya::{Btf, Ebpf, Endianness};

use netwatch_common::detail;

use super::{
    ACCEPT, FILES, KPROBE, KRETPROBE, MEMORY, NONE, OPEN, PROBES, SNAPSHOT, SOCKET_STORAGE, TCP,
    TRACEPOINT, UDP, capabilities, is_required,
    load::{LoadOptions, Loader, Plan},
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
    let layout = Layout::of_this_kernel(options.btf.as_deref())?;
    let btf = match &options.btf {
        Some(file) => read_btf(file)?,
        None => Btf::from_sys_fs().context("read the kernel's BTF")?,
    };
    let mut plan = first_plan(options, layout)?;
    let mut refused = Vec::new();
    loop {
        let mut attached = attach_all(options, layout, &btf, plan)?;
        let next = next_plan(plan, &mut attached, options)?;
        if next == plan {
            let is_new = |rung: &Rung| attached.missing.iter().all(|(known, _)| known != rung);
            refused.retain(|(rung, _)| is_new(rung));
            attached.missing.append(&mut refused);
            if plan.may_open && !plan.open {
                let rung = NONE;
                attached.rungs.push(Rung {
                    capability: OPEN,
                    rung,
                });
            }
            return Ok(attached);
        }
        refused.append(&mut attached.missing);
        plan = next;
    }
}

fn read_btf(file: &Path) -> Result<Btf> {
    Btf::parse_file(file, Endianness::default()).with_context(|| format!("read {}", file.display()))
}

/// What to begin with: the best that is wanted.
fn first_plan(options: &LoadOptions, layout: Layout) -> Result<Plan> {
    let wanted = |capability| options.wanted(capability);
    let by_address = wanted(TCP) == Some(TRACEPOINT);
    if by_address && wanted(MEMORY) == Some(SOCKET_STORAGE) {
        bail!(
            "{TCP} stands on {TRACEPOINT}, which can't reach what is kept with a socket: leave out \
             {MEMORY}={SOCKET_STORAGE}"
        );
    }
    let by_cookie = match wanted(MEMORY) {
        Some(rung) => rung != SOCKET_STORAGE,
        None => layout.by_cookie || by_address,
    };
    // Where only ends are told, nothing needs the ports of the start; but by cookie, this is what gives
    // connections theirs.
    let may_open = options.detail < detail::ENDS || by_cookie;
    let open = may_open && wanted(OPEN) != Some(NONE);
    if by_cookie && !open {
        bail!(
            "{MEMORY} stands on cookies, which the programs of {OPEN} give to connections: leave out \
             {OPEN}={NONE}"
        );
    }
    Ok(Plan {
        may_open,
        open,
        by_cookie,
        udp_by_cookie: wanted(UDP) == Some(KPROBE),
        accept_beside: !by_cookie && wanted(ACCEPT) == Some(KRETPROBE),
    })
}

/// What the kernel's answers ask for; the same plan where they fit it.
fn next_plan(plan: Plan, attached: &mut Attached, options: &LoadOptions) -> Result<Plan> {
    let stands_on = |capability, rung| {
        let mut rungs = attached.rungs.iter();
        rungs.any(|known| known.capability == capability && known.rung == rung)
    };
    if stands_on(TCP, NONE) && !plan.by_cookie && options.wanted(MEMORY).is_none() {
        // What remembers by cookie needs less of the kernel.
        return Ok(Plan {
            may_open: true,
            open: options.wanted(OPEN) != Some(NONE),
            by_cookie: true,
            accept_beside: false,
            ..plan
        });
    }
    for capability in capabilities().filter(|capability| is_required(capability)) {
        if stands_on(capability, NONE) {
            return Err(attached.refusal_of(capability));
        }
    }
    if plan.open && stands_on(OPEN, NONE) {
        if plan.by_cookie {
            let error = attached.refusal_of(OPEN);
            return Err(error).context("give connections a cookie, by which to remember them");
        }
        // `tcp_state` was told to leave the start of a connection to a program that isn't there.
        return Ok(Plan {
            open: false,
            ..plan
        });
    }
    Ok(Plan {
        udp_by_cookie: stands_on(UDP, KPROBE),
        accept_beside: !plan.by_cookie && stands_on(ACCEPT, KRETPROBE),
        ..plan
    })
}

impl Attached {
    /// Why a capability stands on nothing.
    fn refusal_of(&mut self, capability: &str) -> anyhow::Error {
        let mut missing = self.missing.iter();
        match missing.position(|(rung, _)| rung.capability == capability) {
            Some(place) => self.missing.swap_remove(place).1,
            None => anyhow!("{capability} has no rung"),
        }
    }
}

fn attach_all(options: &LoadOptions, layout: Layout, btf: &Btf, plan: Plan) -> Result<Attached> {
    let mut climb = Climb {
        loader: Loader::new(options, layout, btf, plan)?,
        plan,
        rungs: Vec::new(),
        missing: Vec::new(),
    };
    for capability in capabilities() {
        let is_needed = match capability {
            OPEN => plan.open,
            UDP => options.udp,
            MEMORY => plan.by_cookie,
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
    plan: Plan,
    rungs: Vec<Rung>,
    missing: Vec<(Rung, anyhow::Error)>,
}

impl Climb<'_> {
    /// Stands on the best rung that the kernel takes, or on the one that is wanted.
    fn capability(&mut self, capability: &'static str, wanted: Option<&str>) -> Result<()> {
        let plan = self.plan;
        let is_meant = |rung: &&str| {
            let is_open = plan.by_cookie || (capability, *rung) != (TCP, TRACEPOINT);
            is_open && wanted.is_none_or(|wanted| wanted == *rung)
        };
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
            if !self.loader.uses(probe) {
                continue;
            }
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
