//! Compiles the eBPF programs and leaves their objects in OUT_DIR, where the loaders embed them
//! from. aya-build does this too, but only with rust-src, and that cannot be had everywhere.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

#[path = "../xtask/src/ebpf_tools.rs"]
mod ebpf_tools;

use ebpf_tools::{Core, DISTRIBUTION_RUSTC, TARGET};

const PACKAGE: &str = "netwatch-ebpf";
const PROFILE: &str = "ebpf";
const OBJECTS: [&str; 3] = ["netwatch-ebpf", "netwatch-holders", "netwatch-bare"];

/// Set for the build that this script is a part of, and wrong for the one that it starts.
const OF_THE_OUTER_BUILD: [&str; 5] = [
    "RUSTC_WRAPPER",
    "RUSTC_WORKSPACE_WRAPPER",
    "CARGO_BUILD_RUSTC_WRAPPER",
    "CARGO_BUILD_RUSTC_WORKSPACE_WRAPPER",
    "RUSTFLAGS",
];

fn main() {
    let manifest = PathBuf::from(variable("CARGO_MANIFEST_DIR"));
    let workspace = manifest.parent().expect("netwatch/ lies in the workspace");
    let out = PathBuf::from(variable("OUT_DIR"));
    let rustc = variable("RUSTC");
    let linker = ebpf_tools::linker(workspace);
    let (Some(core), true) = (Core::find(&rustc), linker.exists()) else {
        panic!("the tools that build the eBPF programs are missing: run `cargo xtask setup`");
    };

    rebuild_on_change(workspace, &linker);

    // A target directory of its own: the outer cargo holds the lock of the other one.
    let target_dir = out.join("target");
    let mut cargo = Command::new(variable("CARGO"));
    cargo
        .current_dir(workspace)
        .args(["build", "--locked", "--package", PACKAGE])
        .args(["--profile", PROFILE, "--target", TARGET, "--target-dir"])
        .arg(&target_dir)
        .env("CARGO_ENCODED_RUSTFLAGS", rustflags())
        .env("PATH", path_with(&linker))
        // Both ways need features that a stable compiler keeps for nightlies.
        .env("RUSTC_BOOTSTRAP", "1")
        // Our stdout is for what we tell the outer cargo.
        .stdout(Stdio::null());
    for variable in OF_THE_OUTER_BUILD {
        cargo.env_remove(variable);
    }
    match core {
        Core::Source => cargo.args(["-Z", "build-std=core"]).env("RUSTC", rustc),
        Core::Distribution => cargo.env("RUSTC", DISTRIBUTION_RUSTC),
    };
    run(&mut cargo);

    for object in OBJECTS {
        let built = target_dir.join(TARGET).join(PROFILE).join(object);
        fs::copy(&built, out.join(object))
            .unwrap_or_else(|error| panic!("copy {}: {error}", built.display()));
    }
}

fn variable(name: &str) -> OsString {
    env::var_os(name).unwrap_or_else(|| panic!("cargo sets {name} for a build script"))
}

fn rebuild_on_change(workspace: &Path, linker: &Path) {
    for source in [
        "netwatch-ebpf",
        "netwatch-common",
        "Cargo.toml",
        "Cargo.lock",
    ] {
        println!(
            "cargo:rerun-if-changed={}",
            workspace.join(source).display()
        );
    }
    println!("cargo:rerun-if-changed={}", linker.display());
}

fn rustflags() -> OsString {
    let arch = env::var("CARGO_CFG_TARGET_ARCH").expect("cargo names the target's architecture");
    [
        // Whose pt_regs the programs read: those of the machine that netwatch is built for.
        format!("--cfg=bpf_target_arch=\"{arch}\""),
        // What every kernel since 5.1 runs: 32-bit operations need no masking then.
        "-Ctarget-cpu=v3".into(),
        // The kernel asks for BTF of maps with local storage, and of programs on BTF hooks.
        "-Clink-arg=--btf".into(),
    ]
    .join("\x1f")
    .into()
}

fn path_with(linker: &Path) -> OsString {
    let path = env::var_os("PATH").unwrap_or_default();
    let tools = linker.parent().map(Path::to_path_buf);
    env::join_paths(tools.into_iter().chain(env::split_paths(&path)))
        .expect("a directory of the PATH has a colon in its name")
}

/// Its stderr is ours, which the outer cargo prints when we fail.
fn run(command: &mut Command) {
    let status = command
        .status()
        .unwrap_or_else(|error| panic!("start {command:?}: {error}"));
    assert!(status.success(), "{command:?} failed: {status}");
}
