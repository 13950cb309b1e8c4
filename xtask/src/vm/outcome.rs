//! What the tests said, and the table of it: kernel by test.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use super::guest::Run;

/// How one test ended on one kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Ended {
    Ok,
    Failed,
    /// It left itself out, and why.
    Skipped(String),
}

/// What a guest's lines say of its tests.
#[derive(Debug, Default)]
pub struct Told {
    ended: BTreeMap<String, Ended>,
    skipped: BTreeMap<String, String>,
    /// What each test's netwatches stood on.
    rungs: BTreeMap<String, BTreeSet<String>>,
    /// libtest's last line.
    is_whole: bool,
}

impl Told {
    /// Takes a line. True where it is worth showing at once.
    pub fn take(&mut self, line: &str) -> bool {
        if let Some((test, reason)) = about(line, "skipped ") {
            self.skipped.insert(test.to_owned(), reason.to_owned());
        } else if let Some((test, rungs)) = about(line, "rungs ") {
            let rungs = rungs.split_whitespace().map(str::to_owned);
            self.rungs.entry(test.to_owned()).or_default().extend(rungs);
            return false;
        } else if let Some((test, word)) = ended(line) {
            let skipped = self.skipped.get(test).cloned();
            let ended = match (word, skipped) {
                ("ok", None) => Ended::Ok,
                ("ok", Some(reason)) => Ended::Skipped(reason),
                _ => Ended::Failed,
            };
            self.ended.insert(test.to_owned(), ended);
        } else if line.starts_with("test result: ") {
            self.is_whole = true;
        }
        !line.is_empty()
    }

    fn count(&self, which: impl Fn(&Ended) -> bool) -> usize {
        self.ended.values().filter(|ended| which(ended)).count()
    }
}

/// `word TEST: rest`; a test's name has colons of its own, but no blank.
fn about<'a>(line: &'a str, word: &str) -> Option<(&'a str, &'a str)> {
    line.strip_prefix(word)?.split_once(": ")
}

/// libtest's line of a test. Where another thread wrote in between, its end alone is there.
fn ended(line: &str) -> Option<(&str, &str)> {
    let (test, word) = line.strip_prefix("test ")?.split_once(" ... ")?;
    ["ok", "FAILED"].contains(&word).then_some((test, word))
}

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
        let of = |run: &Run| {
            let cut_short = usize::from(!run.told.is_whole);
            run.told.count(|ended| *ended == Ended::Failed) + run.faults.len() + cut_short
        };
        self.runs.iter().map(|(_, run)| of(run)).sum()
    }

    fn tests(&self) -> BTreeSet<&String> {
        self.runs
            .iter()
            .flat_map(|(_, run)| run.told.ended.keys())
            .collect()
    }
}

impl fmt::Display for Matrix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tests = self.tests();
        let width = tests.iter().map(|test| test.len()).max().unwrap_or(0);
        write!(f, "\n{:width$}", "")?;
        for (kernel, _) in &self.runs {
            write!(f, "  {kernel:>24}")?;
        }
        writeln!(f)?;
        for test in tests {
            write!(f, "{test:width$}")?;
            for (_, run) in &self.runs {
                let word = match run.told.ended.get(test) {
                    Some(Ended::Ok) => "ok",
                    Some(Ended::Failed) => "FAILED",
                    Some(Ended::Skipped(_)) => "skipped",
                    None => "-",
                };
                write!(f, "  {word:>24}")?;
            }
            writeln!(f)?;
        }
        self.fmt_reasons(f)
    }
}

impl Matrix {
    fn fmt_reasons(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut counts = [0; 3];
        for (kernel, run) in &self.runs {
            writeln!(f, "\n{kernel}, {} s", run.took.as_secs())?;
            let rungs: BTreeSet<&String> = run.told.rungs.values().flatten().collect();
            let rungs: Vec<&str> = rungs.into_iter().map(String::as_str).collect();
            writeln!(f, "  stood on: {}", rungs.join(" "))?;
            for (test, ended) in &run.told.ended {
                if let Ended::Skipped(reason) = ended {
                    writeln!(f, "  skipped {test}: {reason}")?;
                }
            }
            for fault in &run.faults {
                writeln!(f, "  {fault}")?;
            }
            if !run.told.is_whole {
                writeln!(f, "  the tests did not come to their end")?;
            }
            counts[0] += run.told.count(|ended| *ended == Ended::Ok);
            counts[1] += run.told.count(|ended| *ended == Ended::Failed);
            counts[2] += run.told.count(|ended| matches!(ended, Ended::Skipped(_)));
        }
        for (kernel, why) in &self.left_out {
            writeln!(f, "\n{kernel} left out: {why}")?;
        }
        let [passed, failed, skipped] = counts;
        writeln!(f, "\n{passed} passed, {failed} failed, {skipped} skipped")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_become_outcomes() {
        let mut told = Told::default();
        for line in [
            "rungs tcp_open::a: tcp:tp_btf udp:cgroup",
            "test tcp_open::a ... ok",
            "skipped uring::b: no io_uring here",
            "test uring::b ... ok",
            "test udp::c ... FAILED",
            "test udp::d ... ",
            "test result: FAILED. 2 passed",
        ] {
            told.take(line);
        }
        assert_eq!(told.ended["tcp_open::a"], Ended::Ok);
        assert_eq!(
            told.ended["uring::b"],
            Ended::Skipped("no io_uring here".into())
        );
        assert_eq!(told.ended["udp::c"], Ended::Failed);
        assert_eq!(told.ended.len(), 3);
        assert!(told.rungs["tcp_open::a"].contains("udp:cgroup"));
        assert!(told.is_whole);
    }
}
