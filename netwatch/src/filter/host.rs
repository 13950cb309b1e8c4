//! Ends of sockets, as `src` and `dst` name them.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr as _,
};

use ipnet::{IpNet, Ipv4Net};

use super::{Fault, Lookup};
use crate::event::{Endpoint, Family, Socket};

/// Which end of a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Local,
    Remote,
    Either,
}

impl Side {
    /// Whether an end that is meant is so.
    pub fn any(self, socket: &Socket, test: impl Fn(&Endpoint) -> bool) -> bool {
        match self {
            Self::Local => test(&socket.local),
            Self::Remote => test(&socket.remote),
            Self::Either => test(&socket.local) || test(&socket.remote),
        }
    }
}

/// Where an end may be. A part that is None may be anything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Host {
    /// Of the socket. None with an IPv6 network, in which only IPv6 sockets are.
    pub family: Option<Family>,
    pub net: Option<IpNet>,
    pub port: Option<u16>,
}

impl Host {
    /// Whether an end of this socket is there.
    pub fn holds(&self, socket: &Socket, end: &Endpoint) -> bool {
        self.family.is_none_or(|family| socket.family == family)
            && self.port.is_none_or(|port| port_of(end) == port)
            && self.net.is_none_or(|net| contains(net, socket.family, end))
    }
}

/// The port, which is 0 where there is none, as for ss.
pub fn port_of(end: &Endpoint) -> u16 {
    end.port.unwrap_or(0)
}

/// An IPv4 network has IPv4 peers of IPv6 sockets too; an IPv6 one, only IPv6 sockets, whose IPv4
/// peers are IPv4-mapped. No address is that of zeros.
fn contains(net: IpNet, family: Family, end: &Endpoint) -> bool {
    let addr = end.addr.unwrap_or(match family {
        Family::Ipv4 => Ipv4Addr::UNSPECIFIED.into(),
        Family::Ipv6 => Ipv6Addr::UNSPECIFIED.into(),
    });
    match (net, addr) {
        (IpNet::V4(net), IpAddr::V4(addr)) => net.contains(&addr),
        (IpNet::V4(_), IpAddr::V6(_)) => false,
        (IpNet::V6(_), _) if family == Family::Ipv4 => false,
        (IpNet::V6(net), IpAddr::V4(addr)) => net.contains(&addr.to_ipv6_mapped()),
        (IpNet::V6(net), IpAddr::V6(addr)) => net.contains(&addr),
    }
}

const EXPECTED: &str =
    "address, network or host that is known, such as 10.0.0.0/8, [::1]:443 or *:22";

/// Understands `[inet:|inet6:]ADDR[/LEN][:PORT]`; several where a name has several addresses.
///
/// # Errors
///
/// It is none.
pub fn hosts(text: &str, lookup: &dyn Lookup) -> Result<Vec<Host>, Fault> {
    let (family, rest) = match text.split_once(':') {
        Some(("inet", rest)) => (Some(Family::Ipv4), rest),
        Some(("inet6", rest)) => (Some(Family::Ipv6), rest),
        _ => (None, text),
    };
    if rest.bytes().all(|byte| byte.is_ascii_digit()) && !rest.is_empty() {
        let port = Some(format!(":{rest}"));
        return Err(Fault::is_no(text, EXPECTED).suggesting(port));
    }
    let (host, port) = split(rest);
    let port = port.map_or(Ok(None), |port| self::port(port, lookup))?;
    let of_family = |net: &IpNet| match family {
        Some(Family::Ipv4) => net.addr().is_ipv4(),
        Some(Family::Ipv6) => net.addr().is_ipv6(),
        None => true,
    };
    if matches!(host, "" | "*" | "any" | "all") && !(host.is_empty() && port.is_none()) {
        return Ok(vec![Host {
            family,
            net: None,
            port,
        }]);
    }
    let found = network(host).map_or_else(|| named(host, lookup), |net| vec![net]);
    let hosts: Vec<Host> = found
        .into_iter()
        .filter(of_family)
        .map(|net| Host {
            // An IPv6 network has no others anyway.
            family: family.filter(|_| net.addr().is_ipv4()),
            net: Some(net),
            port,
        })
        .collect();
    if hosts.is_empty() {
        return Err(Fault::is_no(text, EXPECTED));
    }
    Ok(hosts)
}

/// Host and port. As for ss, the last colon stands before a port, but where none could stand before it.
fn split(text: &str) -> (&str, Option<&str>) {
    if let Some((inside, after)) = text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return match after.split_once(':') {
            Some(("", port)) => (inside, Some(port)),
            // `[::1]/64:22`: the brackets are left out of the address later on.
            Some((_, port)) => (&text[..text.len() - port.len() - 1], Some(port)),
            None if after.is_empty() => (inside, None),
            None => (text, None),
        };
    }
    match text.rsplit_once(':') {
        Some((host, port)) if !port.contains('/') => {
            let can_be = !host.contains(':') || network(host).is_some();
            if can_be && !port.is_empty() {
                (host, Some(port))
            } else {
                (text, None)
            }
        }
        _ => (text, None),
    }
}

/// A network, or an address as one of its own. Of an IPv4 network, zeros at the end may be left out.
pub fn network(text: &str) -> Option<IpNet> {
    let (addr, len) = match text.split_once('/') {
        Some((addr, len)) => (addr, Some(len)),
        None => (text, None),
    };
    let inside = addr
        .strip_prefix('[')
        .and_then(|addr| addr.strip_suffix(']'));
    let addr = inside.unwrap_or(addr);
    let Some(len) = len else {
        return addr.parse::<IpAddr>().ok().map(IpNet::from);
    };
    let len = u8::from_str(len).ok()?;
    match addr.parse() {
        Ok(addr) => IpNet::new(addr, len).ok(),
        Err(_) => {
            let missing = 3_usize.checked_sub(addr.matches('.').count())?;
            let addr = format!("{addr}{}", ".0".repeat(missing)).parse().ok()?;
            Ipv4Net::new(addr, len).ok().map(IpNet::from)
        }
    }
}

fn named(name: &str, lookup: &dyn Lookup) -> Vec<IpNet> {
    let in_names = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
    let is_name = name.bytes().all(in_names) && name.bytes().any(|byte| byte.is_ascii_alphabetic());
    let found = if is_name {
        lookup.host(name)
    } else {
        Vec::new()
    };
    found.into_iter().map(IpNet::from).collect()
}

/// A port by number or service, with a colon or not; None for any.
///
/// # Errors
///
/// It is none.
pub fn port(text: &str, lookup: &dyn Lookup) -> Result<Option<u16>, Fault> {
    let bare = text.strip_prefix(':').unwrap_or(text);
    if bare == "*" {
        return Ok(None);
    }
    if let Ok(port) = bare.parse() {
        return Ok(Some(port));
    }
    let fault = |what| Fault::is_no(text, what);
    if bare.is_empty() || bare.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(fault("port (0 to 65535)"));
    }
    let service = lookup.service(bare);
    service
        .map(Some)
        .ok_or_else(|| fault("port (0 to 65535), nor a service of /etc/services"))
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.family {
            Some(Family::Ipv4) => f.write_str("inet:")?,
            Some(Family::Ipv6) => f.write_str("inet6:")?,
            None => {}
        }
        match self.net {
            Some(IpNet::V6(net)) => write!(f, "[{}]", net.addr())?,
            Some(IpNet::V4(net)) => write!(f, "{}", net.addr())?,
            None => f.write_str("*")?,
        }
        if let Some(net) = self
            .net
            .filter(|net| net.prefix_len() != net.max_prefix_len())
        {
            write!(f, "/{}", net.prefix_len())?;
        }
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

impl From<IpNet> for Host {
    fn from(net: IpNet) -> Self {
        Self {
            net: Some(net),
            ..Self::default()
        }
    }
}
