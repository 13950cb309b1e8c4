//! What this machine and these privileges allow, found out by trying: the tracer itself is started.

mod machine;

pub use machine::Setting;

use crate::{
    Options, Tracer,
    event::Rung,
    privilege::{self, Privilege},
    standing::{self, Standing},
};

/// How much of the truth can be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// All that netwatch knows to see.
    Complete,
    /// It can trace, but does not see everything.
    Degraded,
    CannotTrace,
}

impl Verdict {
    pub const ALL: &[Self] = &[Self::Complete, Self::Degraded, Self::CannotTrace];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Degraded => "degraded",
            Self::CannotTrace => "cannot_trace",
        }
    }

    /// The exit code of `netwatch doctor`.
    pub const fn code(self) -> u8 {
        match self {
            Self::Complete => 0,
            Self::Degraded => 1,
            Self::CannotTrace => 2,
        }
    }
}

/// Why a rung is not the one that its capability stands on, though it is a better one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub rung: &'static str,
    /// In one line.
    pub reason: String,
    /// The verifier's last words, where it was the verifier.
    pub log: Vec<String>,
}

/// One capability.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub capability: &'static str,
    pub rung: &'static str,
    /// What that leaves unseen, and what would fix it.
    pub standing: Option<&'static Standing>,
    /// Best first.
    pub refused: Vec<Refusal>,
}

/// What was found out.
#[derive(Clone, Debug)]
pub struct Examination {
    /// Release of the running kernel.
    pub kernel: String,
    pub settings: Vec<Setting>,
    pub privileges: Vec<Privilege>,
    /// Empty where it can't trace.
    pub findings: Vec<Finding>,
    /// Why it can't trace.
    pub cause: Option<String>,
}

impl Examination {
    /// Looks at the machine, then starts a tracer and stops it again.
    pub async fn make(options: Options) -> Self {
        let privileges = privilege::survey();
        let settings = machine::settings(&privileges);
        let started = Tracer::start(options).await;
        let (findings, cause) = match started {
            Ok(tracer) => (findings(&tracer), None),
            Err(error) => (Vec::new(), Some(format!("{error:#}"))),
        };
        Self {
            kernel: machine::release(),
            settings,
            privileges,
            findings,
            cause,
        }
    }

    /// What it comes to.
    pub fn verdict(&self) -> Verdict {
        let is_blind = |finding: &Finding| {
            let standing = finding.standing;
            standing.is_none_or(|standing| standing.unseen.is_some())
        };
        if self.cause.is_some() {
            Verdict::CannotTrace
        } else if self.findings.iter().any(is_blind) {
            Verdict::Degraded
        } else {
            Verdict::Complete
        }
    }
}

fn findings(tracer: &Tracer) -> Vec<Finding> {
    let finding = |rung: &Rung| Finding {
        capability: rung.capability,
        rung: rung.rung,
        standing: standing::of(rung),
        refused: refused(tracer, rung.capability),
    };
    tracer.rungs().iter().map(finding).collect()
}

fn refused(tracer: &Tracer, capability: &str) -> Vec<Refusal> {
    let missing = tracer.missing().iter();
    let of_it = missing.filter(|(rung, _)| rung.capability == capability);
    of_it
        .map(|(rung, error)| {
            let text = format!("{error:#}");
            let mut lines = text.lines().map(|line| line.trim().to_owned());
            Refusal {
                rung: rung.rung,
                reason: lines.next().unwrap_or_default(),
                log: lines.collect(),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn examined(rungs: &[(&'static str, &'static str)]) -> Examination {
        let finding = |&(capability, rung): &(&'static str, &'static str)| Finding {
            capability,
            rung,
            standing: standing::of(&Rung { capability, rung }),
            refused: Vec::new(),
        };
        Examination {
            kernel: "6.18".to_owned(),
            settings: Vec::new(),
            privileges: Vec::new(),
            findings: rungs.iter().map(finding).collect(),
            cause: None,
        }
    }

    #[test]
    fn what_is_not_seen_decides() {
        let complete = [("tcp", "tp_btf"), ("snapshot", "iter")];
        assert_eq!(examined(&complete).verdict(), Verdict::Complete);
        let degraded = [("tcp", "tp_btf"), ("udp", "none")];
        assert_eq!(examined(&degraded).verdict(), Verdict::Degraded);
        let unheard_of = [("tcp", "some_new_rung")];
        assert_eq!(examined(&unheard_of).verdict(), Verdict::Degraded);
        let refused = Examination {
            cause: Some("not permitted".to_owned()),
            ..examined(&complete)
        };
        assert_eq!(refused.verdict(), Verdict::CannotTrace);
    }
}
