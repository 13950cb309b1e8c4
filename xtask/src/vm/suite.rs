//! What runs in a guest: the tests' own binaries, and which of the tests.

use std::{
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
        "short_lived::a_thousand",
        "a thousand processes take minutes where fork is nine times slower",
    ),
    ("readme::", "the command line is the same on every kernel"),
    (
        "netstat_program::",
        "the command line is the same on every kernel",
    ),
];

/// The binaries, built.
pub struct Suite {
    pub tests: PathBuf,
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
        let mut build = cargo();
        build
            .args(["test", "--no-run", "--workspace", "--exclude", EBPF_PACKAGE])
            .arg("--message-format=json-render-diagnostics");
        let messages = capture(&mut build).context("build the tests")?;
        let find = |kind: &str, name: &str| {
            let path = messages
                .lines()
                .find_map(|line| executable(line, kind, name));
            path.with_context(|| format!("cargo built no {kind} {name}"))
        };
        Ok(Self {
            tests: find("test", "e2e")?,
            programs: vec![find("bin", "netwatch")?, find("example", "actor")?],
        })
    }

    /// How to start them in the guest, as words.
    pub fn command(&self, args: &[std::ffi::OsString]) -> Vec<String> {
        let mut words = vec![text(&self.tests), "--test-threads".into(), "2".into()];
        for (name, _) in NATIVE_ONLY {
            words.extend(["--skip".into(), (*name).to_owned()]);
        }
        words.extend(args.iter().map(|word| word.to_string_lossy().into_owned()));
        words
    }
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// The executable that a message of cargo's is about, if it is this one.
fn executable(line: &str, kind: &str, name: &str) -> Option<PathBuf> {
    let message: Value = serde_json::from_str(line).ok()?;
    let target = &message["target"];
    let is_it = target["name"] == name && target["kind"][0] == kind;
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
        let line = r#"{"reason":"compiler-artifact","target":{"kind":["test"],"name":"e2e"},"executable":"/t/e2e-1"}"#;
        assert_eq!(executable(line, "test", "e2e"), Some("/t/e2e-1".into()));
        assert_eq!(executable(line, "bin", "e2e"), None);
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
