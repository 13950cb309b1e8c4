//! What was typed, and what was meant by it.

pub mod describe;
pub mod doctor;
pub mod host;
pub mod list;
mod machine;
mod netstat;
mod select;
mod short;
pub mod trace;
mod typed;

use std::{
    ffi::OsString,
    io::{IsTerminal as _, stdout},
};

use clap::{Command as Clap, error::ErrorKind};

use trace::View;
use typed::Typed;

/// What to do.
#[derive(Clone, Debug)]
pub enum Config {
    Trace(trace::Config),
    List(Box<list::Config>),
    Describe(describe::Config),
    Doctor(doctor::Config),
    Route(host::Route),
    Interfaces(host::Interfaces),
    Statistics(host::Statistics),
    /// netstat's arguments, not yet read.
    Netstat(Vec<OsString>),
}

const EXAMPLES: &str = "\
Examples:
  netwatch                             every transition and flow, as it happens
  netwatch trace --tcp --port 443      TCP to or from port 443
  netwatch life --comm curl            what curl's connections did, once they end
  netwatch --json --state LISTEN       new listeners, as JSON lines
  netwatch --netns web --addr 10.0.0.0/8
  netwatch -tulnp                      what listens, as netstat lists it
  netwatch doctor                      what this machine allows, and what would fix the rest";

/// The command line, from which help comes too.
pub fn command() -> Clap {
    Clap::new("netwatch")
        .version(env!("CARGO_PKG_VERSION"))
        .about("netstat that never lies: every TCP transition and UDP flow, with its process")
        .after_help(EXAMPLES)
        .subcommand_value_name("COMMAND")
        .disable_help_subcommand(true)
        .subcommands(trace::commands())
        .subcommand(list::command())
        .subcommands(describe::commands())
        .subcommands(host::commands())
        .subcommand(netstat::command())
        .subcommand(doctor::command())
        .args(trace::options())
}

impl Config {
    /// Understands a command line, which begins with the program's name.
    ///
    /// # Errors
    ///
    /// It can't be understood; or it asks for help, which is an error of its own kind.
    pub fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        let mut clap = command();
        let args = short::spelt_out(&clap, args.into_iter().collect());
        let written: Vec<OsString> = args.iter().skip(1).cloned().collect();
        let matches = clap
            .try_get_matches_from_mut(args)
            .map_err(|error| short::explained(&mut clap, error, &written))?;
        let described = |config: Option<describe::Config>| {
            config
                .map(Self::Describe)
                .ok_or_else(|| clap::Error::new(ErrorKind::MissingRequiredArgument))
        };
        if let Some(("netstat", sub)) = matches.subcommand() {
            return Ok(Self::Netstat(netstat::args(sub)));
        }
        let (name, typed) = match matches.subcommand() {
            Some((name, sub)) => (name, Typed(vec![sub, &matches])),
            None => ("trace", Typed(vec![&matches])),
        };
        match name {
            "life" => trace::Config::new(&mut clap, View::Life, &typed).map(Self::Trace),
            "list" => {
                list::Config::new(&mut clap, &typed).map(|config| Self::List(Box::new(config)))
            }
            "doctor" => Ok(Self::Doctor(doctor::Config::new(&typed))),
            "completions" => described(describe::Config::completions(&typed)),
            "man" => described(describe::Config::man(&typed)),
            "route" => host::Route::new(&mut clap, &typed).map(Self::Route),
            "interfaces" => host::Interfaces::new(&mut clap, &typed).map(Self::Interfaces),
            "statistics" => host::Statistics::new(&mut clap, &typed).map(Self::Statistics),
            _ => trace::Config::new(&mut clap, View::Trace, &typed).map(Self::Trace),
        }
    }

    /// Whether the probes' own diagnostics are wanted.
    pub const fn is_verbose(&self) -> bool {
        match self {
            Self::Trace(config) => config.verbose,
            Self::Doctor(config) => config.verbose,
            _ => false,
        }
    }
}

fn color(typed: &Typed<'_>) -> bool {
    match typed.value::<String>("color").map(String::as_str) {
        Some("always") => true,
        Some("never") => false,
        _ => stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|no| no.is_empty()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<trace::Config, String> {
        let words = std::iter::once("netwatch").chain(line.split_ascii_whitespace());
        match Config::parse(words.map(OsString::from)) {
            Ok(Config::Trace(config)) => Ok(config),
            Ok(other) => panic!("{line}: {other:?}"),
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn the_definition_is_sound() {
        command().debug_assert();
    }

    #[test]
    fn options_stand_before_or_after_the_command_or_without_one() {
        for line in ["--json life", "life --json"] {
            let config = parse(line).unwrap();
            assert_eq!((config.view, config.json), (View::Life, true), "{line}");
        }
        let config = parse("trace -4 --port 1 --port 2").unwrap();
        assert_eq!(config.view, View::Trace);
        assert_eq!(config.filter.to_string(), "( port 1 or port 2 ) and ipv4");
        assert_eq!(config.ring_bytes, 16 << 20);
    }

    #[test]
    fn what_stands_before_the_command_counts_as_much_as_what_stands_after_it() {
        let both = parse("--port 1 --tcp --ring-bytes 64K life --port 2 --udp").unwrap();
        let after = parse("life --tcp --udp --port 1 --port 2 --ring-bytes 64K").unwrap();
        assert_eq!(both.filter, after.filter);
        assert_eq!((both.ring_bytes, after.ring_bytes), (64 << 10, 64 << 10));
        let rungs = parse("--rung io=none life --rung udp=none,open=none")
            .unwrap()
            .rungs;
        let capabilities = rungs.iter().map(|rung| rung.capability);
        assert_eq!(capabilities.collect::<Vec<_>>(), ["io", "udp", "open"]);
        let last = parse("--ring-bytes 64K life --ring-bytes 128K").unwrap();
        assert_eq!(last.ring_bytes, 128 << 10);
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (line, part) in [
            ("--port 99999", "--port: \"99999\" is no port (0 to 65535)"),
            ("--state ESTABLISH", "did you mean established?"),
            ("--ring-bytes 5000", "not a power of two"),
            ("--ring-bytes 8G", "not a power of two"),
            ("--rung accept", "not of the form CAPABILITY=RUNG"),
            ("--rung io=none,udp=iter", "udp has no rung \"iter\""),
            ("--netns nowhere", "\"nowhere\" is no network namespace"),
            ("--netns /proc/self/stat", "stat is a file of another kind"),
            ("trac", "did you mean the command trace?"),
            ("port 443 life", "did you mean the command life?"),
            (
                "-tulnx",
                "`netwatch netstat -tulnx` prints what netstat prints",
            ),
            ("-gn", "`netwatch netstat -gn` prints what netstat prints"),
            ("list -tulnk", "unexpected argument '-k' found"),
            (
                "tcp prot 443",
                "\ntcp prot 443\n    ^^^^\n\"prot\" is no word of a filter; did you mean port?",
            ),
        ] {
            let message = parse(line).expect_err(line);
            assert!(message.contains(part), "{line}: {message}");
        }
    }
}
