//! What a developer types: `cargo xtask setup`, `build`, `run`, `test`, `lint`, `install`, `vm`, `bench`, `soak`.

mod apt;
mod bench;
mod cargo;
mod command;
mod ebpf_tools;
mod install;
mod lint;
mod privilege;
mod setup;
mod soak;
mod vm;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::Result;
use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(bin_name = "cargo xtask", about = "Builds, runs and tests netwatch")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Install what the build needs and this machine lacks
    Setup,
    /// Build netwatch with its eBPF programs
    Build {
        /// With optimisation
        #[arg(long)]
        release: bool,
    },
    /// Build netwatch with optimisation and run it, with the arguments after `--`
    Run {
        /// What to pass to netwatch
        #[arg(last = true, value_name = "ARGS")]
        args: Vec<OsString>,
    },
    /// Lint and run all tests; with arguments after `--`, only run those tests
    Test {
        /// What to pass to `cargo test`
        #[arg(last = true, value_name = "ARGS")]
        args: Vec<OsString>,
    },
    /// Check the formatting and run clippy, with warnings as errors
    Lint,
    /// Build netwatch with optimisation and install it, so that an ordinary user can run it
    Install {
        /// Into which folder
        #[arg(long, value_name = "FOLDER", default_value = "/usr/local/bin")]
        to: PathBuf,
    },
    /// Write the man pages into target/man
    Man,
    /// Measure netwatch beside its peers, in one run
    Bench {
        /// What to measure; everything where nothing is said
        question: Option<bench::Question>,
    },
    /// Run netwatch under everything at once, and check that nothing is lost and nothing left
    Soak {
        /// For how long
        #[arg(long, default_value_t = 30)]
        minutes: u64,
    },
    /// Run the end-to-end tests on Debian's kernels, each booted in QEMU
    Vm {
        /// Versions, or beginnings of versions: 5.10, 6.1, 6.12 and the newest 7 where nothing is said
        kernels: Vec<String>,
        /// What to pass to the tests: a part of their names
        #[arg(last = true, value_name = "ARGS")]
        args: Vec<OsString>,
    },
    #[command(hide = true)]
    Part {
        #[command(subcommand)]
        part: bench::Part,
    },
}

fn main() -> ExitCode {
    match perform(Cli::parse().task) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn perform(task: Task) -> Result<()> {
    match task {
        Task::Setup => setup::build_tools(),
        Task::Build { release } => {
            setup::build_tools()?;
            cargo::build(release)
        }
        Task::Run { args } => {
            setup::build_tools()?;
            cargo::build(true)?;
            let netwatch = cargo::release_binary()?;
            Err(cargo::become_netwatch(&netwatch, &args))
        }
        Task::Test { args } => {
            privilege::require_root()?;
            setup::build_tools()?;
            setup::for_tests()?;
            if args.is_empty() {
                lint::all()?;
            }
            cargo::test(&args)
        }
        Task::Lint => {
            setup::build_tools()?;
            lint::all()
        }
        Task::Install { to } => {
            privilege::require_root_to_install()?;
            install::install(&to)
        }
        Task::Man => {
            setup::build_tools()?;
            cargo::build(true)?;
            let folder = cargo::workspace().join("target/man");
            let mut netwatch = Command::new(cargo::release_binary()?);
            command::exec(netwatch.arg("man").arg(&folder))?;
            println!("{}", folder.display());
            Ok(())
        }
        Task::Bench { question } => {
            privilege::require_root()?;
            bench::ask(question)
        }
        Task::Soak { minutes } => {
            privilege::require_root()?;
            soak::soak(minutes)
        }
        Task::Vm { kernels, args } => {
            privilege::require_root()?;
            vm::run(&kernels, &args)
        }
        Task::Part { part } => bench::be(part),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn arguments_after_the_dashes_pass_through_whole() {
        let cli = Cli::parse_from(["xtask", "test", "--", "udp", "--", "--nocapture"]);
        let Task::Test { args } = cli.task else {
            panic!("`test` was parsed as something else");
        };
        assert_eq!(args, ["udp", "--", "--nocapture"]);
    }
}
