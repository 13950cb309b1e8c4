//! What the machine says while a filter is read.

use std::{fs, net::IpAddr, ops::RangeInclusive};

use super::select;
use crate::filter::Lookup;

/// This machine.
pub struct Machine;

impl Lookup for Machine {
    fn netns(&self, name: &str) -> Result<u32, String> {
        select::netns(name)
    }

    fn user(&self, name: &str) -> Option<u32> {
        uzers::get_user_by_name(name).map(|user| user.uid())
    }

    fn service(&self, name: &str) -> Option<u16> {
        let services = fs::read_to_string("/etc/services").ok()?;
        services.lines().find_map(|line| port(line, name))
    }

    fn host(&self, name: &str) -> Vec<IpAddr> {
        let mut found: Vec<IpAddr> = dns_lookup::lookup_host(name)
            .into_iter()
            .flatten()
            .collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    fn automatic_ports(&self) -> RangeInclusive<u16> {
        let range = fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range");
        range
            .ok()
            .and_then(|text| two(&text))
            .unwrap_or(32_768..=60_999)
    }

    fn commands(&self) -> &[&str] {
        COMMANDS
    }
}

/// The commands, whose names are no words of a filter.
const COMMANDS: &[&str] = &[
    "trace",
    "life",
    "list",
    "route",
    "interfaces",
    "statistics",
    "netstat",
    "doctor",
    "completions",
    "man",
];

/// The port of a line `NAME PORT/PROTOCOL [ALIAS...]` that has this name.
fn port(line: &str, name: &str) -> Option<u16> {
    let mut words = line.split('#').next()?.split_ascii_whitespace();
    let (first, place) = (words.next()?, words.next()?);
    let is_it = first == name || words.any(|alias| alias == name);
    let (port, _) = place.split_once('/')?;
    is_it.then(|| port.parse().ok()).flatten()
}

fn two(text: &str) -> Option<RangeInclusive<u16>> {
    let (first, last) = text
        .trim()
        .split_once(|blank: char| blank.is_ascii_whitespace())?;
    Some(first.parse().ok()?..=last.trim().parse().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_goes_by_every_name_of_its_line() {
        let line = "http\t\t80/tcp\t\twww www-http\t# WorldWideWeb HTTP";
        for name in ["http", "www", "www-http"] {
            assert_eq!(port(line, name), Some(80), "{name}");
        }
        assert_eq!(port(line, "WorldWideWeb"), None);
        assert_eq!(port("# comment", "comment"), None);
    }

    #[test]
    fn this_machine_is_asked() {
        assert_eq!(Machine.user("root"), Some(0));
        assert!(Machine.host("localhost").contains(&[127, 0, 0, 1].into()));
        assert_eq!(two("32768\t60999\n"), Some(32_768..=60_999));
    }

    #[test]
    fn every_command_is_known() {
        let commands = super::super::command();
        let names: Vec<_> = commands
            .get_subcommands()
            .map(clap::Command::get_name)
            .collect();
        let mut known = COMMANDS.to_vec();
        known.sort_by_key(|name| names.iter().position(|other| other == name));
        assert_eq!(known, names);
    }
}
