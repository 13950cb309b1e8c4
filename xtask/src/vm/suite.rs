//! What runs in a guest: the tests' own binaries, and which of the tests.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::{
    cargo::{EBPF_PACKAGE, cargo},
    command::capture,
};

/// Tests that say nothing about a kernel, and why.
pub const NATIVE_ONLY: &[(&str, &str)] = &[
    ("storm::", "a rate that an emulated CPU doesn't reach"),
    (
        "short_lived::",
        "hundreds of processes take minutes where fork is nine times slower",
    ),
    (
        "equal_ip_s",
        "ip prints what is left of a lifetime, and an emulated CPU doesn't ask it twice within a second",
    ),
    ("readme::", "the command line is the same on every kernel"),
    (
        "netstat_program::",
        "the command line is the same on every kernel",
    ),
];

/// Tests at once: more of them starve one another where two CPUs are emulated.
const AT_ONCE: u32 = 3;

/// The binaries, built.
pub struct Suite {
    /// In the order in which they run, with how many of their tests at once.
    pub tests: Vec<(PathBuf, u32)>,
    /// What else has to be at the same place as on the host.
    pub programs: Vec<PathBuf>,
}

impl Suite {
    /// Builds them.
    ///
    /// # Errors
    ///
    /// They can't be built.
    pub fn build() -> Result<Self> {
        let tests = ["test", "--no-run", "--test", "e2e", "--test", "solo"];
        // `cargo test` would make a test of an example that it is asked for.
        let actor = ["build", "--example", "actor"];
        let messages = built(&tests)? + &built(&actor)?;
        let find = |kind: &str, name: &str| {
            let path = messages
                .lines()
                .find_map(|line| executable(line, kind, name));
            path.with_context(|| format!("cargo built no {kind} {name}"))
        };
        Ok(Self {
            tests: vec![(find("test", "e2e")?, AT_ONCE), (find("test", "solo")?, 1)],
            programs: vec![find("bin", "netwatch")?, find("example", "actor")?],
        })
    }

    /// Every program that a guest needs of them.
    pub fn files(&self) -> impl Iterator<Item = &PathBuf> {
        let tests = self.tests.iter().map(|(program, _)| program);
        self.programs.iter().chain(tests)
    }

    /// How to start each of them in the guest, as words.
    pub fn commands(&self, args: &[OsString]) -> Vec<Vec<String>> {
        let command = |(program, threads): &(PathBuf, u32)| {
            let mut words = vec![program.to_string_lossy().into_owned()];
            words.extend(["--test-threads".to_owned(), threads.to_string()]);
            for (name, _) in NATIVE_ONLY {
                words.extend(["--skip".to_owned(), (*name).to_owned()]);
            }
            words.extend(args.iter().map(|word| word.to_string_lossy().into_owned()));
            words
        };
        self.tests.iter().map(command).collect()
    }
}

/// Cargo's messages about what it built of the whole workspace, so that nothing is built in another way than
/// for the native tests.
fn built(arguments: &[&str]) -> Result<String> {
    let mut build = cargo();
    build
        .args(arguments)
        .args(["--workspace", "--exclude", EBPF_PACKAGE])
        .arg("--message-format=json-render-diagnostics");
    capture(&mut build).context("build the tests")
}

/// The executable that a message of cargo's is about, if it is this one.
fn executable(line: &str, kind: &str, name: &str) -> Option<PathBuf> {
    let message: Value = serde_json::from_str(line).ok()?;
    let target = &message["target"];
    // A program has unit tests of its own, which are another executable of its kind and name.
    let is_test = message["profile"]["test"] == true;
    let is_it = target["name"] == name && target["kind"][0] == kind && is_test == (kind == "test");
    let path = message["executable"].as_str()?;
    is_it.then(|| PathBuf::from(path))
}

/// What a program needs to start: the libraries that the loader would take.
///
/// # Errors
///
/// It is not there.
pub fn libraries(program: &Path) -> Result<Vec<PathBuf>> {
    // A script or a static program has none, and makes ldd fail.
    let listed = capture(Command::new("ldd").arg(program)).unwrap_or_default();
    Ok(listed
        .split_whitespace()
        .filter(|word| word.starts_with('/'))
        .map(PathBuf::from)
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_right_executable_is_found() {
        let line = |kind: &str, test: bool| {
            format!(
                r#"{{"target":{{"kind":["{kind}"],"name":"e2e"}},"profile":{{"test":{test}}},"executable":"/t/e2e-1"}}"#
            )
        };
        let found = |kind, test| executable(&line(kind, test), kind, "e2e");
        assert_eq!(found("test", true), Some("/t/e2e-1".into()));
        assert_eq!(found("bin", false), Some("/t/e2e-1".into()));
        assert_eq!(found("bin", true), None, "the program's unit tests");
        assert_eq!(executable(&line("test", true), "bin", "e2e"), None);
        assert_eq!(executable("not JSON", "test", "e2e"), None);
    }

    #[test]
    fn every_exception_has_its_reason() {
        for (index, (name, why)) in NATIVE_ONLY.iter().enumerate() {
            assert!(!why.is_empty());
            assert!(
                NATIVE_ONLY[index + 1..]
                    .iter()
                    .all(|(other, _)| other != name)
            );
        }
    }
}
