//! Expressions, written so that they are read as equal ones.

use std::fmt;

use super::{
    Op,
    condition::{Condition, Interface, Mark},
    expr::Expr,
    host::Side,
    lexer::written,
    measure,
};

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::And(parts) => joined(f, parts, " and "),
            Self::Or(parts) => joined(f, parts, " or "),
            Self::Not(expr) => {
                f.write_str("not ")?;
                part(f, expr)
            }
            Self::Is(condition) => condition.fmt(f),
        }
    }
}

fn joined(f: &mut fmt::Formatter<'_>, parts: &[Expr], word: &str) -> fmt::Result {
    for (index, expr) in parts.iter().enumerate() {
        if index > 0 {
            f.write_str(word)?;
        }
        part(f, expr)?;
    }
    Ok(())
}

/// A part of a whole. Both words that join bind alike, which nobody should have to know.
fn part(f: &mut fmt::Formatter<'_>, expr: &Expr) -> fmt::Result {
    match expr {
        Expr::And(_) | Expr::Or(_) => write!(f, "( {expr} )"),
        Expr::Not(_) | Expr::Is(_) => write!(f, "{expr}"),
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut compared = |key: &str, op: &Op, value: &dyn fmt::Display| {
            let blank = if *op == Op::Equal { " " } else { "" };
            match blank {
                " " => write!(f, "{key} {value}"),
                _ => write!(f, "{key} {op} {value}"),
            }
        };
        match self {
            Self::Protocol(protocol) => f.write_str(protocol.name()),
            Self::Family(family) => f.write_str(family.name()),
            Self::States(states) => states.fmt(f),
            Self::Autobound(_) => f.write_str("autobound"),
            Self::Host(side, host) => write!(f, "{} {host}", host_key(*side)),
            Self::Port(side, op, port) => compared(port_key(*side), op, port),
            Self::Pid(op, pid) => compared("pid", op, pid),
            Self::Comm(op, name) => compared("comm", op, &written(&name.0)),
            Self::Exe(op, path) => compared("exe", op, &written(&path.0)),
            Self::Cgroup(op, path) => compared("cgroup", op, &written(&path.0)),
            Self::User(op, uid) => compared("user", op, uid),
            Self::How(op, how) => compared("owner", op, &how.name()),
            Self::Netns(op, inode) => compared("netns", op, inode),
            Self::Inode(op, inode) => compared("inode", op, inode),
            Self::Cookie(op, cookie) => compared("cookie", op, cookie),
            Self::Mark(op, mark) => compared("fwmark", op, mark),
            Self::Interface(op, interface) => compared("dev", op, interface),
            Self::Age(op, time) => write!(f, "age {op} {}", measure::written(*time)),
            Self::Rtt(op, time) => write!(f, "rtt {op} {}", measure::written(*time)),
            Self::Bytes(op, bytes) => write!(f, "bytes {op} {bytes}"),
        }
    }
}

const fn host_key(side: Side) -> &'static str {
    match side {
        Side::Local => "src",
        Side::Remote => "dst",
        Side::Either => "host",
    }
}

const fn port_key(side: Side) -> &'static str {
    match side {
        Side::Local => "sport",
        Side::Remote => "dport",
        Side::Either => "port",
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.value)?;
        match self.mask {
            u32::MAX => Ok(()),
            mask => write!(f, "/{mask:#x}"),
        }
    }
}

impl fmt::Display for Interface {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(&written(name)),
            Self::Index(index) => index.fmt(f),
        }
    }
}
