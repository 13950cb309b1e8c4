//! Options as they are declared, and as they were typed.

use clap::{Arg, ArgAction, ArgMatches, parser::ValueSource};

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

/// What was typed, after the command and before it.
pub struct Typed<'a>(pub Vec<&'a ArgMatches>);

impl Typed<'_> {
    pub fn switched_on(&self, name: &str) -> bool {
        self.0.iter().any(|typed| typed.get_flag(name))
    }

    /// Every value of an option that may be repeated.
    pub fn values(&self, name: &str) -> impl Iterator<Item = &String> {
        let levels = self.0.iter().rev().copied();
        levels.flat_map(move |typed| typed.get_many(name).unwrap_or_default())
    }

    /// The value of an option that has one: the last that was typed, or else the default.
    pub fn value<T: Clone + Send + Sync + 'static>(&self, name: &str) -> Option<&T> {
        let is_typed =
            |typed: &&&ArgMatches| typed.value_source(name) == Some(ValueSource::CommandLine);
        let typed = self.0.iter().find(is_typed).or(self.0.first())?;
        typed.get_one(name)
    }
}
