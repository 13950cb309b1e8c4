//! `netwatch route`, `netwatch interfaces`, `netwatch statistics`.

use std::time::Duration;

use clap::{
    Arg, ArgAction, Command as Clap,
    builder::PossibleValuesParser,
    error::{ErrorKind, Result},
};

use super::{
    color,
    list::seconds,
    select,
    typed::{Typed, switch, valued},
};
use crate::{
    event::Family,
    host::{
        route::{Selection, tables::Tables},
        statistics::Protocols,
    },
};

/// What all three have in common.
#[derive(Clone, Debug)]
pub struct Common {
    pub json: bool,
    pub color: bool,
    /// The time between two readings; None for one only.
    pub every: Option<Duration>,
    /// Inode number of the network namespace; None for this one.
    pub netns: Option<u32>,
}

/// What was meant by `route`.
#[derive(Clone, Debug)]
pub struct Route {
    pub common: Common,
    pub families: Vec<Family>,
    pub selection: Selection,
    pub names: bool,
    pub extended: bool,
}

/// What was meant by `interfaces`.
#[derive(Clone, Debug)]
pub struct Interfaces {
    pub common: Common,
    /// Only these; where there is none, all that are up.
    pub names: Vec<String>,
    /// Those that are down too.
    pub all: bool,
    pub extended: bool,
}

/// What was meant by `statistics`.
#[derive(Clone, Debug)]
pub struct Statistics {
    pub common: Common,
    pub protocols: Protocols,
    /// Counters that are 0 too.
    pub all: bool,
}

const ROUTE_EXAMPLES: &str = "\
Examples:
  netwatch -rn                         the main table of IPv4 and all of IPv6, as netstat -rn
  netwatch route -n4 --table all       all tables of IPv4
  netwatch route --json --table main   JSON, one object for each route";

const INTERFACES_EXAMPLES: &str = "\
Examples:
  netwatch -ie                         addresses and all counters of what is up
  netwatch interfaces eth0 -c 2        rates of eth0, every 2 s";

const STATISTICS_EXAMPLES: &str = "\
Examples:
  netwatch -st                         what TCP counted, with what it means
  netwatch statistics -c               what changes each second, with what means trouble";

/// The subcommands.
pub fn commands() -> [Clap; 3] {
    let route = Clap::new("route")
        .about("The routing tables, as netstat -r and ip route show them; netwatch -r is the same")
        .after_help(ROUTE_EXAMPLES)
        .args(route_options());
    let interfaces = Clap::new("interfaces")
        .about("The interfaces with their counters, as netstat -i; netwatch -i is the same")
        .after_help(INTERFACES_EXAMPLES)
        .args(interfaces_options());
    let statistics = Clap::new("statistics")
        .about("The kernel's protocol counters, as netstat -s; netwatch -s is the same")
        .after_help(STATISTICS_EXAMPLES)
        .args(statistics_options());
    [
        common(route, "A new reading every so many seconds (1)"),
        common(interfaces, "Rates, every so many seconds (1)"),
        common(statistics, "What changed, every so many seconds (1)"),
    ]
}

fn common(command: Clap, continuous: &'static str) -> Clap {
    command.args([
        Arg::new("continuous")
            .short('c')
            .long("continuous")
            .value_name("SECONDS")
            .num_args(0..=1)
            .require_equals(true)
            .default_missing_value("1")
            .value_parser(seconds)
            .help(continuous),
        valued("netns", "NETNS").help("In this network namespace (number, name, path or pid:N)"),
        switch("json", None, "JSON, one object to a line"),
        valued("color", "WHEN")
            .help("Colour the text")
            .value_parser(PossibleValuesParser::new(["auto", "always", "never"]))
            .default_value("auto"),
    ])
}

fn route_options() -> Vec<Arg> {
    vec![
        switch(
            "numeric",
            Some('n'),
            "Numbers, without names of hosts and networks",
        ),
        switch(
            "extend",
            Some('e'),
            "Also metric, table, type, protocol, scope and source",
        ),
        switch("ipv4", Some('4'), "Only routes of IPv4"),
        switch("ipv6", Some('6'), "Only routes of IPv6"),
        valued("table", "TABLE")
            .help("Only this table (name of rt_tables or number), or all of them"),
    ]
}

fn interfaces_options() -> Vec<Arg> {
    vec![
        Arg::new("names")
            .value_name("INTERFACE")
            .action(ArgAction::Append)
            .help("Only these"),
        switch("all", Some('a'), "Those that are down too"),
        switch(
            "extended",
            Some('e'),
            "Addresses, link-layer address, flags and all counters",
        ),
        switch(
            "numeric",
            Some('n'),
            "As netstat has it; there are no names here anyway",
        ),
    ]
}

fn statistics_options() -> Vec<Arg> {
    vec![
        switch("tcp", Some('t'), "Only TCP"),
        switch("udp", Some('u'), "Only UDP"),
        switch("all", Some('a'), "Counters that are 0 too"),
        switch(
            "numeric",
            Some('n'),
            "As netstat has it; there are no names here anyway",
        ),
    ]
}

impl Common {
    fn new(clap: &mut Clap, typed: &Typed<'_>) -> Result<Self> {
        if let Some(option) = typed.foreign() {
            let message = format!("--{option} is no option of this command");
            return Err(clap.error(ErrorKind::UnknownArgument, message));
        }
        let netns = typed.value::<String>("netns").map(|value| {
            select::netns(value).map_err(|message| refused(clap, &format!("--netns: {message}")))
        });
        let json = typed.switched_on("json");
        Ok(Self {
            json,
            color: !json && color(typed),
            every: typed.value::<Duration>("continuous").copied(),
            netns: netns.transpose()?,
        })
    }
}

impl Route {
    /// Understands what was typed.
    ///
    /// # Errors
    ///
    /// It can't be understood.
    pub fn new(clap: &mut Clap, typed: &Typed<'_>) -> Result<Self> {
        let families = match (typed.switched_on("ipv4"), typed.switched_on("ipv6")) {
            (true, false) => vec![Family::Ipv4],
            (false, true) => vec![Family::Ipv6],
            _ => vec![Family::Ipv4, Family::Ipv6],
        };
        let selection = match typed.value::<String>("table").map(String::as_str) {
            None => Selection::Usual,
            Some("all") => Selection::All,
            Some(table) => {
                let number = Tables::read().number(table);
                let refuse = |message: String| refused(clap, &format!("--table: {message}"));
                Selection::Table(number.map_err(refuse)?)
            }
        };
        Ok(Self {
            common: Common::new(clap, typed)?,
            families,
            selection,
            names: !typed.switched_on("numeric"),
            extended: typed.switched_on("extend"),
        })
    }
}

impl Interfaces {
    /// Understands what was typed.
    ///
    /// # Errors
    ///
    /// It can't be understood.
    pub fn new(clap: &mut Clap, typed: &Typed<'_>) -> Result<Self> {
        Ok(Self {
            common: Common::new(clap, typed)?,
            names: typed.values("names").cloned().collect(),
            all: typed.switched_on("all"),
            extended: typed.switched_on("extended"),
        })
    }
}

impl Statistics {
    /// Understands what was typed.
    ///
    /// # Errors
    ///
    /// It can't be understood.
    pub fn new(clap: &mut Clap, typed: &Typed<'_>) -> Result<Self> {
        Ok(Self {
            common: Common::new(clap, typed)?,
            protocols: Protocols {
                tcp: typed.switched_on("tcp"),
                udp: typed.switched_on("udp"),
            },
            all: typed.switched_on("all"),
        })
    }
}

fn refused(clap: &mut Clap, message: &str) -> clap::Error {
    clap.error(ErrorKind::ValueValidation, message)
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::*;
    use crate::cli::Config;

    fn parse(line: &str) -> std::result::Result<Config, String> {
        let words = std::iter::once("netwatch").chain(line.split_ascii_whitespace());
        Config::parse(words.map(OsString::from)).map_err(|error| error.to_string())
    }

    #[test]
    fn short_flags_of_netstat_are_options() {
        let Ok(Config::Route(route)) = parse("-rn4c2") else {
            panic!("no route");
        };
        assert_eq!(route.families, [Family::Ipv4]);
        assert_eq!(route.common.every, Some(Duration::from_secs(2)));
        assert!(!route.names && !route.extended);
        let Ok(Config::Interfaces(interfaces)) = parse("-iea eth0 -c eth1") else {
            panic!("no interfaces");
        };
        assert!(interfaces.extended && interfaces.all);
        assert_eq!(interfaces.names, ["eth0", "eth1"]);
        assert_eq!(interfaces.common.every, Some(Duration::from_secs(1)));
        let Ok(Config::Statistics(statistics)) = parse("--json -st") else {
            panic!("no statistics");
        };
        assert!(statistics.protocols.tcp && !statistics.protocols.udp);
        assert!(statistics.common.json && !statistics.common.color);
    }

    #[test]
    fn tables_are_chosen_by_name_and_number() {
        for (line, selection) in [
            ("route", Selection::Usual),
            ("route --table all", Selection::All),
            ("route --table main", Selection::Table(254)),
            ("route --table 0x64", Selection::Table(100)),
        ] {
            let Ok(Config::Route(route)) = parse(line) else {
                panic!("{line}");
            };
            assert_eq!(route.selection, selection, "{line}");
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (line, part) in [
            (
                "route --table mian",
                "--table: \"mian\" is no routing table: did you mean main?",
            ),
            ("-rc 0", "not a number of seconds"),
            (
                "-i --netns nowhere",
                "--netns: \"nowhere\" is no network namespace",
            ),
            (
                "-s --netns 99999999999",
                "is no inode number of a network namespace",
            ),
            ("--port 5 route", "--port is no option of this command"),
            ("route --tabel all", "--table"),
        ] {
            let message = parse(line).expect_err(line);
            assert!(message.contains(part), "{line}: {message}");
        }
    }
}
