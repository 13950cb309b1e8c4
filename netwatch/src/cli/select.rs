//! The options that select sockets, which every command about sockets has.

use std::{fs, os::unix::fs::MetadataExt as _};

use clap::{Arg, ArgAction, Command as Clap, error::ErrorKind};
use rustix::fs::{FsWord, statfs};

use super::{
    machine::Machine,
    typed::{Typed, switch, valued},
};
use crate::filter::{Fault, Filter, KEYS, Key, Op, Operand};

/// The keys of the filter that are options too.
pub fn keys() -> impl Iterator<Item = Arg> {
    KEYS.iter().filter(|key| key.option).map(|key| {
        valued(key.name, key.value)
            .help(key.help)
            .action(ArgAction::Append)
    })
}

/// The words of a filter, behind everything else.
pub fn words() -> Arg {
    Arg::new(WORDS).value_name("FILTER").num_args(0..).help(
        "Conditions on sockets, joined by and, or, not and parentheses; ss's are understood too",
    )
}

/// The protocols and families, by the short names that the command has for them.
pub fn kinds(tcp: Option<char>, udp: Option<char>) -> [Arg; 4] {
    [
        switch("tcp", tcp, "Only TCP"),
        switch("udp", udp, "Only UDP"),
        switch("ipv4", Some('4'), "Only IPv4 sockets"),
        switch("ipv6", Some('6'), "Only IPv6 sockets"),
    ]
}

/// What was selected.
///
/// # Errors
///
/// A value is none of its key, or the words of the filter can't be understood.
pub fn filter(clap: &mut Clap, typed: &Typed<'_>) -> Result<Filter, clap::Error> {
    let switches = [("tcp", "udp"), ("ipv4", "ipv6")].map(|(one, other)| {
        let on = [one, other]
            .into_iter()
            .filter(|name| typed.switched_on(name));
        Filter::any(on.filter_map(|name| Filter::parse(name, &Machine).ok()))
    });
    let keyed = keyed(clap, typed)?;
    Ok(switches.into_iter().fold(keyed, Filter::and))
}

/// What was selected by keys and words, but not by switches for protocols and families.
///
/// # Errors
///
/// A value is none of its key, or the words of the filter can't be understood.
pub fn keyed(clap: &mut Clap, typed: &Typed<'_>) -> Result<Filter, clap::Error> {
    let mut filter = written(clap, typed)?;
    for key in KEYS.iter().filter(|key| key.option) {
        let values = typed.values::<String>(key.name);
        let conditions: Result<Vec<Filter>, Fault> =
            values.map(|value| condition(key, value)).collect();
        let conditions = conditions.map_err(|fault| {
            clap.error(
                ErrorKind::ValueValidation,
                format!("--{}: {fault}", key.name),
            )
        })?;
        filter = filter.and(Filter::any(conditions));
    }
    Ok(filter)
}

fn condition(key: &Key, text: &str) -> Result<Filter, Fault> {
    let op = Op::Equal;
    (key.parse)(Operand { op, text }, &Machine).map(Filter::from)
}

/// The words behind everything else.
fn written(clap: &mut Clap, typed: &Typed<'_>) -> Result<Filter, clap::Error> {
    let words: Vec<&str> = typed.values::<String>(WORDS).map(String::as_str).collect();
    Filter::parse(&words.join(" "), &Machine).map_err(|error| {
        let message = format!("the filter can't be understood\n\n{error}");
        clap.error(ErrorKind::ValueValidation, message)
    })
}

const WORDS: &str = "filter";

/// The key whose values take looking up.
const NETNS: &str = "netns";

/// The inode numbers of the network namespaces that were chosen.
pub fn chosen_netns(typed: &Typed<'_>) -> Vec<u32> {
    let given = typed.values::<String>(NETNS);
    given
        .filter_map(|value| netns_inode(value).ok()?.parse().ok())
        .collect()
}

/// The inode number of a network namespace, given in one of its ways.
///
/// # Errors
///
/// There is no such namespace.
pub fn netns(value: &str) -> Result<u32, String> {
    let inode = netns_inode(value)?;
    inode
        .parse()
        .map_err(|_| format!("{value:?} is no inode number of a network namespace"))
}

/// The inode number of a network namespace, given by number, name, path or `pid:N`.
fn netns_inode(value: &str) -> Result<String, String> {
    if value.bytes().all(|byte| byte.is_ascii_digit()) {
        let number = value.parse::<u32>();
        let fault = format!("{value:?} is no inode number of a network namespace: {NETNS_FORMS}");
        return number.map(|_| value.to_owned()).map_err(|_| fault);
    }
    let path = match value.strip_prefix("pid:") {
        Some(pid) => format!("/proc/{pid}/ns/net"),
        None if value.contains('/') => value.to_owned(),
        None => format!("/run/netns/{value}"),
    };
    let fault =
        |why: &str| format!("{value:?} is no network namespace ({path}{why}): {NETNS_FORMS}");
    let (file, system) = fs::metadata(&path)
        .and_then(|file| Ok((file, statfs(&path)?)))
        .map_err(|error| fault(&format!(": {error}")))?;
    // A namespace that is gone may leave a plain file in /run/netns, whose number would fit nothing.
    if system.f_type != NSFS {
        return Err(fault(" is a file of another kind"));
    }
    Ok(file.ino().to_string())
}

const NETNS_FORMS: &str = "expected a name of ip netns, an inode number, a path, or pid:N";

/// The file system that namespaces are files of: `NSFS_MAGIC` of `include/uapi/linux/magic.h`.
const NSFS: FsWord = 0x6e73_6673;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_namespace_is_found_by_number_path_and_process() {
        let inode = fs::metadata("/proc/self/ns/net").unwrap().ino().to_string();
        let pid = format!("pid:{}", std::process::id());
        for given in [inode.as_str(), "/proc/self/ns/net", &pid] {
            assert_eq!(netns_inode(given).as_ref(), Ok(&inode), "--netns {given}");
        }
    }

    #[test]
    fn what_is_no_network_namespace_is_told_what_would_be() {
        for given in ["", "99999999999", "nowhere", "pid:0", "/proc/self/stat"] {
            let message = netns_inode(given).unwrap_err();
            assert!(message.contains(NETNS_FORMS), "--netns {given}: {message}");
        }
    }
}
