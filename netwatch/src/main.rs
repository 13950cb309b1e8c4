//! netwatch, the program: what was typed, one run, one way out.

use std::{
    io::{self, ErrorKind},
    process::ExitCode,
};

use log::LevelFilter;
use netwatch::{Outcome, cli::Config, output};

/// Something was lost, and `--strict` was given.
const LOST: u8 = 3;

fn main() -> ExitCode {
    let config = Config::parse(std::env::args_os()).unwrap_or_else(|error| error.exit());
    if config.is_verbose() {
        // Also the names of the probes' own messages begin with it.
        env_logger::Builder::new()
            .filter_module("netwatch", LevelFilter::Debug)
            .init();
    }
    match netwatch::run(config) {
        Ok(Outcome::Clean) => ExitCode::SUCCESS,
        Ok(Outcome::Lost) => ExitCode::from(LOST),
        Ok(Outcome::Code(code)) => ExitCode::from(code),
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            output::note(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// Whoever reads our output has seen enough.
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    let io_errors = error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>());
    io_errors
        .map(io::Error::kind)
        .any(|kind| kind == ErrorKind::BrokenPipe)
}
