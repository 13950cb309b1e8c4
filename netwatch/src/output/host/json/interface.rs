//! An interface's fields.

use std::{
    collections::{BTreeMap, HashMap},
    net::IpAddr,
};

use serde::Serialize;

use super::super::interfaces::{Rate, colons};
use crate::host::{
    interfaces::{
        Address, Interface,
        counters::Counter,
        words::{ADDRESS_FLAGS, FLAGS, LINK_TYPES, STATES},
    },
    route::words::{SCOPES, set, word},
};

/// What a line says of an interface.
#[derive(Serialize)]
pub struct InterfaceFields<'a> {
    index: u32,
    name: &'a str,
    r#type: String,
    kind: Option<&'a str>,
    flags: Vec<&'static str>,
    mtu: u32,
    state: String,
    qdisc: Option<&'a str>,
    tx_queue_length: Option<u32>,
    link_address: Option<String>,
    link_broadcast: Option<String>,
    master: Option<&'a str>,
    link: Option<&'a str>,
    link_index: Option<u32>,
    carrier_changes: Option<u32>,
    promiscuity: Option<u32>,
    addresses: Vec<AddressFields<'a>>,
    counters: BTreeMap<&'static str, u64>,
    interval_s: Option<f64>,
    rates: Option<BTreeMap<&'static str, f64>>,
}

#[derive(Serialize)]
struct AddressFields<'a> {
    family: &'static str,
    address: IpAddr,
    prefix_length: u8,
    peer: Option<IpAddr>,
    broadcast: Option<IpAddr>,
    scope: String,
    label: Option<&'a str>,
    flags: Vec<&'static str>,
    valid_s: Option<u32>,
    preferred_s: Option<u32>,
}

/// The fields of an interface, with names of others by number.
pub fn interface<'a>(
    interface: &'a Interface,
    names: &'a HashMap<u32, String>,
    rate: Option<Rate<'_>>,
) -> InterfaceFields<'a> {
    let name = |index| names.get(&index).map(String::as_str);
    let parent = interface.parent.filter(|_| !interface.parent_is_elsewhere);
    let counters = Counter::ALL.iter().copied();
    let growth = |rate: Rate<'_>| {
        let rates = counters.clone();
        rates
            .filter_map(|counter| Some((counter.name(), rate.of(counter)?)))
            .collect()
    };
    InterfaceFields {
        index: interface.index,
        name: &interface.name,
        r#type: word(LINK_TYPES, interface.link_type.into()),
        kind: interface.kind.as_deref(),
        flags: set(FLAGS, interface.flags),
        mtu: interface.mtu,
        state: word(STATES, interface.state.into()),
        qdisc: interface.qdisc.as_deref(),
        tx_queue_length: interface.queue_length,
        link_address: link_address(&interface.link_address),
        link_broadcast: link_address(&interface.link_broadcast),
        master: interface.master.and_then(name),
        link: parent.and_then(name),
        link_index: interface.parent,
        carrier_changes: interface.carrier_changes,
        promiscuity: interface.promiscuity,
        addresses: interface.addresses.iter().map(address).collect(),
        counters: counters
            .clone()
            .filter_map(|counter| Some((counter.name(), interface.counters.get(counter)?)))
            .collect(),
        interval_s: rate.map(|rate| rate.seconds),
        rates: rate.map(growth),
    }
}

fn link_address(bytes: &[u8]) -> Option<String> {
    (!bytes.is_empty()).then(|| colons(bytes))
}

fn address(address: &Address) -> AddressFields<'_> {
    AddressFields {
        family: address.family.name(),
        address: address.address,
        prefix_length: address.prefix_length,
        peer: address.peer,
        broadcast: address.broadcast,
        scope: word(SCOPES, address.scope.into()),
        label: address.label.as_deref(),
        flags: set(ADDRESS_FLAGS, address.flags),
        valid_s: address.valid_s,
        preferred_s: address.preferred_s,
    }
}
