//! What the doctor found, as text or as JSON lines.

mod json;

use std::{
    fmt::{self, Write as _},
    io::{self, Write as _, stdout},
};

use crate::{
    cli::doctor::Config,
    clock::{Clock, monotonic},
    doctor::{Examination, Finding, Refusal},
};

/// Shows what was found.
///
/// # Errors
///
/// It can't be written.
pub fn show(examination: &Examination, config: &Config, clock: &Clock) -> io::Result<()> {
    let at = monotonic();
    let text = if config.json {
        json::lines(examination, &clock.rfc3339(at).to_string(), at)
    } else {
        let verbose = config.verbose;
        Text {
            examination,
            verbose,
        }
        .to_string()
    };
    stdout().lock().write_all(text.as_bytes())
}

/// The examination for people.
struct Text<'a> {
    examination: &'a Examination,
    verbose: bool,
}

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Examination { kernel, cause, .. } = self.examination;
        let version = env!("CARGO_PKG_VERSION");
        let verdict = self.examination.verdict().name().replace('_', " ");
        writeln!(f, "netwatch {version} on Linux {kernel}: {verdict}")?;
        if let Some(cause) = cause {
            writeln!(f, "{}", indented(cause, "  "))?;
        }
        self.machine(f)?;
        self.privileges(f)?;
        if !self.examination.findings.is_empty() {
            writeln!(f, "\nWhat stands on which rung")?;
        }
        let mut findings = self.examination.findings.iter();
        findings.try_for_each(|finding| self.finding(f, finding))
    }
}

impl Text<'_> {
    fn machine(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\nThe machine")?;
        for setting in &self.examination.settings {
            let value = setting.value.as_deref().unwrap_or("none");
            writeln!(f, "  {:<32}  {value}", setting.name)?;
            remark(f, "hinders", setting.hinders)?;
            remark(f, "remedy", setting.remedy)?;
        }
        Ok(())
    }

    fn privileges(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\nThe capabilities of this process")?;
        for privilege in &self.examination.privileges {
            let held = if privilege.is_held { "held" } else { "missing" };
            let (name, purpose) = (privilege.name, privilege.purpose);
            writeln!(f, "  {name:<16}  {held:<8}  to {purpose}")?;
        }
        Ok(())
    }

    fn finding(&self, f: &mut fmt::Formatter<'_>, finding: &Finding) -> fmt::Result {
        writeln!(f, "  {:<16}  {}", finding.capability, finding.rung)?;
        let standing = finding.standing;
        remark(f, "not seen", standing.and_then(|standing| standing.unseen))?;
        remark(f, "remedy", standing.and_then(|standing| standing.remedy))?;
        finding
            .refused
            .iter()
            .try_for_each(|refusal| self.refusal(f, refusal))
    }

    fn refusal(&self, f: &mut fmt::Formatter<'_>, refusal: &Refusal) -> fmt::Result {
        remark(
            f,
            refusal.rung,
            Some(&format!("refused: {}", refusal.reason)),
        )?;
        if self.verbose && !refusal.log.is_empty() {
            writeln!(f, "{}", indented(&refusal.log.join("\n"), "      | "))?;
        }
        Ok(())
    }
}

fn remark(f: &mut fmt::Formatter<'_>, word: &str, what: Option<&str>) -> fmt::Result {
    what.map_or(Ok(()), |what| writeln!(f, "    {word}: {what}"))
}

/// A text of several lines, each of which begins so.
fn indented(text: &str, begin: &str) -> String {
    let mut out = String::new();
    for (at, line) in text.lines().enumerate() {
        let newline = if at == 0 { "" } else { "\n" };
        // Writing to a String can't fail.
        let _ = write!(out, "{newline}{begin}{line}");
    }
    out
}

#[cfg(test)]
mod tests;
