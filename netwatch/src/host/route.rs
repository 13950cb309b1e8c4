//! Routes, as the kernel tells them over netlink.

pub mod ipv6_facts;
mod parse;
pub mod tables;
pub mod words;

use std::{collections::HashMap, net::IpAddr};

use anyhow::{Context as _, Result, bail};

use self::{ipv6_facts::Facts, tables::Tables};
use super::{
    interfaces,
    netlink::{self, Request},
};
use crate::event::Family;

/// One route: `rtmsg` and its attributes (`include/uapi/linux/rtnetlink.h`).
#[derive(Clone, Debug, PartialEq)]
pub struct Route {
    pub family: Family,
    /// `rtm_type`; its words are [`words::KINDS`].
    pub kind: u8,
    /// `RTA_DST`; all zero for the default route.
    pub destination: IpAddr,
    pub prefix_length: u8,
    /// `RTA_SRC`: only packets from there take it.
    pub source: Option<(IpAddr, u8)>,
    /// `RTA_TABLE`.
    pub table: u32,
    /// Who made it: `rtm_protocol`; [`words::PROTOCOLS`].
    pub protocol: u8,
    /// `rtm_scope`; [`words::SCOPES`].
    pub scope: u8,
    /// `rtm_tos`: only packets marked so take it, where it is not 0.
    pub tos: u8,
    /// `RTA_PRIORITY`: of several routes to a destination the lowest is taken. IPv4 tells no 0.
    pub metric: u32,
    /// `RTA_PREFSRC`: the source address of packets that have none yet.
    pub preferred_source: Option<IpAddr>,
    /// `RTAX_…`, by the names of [`words::METRICS`].
    pub metrics: Vec<(&'static str, u32)>,
    /// Seconds until it ends; None where it stays.
    pub expires_s: Option<u64>,
    /// Where packets go: nothing where they are refused, several where they are spread.
    pub next_hops: Vec<NextHop>,
    /// `RTA_NH_ID`: the nexthop object that it uses.
    pub next_hop_id: Option<u32>,
}

/// One way that packets can take.
#[derive(Clone, Debug, PartialEq)]
pub struct NextHop {
    /// `RTA_GATEWAY` or `RTA_VIA`, which may be of the other family.
    pub gateway: Option<IpAddr>,
    /// `RTA_OIF`: number and name; the name is None where the interface has gone meanwhile.
    pub index: Option<u32>,
    pub interface: Option<String>,
    /// Its share among all.
    pub weight: u32,
    /// `RTNH_F_…`; [`words::FLAGS`].
    pub flags: u32,
    /// What only `/proc/net/ipv6_route` tells. None for IPv4.
    pub facts: Option<Facts>,
}

impl Route {
    /// Whether it leads everywhere.
    pub const fn is_default(&self) -> bool {
        self.prefix_length == 0
    }

    /// Whether it leads to one address only.
    pub fn is_host(&self) -> bool {
        let whole = if self.destination.is_ipv4() { 32 } else { 128 };
        self.prefix_length == whole
    }

    /// One of its metrics, by name.
    pub fn metric_named(&self, name: &str) -> Option<u32> {
        let found = self.metrics.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| *value)
    }
}

/// Which routes are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// Those that netstat shows: the main table of IPv4, all tables of IPv6.
    Usual,
    All,
    /// Those of one table.
    Table(u32),
}

/// `RTM_GETROUTE`.
const GET_ROUTE: u16 = 26;
/// `struct rtmsg`.
const HEADER: usize = 12;

/// The routes of these families in this thread's network namespace, in the kernel's order.
///
/// # Errors
///
/// The kernel refuses; or a table was asked for that neither has a route nor a name.
pub fn read(families: &[Family], selection: &Selection) -> Result<Vec<Route>> {
    let names = interfaces::names()?;
    let mut routes = Vec::new();
    for family in families {
        routes.extend(of_family(*family, &names)?);
    }
    if let Selection::Table(number) = selection {
        check_table(*number, &routes)?;
    }
    routes.retain(|route| is_selected(route, selection));
    Ok(routes)
}

fn of_family(family: Family, names: &HashMap<u32, String>) -> Result<Vec<Route>> {
    let mut header = [0; HEADER];
    header[0] = parse::family_number(family);
    let request = Request {
        message: GET_ROUTE,
        header: &header,
    };
    let mut routes = netlink::dump(&request, |message| parse::route(message, names))
        .with_context(|| format!("read the routes of {}", family.name()))?;
    if family == Family::Ipv6 {
        ipv6_facts::add(&mut routes)?;
    }
    Ok(routes)
}

/// `RTN_BROADCAST` and `RTN_MULTICAST`, which `/proc/net/route` leaves out.
const UNSHOWN: [u8; 2] = [3, 5];

fn is_selected(route: &Route, selection: &Selection) -> bool {
    match selection {
        Selection::All => true,
        Selection::Table(number) => route.table == *number,
        Selection::Usual if route.family == Family::Ipv6 => true,
        Selection::Usual => route.table == tables::MAIN && !UNSHOWN.contains(&route.kind),
    }
}

/// A number that nothing here knows was most likely not meant.
fn check_table(number: u32, routes: &[Route]) -> Result<()> {
    let tables = Tables::read();
    if tables.name(number).is_some() || routes.iter().any(|route| route.table == number) {
        return Ok(());
    }
    let mut there: Vec<u32> = routes.iter().map(|route| route.table).collect();
    there.sort_unstable();
    there.dedup();
    let there: Vec<String> = there.into_iter().map(|table| tables.label(table)).collect();
    match there.as_slice() {
        [] => bail!("routing table {number} has no route here, nor has any other"),
        _ => bail!(
            "routing table {number} has no route here; there are {}",
            there.join(", ")
        ),
    }
}
