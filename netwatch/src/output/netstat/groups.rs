//! Memberships in multicast groups.

use std::io::{self, Write};

use super::padded;
use crate::netstat::{groups::Membership, names::Names};

const HEADING: &str = "\
IPv6/IPv4 Group Memberships
Interface       RefCnt Group
--------------- ------ ---------------------";

pub fn print(
    out: &mut impl Write,
    memberships: &[Membership],
    names: &mut Names,
) -> io::Result<()> {
    writeln!(out, "{HEADING}")?;
    for membership in memberships {
        let interface = padded(&membership.interface, 15);
        let group = names.host(membership.group);
        writeln!(out, "{interface} {:<6} {group}", membership.references)?;
    }
    Ok(())
}
