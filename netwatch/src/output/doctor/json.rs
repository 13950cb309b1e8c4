//! JSON lines of the doctor. The names are a contract, written down in `docs/json-doctor.md`.

use serde::Serialize;

use crate::{
    doctor::{Examination, Finding, Refusal, Setting},
    event::MonoNs,
    privilege::Privilege,
};

/// What every line has.
#[derive(Serialize)]
struct Line<'a, T> {
    event: &'static str,
    ts: &'a str,
    mono_ns: MonoNs,
    #[serde(flatten)]
    fields: T,
}

#[derive(Serialize)]
struct SettingFields<'a> {
    name: &'static str,
    value: Option<&'a str>,
    hinders: Option<&'static str>,
    remedy: Option<&'static str>,
}

#[derive(Serialize)]
struct PrivilegeFields {
    name: &'static str,
    held: bool,
    purpose: &'static str,
}

#[derive(Serialize)]
struct CapabilityFields<'a> {
    capability: &'static str,
    rung: &'static str,
    unseen: Option<&'static str>,
    remedy: Option<&'static str>,
    refused: Vec<RefusalFields<'a>>,
}

#[derive(Serialize)]
struct RefusalFields<'a> {
    rung: &'static str,
    reason: &'a str,
    log: &'a [String],
}

#[derive(Serialize)]
struct VerdictFields<'a> {
    version: &'static str,
    kernel: &'a str,
    verdict: &'static str,
    exit_code: u8,
    cause: Option<&'a str>,
}

/// Every line of an examination, made at this time.
pub fn lines(examination: &Examination, ts: &str, mono_ns: MonoNs) -> String {
    let mut lines = Lines {
        ts,
        mono_ns,
        out: String::new(),
    };
    for setting in &examination.settings {
        lines.add("setting", setting_fields(setting));
    }
    for privilege in &examination.privileges {
        lines.add("privilege", privilege_fields(privilege));
    }
    for finding in &examination.findings {
        lines.add("capability", capability_fields(finding));
    }
    let verdict = examination.verdict();
    lines.add(
        "verdict",
        VerdictFields {
            version: env!("CARGO_PKG_VERSION"),
            kernel: &examination.kernel,
            verdict: verdict.name(),
            exit_code: verdict.code(),
            cause: examination.cause.as_deref(),
        },
    );
    lines.out
}

struct Lines<'a> {
    ts: &'a str,
    mono_ns: MonoNs,
    out: String,
}

impl Lines<'_> {
    fn add(&mut self, event: &'static str, fields: impl Serialize) {
        let (ts, mono_ns) = (self.ts, self.mono_ns);
        let line = Line {
            event,
            ts,
            mono_ns,
            fields,
        };
        if let Ok(line) = serde_json::to_string(&line) {
            self.out.push_str(&line);
            self.out.push('\n');
        }
    }
}

fn setting_fields(setting: &Setting) -> SettingFields<'_> {
    SettingFields {
        name: setting.name,
        value: setting.value.as_deref(),
        hinders: setting.hinders,
        remedy: setting.remedy,
    }
}

const fn privilege_fields(privilege: &Privilege) -> PrivilegeFields {
    PrivilegeFields {
        name: privilege.name,
        held: privilege.is_held,
        purpose: privilege.purpose,
    }
}

fn capability_fields(finding: &Finding) -> CapabilityFields<'_> {
    CapabilityFields {
        capability: finding.capability,
        rung: finding.rung,
        unseen: finding.standing.and_then(|standing| standing.unseen),
        remedy: finding.standing.and_then(|standing| standing.remedy),
        refused: finding.refused.iter().map(refusal_fields).collect(),
    }
}

fn refusal_fields(refusal: &Refusal) -> RefusalFields<'_> {
    RefusalFields {
        rung: refusal.rung,
        reason: &refusal.reason,
        log: &refusal.log,
    }
}
