//! `netwatch netstat`, whose arguments are not ours: netstat's are read in netstat's own way.

use std::ffi::OsString;

use clap::{Arg, ArgMatches, Command as Clap, builder::OsStringValueParser};

/// The subcommand.
pub fn command() -> Clap {
    let args = Arg::new("ARGS")
        .num_args(0..)
        .trailing_var_arg(true)
        .allow_hyphen_values(true)
        .value_parser(OsStringValueParser::new())
        .help("netstat's own arguments");
    Clap::new("netstat")
        .about("What net-tools netstat prints for the same arguments")
        .disable_help_flag(true)
        .arg(args)
}

/// What stands behind the command, as it was typed.
pub fn args(typed: &ArgMatches) -> Vec<OsString> {
    typed
        .get_many("ARGS")
        .unwrap_or_default()
        .cloned()
        .collect()
}
