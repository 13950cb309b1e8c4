//! netstat's short flags, which need no command: `netwatch -tulnp` is `netwatch list -tulnp`.

use std::ffi::{OsStr, OsString};

use clap::{
    Command as Clap, Error,
    error::{ContextKind, ContextValue, ErrorKind},
};

/// Flags that say which command is meant, the first that fits. Those of `list` stand last: with
/// `-r`, `-i` and `-s` they mean what they mean for netstat.
const COMMANDS: &[(&str, &str)] = &[
    ("r", "route"),
    ("i", "interfaces"),
    ("s", "statistics"),
    ("tulanpeo46cWw", "list"),
];

/// The command whose arguments are not ours to read.
const RAW: &str = "netstat";

/// The command line with the command that its flags mean, and with the seconds of `-c` joined to it.
pub fn spelt_out(clap: &Clap, mut args: Vec<OsString>) -> Vec<OsString> {
    match written_command(clap, &args) {
        Some(RAW) => return args,
        Some(_) => {}
        None => {
            let implied = COMMANDS
                .iter()
                .filter(|(_, name)| clap.find_subcommand(name).is_some());
            let flags: String = args.iter().skip(1).filter_map(|arg| bundle(arg)).collect();
            let meant = implied
                .into_iter()
                .find(|(own, _)| flags.contains(|flag| own.contains(flag)));
            if let Some((own, name)) = meant {
                // The flag that means the command is no flag of it.
                if own.len() == 1 {
                    args = args.iter().filter_map(|arg| without(arg, own)).collect();
                }
                args.insert(1, OsString::from(name));
            }
        }
    }
    join_seconds(args)
}

/// Flags of netstat for what `list` does not show: unix, raw, UDP-Lite and SCTP sockets, multicast groups,
/// masquerading, SELinux contexts; and how it reads.
const ONLY_NETSTAT_S: &str = "xwUSgMZNFCv";

/// An error that a flag of netstat's makes, with what to type for it.
pub fn explained(clap: &mut Clap, error: Error, args: &[OsString]) -> Error {
    let Some(ContextValue::String(flag)) = error.get(ContextKind::InvalidArg) else {
        return error;
    };
    let is_netstat_s = match flag.strip_prefix('-') {
        Some(letter) if letter.len() == 1 => ONLY_NETSTAT_S.contains(letter),
        _ => false,
    };
    if error.kind() != ErrorKind::UnknownArgument || !is_netstat_s {
        return error;
    }
    let flags: Vec<&str> = args
        .iter()
        .filter_map(|arg| arg.to_str())
        .filter(|arg| arg.starts_with('-'))
        .collect();
    let text = format!(
        "{flag} is netstat's alone: `netwatch netstat {}` prints what netstat prints",
        flags.join(" ")
    );
    clap.error(ErrorKind::UnknownArgument, text)
}

/// The first word that is a command, and no option's value.
fn written_command<'a>(clap: &'a Clap, args: &[OsString]) -> Option<&'a str> {
    let mut args = args.iter().skip(1).filter_map(|arg| arg.to_str());
    while let Some(arg) = args.next() {
        if let Some(long) = arg.strip_prefix("--") {
            let takes_value = |option: &&clap::Arg| {
                option.get_long() == Some(long) && option.get_action().takes_values()
            };
            if clap.get_arguments().find(takes_value).is_some() {
                args.next();
            }
        } else if !arg.starts_with('-') {
            return clap.find_subcommand(arg).map(Clap::get_name);
        }
    }
    None
}

/// The letters of `-abc`.
fn bundle(arg: &OsStr) -> Option<&str> {
    let letters = arg.to_str()?.strip_prefix('-')?;
    let is_bundle = !letters.is_empty() && letters.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_bundle.then_some(letters)
}

/// The bundle without a flag; None where nothing remains of it.
fn without(arg: &OsStr, flag: &str) -> Option<OsString> {
    match bundle(arg) {
        Some(letters) => {
            let rest = letters.replace(flag, "");
            (!rest.is_empty()).then(|| OsString::from(format!("-{rest}")))
        }
        None => Some(arg.to_owned()),
    }
}

/// `-c 2` as `-c=2`: for clap an optional value has to be joined, or any word would be taken for it.
fn join_seconds(args: Vec<OsString>) -> Vec<OsString> {
    let mut joined: Vec<OsString> = Vec::with_capacity(args.len());
    for arg in args {
        let is_number = arg.to_str().is_some_and(|text| text.parse::<f64>().is_ok());
        match joined.last_mut() {
            Some(last) if is_number && bundle(last).is_some_and(|flags| flags.ends_with('c')) => {
                last.push("=");
                last.push(arg);
            }
            _ => joined.push(with_seconds(&arg).unwrap_or(arg)),
        }
    }
    joined
}

/// `-tnc2` as `-tnc=2`, which is clap's only spelling for a value that may be left out.
fn with_seconds(arg: &OsStr) -> Option<OsString> {
    let letters = arg.to_str()?.strip_prefix('-')?;
    let (flags, seconds) = letters.split_once('c')?;
    let is_bundle = flags.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let is_number = seconds.starts_with(|first: char| first.is_ascii_digit() || first == '.')
        && seconds.parse::<f64>().is_ok();
    // netstat's -4 and -6 are flags after -c too.
    if is_bundle && seconds.bytes().all(|byte| matches!(byte, b'4' | b'6')) {
        return Some(OsString::from(format!("-{flags}{seconds}c")));
    }
    (is_bundle && is_number).then(|| OsString::from(format!("-{flags}c={seconds}")))
}

#[cfg(test)]
mod tests {
    use clap::{Arg, ArgAction};

    use super::*;

    fn spelt(line: &str) -> String {
        let subcommands = ["trace", "list", "route", "interfaces", "statistics", RAW];
        let clap = Clap::new("netwatch")
            .arg(Arg::new("comm").long("comm"))
            .arg(Arg::new("json").long("json").action(ArgAction::SetTrue))
            .subcommands(subcommands.map(Clap::new));
        let args = std::iter::once("netwatch")
            .chain(line.split(' '))
            .map(OsString::from);
        let words = spelt_out(&clap, args.collect());
        let words: Vec<_> = words
            .iter()
            .skip(1)
            .filter_map(|word| word.to_str())
            .collect();
        words.join(" ")
    }

    #[test]
    fn flags_of_netstat_mean_its_commands() {
        for (typed, meant) in [
            ("-tulnp", "list -tulnp"),
            ("-tan4", "list -tan4"),
            ("-4", "list -4"),
            ("--json -ltn port 22", "list --json -ltn port 22"),
            ("state established -tn", "list state established -tn"),
            ("-rn", "route -n"),
            ("-r", "route"),
            ("-ie", "interfaces -e"),
            ("-st", "statistics -t"),
            ("-n -i", "interfaces -n"),
        ] {
            assert_eq!(spelt(typed), meant, "{typed}");
        }
    }

    #[test]
    fn a_written_command_stays() {
        for line in [
            "list -tn",
            "trace -4",
            "--json trace -4",
            "netstat -rn -c 2",
            "-v",
            "--json",
        ] {
            assert_eq!(spelt(line), line);
        }
        assert_eq!(
            spelt("--comm list -tn"),
            "list --comm list -tn",
            "list is a value here"
        );
    }

    #[test]
    fn seconds_belong_to_the_flag_before_them() {
        assert_eq!(spelt("-c 2 -tn"), "list -c=2 -tn");
        assert_eq!(spelt("-tnc 0.5"), "list -tnc=0.5");
        assert_eq!(spelt("-tnc port 22"), "list -tnc port 22");
        assert_eq!(spelt("list -nc 1"), "list -nc=1");
        assert_eq!(spelt("-c2 -tn"), "list -c=2 -tn");
        assert_eq!(spelt("list -tnc0.5"), "list -tnc=0.5");
        assert_eq!(spelt("-rc2"), "route -c=2");
        assert_eq!(
            spelt("-tnc4"),
            "list -tn4c",
            "netstat's flags for the families"
        );
        assert_eq!(spelt("list -cn"), "list -cn");
    }
}
