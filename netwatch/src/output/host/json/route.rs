//! A route's fields.

use std::{collections::BTreeMap, net::IpAddr};

use serde::Serialize;

use crate::host::route::{
    NextHop, Route,
    tables::Tables,
    words::{FLAGS, KINDS, PROTOCOLS, SCOPES, set, word},
};

/// What a line says of a route.
#[derive(Serialize)]
pub struct RouteFields<'a> {
    family: &'static str,
    r#type: String,
    destination: IpAddr,
    prefix_length: u8,
    from: Option<IpAddr>,
    from_length: Option<u8>,
    table: Option<&'a str>,
    table_id: u32,
    protocol: String,
    scope: String,
    tos: u8,
    metric: u32,
    source: Option<IpAddr>,
    metrics: BTreeMap<&'static str, u32>,
    expires_s: Option<u64>,
    nexthop_id: Option<u32>,
    nexthops: Vec<NextHopFields<'a>>,
}

#[derive(Serialize)]
struct NextHopFields<'a> {
    gateway: Option<IpAddr>,
    interface: Option<&'a str>,
    ifindex: Option<u32>,
    weight: u32,
    flags: Vec<&'static str>,
}

/// The fields of a route.
pub fn route<'a>(route: &'a Route, tables: &'a Tables) -> RouteFields<'a> {
    RouteFields {
        family: route.family.name(),
        r#type: word(KINDS, route.kind.into()),
        destination: route.destination,
        prefix_length: route.prefix_length,
        from: route.source.map(|(address, _)| address),
        from_length: route.source.map(|(_, length)| length),
        table: tables.name(route.table),
        table_id: route.table,
        protocol: word(PROTOCOLS, route.protocol.into()),
        scope: word(SCOPES, route.scope.into()),
        tos: route.tos,
        metric: route.metric,
        source: route.preferred_source,
        metrics: route.metrics.iter().copied().collect(),
        expires_s: route.expires_s,
        nexthop_id: route.next_hop_id,
        nexthops: route.next_hops.iter().map(next_hop).collect(),
    }
}

fn next_hop(hop: &NextHop) -> NextHopFields<'_> {
    NextHopFields {
        gateway: hop.gateway,
        interface: hop.interface.as_deref(),
        ifindex: hop.index,
        weight: hop.weight,
        flags: set(FLAGS, hop.flags),
    }
}
