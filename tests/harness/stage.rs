//! Where one test takes place: a network namespace and a folder of its own.

use std::{
    fs::{self, Permissions},
    io::Write as _,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

use super::{
    actor::Actor,
    netns::{Home, NetNs},
    netwatch::Watch,
};

/// What the actor's program is called in the folder, before it gets its names.
const ORIGINAL: &str = ".actor";

pub struct Stage {
    // In the order in which they go: first back home, then the namespace.
    _inside: Home,
    pub netns: NetNs,
    folder: TempDir,
}

impl Stage {
    /// A new one; the thread moves into its namespace.
    pub fn new() -> Self {
        let netns = NetNs::new();
        let folder = TempDir::with_prefix("netwatch-test-").expect("make a folder");
        let original = actor_program();
        fs::hard_link(&original, folder.path().join(ORIGINAL))
            .unwrap_or_else(|_| copy_program(&original, &folder.path().join(ORIGINAL)));
        Self {
            _inside: netns.enter(),
            netns,
            folder,
        }
    }

    /// An actor called by this name, which is its program's too.
    pub fn actor(&self, name: &str) -> Actor {
        Actor::start(&self.program(name))
    }

    /// The actor's program, under another name.
    pub fn program(&self, name: &str) -> PathBuf {
        let program = self.path(name);
        if !program.exists() {
            fs::hard_link(self.path(ORIGINAL), &program)
                .unwrap_or_else(|error| panic!("make {}: {error}", program.display()));
        }
        program
    }

    /// netwatch where everyone may run it.
    pub fn netwatch_for_everyone(&self) -> PathBuf {
        let copy = self.path("netwatch");
        copy_program(Path::new(env!("CARGO_BIN_EXE_netwatch")), &copy);
        for path in [self.folder.path(), &copy] {
            let everyone = Permissions::from_mode(0o755);
            fs::set_permissions(path, everyone).expect("let everyone run it");
        }
        copy
    }

    /// A path in the test's folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// netwatch, watching this namespace.
    pub fn watch(&self, arguments: &[&str]) -> Watch {
        let netns = self.netns.inode.to_string();
        let mut all = vec!["trace", "--json", "--netns", &netns];
        all.extend(arguments);
        Watch::start(&all, &[self.netns.inode])
    }
}

/// Says why a test can't be done here, where a test's own output is not shown.
pub fn skip(reason: &str) {
    say("skipped", reason);
}

/// Says something about the test that the thread is running, beside what libtest keeps back. `cargo xtask
/// vm` reads it.
pub fn say(word: &str, what: &str) {
    let thread = std::thread::current();
    let test = thread.name().unwrap_or("a test");
    // In one write, so that no other test's line comes in between.
    let line = format!("{word} {test}: {what}\n");
    let mut stderr = std::io::stderr();
    stderr.write_all(line.as_bytes()).expect("write to stderr");
}

/// By another process: what a test beside this one forks while the copy is written would have it open for
/// writing until it is another program, and the kernel doesn't run a file that somebody may write to.
fn copy_program(from: &Path, to: &Path) {
    let status = Command::new("cp").args([from, to]).status();
    let copied = status.expect("run cp").success();
    assert!(copied, "copy {} to {}", from.display(), to.display());
}

/// Cargo builds examples beside the folder that it builds tests in. A plain `cargo test` does; for
/// one that names a target, the actor is to be built first.
fn actor_program() -> PathBuf {
    let test = std::env::current_exe().expect("find the test's own program");
    let profile = test
        .parent()
        .and_then(Path::parent)
        .expect("tests are two folders down");
    let program = profile.join("examples/actor");
    assert!(
        program.exists(),
        "no actor: cargo build --package netwatch --example actor"
    );
    program
}
