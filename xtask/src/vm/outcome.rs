//! What the tests said in one guest.

use std::collections::{BTreeMap, BTreeSet};

/// How one test ended on one kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome<'a> {
    Ok,
    Failed,
    /// It left itself out, and why.
    Skipped(&'a [String]),
    /// It left some of itself out, and why.
    InPart(&'a [String]),
}

/// What a guest's lines say of its tests.
#[derive(Debug, Default)]
pub struct Told {
    passed: BTreeMap<String, bool>,
    skipped: BTreeMap<String, Vec<String>>,
    /// What each test's netwatches stood on.
    rungs: BTreeMap<String, BTreeSet<String>>,
    /// Every rung that there is, `CAPABILITY:RUNG`.
    ladders: BTreeSet<String>,
    /// Programs of tests that came to their end.
    pub programs: usize,
}

impl Told {
    /// Takes a line of libtest's.
    pub fn take(&mut self, line: &str) {
        if let Some((test, passed)) = ended(line) {
            self.passed.insert(test.to_owned(), passed);
        } else if line.starts_with("test result: ") {
            self.programs += 1;
        }
    }

    /// Takes a line that a test wrote beside libtest's.
    pub fn note(&mut self, line: &str) {
        if let Some((test, reason)) = about(line, "skipped ") {
            let of_test = self.skipped.entry(test.to_owned()).or_default();
            of_test.push(reason.to_owned());
        } else if let Some((test, rungs)) = about(line, "rungs ") {
            let of_test = self.rungs.entry(test.to_owned()).or_default();
            of_test.insert(rungs.to_owned());
        } else if let Some((_, rungs)) = about(line, "ladders ") {
            self.ladders.extend(rungs.split(' ').map(ToOwned::to_owned));
        }
    }

    /// The names of all tests that ended.
    pub fn tests(&self) -> impl Iterator<Item = &String> {
        self.passed.keys()
    }

    /// How a test ended; None where it didn't. What has run netwatch has done a part of its work at least.
    pub fn outcome(&self, test: &str) -> Option<Outcome<'_>> {
        Some(match (self.passed.get(test)?, self.skipped.get(test)) {
            (false, _) => Outcome::Failed,
            (true, None) => Outcome::Ok,
            (true, Some(reasons)) if self.rungs.contains_key(test) => Outcome::InPart(reasons),
            (true, Some(reasons)) => Outcome::Skipped(reasons),
        })
    }

    /// All standings of a test's netwatches, or of all tests'.
    pub fn rungs(&self, test: Option<&str>) -> BTreeSet<&str> {
        let of = |(name, rungs)| test.is_none_or(|test| test == name).then_some(rungs);
        let rungs = self
            .rungs
            .iter()
            .map(|(name, rungs)| (name.as_str(), rungs));
        rungs.filter_map(of).flatten().map(String::as_str).collect()
    }

    /// Every rung that there is, and whether some test stood on it.
    pub fn ladders(&self) -> impl Iterator<Item = (&str, bool)> {
        let standings = self.rungs.values().flatten();
        let stood: BTreeSet<&str> = standings.flat_map(|line| line.split(' ')).collect();
        let rungs = self.ladders.iter().map(String::as_str);
        rungs.map(move |rung| (rung, stood.contains(rung)))
    }

    /// How many tests ended so.
    pub fn count(&self, is_so: impl Fn(Outcome<'_>) -> bool) -> usize {
        let outcomes = self.tests().filter_map(|test| self.outcome(test));
        outcomes.filter(|outcome| is_so(*outcome)).count()
    }
}

/// `word TEST: rest`; a test's name has colons of its own, but no blank.
fn about<'a>(line: &'a str, word: &str) -> Option<(&'a str, &'a str)> {
    line.strip_prefix(word)?.split_once(": ")
}

/// libtest's line of a test.
fn ended(line: &str) -> Option<(&str, bool)> {
    let (test, word) = line.strip_prefix("test ")?.split_once(" ... ")?;
    match word {
        "ok" => Some((test, true)),
        "FAILED" => Some((test, false)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_become_outcomes() {
        let mut told = Told::default();
        for line in [
            "test tcp_open::a ... ok",
            "test uring::b ... ok",
            "test udp::c ... FAILED",
            "test udp::d ... ",
            "test rungs::e ... ok",
            "test result: FAILED. 2 passed",
        ] {
            told.take(line);
        }
        for note in [
            "rungs tcp_open::a: tcp:tp_btf udp:cgroup",
            "rungs udp::c: tcp:tp_btf udp:fexit",
            "skipped uring::b: no io_uring here",
            "skipped rungs::e: no kprobes",
            "rungs rungs::e: tcp:tp_btf",
            "skipped rungs::e: no trampolines",
            "skipped udp::c: it failed before that",
        ] {
            told.note(note);
        }
        assert_eq!(told.outcome("tcp_open::a"), Some(Outcome::Ok));
        let reasons = ["no io_uring here".to_owned()];
        assert_eq!(told.outcome("uring::b"), Some(Outcome::Skipped(&reasons)));
        let reasons = ["no kprobes", "no trampolines"].map(ToOwned::to_owned);
        assert_eq!(told.outcome("rungs::e"), Some(Outcome::InPart(&reasons)));
        assert_eq!(told.outcome("udp::c"), Some(Outcome::Failed));
        assert_eq!(told.outcome("udp::d"), None);
        assert_eq!(told.count(|outcome| outcome == Outcome::Failed), 1);
        let of_a = told.rungs(Some("tcp_open::a"));
        assert_eq!(Vec::from_iter(of_a), ["tcp:tp_btf udp:cgroup"]);
        assert_eq!(told.rungs(None).len(), 3);
        assert_eq!(told.programs, 1);
    }
}
