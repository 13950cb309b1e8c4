//! The table of what came of it: kernel by test, with the rungs that each test stood on.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use super::{guest::Run, outcome::Outcome, suite::NATIVE_ONLY};

/// All kernels together.
#[derive(Default)]
pub struct Matrix {
    runs: Vec<(String, Run)>,
    left_out: Vec<(String, String)>,
}

impl Matrix {
    /// Adds what came of a kernel.
    pub fn add(&mut self, kernel: &str, run: Run) {
        self.runs.push((kernel.to_owned(), run));
    }

    /// Remembers a kernel that can't be had.
    pub fn leave_out(&mut self, kernel: &str, why: String) {
        self.left_out.push((kernel.to_owned(), why));
    }

    /// How many kernels ran.
    pub fn len(&self) -> usize {
        self.runs.len()
    }

    /// How much went wrong: tests that failed, guests that died, kernels that complained.
    pub fn faults(&self) -> usize {
        let of = |run: &Run| run.told.count(|one| one == Outcome::Failed) + run.faults.len();
        self.runs.iter().map(|(_, run)| of(run)).sum()
    }

    fn tests(&self) -> BTreeSet<&String> {
        let tests = self.runs.iter().flat_map(|(_, run)| run.told.tests());
        tests.collect()
    }

    /// Every rung of every ladder, with the kernels on which some test stood on it.
    fn ladders(&self) -> BTreeMap<&str, Vec<&str>> {
        let mut ladders: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (kernel, run) in &self.runs {
            for (rung, stood) in run.told.ladders() {
                let kernels = ladders.entry(rung).or_default();
                kernels.extend(stood.then_some(kernel.as_str()));
            }
        }
        ladders
    }

    /// The rungs that no test stood on, on no kernel.
    pub fn untried(&self) -> Vec<&str> {
        let ladders = self.ladders().into_iter();
        let untried = ladders.filter(|(_, kernels)| kernels.is_empty());
        untried.map(|(rung, _)| rung).collect()
    }

    /// Every way in which some test stood; a table names it by its place here.
    fn standings(&self) -> Vec<&str> {
        let all = self.runs.iter().flat_map(|(_, run)| run.told.rungs(None));
        BTreeSet::from_iter(all).into_iter().collect()
    }
}

impl fmt::Display for Matrix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (tests, standings) = (self.tests(), self.standings());
        let width = tests.iter().map(|test| test.len()).max().unwrap_or(0);
        write!(f, "\n{:width$}", "")?;
        for (kernel, _) in &self.runs {
            write!(f, "  {kernel:26}")?;
        }
        writeln!(f)?;
        for test in tests {
            write!(f, "{test:width$}")?;
            for (_, run) in &self.runs {
                write!(f, "  {:26}", cell(run, test, &standings))?;
            }
            writeln!(f)?;
        }
        for (number, rungs) in standings.iter().enumerate() {
            writeln!(
                f,
                "{}[{number}] {rungs}",
                if number == 0 { "\n" } else { "" }
            )?;
        }
        for (number, (rung, kernels)) in self.ladders().into_iter().enumerate() {
            let kernels = match &kernels[..] {
                [] => "on none of these kernels".to_owned(),
                some => some.join(" "),
            };
            let before = if number == 0 {
                "\nrungs that tests stood on:\n"
            } else {
                ""
            };
            writeln!(f, "{before}  {rung:30} {kernels}")?;
        }
        for (kernel, run) in &self.runs {
            show(f, kernel, run)?;
        }
        for (kernel, why) in &self.left_out {
            writeln!(f, "\n{kernel} left out: {why}")?;
        }
        writeln!(f, "\nnot for guests:")?;
        for (tests, why) in NATIVE_ONLY {
            writeln!(f, "  {tests}: {why}")?;
        }
        Ok(())
    }
}

fn cell(run: &Run, test: &str, standings: &[&str]) -> String {
    let word = match run.told.outcome(test) {
        Some(Outcome::Ok) => "ok",
        Some(Outcome::Failed) => "FAILED",
        Some(Outcome::Skipped(_)) => "skipped",
        Some(Outcome::InPart(_)) => "ok in part",
        None => "-",
    };
    let mut cell = word.to_owned();
    for rungs in run.told.rungs(Some(test)) {
        if let Ok(number) = standings.binary_search(&rungs) {
            cell.push_str(&format!(" [{number}]"));
        }
    }
    cell
}

/// One kernel: counts, skips with their reasons, and what went wrong beside tests.
fn show(f: &mut fmt::Formatter<'_>, kernel: &str, run: &Run) -> fmt::Result {
    let told = &run.told;
    let skipped = told.count(|one| matches!(one, Outcome::Skipped(_)));
    writeln!(
        f,
        "\n{kernel}: {} passed, {} failed, {skipped} skipped in {} s",
        told.count(|one| matches!(one, Outcome::Ok | Outcome::InPart(_))),
        told.count(|one| one == Outcome::Failed),
        run.took.as_secs()
    )?;
    for test in told.tests() {
        match told.outcome(test) {
            Some(Outcome::Skipped(reasons)) => because(f, "skipped", test, reasons)?,
            Some(Outcome::InPart(reasons)) => because(f, "skipped in part", test, reasons)?,
            Some(Outcome::Failed) => writeln!(f, "  failed {test}")?,
            Some(Outcome::Ok) | None => {}
        }
    }
    for fault in &run.faults {
        writeln!(f, "  {fault}")?;
    }
    Ok(())
}

fn because(f: &mut fmt::Formatter<'_>, what: &str, test: &str, reasons: &[String]) -> fmt::Result {
    for reason in reasons {
        writeln!(f, "  {what} {test}: {reason}")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::vm::outcome::Told;

    fn run(lines: &[&str], notes: &[&str], faults: &[&str]) -> Run {
        let mut told = Told::default();
        lines.iter().for_each(|line| told.take(line));
        notes.iter().for_each(|note| told.note(note));
        let faults = faults.iter().map(|&fault| fault.to_owned()).collect();
        let took = Duration::from_secs(7);
        Run { told, faults, took }
    }

    #[test]
    fn a_table_names_tests_rungs_reasons_and_faults() {
        let mut matrix = Matrix::default();
        let lines = [
            "test udp::a ... ok",
            "test udp::b ... FAILED",
            "test udp::c ... ok",
        ];
        let notes = [
            "rungs udp::a: tcp:tp_btf",
            "rungs udp::b: tcp:tracepoint",
            "rungs udp::c: tcp:tracepoint",
            "skipped udp::c: no kprobes here",
            "ladders rungs::all: tcp:tp_btf tcp:tracepoint udp:kprobe",
        ];
        matrix.add(
            "6.1",
            run(&lines, &notes, &["the kernel complained: BUG: x"]),
        );
        let skip = ["skipped udp::a: no such thing here"];
        matrix.add("7.0", run(&lines[..1], &skip, &[]));
        matrix.leave_out("5.10", "it is gone".into());
        assert_eq!(matrix.faults(), 2);
        assert_eq!(matrix.untried(), ["udp:kprobe"]);
        let text = matrix.to_string();
        for part in [
            "udp::a  ok [0]                      skipped",
            "udp::b  FAILED [1]                  -",
            "udp::c  ok in part [1]              -",
            "\n[0] tcp:tp_btf\n[1] tcp:tracepoint\n",
            "\nrungs that tests stood on:\n  tcp:tp_btf                     6.1\n",
            "\n  udp:kprobe                     on none of these kernels\n",
            "6.1: 2 passed, 1 failed, 0 skipped in 7 s\n  failed udp::b\n  skipped in part udp::c: no kprobes here\n  the kernel complained",
            "7.0: 0 passed, 0 failed, 1 skipped in 7 s\n  skipped udp::a: no such thing here\n",
            "\n5.10 left out: it is gone\n",
        ] {
            assert!(text.contains(part), "{part}:\n{text}");
        }
    }
}
