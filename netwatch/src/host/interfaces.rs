//! Network interfaces with their addresses and counters, as the kernel tells them over netlink.

pub mod addresses;
pub mod counters;
mod parse;
pub mod words;

use std::{collections::HashMap, net::IpAddr};

use anyhow::{Context as _, Result};

use self::counters::Counters;
use super::netlink::{self, Request};
use crate::event::Family;

/// One interface: `ifinfomsg` and its attributes (`include/uapi/linux/if_link.h`).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Interface {
    /// `ifi_index`.
    pub index: u32,
    /// `IFLA_IFNAME`.
    pub name: String,
    /// `ARPHRD_…`; [`words::LINK_TYPES`].
    pub link_type: u16,
    /// `IFLA_INFO_KIND`: `veth`, `bridge` and such; None for hardware.
    pub kind: Option<String>,
    /// `IFF_…`; [`words::FLAGS`].
    pub flags: u32,
    /// Bytes.
    pub mtu: u32,
    /// `IFLA_TXQLEN`, packets.
    pub queue_length: Option<u32>,
    /// `IFLA_QDISC`.
    pub qdisc: Option<String>,
    /// `IF_OPER_…`; [`words::STATES`].
    pub state: u8,
    /// `IFLA_ADDRESS` and `IFLA_BROADCAST`: link-layer addresses, as long as the link's are.
    pub link_address: Vec<u8>,
    pub link_broadcast: Vec<u8>,
    /// `IFLA_MASTER`: number of the bridge or bond that it belongs to.
    pub master: Option<u32>,
    /// `IFLA_LINK`: number of the interface that it stands on, or is the peer of.
    pub parent: Option<u32>,
    /// Whether that one is in another network namespace, so that its number means nothing here.
    pub parent_is_elsewhere: bool,
    /// `IFLA_CARRIER_CHANGES`.
    pub carrier_changes: Option<u32>,
    /// How many want it promiscuous.
    pub promiscuity: Option<u32>,
    pub counters: Counters,
    pub addresses: Vec<Address>,
}

/// One address of an interface: `ifaddrmsg` and its attributes (`include/uapi/linux/if_addr.h`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    pub family: Family,
    pub address: IpAddr,
    pub prefix_length: u8,
    /// The other end of a point-to-point link.
    pub peer: Option<IpAddr>,
    pub broadcast: Option<IpAddr>,
    /// `RT_SCOPE_…`, the same as of routes.
    pub scope: u8,
    /// `IFA_F_…`; [`words::ADDRESS_FLAGS`].
    pub flags: u32,
    /// `IFA_LABEL`.
    pub label: Option<String>,
    /// Seconds; None where it is for ever.
    pub preferred_s: Option<u32>,
    pub valid_s: Option<u32>,
}

/// `IFF_UP`.
const UP: u32 = 1;

impl Interface {
    pub const fn is_up(&self) -> bool {
        self.flags & UP != 0
    }
}

/// `RTM_GETLINK`.
const GET_LINK: u16 = 18;
/// `struct ifinfomsg`.
const HEADER: usize = 16;

/// All interfaces of this thread's network namespace, in the order of their names.
///
/// # Errors
///
/// The kernel refuses.
pub fn read() -> Result<Vec<Interface>> {
    let mut interfaces = links(parse::interface)?;
    let mut addresses = addresses::read()?;
    for interface in &mut interfaces {
        interface.addresses = addresses.remove(&interface.index).unwrap_or_default();
    }
    interfaces.sort_by(|one, other| natural(&one.name).cmp(&natural(&other.name)));
    Ok(interfaces)
}

/// Only their names, by number.
///
/// # Errors
///
/// The kernel refuses.
pub fn names() -> Result<HashMap<u32, String>> {
    Ok(links(parse::name)?.into_iter().collect())
}

fn links<T>(parse: fn(&[u8]) -> Option<T>) -> Result<Vec<T>> {
    let request = Request {
        message: GET_LINK,
        header: &[0; HEADER],
    };
    netlink::dump(&request, parse).context("read the interfaces")
}

/// `eth2` comes before `eth10`.
fn natural(name: &str) -> (&str, Option<u128>) {
    let stem = name.trim_end_matches(|character: char| character.is_ascii_digit());
    (stem, name[stem.len()..].parse().ok())
}

/// Those with these names; without a name, all that are up, or all.
///
/// # Errors
///
/// There is none of such a name. The message names the nearest that there is.
pub fn select(
    mut interfaces: Vec<Interface>,
    names: &[String],
    all: bool,
) -> Result<Vec<Interface>, String> {
    if names.is_empty() {
        interfaces.retain(|interface| all || interface.is_up());
        return Ok(interfaces);
    }
    let known: Vec<&str> = interfaces.iter().map(|one| one.name.as_str()).collect();
    if let Some(name) = names.iter().find(|name| !known.contains(&name.as_str())) {
        let distance = |known: &&str| strsim::osa_distance(known, name);
        let nearest = known.iter().copied().min_by_key(distance);
        let nearest = nearest.filter(|known| distance(known) <= 1 + name.len() / 4);
        return Err(match nearest {
            Some(nearest) => format!("there is no interface {name:?}: did you mean {nearest}?"),
            None => format!("there is no interface {name:?}, only {}", known.join(", ")),
        });
    }
    interfaces.retain(|interface| names.contains(&interface.name));
    Ok(interfaces)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interfaces() -> Vec<Interface> {
        let named = |(name, flags): (&str, u32)| Interface {
            name: name.to_owned(),
            flags,
            ..Interface::default()
        };
        [("lo", UP), ("eth0", UP), ("eth1", 0)].map(named).into()
    }

    fn selected(names: &[&str], all: bool) -> Result<Vec<String>, String> {
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        let selected = select(interfaces(), &names, all)?;
        Ok(selected.into_iter().map(|one| one.name).collect())
    }

    #[test]
    fn those_that_are_up_are_meant_without_a_name() {
        assert_eq!(selected(&[], false).unwrap(), ["lo", "eth0"]);
        assert_eq!(selected(&[], true).unwrap(), ["lo", "eth0", "eth1"]);
        assert_eq!(selected(&["eth1"], false).unwrap(), ["eth1"]);
    }

    #[test]
    fn an_unknown_name_gets_a_suggestion() {
        let near = selected(&["eht0"], false).unwrap_err();
        assert_eq!(near, "there is no interface \"eht0\": did you mean eth0?");
        let far = selected(&["wlan"], false).unwrap_err();
        assert_eq!(far, "there is no interface \"wlan\", only lo, eth0, eth1");
    }

    #[test]
    fn numbers_in_names_count_as_numbers() {
        let mut names = ["eth10", "lo", "eth2", "br", "eth"];
        names.sort_by(|one, other| natural(one).cmp(&natural(other)));
        assert_eq!(names, ["br", "eth", "eth2", "eth10", "lo"]);
    }
}
