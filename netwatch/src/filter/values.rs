//! Conditions from what is written behind their keys.

use std::str::FromStr;

use super::{
    Fault, Lookup, Op, Operand,
    condition::{Condition, Interface, Mark},
    expr::Expr,
    host::{self, Host, Side},
    measure,
    pattern::Pattern,
    states::States,
    suggest::near,
};
use crate::event::{Family, How, Protocol};

type Result<T, E = Fault> = std::result::Result<T, E>;

pub fn protocol(protocol: Protocol) -> Expr {
    Condition::Protocol(protocol).into()
}

pub fn family(family: Family) -> Expr {
    Condition::Family(family).into()
}

pub fn pid(operand: Operand<'_>, _: &dyn Lookup) -> Result<Expr> {
    let pid = number(operand, "process id")?;
    Ok(Condition::Pid(operand.op, pid).into())
}

pub fn inode(operand: Operand<'_>, _: &dyn Lookup) -> Result<Expr> {
    let inode = number(operand, "inode number")?;
    Ok(Condition::Inode(operand.op, inode).into())
}

fn number<T: FromStr>(operand: Operand<'_>, what: &str) -> Result<T> {
    let Operand { text, .. } = operand;
    text.parse().map_err(|_| Fault::is_no(text, what))
}

pub fn cookie(operand: Operand<'_>, _: &dyn Lookup) -> Result<Expr> {
    let Operand { op, text } = operand;
    let hexadecimal = text.strip_prefix("sk:");
    let cookie = match hexadecimal {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => prefixed(text),
    };
    let fault = || Fault::is_no(text, "socket cookie, such as 42, 0x2a or sk:2a");
    Ok(Condition::Cookie(op, cookie.ok_or_else(fault)?).into())
}

/// A decimal number, or a hexadecimal one with `0x`.
fn prefixed(text: &str) -> Option<u64> {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    match digits {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

pub fn mark(operand: Operand<'_>, _: &dyn Lookup) -> Result<Expr> {
    let Operand { op, text } = operand;
    let (value, mask) = match text.split_once('/') {
        Some((value, mask)) => (value, word(mask)),
        None => (text, Some(u32::MAX)),
    };
    let fault = || Fault::is_no(text, "mark, such as 5 or 0x01/0x03");
    let (value, mask) = word(value).zip(mask).ok_or_else(fault)?;
    Ok(Condition::Mark(op, Mark { value, mask }).into())
}

fn word(text: &str) -> Option<u32> {
    prefixed(text)?.try_into().ok()
}

pub fn interface(operand: Operand<'_>, _: &dyn Lookup) -> Result<Expr> {
    let Operand { op, text } = operand;
    let interface = match text.parse() {
        Ok(index) => Interface::Index(index),
        Err(_) => Interface::Name(some(text, "interface")?),
    };
    Ok(Condition::Interface(op, interface).into())
}

fn some(text: &str, what: &str) -> Result<String> {
    if text.is_empty() {
        return Err(Fault::is_no(text, what));
    }
    Ok(text.to_owned())
}

pub fn comm(operand: Operand<'_>, _: &dyn Lookup) -> Result<Expr> {
    let name = some(operand.text, "process name")?;
    Ok(Condition::Comm(operand.op, Pattern(name)).into())
}

pub fn exe(operand: Operand<'_>, _: &dyn Lookup) -> Result<Expr> {
    let path = path(
        operand.text,
        "path of an executable, such as /usr/sbin/nginx",
    )?;
    Ok(Condition::Exe(operand.op, Pattern(path)).into())
}

/// Where the unified hierarchy is mounted, with which ss takes paths too.
const CGROUP_ROOTS: [&str; 2] = ["/sys/fs/cgroup/unified", "/sys/fs/cgroup"];

pub fn cgroup(operand: Operand<'_>, _: &dyn Lookup) -> Result<Expr> {
    let path = path(operand.text, "path of a cgroup, such as /system.slice")?;
    let below = CGROUP_ROOTS.iter().find_map(|root| {
        let below = path.strip_prefix(root)?;
        (below.is_empty() || below.starts_with('/')).then_some(below)
    });
    let path = match below.unwrap_or(&path).trim_end_matches('/') {
        "" => "/".to_owned(),
        path => path.to_owned(),
    };
    Ok(Condition::Cgroup(operand.op, Pattern(path)).into())
}

fn path(text: &str, what: &str) -> Result<String> {
    if text.starts_with(['/', '*']) {
        Ok(text.to_owned())
    } else {
        Err(Fault::is_no(text, what))
    }
}

pub fn user(operand: Operand<'_>, lookup: &dyn Lookup) -> Result<Expr> {
    let Operand { op, text } = operand;
    let uid = text.parse().ok().or_else(|| lookup.user(text));
    let fault = || Fault::is_no(text, "user's name or id");
    Ok(Condition::User(op, uid.ok_or_else(fault)?).into())
}

pub fn netns(operand: Operand<'_>, lookup: &dyn Lookup) -> Result<Expr> {
    let inode = lookup.netns(operand.text).map_err(Fault::new)?;
    Ok(Condition::Netns(operand.op, inode).into())
}

/// Every way to know an owner.
const WAYS: [How; 10] = [
    How::Inherited,
    How::Snapshot,
    How::Create,
    How::Bind,
    How::Connect,
    How::Listen,
    How::Accept,
    How::Io,
    How::Close,
    How::Kernel,
];

pub fn owner(operand: Operand<'_>, _: &dyn Lookup) -> Result<Expr> {
    let Operand { op, text } = operand;
    let named = |how: &&How| how.name().eq_ignore_ascii_case(text);
    if let Some(how) = WAYS.iter().find(named) {
        return Ok(Condition::How(op, *how).into());
    }
    let names = WAYS.map(How::name);
    Err(match near(text, names) {
        Some(name) => Fault::is_no(text, "way to know an owner").suggesting(Some(name)),
        None => Fault::is_no(
            text,
            &format!("way to know an owner ({})", names.join(", ")),
        ),
    })
}

pub fn state(operand: Operand<'_>, _: &dyn Lookup) -> Result<Expr> {
    let named = States::named(operand.text)?;
    let states = match operand.op {
        Op::Different => States::ALL.without(named),
        _ => named,
    };
    Ok(Condition::States(states).into())
}

pub fn exclude(operand: Operand<'_>, _: &dyn Lookup) -> Result<Expr> {
    let states = States::ALL.without(States::named(operand.text)?);
    Ok(Condition::States(states).into())
}

pub fn autobound(_: Operand<'_>, lookup: &dyn Lookup) -> Result<Expr> {
    Ok(Condition::Autobound(lookup.automatic_ports()).into())
}

pub fn src(operand: Operand<'_>, lookup: &dyn Lookup) -> Result<Expr> {
    hosts(operand, Side::Local, lookup)
}

pub fn dst(operand: Operand<'_>, lookup: &dyn Lookup) -> Result<Expr> {
    hosts(operand, Side::Remote, lookup)
}

pub fn addr(operand: Operand<'_>, lookup: &dyn Lookup) -> Result<Expr> {
    // An IPv6 address without brackets is one as a whole here: a port is seldom meant.
    match host::network(operand.text) {
        Some(net) => Ok(either_host(operand, Side::Either, vec![net.into()])),
        None => hosts(operand, Side::Either, lookup),
    }
}

fn hosts(operand: Operand<'_>, side: Side, lookup: &dyn Lookup) -> Result<Expr> {
    let hosts = host::hosts(operand.text, lookup)?;
    Ok(either_host(operand, side, hosts))
}

fn either_host(operand: Operand<'_>, side: Side, hosts: Vec<Host>) -> Expr {
    let conditions = hosts.into_iter().map(|host| Condition::Host(side, host));
    let any = conditions.map(Expr::from).reduce(Expr::or);
    let any = any.unwrap_or_else(|| Condition::Host(side, Host::default()).into());
    match operand.op {
        Op::Different => any.negated(),
        _ => any,
    }
}

pub fn port(operand: Operand<'_>, lookup: &dyn Lookup) -> Result<Expr> {
    ports(operand, Side::Either, lookup)
}

pub fn sport(operand: Operand<'_>, lookup: &dyn Lookup) -> Result<Expr> {
    ports(operand, Side::Local, lookup)
}

pub fn dport(operand: Operand<'_>, lookup: &dyn Lookup) -> Result<Expr> {
    ports(operand, Side::Remote, lookup)
}

fn ports(operand: Operand<'_>, side: Side, lookup: &dyn Lookup) -> Result<Expr> {
    Ok(match host::port(operand.text, lookup)? {
        Some(port) => Condition::Port(side, operand.op, port).into(),
        None => either_host(operand, side, vec![Host::default()]),
    })
}

/// What takes time.
#[derive(Clone, Copy, Debug)]
pub enum Measure {
    Age,
    Rtt,
}

pub fn time(operand: Operand<'_>, measure: Measure) -> Result<Expr> {
    let Operand { op, text } = operand;
    let time = measure::duration(text).ok_or_else(|| {
        let seconds = text.parse::<f64>().is_ok();
        let guess = seconds.then(|| format!("{text}s"));
        Fault::is_no(text, "time, such as 100ms, 30s or 10m").suggesting(guess)
    })?;
    Ok(match measure {
        Measure::Age => Condition::Age(op, time).into(),
        Measure::Rtt => Condition::Rtt(op, time).into(),
    })
}

pub fn bytes(operand: Operand<'_>, _: &dyn Lookup) -> Result<Expr> {
    let Operand { op, text } = operand;
    let fault = || Fault::is_no(text, "number of bytes, such as 1500, 64KiB or 1MB");
    let bytes = measure::bytes(text).ok_or_else(fault)?;
    Ok(Condition::Bytes(op, bytes).into())
}
