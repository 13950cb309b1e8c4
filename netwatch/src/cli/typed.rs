//! Options as they are declared, and as they were typed.

use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, parser::ValueSource, value_parser};

use crate::standing::choice;

pub fn switch(name: &'static str, short: Option<char>, help: &'static str) -> Arg {
    let arg = Arg::new(name)
        .long(name)
        .help(help)
        .action(ArgAction::SetTrue);
    match short {
        Some(short) => arg.short(short),
        None => arg,
    }
}

pub fn valued(name: &'static str, value: &'static str) -> Arg {
    Arg::new(name).long(name).value_name(value)
}

/// Which rungs are wanted.
pub fn rung() -> Arg {
    valued("rung", "CAPABILITY=RUNG,...")
        .help("Stand on this rung and no other, such as accept=none")
        .value_parser(choice::parse)
        .value_delimiter(',')
        .action(ArgAction::Append)
}

/// What describes the kernel's types where the kernel does not.
pub fn btf() -> Arg {
    valued("btf", "FILE")
        .help("The kernel's types, for a kernel without /sys/kernel/btf/vmlinux: BTF, as bpftool and pahole write it")
        .value_parser(value_parser!(PathBuf))
}

/// Where a value comes from; None where the command has no such option.
fn source(typed: &ArgMatches, name: &str) -> Option<ValueSource> {
    let has = typed.try_contains_id(name).unwrap_or(false);
    has.then(|| typed.value_source(name)).flatten()
}

/// What was typed, after the command and before it.
pub struct Typed<'a>(pub Vec<&'a ArgMatches>);

impl Typed<'_> {
    pub fn switched_on(&self, name: &str) -> bool {
        let flag = |typed: &&ArgMatches| typed.try_get_one::<bool>(name).ok().flatten().copied();
        self.0.iter().filter_map(flag).any(|on| on)
    }

    /// An option before the command that the command doesn't have.
    pub fn foreign(&self) -> Option<&str> {
        let (command, before) = self.0.split_first()?;
        let typed = before.iter().flat_map(|typed| {
            let ids = typed.ids().map(clap::Id::as_str);
            ids.filter(|id| source(typed, id) == Some(ValueSource::CommandLine))
        });
        let mut typed = typed.filter(|id| command.try_contains_id(id).is_err());
        typed.next()
    }

    /// Every value of an option that may be repeated.
    pub fn values<T: Clone + Send + Sync + 'static>(&self, name: &str) -> impl Iterator<Item = &T> {
        let levels = self.0.iter().rev().copied();
        levels.flat_map(move |typed| typed.try_get_many(name).ok().flatten().unwrap_or_default())
    }

    /// The value of an option that has one: the last that was typed, or else the default.
    pub fn value<T: Clone + Send + Sync + 'static>(&self, name: &str) -> Option<&T> {
        let is_typed = |typed: &&&ArgMatches| source(typed, name) == Some(ValueSource::CommandLine);
        let typed = self.0.iter().find(is_typed).or(self.0.first())?;
        typed.try_get_one(name).ok().flatten()
    }
}
