//! The addresses of interfaces.

use std::{collections::HashMap, net::IpAddr};

use anyhow::{Context as _, Result};

use super::Address;
use crate::{
    event::Family,
    host::netlink::{self, Request, address, attributes, text, u32},
};

/// `RTM_GETADDR`.
const GET_ADDR: u16 = 22;
/// `struct ifaddrmsg`: family, prefix length, flags, scope, interface.
const HEADER: usize = 8;

/// `IFA_…`.
mod kind {
    pub const ADDRESS: u16 = 1;
    pub const LOCAL: u16 = 2;
    pub const LABEL: u16 = 3;
    pub const BROADCAST: u16 = 4;
    pub const CACHEINFO: u16 = 6;
    pub const FLAGS: u16 = 8;
}

/// All addresses of this thread's network namespace, by interface, in the kernel's order.
///
/// # Errors
///
/// The kernel refuses.
pub fn read() -> Result<HashMap<u32, Vec<Address>>> {
    let request = Request {
        message: GET_ADDR,
        header: &[0; HEADER],
    };
    let mut by_interface: HashMap<u32, Vec<Address>> = HashMap::new();
    for (index, address) in netlink::dump(&request, parse).context("read the addresses")? {
        by_interface.entry(index).or_default().push(address);
    }
    Ok(by_interface)
}

fn parse(message: &[u8]) -> Option<(u32, Address)> {
    let (header, rest) = message.split_first_chunk::<HEADER>()?;
    let [_, prefix_length, flags, scope, ..] = *header;
    // Between two ends `IFA_ADDRESS` is the other one's.
    let (mut local, mut prefix): (Option<IpAddr>, Option<IpAddr>) = (None, None);
    let mut found = Address {
        family: Family::Ipv4,
        address: IpAddr::from([0; 4]),
        prefix_length,
        peer: None,
        broadcast: None,
        scope,
        flags: flags.into(),
        label: None,
        preferred_s: None,
        valid_s: None,
    };
    for (kind, value) in attributes(rest) {
        match kind {
            kind::ADDRESS => prefix = address(value),
            kind::LOCAL => local = address(value),
            kind::LABEL => found.label = Some(text(value)),
            kind::BROADCAST => found.broadcast = address(value),
            kind::FLAGS => found.flags = u32(value)?,
            kind::CACHEINFO => {
                found.preferred_s = seconds(value);
                found.valid_s = seconds(value.get(4..)?);
            }
            _ => {}
        }
    }
    found.address = local.or(prefix)?;
    found.peer = prefix.filter(|prefix| *prefix != found.address);
    if found.address.is_ipv6() {
        found.family = Family::Ipv6;
    }
    Some((u32(&header[4..])?, found))
}

/// `ifa_prefered` and `ifa_valid` begin `struct ifa_cacheinfo`; all ones is for ever.
fn seconds(value: &[u8]) -> Option<u32> {
    u32(value).filter(|seconds| *seconds != u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::netlink::tests::attribute;

    #[test]
    fn of_two_ends_the_local_one_is_the_address() {
        let mut message = vec![2, 32, 0x80, 253, 7, 0, 0, 0];
        message.extend(attribute(kind::ADDRESS, &[10, 1, 1, 2]));
        message.extend(attribute(kind::LOCAL, &[10, 1, 1, 1]));
        message.extend(attribute(kind::LABEL, b"v0:1\0"));
        message.extend(attribute(kind::FLAGS, &0x280_u32.to_ne_bytes()));
        let forever_and_60 = [u32::MAX.to_ne_bytes(), 60_u32.to_ne_bytes()].concat();
        message.extend(attribute(kind::CACHEINFO, &forever_and_60));
        let expected = Address {
            family: Family::Ipv4,
            address: "10.1.1.1".parse().unwrap(),
            prefix_length: 32,
            peer: "10.1.1.2".parse().ok(),
            broadcast: None,
            scope: 253,
            flags: 0x280,
            label: Some("v0:1".to_owned()),
            preferred_s: None,
            valid_s: Some(60),
        };
        assert_eq!(parse(&message), Some((7, expected)));
    }
}
