//! netstat's command line: bundled and abbreviated as GNU programs allow, options and other words in
//! any order. Words that are no options mean nothing, as for netstat.

use std::ffi::OsString;

use lexopt::{Arg, Parser, ValueExt as _};

use super::{
    Lack,
    options::{DOMAINS, Meaning, OPTIONS, Row, Switch},
};

/// What is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    #[default]
    Sockets,
    Routes,
    Interfaces,
    Statistics,
    Masquerade,
}

/// A family of addresses, by netstat's division.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Domain {
    Inet,
    Inet6,
    Unix,
    Ipx,
    Ax25,
    X25,
    Netrom,
    Rose,
}

impl Domain {
    /// As netstat's messages call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Inet => "inet",
            Self::Inet6 => "inet6",
            Self::Unix => "unix",
            Self::Ipx => "ipx",
            Self::Ax25 => "ax25",
            Self::X25 => "x25",
            Self::Netrom => "netrom",
            Self::Rose => "rose",
        }
    }

    /// That there is none of it.
    pub const fn lack(self) -> Lack {
        Lack::Support(match self {
            Self::Inet | Self::Inet6 => "AF INET",
            Self::Unix => "AF UNIX",
            Self::Ipx => "AF IPX",
            Self::Ax25 => "AF AX25",
            Self::X25 => "AF X25",
            Self::Netrom => "AF NETROM",
            Self::Rose => "AF ROSE",
        })
    }
}

/// Families that no kernel of today has any more, in netstat's order.
pub const OTHERS: [Domain; 5] = [
    Domain::Ipx,
    Domain::Ax25,
    Domain::X25,
    Domain::Netrom,
    Domain::Rose,
];

/// A set of protocols.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Protocols(u8);

impl Protocols {
    pub const TCP: Self = Self(1);
    pub const UDP: Self = Self(2);
    pub const UDPLITE: Self = Self(4);
    pub const RAW: Self = Self(8);
    pub const SCTP: Self = Self(16);
    /// Memberships in multicast groups.
    pub const GROUPS: Self = Self(32);
    pub const BLUETOOTH: Self = Self(64);
    /// What is no table of internet sockets.
    const UNLISTED: Self = Self(32 | 64);
    /// What netstat shows of a family where no protocol is chosen.
    pub const USUAL: Self = Self(1 | 2 | 4 | 8 | 16);

    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}

/// What was asked for.
#[derive(Clone, Debug, Default)]
pub struct Request {
    pub mode: Mode,
    /// Each once, in the order in which they were named.
    pub domains: Vec<Domain>,
    pub protocols: Protocols,
    pub all: bool,
    pub listening: bool,
    pub numeric_hosts: bool,
    pub numeric_ports: bool,
    pub numeric_users: bool,
    /// How often `-e` was given.
    pub extended: u8,
    pub timers: bool,
    pub programs: bool,
    pub wide: bool,
    pub continuous: bool,
    pub verbose: bool,
    /// `-F`: the table of routes.
    pub fib: bool,
    /// `-C`: the cache of routes.
    pub cache: bool,
    /// `-Z`: SELinux contexts.
    pub context: bool,
}

/// Which tables of sockets are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Internet sockets are shown at all, with their heading.
    pub internet: bool,
    pub ipv4: bool,
    pub ipv6: bool,
    pub protocols: Protocols,
    /// SCTP was asked for by name: where the kernel has none, netstat shows nothing more.
    pub sctp: bool,
    /// The same of UDP-Lite, which kernels since 7.1 have not.
    pub udplite: bool,
    pub groups: bool,
    pub unix: bool,
    /// Families of which there is nothing to show but that they are missing.
    pub others: Vec<Domain>,
    /// Nothing was chosen, so that everything is shown.
    pub everything: bool,
}

impl Request {
    /// Which sockets were chosen.
    pub fn choice(&self) -> Choice {
        let chosen = |domain: Domain| self.domains.contains(&domain);
        let (inet, inet6) = (chosen(Domain::Inet), chosen(Domain::Inet6));
        let listed = self.protocols.without(Protocols::UNLISTED);
        let everything = self.domains.is_empty() && self.protocols.is_empty();
        let others = OTHERS.into_iter();
        Choice {
            internet: everything || inet || inet6 || !listed.is_empty(),
            ipv4: inet || !inet6,
            ipv6: inet6 || !inet,
            protocols: if listed.is_empty() {
                Protocols::USUAL
            } else {
                listed
            },
            sctp: listed.has(Protocols::SCTP),
            udplite: listed.has(Protocols::UDPLITE),
            groups: self.protocols.has(Protocols::GROUPS),
            unix: everything || chosen(Domain::Unix),
            others: others
                .filter(|domain| chosen(*domain) || everything && self.verbose)
                .collect(),
            everything,
        }
    }

    fn take(&mut self, meaning: Meaning) -> Result<(), Fault> {
        match meaning {
            Meaning::Mode(mode) if self.mode != Mode::Sockets && self.mode != mode => {
                return Err(Fault::Modes);
            }
            Meaning::Mode(mode) => self.mode = mode,
            Meaning::Protocols(protocols) => self.protocols = self.protocols.with(protocols),
            Meaning::Domain(domain) => self.choose(domain),
            Meaning::Switch(switch) => self.switch_on(switch),
            Meaning::Domains | Meaning::Version | Meaning::Help | Meaning::Nothing => {}
        }
        Ok(())
    }

    fn choose(&mut self, domain: Domain) {
        if !self.domains.contains(&domain) {
            self.domains.push(domain);
        }
    }

    fn switch_on(&mut self, switch: Switch) {
        match switch {
            Switch::All => self.all = true,
            Switch::Listening => self.listening = true,
            Switch::Numeric => {
                self.numeric_hosts = true;
                self.numeric_ports = true;
                self.numeric_users = true;
            }
            Switch::NumericHosts => self.numeric_hosts = true,
            Switch::NumericPorts => self.numeric_ports = true,
            Switch::NumericUsers => self.numeric_users = true,
            Switch::Extended => self.extended = self.extended.saturating_add(1),
            Switch::Timers => self.timers = true,
            Switch::Programs => self.programs = true,
            Switch::Wide => self.wide = true,
            Switch::Continuous => self.continuous = true,
            Switch::Verbose => self.verbose = true,
            Switch::Fib => self.fib = true,
            Switch::Cache => self.cache = true,
            Switch::Context => self.context = true,
        }
    }
}

/// A command line, understood.
#[derive(Clone, Debug)]
pub enum Command {
    Show(Box<Request>),
    Help,
    Version,
}

/// Why a command line can't be understood.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    #[error("there is no option {option}{}", suggestion(.nearest))]
    Unknown {
        option: String,
        nearest: Option<String>,
    },
    #[error("--{option} is short for several options: write {}", .meant.join(" or "))]
    Ambiguous { option: String, meant: Vec<String> },
    #[error(
        "-A and --protocol need a family after them: {}",
        DOMAINS.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
    )]
    NoDomain,
    #[error("there is no address family {domain:?}{}", suggestion(.nearest))]
    UnknownDomain {
        domain: String,
        nearest: Option<String>,
    },
    #[error("--{0} takes no value: write it without the =")]
    Value(String),
    #[error("-r, -i, -s and -M show different things: choose one of them")]
    Modes,
}

fn suggestion(nearest: &Option<String>) -> String {
    nearest
        .as_ref()
        .map_or_else(String::new, |nearest| format!(": did you mean {nearest}?"))
}

impl Fault {
    /// netstat's exit code.
    pub const fn code(&self) -> u8 {
        match self {
            Self::UnknownDomain { .. } => 1,
            _ => 3,
        }
    }
}

/// Understands what stands after `netwatch netstat`.
///
/// # Errors
///
/// netstat would refuse it too.
pub fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Command, Fault> {
    let mut parser = Parser::from_args(args);
    let mut request = Request::default();
    while let Some(arg) = parser.next().map_err(value_fault)? {
        let meaning = match arg {
            Arg::Short(letter) => short(letter)?,
            Arg::Long(name) => long(name)?,
            Arg::Value(_) => continue,
        };
        match meaning {
            Meaning::Help => return Ok(Command::Help),
            Meaning::Version => return Ok(Command::Version),
            Meaning::Domains => {
                let list = parser.value().map_err(|_| Fault::NoDomain)?;
                for name in list.string().map_err(|_| Fault::NoDomain)?.split(',') {
                    if let Some(domain) = domain(name)? {
                        request.choose(domain);
                    }
                }
            }
            other => request.take(other)?,
        }
    }
    Ok(Command::Show(Box::new(request)))
}

fn value_fault(error: lexopt::Error) -> Fault {
    match error {
        lexopt::Error::UnexpectedValue { option, .. } => {
            Fault::Value(option.trim_start_matches('-').to_owned())
        }
        other => Fault::Unknown {
            option: other.to_string(),
            nearest: None,
        },
    }
}

fn short(letter: char) -> Result<Meaning, Fault> {
    let row = OPTIONS.iter().find(|row| row.short == Some(letter));
    row.map(|row| row.meaning).ok_or_else(|| {
        let other_case = if letter.is_lowercase() {
            letter.to_ascii_uppercase()
        } else {
            letter.to_ascii_lowercase()
        };
        let is_known = OPTIONS.iter().any(|row| row.short == Some(other_case));
        Fault::Unknown {
            option: format!("-{}", letter.escape_debug()),
            nearest: is_known.then(|| format!("-{other_case}")),
        }
    })
}

/// An abbreviation is understood as long as it can be no other option.
fn long(name: &str) -> Result<Meaning, Fault> {
    let exact = OPTIONS.iter().find(|row| row.long == Some(name));
    if let Some(row) = exact {
        return Ok(row.meaning);
    }
    let begins = |row: &&Row| row.long.is_some_and(|long| long.starts_with(name));
    match OPTIONS.iter().filter(begins).collect::<Vec<_>>()[..] {
        [row] => Ok(row.meaning),
        [] => Err(Fault::Unknown {
            option: format!("--{}", name.escape_debug()),
            nearest: nearest(name, OPTIONS.iter().filter_map(|row| row.long))
                .map(|long| format!("--{long}")),
        }),
        ref rows => Err(Fault::Ambiguous {
            option: name.to_owned(),
            meant: rows
                .iter()
                .filter_map(|row| row.long)
                .map(|long| format!("--{long}"))
                .collect(),
        }),
    }
}

fn domain(name: &str) -> Result<Option<Domain>, Fault> {
    let row = DOMAINS.iter().find(|(known, _)| *known == name);
    row.map(|(_, domain)| *domain)
        .ok_or_else(|| Fault::UnknownDomain {
            domain: name.to_owned(),
            nearest: nearest(name, DOMAINS.iter().map(|(known, _)| *known)),
        })
}

fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    let similar = |known: &&str| strsim::jaro_winkler(known, name);
    known
        .filter(|known| similar(known) > 0.8)
        .max_by(|one, other| similar(one).total_cmp(&similar(other)))
        .map(str::to_owned)
}

#[cfg(test)]
mod tests;
