//! `netwatch list`, which netstat's short flags mean too.

use std::time::Duration;

use clap::{Arg, Command as Clap, builder::PossibleValuesParser};

use super::{
    color, select,
    typed::{Typed, switch, valued},
};
use crate::{
    columns::list::{LIST_COLUMNS, ListColumn, Needs, Standard, list_column},
    event::{Family, Protocol},
    filter::Filter,
    list::{HolderRung, Wanted},
};

/// What was meant.
#[derive(Clone, Debug)]
pub struct Config {
    pub wanted: Wanted,
    pub filter: Filter,
    /// The columns that were chosen; else those of netstat.
    pub columns: Option<Vec<&'static ListColumn>>,
    pub standard: Standard,
    pub sort: Option<Sort>,
    pub form: Form,
    /// Names for numbers.
    pub names: bool,
    /// The least time between two frames; None for one only.
    pub repeat: Option<Duration>,
    pub color: bool,
}

/// The order of rows.
#[derive(Clone, Copy, Debug)]
pub struct Sort {
    pub column: &'static ListColumn,
    pub descending: bool,
}

/// What is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Table,
    Summary,
    Json,
    JsonSummary,
}

impl Form {
    const fn is_json(self) -> bool {
        matches!(self, Self::Json | Self::JsonSummary)
    }

    const fn is_summary(self) -> bool {
        matches!(self, Self::Summary | Self::JsonSummary)
    }
}

const EXAMPLES: &str = "\
Examples:
  netwatch -tulnp                      what listens, and whose it is
  netwatch -tan --port 443             every TCP socket of port 443
  netwatch list -tn --sort=-rtt --columns remote,rtt,retrans,process
  netwatch list --summary              how many sockets, by state, process and remote
  netwatch -c 2 -tnp                   a new frame when something changed, at most every 2 s";

/// The subcommand.
pub fn command() -> Clap {
    Clap::new("list")
        .about("The sockets now, as netstat and ss list them; netwatch -tulnp is the same")
        .after_help(EXAMPLES)
        .args(options())
}

fn options() -> Vec<Arg> {
    let mut options = select::kinds(Some('t'), Some('u')).to_vec();
    options.extend([
        switch(
            "listening",
            Some('l'),
            "Only sockets that listen, and UDP sockets without a peer",
        ),
        switch("all", Some('a'), "Those that listen, and all others"),
        switch(
            "numeric",
            Some('n'),
            "Numbers, without names of hosts, ports and users",
        ),
        switch("programs", Some('p'), "Every process that holds the socket"),
        switch("extend", Some('e'), "Also user, inode, cookie and cgroup"),
        switch("timers", Some('o'), "Also timers"),
        switch(
            "wide",
            Some('W'),
            "As netstat has it; addresses are never cut anyway",
        ),
        Arg::new("continuous")
            .short('c')
            .long("continuous")
            .value_name("SECONDS")
            .num_args(0..=1)
            .require_equals(true)
            .default_missing_value("1")
            .value_parser(seconds)
            .help("A new frame when something changed, at most one in so many seconds"),
        valued("columns", "NAME,...")
            .help(format!("These columns: {}", column_names()))
            .value_delimiter(',')
            .value_parser(list_column_of),
        valued("sort", "[-]NAME")
            .help("In the order of this column; with - the greatest first")
            .allow_hyphen_values(true)
            .value_parser(sort),
        switch(
            "summary",
            None,
            "How many sockets there are, by state, process and remote",
        ),
        switch("json", None, "JSON, one object to a line"),
        valued("rung", "holders=RUNG")
            .help("Learn the processes by this rung: holders=iterator or holders=proc")
            .hide(true)
            .value_parser(rung),
        valued("color", "WHEN")
            .help("Colour the text")
            .value_parser(PossibleValuesParser::new(["auto", "always", "never"]))
            .default_value("auto"),
    ]);
    options.extend(select::keys());
    options.push(select::words());
    options
}

fn column_names() -> String {
    let names: Vec<_> = LIST_COLUMNS.iter().map(|column| column.name).collect();
    names.join(", ")
}

fn list_column_of(name: &str) -> Result<&'static ListColumn, String> {
    list_column(name.trim())
}

fn sort(text: &str) -> Result<Sort, String> {
    let name = text.strip_prefix('-');
    Ok(Sort {
        column: list_column(name.unwrap_or(text))?,
        descending: name.is_some(),
    })
}

fn rung(text: &str) -> Result<HolderRung, String> {
    match text {
        "holders=iterator" => Ok(HolderRung::Iterator),
        "holders=proc" => Ok(HolderRung::Proc),
        _ => Err("there are only holders=iterator and holders=proc".to_owned()),
    }
}

/// A time between frames.
pub fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse::<f64>().ok();
    seconds
        .filter(|seconds| (0.1..=86_400.0).contains(seconds))
        .map(Duration::from_secs_f64)
        .ok_or_else(|| "not a number of seconds from 0.1 to 86400".to_owned())
}

impl Config {
    /// Understands what was typed.
    ///
    /// # Errors
    ///
    /// It can't be understood.
    pub fn new(clap: &mut Clap, typed: &Typed<'_>) -> Result<Self, clap::Error> {
        let on = |name| typed.switched_on(name);
        let columns: Vec<&'static ListColumn> = typed.values("columns").copied().collect();
        let columns = Some(columns).filter(|columns| !columns.is_empty());
        let sort = typed.value::<Sort>("sort").copied();
        let form = match (on("json"), on("summary")) {
            (true, true) => Form::JsonSummary,
            (true, false) => Form::Json,
            (false, true) => Form::Summary,
            (false, false) => Form::Table,
        };
        let filter = select::keyed(clap, typed)?;
        let needs = |need| {
            let chosen = columns.iter().flatten().copied();
            let mut all = chosen.chain(sort.map(|sort| sort.column));
            form == Form::Json || all.any(|column| column.needs == need)
        };
        let asked = filter.needs();
        let wanted = Wanted {
            protocols: match (on("tcp"), on("udp")) {
                (true, false) => vec![Protocol::Tcp],
                (false, true) => vec![Protocol::Udp],
                _ => vec![Protocol::Tcp, Protocol::Udp],
            },
            family: match (on("ipv4"), on("ipv6")) {
                (true, false) => Some(Family::Ipv4),
                (false, true) => Some(Family::Ipv6),
                _ => None,
            },
            // As for ss, a filter that says which states it wants gets them.
            listening: on("all") || on("listening") || asked.mentions_state,
            connected: on("all") || !on("listening") || asked.mentions_state,
            detail: asked.detail || needs(Needs::Detail),
            owners: asked.owners || on("programs") || form.is_summary() || needs(Needs::Owners),
            holder_rung: typed.value("rung").copied(),
            whole: asked.whole || on("extend") || needs(Needs::Whole),
            netns: select::chosen_netns(typed),
        };
        Ok(Self {
            wanted,
            filter,
            columns,
            standard: Standard {
                owners: on("programs"),
                extended: on("extend"),
                timers: on("timers"),
                netns: false,
            },
            sort,
            form,
            names: !on("numeric"),
            repeat: typed.value::<Duration>("continuous").copied(),
            color: !form.is_json() && color(typed),
        })
    }
}
