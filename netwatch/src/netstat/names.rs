//! Names for numbers, looked up as netstat does: one after another, each once, and waited for.

use std::{
    collections::{HashMap, hash_map::Entry},
    fs,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

use super::args::{Protocols, Request};
use crate::text;

/// `NI_NAMEREQD` of `netdb.h`: a number is no name.
const NAME_REQUIRED: i32 = 8;

/// Names, by number. All of them are clean.
#[derive(Debug, Default)]
pub struct Names {
    numeric_hosts: bool,
    numeric_users: bool,
    hosts: HashMap<IpAddr, String>,
    services: HashMap<(&'static str, u16), String>,
    networks: HashMap<Ipv4Addr, String>,
    users: HashMap<u32, String>,
}

impl Names {
    /// Those that the request wants.
    pub fn new(request: &Request) -> Self {
        let mut names = Self {
            numeric_hosts: request.numeric_hosts,
            numeric_users: request.numeric_users,
            ..Self::default()
        };
        if !request.numeric_ports {
            names.services = database("/etc/services", service);
            names
                .services
                .extend(database("/etc/protocols", internet_protocol));
        }
        if !request.numeric_hosts {
            names.networks = database("/etc/networks", network);
        }
        names
    }

    /// A host, or its address where it has no name.
    pub fn host(&mut self, addr: IpAddr) -> &str {
        match self.hosts.entry(addr) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => {
                let name = match addr {
                    _ if self.numeric_hosts => None,
                    IpAddr::V4(Ipv4Addr::UNSPECIFIED) => None,
                    IpAddr::V6(Ipv6Addr::UNSPECIFIED) => Some("[::]".to_owned()),
                    _ => dns_lookup::getnameinfo(&SocketAddr::new(addr, 0), NAME_REQUIRED)
                        .ok()
                        .map(|(host, _)| text::plain(host.as_bytes())),
                };
                unknown.insert(name.unwrap_or_else(|| number(addr)))
            }
        }
    }

    /// A network's name from `/etc/networks`, or its address.
    pub fn network(&self, addr: Ipv4Addr) -> String {
        let name = self.networks.get(&addr).cloned();
        name.unwrap_or_else(|| addr.to_string())
    }

    /// Whether numbers are wanted for hosts and networks.
    pub const fn are_numeric(&self) -> bool {
        self.numeric_hosts
    }

    /// A port's service, or of raw sockets the protocol; `*` for none.
    pub fn service(&self, protocol: Protocols, port: u16) -> String {
        if port == 0 {
            return "*".to_owned();
        }
        let database = match protocol {
            Protocols::TCP => "tcp",
            Protocols::RAW => RAW,
            _ => "udp",
        };
        let name = self.services.get(&(database, port)).cloned();
        name.unwrap_or_else(|| port.to_string())
    }

    /// A user's name, or number.
    pub fn user(&mut self, uid: i32) -> String {
        if self.numeric_users {
            return uid.to_string();
        }
        let name = self.users.entry(uid.cast_unsigned()).or_insert_with(|| {
            let user = uzers::get_user_by_uid(uid.cast_unsigned());
            user.map_or_else(
                || uid.to_string(),
                |user| text::plain(user.name().as_encoded_bytes()),
            )
        });
        name.clone()
    }
}

/// An address as glibc's `inet_ntop` writes it, a mapped one as the IPv4 address that it is.
pub fn number(addr: IpAddr) -> String {
    let IpAddr::V6(addr) = addr else {
        return addr.to_string();
    };
    if let Some(mapped) = addr.to_ipv4_mapped() {
        return mapped.to_string();
    }
    match addr.segments() {
        // Addresses that are "compatible" with IPv4.
        [0, 0, 0, 0, 0, 0, high, _] if high != 0 => {
            let [.., a, b, c, d] = addr.octets();
            format!("::{a}.{b}.{c}.{d}")
        }
        _ => addr.to_string(),
    }
}

/// Later lines win, as netstat has it.
fn database<K: Eq + std::hash::Hash>(
    path: &str,
    row: fn(&str) -> Option<(K, String)>,
) -> HashMap<K, String> {
    let bytes = fs::read(path).unwrap_or_default();
    let lines = bytes.split(|byte| *byte == b'\n');
    lines
        .filter_map(|line| {
            let line = std::str::from_utf8(line).ok()?;
            let (key, name) = row(line.split('#').next()?)?;
            Some((key, text::plain(name.as_bytes())))
        })
        .collect()
}

/// Among [`Names::services`], what `/etc/protocols` has.
const RAW: &str = "raw";

/// `ssh 22/tcp`.
fn service(line: &str) -> Option<((&'static str, u16), String)> {
    let mut words = line.split_ascii_whitespace();
    let (name, place) = (words.next()?, words.next()?);
    let (port, protocol) = place.split_once('/')?;
    let protocol = ["tcp", "udp"]
        .into_iter()
        .find(|known| *known == protocol)?;
    Some(((protocol, port.parse().ok()?), name.to_owned()))
}

/// `icmp 1 ICMP`.
fn internet_protocol(line: &str) -> Option<((&'static str, u16), String)> {
    let mut words = line.split_ascii_whitespace();
    let (name, number) = (words.next()?, words.next()?);
    Some(((RAW, number.parse().ok()?), name.to_owned()))
}

/// `loopback 127.0.0.0`, of which trailing zeros may be left out.
fn network(line: &str) -> Option<(Ipv4Addr, String)> {
    let mut words = line.split_ascii_whitespace();
    let (name, addr) = (words.next()?, words.next()?);
    let mut octets = [0; 4];
    for (at, part) in addr.split('.').enumerate() {
        *octets.get_mut(at)? = part.parse().ok()?;
    }
    Some((Ipv4Addr::from(octets), name.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_written_as_glibc_does() {
        for (addr, text) in [
            ("::", "::"),
            ("::1", "::1"),
            ("::ffff:1.2.3.4", "1.2.3.4"),
            ("::1.2.3.4", "::1.2.3.4"),
            ("::1:0", "::0.1.0.0"),
            ("64:ff9b::1.2.3.4", "64:ff9b::102:304"),
            ("2001:db8:0:1:0:0:0:1", "2001:db8:0:1::1"),
        ] {
            assert_eq!(number(addr.parse().unwrap()), text);
        }
    }

    #[test]
    fn databases_are_read() {
        assert_eq!(
            service("ssh\t22/tcp"),
            Some((("tcp", 22), "ssh".to_owned()))
        );
        assert_eq!(service("x 7/sctp"), None);
        assert_eq!(
            internet_protocol("icmp 1 ICMP"),
            Some(((RAW, 1), "icmp".to_owned()))
        );
        let loopback = Some((Ipv4Addr::new(127, 0, 0, 0), "loopback".to_owned()));
        for line in ["loopback 127.0.0.0", "loopback 127"] {
            assert_eq!(network(line), loopback);
        }
    }
}
