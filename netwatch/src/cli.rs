//! What was typed, and what was meant by it.

use std::{
    ffi::OsString,
    fs,
    io::{IsTerminal as _, stdout},
    os::unix::fs::MetadataExt as _,
};

use clap::{
    Arg, ArgAction, ArgMatches, Command as Clap, builder::PossibleValuesParser, parser::ValueSource,
};
use rustix::fs::{FsWord, statfs};

use crate::{
    event::{Family, Protocol},
    filter::{Condition, Filter, KEYS, Key},
};

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Everything, as it happens.
    Trace,
    /// One line for each connection or flow that ended.
    Life,
}

/// What was meant.
#[derive(Clone, Debug)]
pub struct Config {
    pub command: Command,
    pub json: bool,
    pub filter: Filter,
    /// A loss makes the run a failure.
    pub strict: bool,
    /// Show the probes' own diagnostics.
    pub verbose: bool,
    /// Size of the ring buffer of TCP transitions, in bytes.
    pub ring_bytes: u32,
    pub color: bool,
}

const EXAMPLES: &str = "\
Examples:
  netwatch                             every transition and flow, as it happens
  netwatch trace --tcp --port 443      TCP to or from port 443
  netwatch life --comm curl            what curl's connections did, once they end
  netwatch --json --state LISTEN       new listeners, as JSON lines
  netwatch --netns web --addr 10.0.0.0/8";

/// The ring buffer's usual size.
const RING_BYTES: &str = "16M";

/// The command line, from which help comes too.
pub fn command() -> Clap {
    let trace = Clap::new("trace").about("Every transition and flow, as it happens (default)");
    let life = Clap::new("life").about("One line for each connection or flow that ended");
    let netwatch = Clap::new("netwatch")
        .version(env!("CARGO_PKG_VERSION"))
        .about("netstat that never lies: every TCP transition and UDP flow, with its process")
        .after_help(EXAMPLES)
        .subcommand_value_name("COMMAND")
        .disable_help_subcommand(true)
        .subcommands([trace, life].map(|command| command.args(options())));
    netwatch.args(options())
}

/// The options of every command, which may stand before the command too. Not clap's global ones: of
/// those that may be repeated it would forget what stands before the command.
fn options() -> Vec<Arg> {
    let mut options = vec![
        switch("json", None, "JSON, one object to a line"),
        switch("tcp", None, "Only TCP"),
        switch("udp", None, "Only UDP"),
        switch("ipv4", Some('4'), "Only IPv4 sockets"),
        switch("ipv6", Some('6'), "Only IPv6 sockets"),
    ];
    options.extend(KEYS.iter().map(|key| {
        valued(key.name, key.value)
            .help(key.help)
            .action(ArgAction::Append)
    }));
    let strict = "Fail at the end if anything was lost";
    let verbose = "Show the probes' own diagnostics";
    let color = valued("color", "WHEN")
        .help("Colour the text")
        .value_parser(PossibleValuesParser::new(["auto", "always", "never"]))
        .default_value("auto");
    let ring_bytes = valued("ring-bytes", "SIZE")
        .help("Size of the kernel's buffer of TCP transitions, such as 64K or 16M")
        .value_parser(ring_bytes)
        .default_value(RING_BYTES);
    options.extend([
        switch("strict", None, strict),
        switch("verbose", Some('v'), verbose),
        color,
        ring_bytes,
    ]);
    options
}

fn switch(name: &'static str, short: Option<char>, help: &'static str) -> Arg {
    let arg = Arg::new(name)
        .long(name)
        .help(help)
        .action(ArgAction::SetTrue);
    match short {
        Some(short) => arg.short(short),
        None => arg,
    }
}

fn valued(name: &'static str, value: &'static str) -> Arg {
    Arg::new(name).long(name).value_name(value)
}

/// What was typed, after the command and before it.
struct Typed<'a>(Vec<&'a ArgMatches>);

impl Typed<'_> {
    fn switched_on(&self, name: &str) -> bool {
        self.0.iter().any(|typed| typed.get_flag(name))
    }

    /// Every value of an option that may be repeated.
    fn values(&self, name: &str) -> impl Iterator<Item = &String> {
        let levels = self.0.iter().rev().copied();
        levels.flat_map(move |typed| typed.get_many(name).unwrap_or_default())
    }

    /// The value of an option that has one: the last that was typed, or else the default.
    fn value<T: Clone + Send + Sync + 'static>(&self, name: &str) -> Option<&T> {
        let is_typed =
            |typed: &&&ArgMatches| typed.value_source(name) == Some(ValueSource::CommandLine);
        let typed = self.0.iter().find(is_typed).or(self.0.first())?;
        typed.get_one(name)
    }
}

impl Config {
    /// Understands a command line, which begins with the program's name.
    ///
    /// # Errors
    ///
    /// It can't be understood; or it asks for help, which is an error of its own kind.
    pub fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        let mut clap = command();
        let typed = clap.try_get_matches_from_mut(args)?;
        let (command, typed) = match typed.subcommand() {
            Some(("life", sub)) => (Command::Life, Typed(vec![sub, &typed])),
            Some((_, sub)) => (Command::Trace, Typed(vec![sub, &typed])),
            None => (Command::Trace, Typed(vec![&typed])),
        };
        let json = typed.switched_on("json");
        Ok(Self {
            command,
            json,
            filter: filter(&mut clap, &typed)?,
            strict: typed.switched_on("strict"),
            verbose: typed.switched_on("verbose"),
            ring_bytes: typed.value("ring-bytes").copied().unwrap_or(1 << 24),
            color: !json && color(&typed),
        })
    }
}

fn filter(clap: &mut Clap, typed: &Typed<'_>) -> Result<Filter, clap::Error> {
    let mut filter = Filter::default();
    let protocols = [("tcp", Protocol::Tcp), ("udp", Protocol::Udp)];
    let families = [("ipv4", Family::Ipv4), ("ipv6", Family::Ipv6)];
    filter.require(switched(typed, protocols, Condition::Protocol));
    filter.require(switched(typed, families, Condition::Family));
    for key in KEYS {
        let conditions = typed
            .values(key.name)
            .map(|value| condition(key, value))
            .collect::<Result<_, _>>();
        filter.require(conditions.map_err(|message| {
            let kind = clap::error::ErrorKind::ValueValidation;
            clap.error(kind, format!("--{}: {message}", key.name))
        })?);
    }
    Ok(filter)
}

fn switched<T>(
    typed: &Typed<'_>,
    switches: [(&str, T); 2],
    condition: fn(T) -> Condition,
) -> Vec<Condition> {
    let on = switches
        .into_iter()
        .filter(|(name, _)| typed.switched_on(name));
    on.map(|(_, value)| condition(value)).collect()
}

fn condition(key: &Key, value: &str) -> Result<Condition, String> {
    if key.name == "netns" {
        let inode = netns_inode(value)?;
        return (key.parse)(&inode).map_err(|error| error.to_string());
    }
    (key.parse)(value).map_err(|error| error.to_string())
}

/// The inode number of a network namespace, given by number, name, path or `pid:N`.
fn netns_inode(value: &str) -> Result<String, String> {
    if value.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(value.to_owned());
    }
    let path = match value.strip_prefix("pid:") {
        Some(pid) => format!("/proc/{pid}/ns/net"),
        None if value.contains('/') => value.to_owned(),
        None => format!("/run/netns/{value}"),
    };
    let fault = |why: &str| format!("{value:?} is no network namespace ({path}{why})");
    let (file, system) = fs::metadata(&path)
        .and_then(|file| Ok((file, statfs(&path)?)))
        .map_err(|error| fault(&format!(": {error}")))?;
    // A namespace that is gone may leave a plain file in /run/netns, whose number would fit nothing.
    if system.f_type != NSFS {
        return Err(fault(" is a file of another kind"));
    }
    Ok(file.ino().to_string())
}

/// The file system that namespaces are files of: `NSFS_MAGIC` of `include/uapi/linux/magic.h`.
const NSFS: FsWord = 0x6e73_6673;

fn color(typed: &Typed<'_>) -> bool {
    match typed.value::<String>("color").map(String::as_str) {
        Some("always") => true,
        Some("never") => false,
        _ => stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|no| no.is_empty()),
    }
}

/// A size that the kernel takes for a ring buffer.
fn ring_bytes(value: &str) -> Result<u32, String> {
    let (digits, unit) = match value.strip_suffix(['K', 'k']) {
        Some(digits) => (digits, 1 << 10),
        None => match value.strip_suffix(['M', 'm']) {
            Some(digits) => (digits, 1 << 20),
            None => (value, 1),
        },
    };
    let page = rustix::param::page_size();
    let bytes = digits
        .parse::<u32>()
        .ok()
        .and_then(|number| number.checked_mul(unit));
    bytes
        .filter(|bytes| bytes.is_power_of_two() && *bytes as usize >= page && *bytes <= 1 << 30)
        .ok_or_else(|| format!("not a power of two from {page} to 1024M"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Config, String> {
        let words = std::iter::once("netwatch").chain(line.split_ascii_whitespace());
        Config::parse(words.map(OsString::from)).map_err(|error| error.to_string())
    }

    #[test]
    fn the_definition_is_sound() {
        command().debug_assert();
    }

    #[test]
    fn options_stand_before_or_after_the_command_or_without_one() {
        for line in ["--json life", "life --json"] {
            let config = parse(line).unwrap();
            assert_eq!(
                (config.command, config.json),
                (Command::Life, true),
                "{line}"
            );
        }
        let config = parse("-4 --port 1 --port 2").unwrap();
        assert_eq!(config.command, Command::Trace);
        let mut expected = Filter::default();
        expected.require(vec![Condition::Family(Family::Ipv4)]);
        expected.require(vec![Condition::Port(1), Condition::Port(2)]);
        assert_eq!(config.filter, expected);
        assert_eq!(config.ring_bytes, 16 << 20);
    }

    #[test]
    fn what_stands_before_the_command_counts_as_much_as_what_stands_after_it() {
        let both = parse("--port 1 --tcp --ring-bytes 64K life --port 2 --udp").unwrap();
        let after = parse("life --tcp --udp --port 1 --port 2 --ring-bytes 64K").unwrap();
        assert_eq!(both.filter, after.filter);
        assert_eq!((both.ring_bytes, after.ring_bytes), (64 << 10, 64 << 10));
        let last = parse("--ring-bytes 64K life --ring-bytes 128K").unwrap();
        assert_eq!(last.ring_bytes, 128 << 10);
    }

    #[test]
    fn a_network_namespace_is_found_by_number_path_and_process() {
        let inode = fs::metadata("/proc/self/ns/net").unwrap().ino().to_string();
        let pid = format!("pid:{}", std::process::id());
        for given in [inode.as_str(), "/proc/self/ns/net", &pid] {
            assert_eq!(netns_inode(given).as_ref(), Ok(&inode), "--netns {given}");
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (line, part) in [
            ("--port 99999", "--port: \"99999\" is no port (0 to 65535)"),
            ("--state ESTABLISH", "did you mean ESTABLISHED?"),
            ("--ring-bytes 5000", "not a power of two"),
            ("--ring-bytes 8G", "not a power of two"),
            ("--netns nowhere", "\"nowhere\" is no network namespace"),
            ("--netns /proc/self/stat", "stat is a file of another kind"),
            ("trac", "trac"),
        ] {
            let message = parse(line).expect_err(line);
            assert!(message.contains(part), "{line}: {message}");
        }
    }
}
