//! `netstat`: one round, or one every second.

use std::{ffi::OsString, thread, time::Duration};

use anyhow::{Context as _, Result};

use crate::{
    Outcome,
    netstat::{
        self,
        args::{self, Command, Request},
    },
    output::{self, netstat::Printer},
};

/// netstat's pause between two rounds.
const PAUSE: Duration = Duration::from_secs(1);

/// Prints what netstat prints for these arguments.
///
/// # Errors
///
/// A file in `/proc` can't be read, or the output can't be written.
pub fn run(args: Vec<OsString>) -> Result<Outcome> {
    let code = match args::parse(args) {
        Ok(Command::Show(request)) => show(&request)?,
        Ok(Command::Help) => {
            output::netstat::help().context("write the help")?;
            0
        }
        Ok(Command::Version) => {
            output::netstat::version().context("write the version")?;
            0
        }
        Err(fault) => {
            output::note(&format!(
                "netstat: {fault}\nFor all options, try 'netwatch netstat --help'."
            ));
            fault.code()
        }
    };
    Ok(match code {
        0 => Outcome::Clean,
        code => Outcome::Code(code),
    })
}

/// The exit code.
fn show(request: &Request) -> Result<u8> {
    let mut printer = Printer::new(request);
    loop {
        let frame = netstat::read(request)?;
        printer.print(&frame).context("write the tables")?;
        if !request.continuous || frame.code != 0 {
            return Ok(frame.code);
        }
        thread::sleep(PAUSE);
    }
}
