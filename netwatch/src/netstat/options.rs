//! netstat's options, one row each.

use super::args::{Domain, Mode, Protocols};

/// What an option does.
#[derive(Clone, Copy, Debug)]
pub enum Meaning {
    Mode(Mode),
    Protocols(Protocols),
    Domain(Domain),
    /// Takes a list of families.
    Domains,
    Switch(Switch),
    Version,
    Help,
    /// Accepted by netstat, and of no effect on what it prints.
    Nothing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Switch {
    All,
    Listening,
    Numeric,
    NumericHosts,
    NumericPorts,
    NumericUsers,
    Extended,
    Timers,
    Programs,
    Wide,
    Continuous,
    Verbose,
    Fib,
    Cache,
    Context,
}

/// A spelling, short and long.
#[derive(Debug)]
pub struct Row {
    pub short: Option<char>,
    pub long: Option<&'static str>,
    pub meaning: Meaning,
}

const fn row(short: char, long: &'static str, meaning: Meaning) -> Row {
    Row {
        short: Some(short),
        long: Some(long),
        meaning,
    }
}

const fn long(long: &'static str, meaning: Meaning) -> Row {
    Row {
        short: None,
        long: Some(long),
        meaning,
    }
}

/// Every option that Debian's netstat 2.10 takes.
pub const OPTIONS: &[Row] = &[
    row('r', "route", Meaning::Mode(Mode::Routes)),
    row('i', "interfaces", Meaning::Mode(Mode::Interfaces)),
    row('s', "statistics", Meaning::Mode(Mode::Statistics)),
    row('M', "masquerade", Meaning::Mode(Mode::Masquerade)),
    row('g', "groups", Meaning::Protocols(Protocols::GROUPS)),
    row('t', "tcp", Meaning::Protocols(Protocols::TCP)),
    row('u', "udp", Meaning::Protocols(Protocols::UDP)),
    row('U', "udplite", Meaning::Protocols(Protocols::UDPLITE)),
    row('S', "sctp", Meaning::Protocols(Protocols::SCTP)),
    row('w', "raw", Meaning::Protocols(Protocols::RAW)),
    row('2', "l2cap", Meaning::Protocols(Protocols::BLUETOOTH)),
    row('f', "rfcomm", Meaning::Protocols(Protocols::BLUETOOTH)),
    row('A', "protocol", Meaning::Domains),
    row('x', "unix", Meaning::Domain(Domain::Unix)),
    row('4', "inet", Meaning::Domain(Domain::Inet)),
    long("ip", Meaning::Domain(Domain::Inet)),
    row('6', "inet6", Meaning::Domain(Domain::Inet6)),
    long("ipx", Meaning::Domain(Domain::Ipx)),
    long("ax25", Meaning::Domain(Domain::Ax25)),
    long("x25", Meaning::Domain(Domain::X25)),
    long("netrom", Meaning::Domain(Domain::Netrom)),
    long("rose", Meaning::Domain(Domain::Rose)),
    long("bluetooth", Meaning::Protocols(Protocols::BLUETOOTH)),
    long("ddp", Meaning::Nothing),
    long("appletalk", Meaning::Nothing),
    long("tcpip", Meaning::Nothing),
    row('a', "all", Meaning::Switch(Switch::All)),
    row('l', "listening", Meaning::Switch(Switch::Listening)),
    row('n', "numeric", Meaning::Switch(Switch::Numeric)),
    long("numeric-hosts", Meaning::Switch(Switch::NumericHosts)),
    long("numeric-ports", Meaning::Switch(Switch::NumericPorts)),
    long("numeric-users", Meaning::Switch(Switch::NumericUsers)),
    row('e', "extend", Meaning::Switch(Switch::Extended)),
    row('o', "timers", Meaning::Switch(Switch::Timers)),
    row('p', "programs", Meaning::Switch(Switch::Programs)),
    row('W', "wide", Meaning::Switch(Switch::Wide)),
    row('c', "continuous", Meaning::Switch(Switch::Continuous)),
    row('v', "verbose", Meaning::Switch(Switch::Verbose)),
    row('F', "fib", Meaning::Switch(Switch::Fib)),
    row('C', "cache", Meaning::Switch(Switch::Cache)),
    row('Z', "context", Meaning::Switch(Switch::Context)),
    row('N', "symbolic", Meaning::Nothing),
    row('V', "version", Meaning::Version),
    row('h', "help", Meaning::Help),
];

/// What `-A` and `--protocol` call the families. Those without a domain are accepted, and nothing of
/// them is shown.
pub const DOMAINS: &[(&str, Option<Domain>)] = &[
    ("inet", Some(Domain::Inet)),
    ("ip", Some(Domain::Inet)),
    ("tcpip", Some(Domain::Inet)),
    ("inet6", Some(Domain::Inet6)),
    ("unix", Some(Domain::Unix)),
    ("ipx", Some(Domain::Ipx)),
    ("ax25", Some(Domain::Ax25)),
    ("x25", Some(Domain::X25)),
    ("netrom", Some(Domain::Netrom)),
    ("rose", Some(Domain::Rose)),
    ("ddp", None),
    ("appletalk", None),
    ("econet", None),
    ("ash", None),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_is_listed_once() {
        for (index, row) in OPTIONS.iter().enumerate() {
            for other in &OPTIONS[index + 1..] {
                assert!(row.short.is_none() || row.short != other.short, "{row:?}");
                assert!(row.long.is_none() || row.long != other.long, "{row:?}");
            }
        }
    }
}
