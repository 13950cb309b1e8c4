//! The options that select sockets, which every command about sockets has.

use std::{fs, os::unix::fs::MetadataExt as _};

use clap::{Arg, ArgAction, Command as Clap};
use rustix::fs::{FsWord, statfs};

use super::typed::{Typed, switch, valued};
use crate::{
    event::{Family, Protocol},
    filter::{Condition, Filter, KEYS, Key},
};

/// Only the keys of the filter, each an option with a value.
pub fn keys() -> impl Iterator<Item = Arg> {
    KEYS.iter().map(|key| {
        valued(key.name, key.value)
            .help(key.help)
            .action(ArgAction::Append)
    })
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
/// A value is none of its key.
pub fn filter(clap: &mut Clap, typed: &Typed<'_>) -> Result<Filter, clap::Error> {
    let mut filter = Filter::default();
    let protocols = [("tcp", Protocol::Tcp), ("udp", Protocol::Udp)];
    let families = [("ipv4", Family::Ipv4), ("ipv6", Family::Ipv6)];
    filter.require(switched(typed, protocols, Condition::Protocol));
    filter.require(switched(typed, families, Condition::Family));
    require_keyed(&mut filter, clap, typed)?;
    Ok(filter)
}

/// What was selected by keys, but for protocols and families.
///
/// # Errors
///
/// A value is none of its key.
pub fn keyed(clap: &mut Clap, typed: &Typed<'_>) -> Result<Filter, clap::Error> {
    let mut filter = Filter::default();
    require_keyed(&mut filter, clap, typed)?;
    Ok(filter)
}

fn require_keyed(
    filter: &mut Filter,
    clap: &mut Clap,
    typed: &Typed<'_>,
) -> Result<(), clap::Error> {
    for key in KEYS {
        let conditions = typed
            .values::<String>(key.name)
            .map(|value| condition(key, value))
            .collect::<Result<_, _>>();
        filter.require(conditions.map_err(|message| {
            let kind = clap::error::ErrorKind::ValueValidation;
            clap.error(kind, format!("--{}: {message}", key.name))
        })?);
    }
    Ok(())
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
    if key.name == NETNS {
        let inode = netns_inode(value)?;
        return (key.parse)(&inode).map_err(|error| error.to_string());
    }
    (key.parse)(value).map_err(|error| error.to_string())
}

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
