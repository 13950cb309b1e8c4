//! Routes, as `netstat -r` prints them.

use std::{
    collections::HashMap,
    io::{self, Write},
    net::{IpAddr, Ipv4Addr},
};

use super::{
    grid::{self, Column},
    wanted_names,
};
use crate::{
    columns::Align::{Left, Right},
    event::Family,
    host::route::{
        NextHop, Route, Selection,
        tables::Tables,
        words::{KINDS, PROTOCOLS, SCOPES, word},
    },
    names::Names,
};

/// Names for addresses.
pub struct Labels {
    is_wanted: bool,
    hosts: Names,
    networks: HashMap<Ipv4Addr, String>,
}

impl Labels {
    /// Those of these routes, or none: names are looked up only where they are wanted.
    pub fn new(
        is_wanted: bool,
        routes: &[Route],
        networks: fn() -> HashMap<Ipv4Addr, String>,
    ) -> Self {
        let mut hosts = wanted_names(is_wanted);
        let destinations = routes.iter().filter(|route| route.is_host());
        let destinations = destinations.map(|route| route.destination);
        let hops = routes.iter().flat_map(|route| &route.next_hops);
        hosts.look_up_hosts(destinations.chain(hops.filter_map(|hop| hop.gateway)));
        Self {
            is_wanted,
            hosts,
            networks: if is_wanted {
                networks()
            } else {
                HashMap::new()
            },
        }
    }

    fn host(&self, address: IpAddr) -> String {
        let name = self.hosts.host(address).map(str::to_owned);
        name.unwrap_or_else(|| address.to_string())
    }

    fn destination(&self, route: &Route) -> String {
        let named = match route.destination {
            _ if !self.is_wanted => None,
            _ if route.is_default() => return "default".to_owned(),
            _ if route.is_host() => Some(self.host(route.destination)),
            IpAddr::V4(network) => self.networks.get(&network).cloned(),
            IpAddr::V6(_) => None,
        };
        let label = named.unwrap_or_else(|| route.destination.to_string());
        match route.family {
            Family::Ipv4 => label,
            Family::Ipv6 => format!("{label}/{}", route.prefix_length),
        }
    }

    fn gateway(&self, family: Family, gateway: Option<IpAddr>) -> String {
        match (gateway, family) {
            (Some(gateway), _) => self.host(gateway),
            (None, Family::Ipv4) => "0.0.0.0".to_owned(),
            (None, Family::Ipv6) if self.is_wanted => "[::]".to_owned(),
            (None, Family::Ipv6) => "::".to_owned(),
        }
    }
}

/// How routes are written.
pub struct Text<'a> {
    pub labels: Labels,
    pub tables: Tables,
    pub extended: bool,
    pub selection: &'a Selection,
}

const IPV4: [Column; 8] = [
    Column("Destination", Left, 15),
    Column("Gateway", Left, 15),
    Column("Genmask", Left, 15),
    Column("Flags", Left, 5),
    Column("MSS", Right, 5),
    Column("Window", Left, 6),
    Column("irtt", Right, 5),
    Column("Iface", Left, 0),
];

const IPV6: [Column; 7] = [
    Column("Destination", Left, 30),
    Column("Next Hop", Left, 26),
    Column("Flag", Left, 4),
    Column("Met", Left, 3),
    Column("Ref", Left, 3),
    Column("Use", Right, 4),
    Column("If", Left, 0),
];

const TABLE: Column = Column("Table", Left, 0);

const EXTENDED: [Column; 5] = [
    Column("Metric", Right, 0),
    Column("Type", Left, 0),
    Column("Proto", Left, 0),
    Column("Scope", Left, 0),
    Column("Source", Left, 0),
];

impl Text<'_> {
    /// Writes a table for each family.
    ///
    /// # Errors
    ///
    /// It can't be written.
    pub fn write(
        &self,
        out: &mut impl Write,
        families: &[Family],
        routes: &[Route],
    ) -> io::Result<()> {
        for family in families {
            let routes = routes.iter().filter(|route| route.family == *family);
            let rows: Vec<Vec<String>> = routes.flat_map(|route| self.rows(route)).collect();
            let mut columns: Vec<Column> = match family {
                Family::Ipv4 => {
                    writeln!(out, "Kernel IP routing table")?;
                    IPV4.into()
                }
                Family::Ipv6 => {
                    writeln!(out, "Kernel IPv6 routing table")?;
                    IPV6.into()
                }
            };
            if self.has_tables() {
                columns.push(TABLE);
            }
            if self.extended {
                columns.extend(EXTENDED);
            }
            grid::write(out, &columns, &rows)?;
        }
        Ok(())
    }

    /// One for each way that packets can take, and at least one.
    fn rows(&self, route: &Route) -> Vec<Vec<String>> {
        let hops = route.next_hops.iter().map(Some);
        let hops = if route.next_hops.is_empty() {
            vec![None]
        } else {
            hops.collect()
        };
        let rows = hops.into_iter().map(|hop| {
            let mut row = match route.family {
                Family::Ipv4 => self.ipv4(route, hop),
                Family::Ipv6 => self.ipv6(route, hop),
            };
            if self.has_tables() {
                row.push(self.tables.label(route.table));
            }
            if self.extended {
                row.extend(extended(route));
            }
            row
        });
        rows.collect()
    }

    const fn has_tables(&self) -> bool {
        self.extended || matches!(self.selection, Selection::All)
    }

    fn ipv4(&self, route: &Route, hop: Option<&NextHop>) -> Vec<String> {
        let gateway = hop.and_then(|hop| hop.gateway);
        let mut flags = String::from(if is_refused(route) { "!" } else { "U" });
        flags.extend(gateway.map(|_| 'G'));
        flags.extend(route.is_host().then_some('H'));
        let mut row = vec![self.labels.destination(route)];
        if is_refused(route) {
            row.extend(["-".to_owned(), mask(route.prefix_length), flags]);
            row.extend(["-"; 4].map(str::to_owned));
            return row;
        }
        let number = |metric: &str| route.metric_named(metric).unwrap_or(0);
        // The kernel adds the 40 bytes of headers before it shows it where netstat reads it.
        let mss = route.metric_named("advmss").map_or(0, |mss| mss + 40);
        row.extend([
            self.labels.gateway(route.family, gateway),
            mask(route.prefix_length),
            flags,
            mss.to_string(),
            number("window").to_string(),
            number("rtt").to_string(),
            interface(hop),
        ]);
        row
    }

    fn ipv6(&self, route: &Route, hop: Option<&NextHop>) -> Vec<String> {
        let gateway = hop.and_then(|hop| hop.gateway);
        let facts = hop.and_then(|hop| hop.facts);
        let told = |number: Option<u32>| number.map_or_else(|| "-".to_owned(), |n| n.to_string());
        vec![
            self.labels.destination(route),
            self.labels.gateway(route.family, gateway),
            facts.map_or_else(|| "?".to_owned(), |facts| letters(facts.flags)),
            route.metric.to_string(),
            told(facts.map(|facts| facts.references)),
            told(facts.map(|facts| facts.used)),
            interface(hop),
        ]
    }
}

fn extended(route: &Route) -> [String; 5] {
    let source = route.preferred_source;
    [
        route.metric.to_string(),
        word(KINDS, route.kind.into()),
        word(PROTOCOLS, route.protocol.into()),
        word(SCOPES, route.scope.into()),
        source.map_or_else(|| "-".to_owned(), |source| source.to_string()),
    ]
}

/// `RTN_UNREACHABLE` and `RTN_PROHIBIT`; netstat shows others that lead nowhere as `U` on `*`.
const fn is_refused(route: &Route) -> bool {
    matches!(route.kind, 7 | 8)
}

fn interface(hop: Option<&NextHop>) -> String {
    let name = hop.and_then(|hop| hop.interface.clone());
    name.unwrap_or_else(|| "*".to_owned())
}

fn mask(prefix_length: u8) -> String {
    let zeros = 32 - u32::from(prefix_length.min(32));
    let bits = u32::MAX.checked_shl(zeros).unwrap_or(0);
    Ipv4Addr::from_bits(bits).to_string()
}

/// `RTF_…` (`include/uapi/linux/route.h`, `ipv6_route.h`) and netstat's letters, in its order. A
/// route that refuses has `!` for `U`.
const LETTERS: [(u32, char); 8] = [
    (0x2, 'G'),
    (0x4, 'H'),
    (0x1_0000, 'D'),
    (0x10, 'D'),
    (0x20, 'M'),
    (0x4_0000, 'A'),
    (0x40_0000, 'e'),
    (0x20_0000, 'n'),
];

const UP: u32 = 0x1;
const REJECT: u32 = 0x200;

fn letters(flags: u32) -> String {
    let first = match flags {
        _ if flags & REJECT != 0 => Some('!'),
        _ if flags & UP != 0 => Some('U'),
        _ => None,
    };
    let set = LETTERS.iter().filter(|(bit, _)| flags & bit != 0);
    first
        .into_iter()
        .chain(set.map(|(_, letter)| *letter))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks() {
        for (length, text) in [(0, "0.0.0.0"), (12, "255.240.0.0"), (32, "255.255.255.255")] {
            assert_eq!(mask(length), text);
        }
    }

    /// Flags of `/proc/net/ipv6_route`, and what netstat makes of them.
    #[test]
    fn letters_are_netstat_s() {
        for (flags, text) in [
            (0x0000_0001, "U"),
            (0x0000_0003, "UG"),
            (0x0020_0200, "!n"),
            (0x8020_0001, "Un"),
            (0x0040_0001, "Ue"),
            (0x0045_0003, "UGDAe"),
        ] {
            assert_eq!(letters(flags), text, "{flags:#x}");
        }
    }
}
