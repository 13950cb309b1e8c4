//! What net-tools netstat reads for the same arguments, for output that is equal byte for byte.
//!
//! Equality needs netstat's own sources, the texts in `/proc/net`, with their order and rounding:
//! where netwatch has a better source, this personality leaves it alone.

pub mod args;
pub mod counters;
pub mod groups;
pub mod interfaces;
pub mod names;
mod options;
pub mod owners;
pub mod routes;
pub mod sockets;
pub mod unix;

use anyhow::Result;

use args::{Domain, Mode, Protocols, Request};

/// One table, read.
#[derive(Debug)]
pub enum Section {
    /// Internet sockets, under netstat's heading.
    Internet(Vec<sockets::Table>),
    Unix(Vec<unix::Socket>),
    Groups(Vec<groups::Membership>),
    Routes4(Vec<routes::Route4>),
    /// The cache of IPv4 routes, which the kernel no longer has: only its headings are left.
    RouteCache4,
    Routes6(Vec<routes::Route6>),
    RouteCache6(Vec<routes::Route6>),
    Counters(Vec<counters::Group>),
    Interfaces(Vec<interfaces::Interface>),
}

/// What there is no table for on this system, as netstat calls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lack {
    /// No file in `/proc/net` tells of it.
    Support(&'static str),
    /// Never part of Debian's netstat.
    Feature(&'static str),
    /// A family without routes in the kernel.
    Routing(&'static str),
    /// A combination of families that has no counters.
    Statistics,
    /// `-Z` without SELinux.
    SeLinux,
}

/// Which owners could not be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hidden {
    All,
    Some,
}

/// Everything that one round of netstat shows.
#[derive(Debug, Default)]
pub struct Frame {
    pub sections: Vec<Section>,
    /// Who has the sockets open; None where nobody asked.
    pub owners: Option<owners::Owners>,
    pub lacks: Vec<Lack>,
    /// netstat's exit code.
    pub code: u8,
}

impl Frame {
    fn lack(&mut self, lack: Lack, code: u8) {
        self.lacks.push(lack);
        self.code = self.code.max(code);
    }
}

/// Reads what was asked for.
///
/// # Errors
///
/// A file in `/proc` is there and can't be read.
pub fn read(request: &Request) -> Result<Frame> {
    let mut frame = Frame::default();
    if request.context {
        frame.lack(Lack::SeLinux, 1);
        return Ok(frame);
    }
    match request.mode {
        Mode::Masquerade => frame.lack(Lack::Support("ip_masquerade"), 1),
        Mode::Routes => read_routes(request, &mut frame)?,
        Mode::Statistics => read_counters(request, &mut frame)?,
        Mode::Interfaces => {
            let interfaces = interfaces::read(request.all)?;
            frame.sections.push(Section::Interfaces(interfaces));
        }
        Mode::Sockets => read_sockets(request, &mut frame)?,
    }
    Ok(frame)
}

fn read_routes(request: &Request, frame: &mut Frame) -> Result<()> {
    let usual = [Domain::Inet];
    let domains = match &request.domains[..] {
        [] => &usual,
        chosen => chosen,
    };
    // The table is netstat's default, also where its cache is asked for beside it.
    let (table, cache) = (request.fib || !request.cache, request.cache);
    for domain in domains {
        match domain {
            Domain::Inet => {
                if table {
                    let routes = routes::read_ipv4()?;
                    let is_missing = routes.is_none();
                    let routes = routes.unwrap_or_default();
                    frame.sections.push(Section::Routes4(routes));
                    if is_missing {
                        frame.code = 1;
                        break;
                    }
                }
                if cache {
                    frame.sections.push(Section::RouteCache4);
                }
            }
            Domain::Inet6 => {
                let (cached, usual): (Vec<_>, _) = routes::read_ipv6()?
                    .into_iter()
                    .partition(|route| route.flags & routes::flag::CACHE != 0);
                if table {
                    frame.sections.push(Section::Routes6(usual));
                }
                if cache {
                    frame.sections.push(Section::RouteCache6(cached));
                }
            }
            other => {
                frame.lack(Lack::Routing(other.name()), 3);
                break;
            }
        }
    }
    Ok(())
}

fn read_counters(request: &Request, frame: &mut Frame) -> Result<()> {
    let groups = match &request.domains[..] {
        [] | [Domain::Inet] => counters::read(request.protocols)?,
        [Domain::Inet6] => counters::read_ipv6(request.protocols)?,
        _ => {
            frame.lack(Lack::Statistics, 1);
            return Ok(());
        }
    };
    frame.sections.push(Section::Counters(groups));
    Ok(())
}

fn read_sockets(request: &Request, frame: &mut Frame) -> Result<()> {
    let choice = request.choice();
    if request.programs {
        frame.owners = Some(owners::read());
    }
    if choice.internet {
        let tables = sockets::read(request, &choice)?;
        frame.sections.push(Section::Internet(tables));
        let sctp = Lack::Support("AF INET (sctp)");
        if choice.sctp {
            frame.lack(sctp, 1);
            return Ok(());
        }
        let udplite = Lack::Support("AF INET (udplite)");
        let lacks_udplite = sockets::lacks_udplite();
        if lacks_udplite && choice.udplite {
            frame.lack(udplite, 1);
            return Ok(());
        }
        if choice.everything && request.verbose {
            frame.lack(sctp, 0);
            if lacks_udplite {
                frame.lack(udplite, 0);
            }
        }
    }
    if choice.groups {
        let groups = groups::read(&choice)?;
        frame.sections.push(Section::Groups(groups));
    }
    if choice.unix {
        let sockets = unix::read(request)?;
        frame.sections.push(Section::Unix(sockets));
    }
    for domain in choice.others {
        frame.lack(domain.lack(), u8::from(!choice.everything));
        if !choice.everything {
            return Ok(());
        }
    }
    if request.protocols.has(Protocols::BLUETOOTH) {
        frame.lack(Lack::Feature("AF BLUETOOTH"), 1);
    }
    Ok(())
}
