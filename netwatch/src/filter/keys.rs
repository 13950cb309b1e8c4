//! Every word that begins a condition: one row of [`KEYS`] for each.

use super::{
    Fault, Lookup, Op,
    expr::Expr,
    suggest::near,
    values::{self, Measure},
};
use crate::event::{Family, Protocol};

/// One kind of condition.
#[derive(Debug)]
pub struct Key {
    pub name: &'static str,
    pub aliases: &'static [&'static str],
    /// What help calls its value; empty where it takes none.
    pub value: &'static str,
    pub operators: Operators,
    pub help: &'static str,
    /// A condition with it.
    pub example: &'static str,
    /// It is an option of the command line too, by its name.
    pub option: bool,
    pub parse: Parse,
}

/// Makes a condition of what stands behind the key.
///
/// # Errors
///
/// It is no value of this key.
pub type Parse = fn(Operand<'_>, &dyn Lookup) -> Result<Expr, Fault>;

/// Operator and value.
#[derive(Clone, Copy, Debug)]
pub struct Operand<'a> {
    pub op: Op,
    pub text: &'a str,
}

/// What may stand between key and value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operators {
    /// There is no value either.
    Nothing,
    /// No operator.
    Blank,
    /// `=`, `!=`, or nothing for `=`.
    Equality,
    /// Any, or nothing for `=`.
    Order,
    /// Any.
    Measure,
}

/// Declares a table of keys, each a line.
macro_rules! keys {
    ($($name:literal $aliases:tt $value:literal $operators:ident $option:literal
        $help:literal $example:literal $parse:expr;)*) => {
        &[$(Key {
            name: $name,
            aliases: &$aliases,
            value: $value,
            operators: Operators::$operators,
            help: $help,
            example: $example,
            option: $option,
            parse: $parse,
        },)*]
    };
}

/// Every key, in the order of help.
pub const KEYS: &[Key] = keys! {
    "pid" [] "PID" Equality true "Sockets of this process" "pid 77" values::pid;
    "comm" [] "NAME" Equality true "Sockets of processes of this name; * stands for anything" "comm nginx*" values::comm;
    "port" [] "PORT" Order true "This port at either end, or the port of this service" "port 443" values::port;
    "addr" ["host"] "ADDR[/LEN]" Equality true "This address, or network, at either end" "host 10.0.0.0/8" values::addr;
    "state" [] "STATE" Equality true "This state, by the name of the kernel, of ss or of netstat" "state time-wait" values::state;
    "netns" [] "NETNS" Equality true "This network namespace: an inode number, a name of `ip netns`, a path, or pid:N" "netns pid:1" values::netns;
    "exclude" ["excl"] "STATE" Blank false "Any state but this" "exclude listening" values::exclude;
    "tcp" [] "" Nothing false "TCP" "tcp" |_, _| Ok(values::protocol(Protocol::Tcp));
    "udp" [] "" Nothing false "UDP" "udp" |_, _| Ok(values::protocol(Protocol::Udp));
    "ipv4" ["inet"] "" Nothing false "IPv4 sockets" "ipv4" |_, _| Ok(values::family(Family::Ipv4));
    "ipv6" ["inet6"] "" Nothing false "IPv6 sockets, those with an IPv4 peer too" "ipv6" |_, _| Ok(values::family(Family::Ipv6));
    "src" [] "ADDR[/LEN][:PORT]" Equality false "This end is there" "src 127.0.0.1:22" values::src;
    "dst" [] "ADDR[/LEN][:PORT]" Equality false "The other end is there" "dst [2001:db8::]/32:443" values::dst;
    "sport" [] "[:]PORT" Order false "The port of this end" "sport = :ssh" values::sport;
    "dport" [] "[:]PORT" Order false "The port of the other end" "dport >= 1024" values::dport;
    "autobound" [] "" Nothing false "The port of this end is of those that the kernel chooses from" "autobound" values::autobound;
    "exe" [] "PATH" Equality false "Sockets of processes that run this file; * stands for anything" "exe /usr/sbin/*" values::exe;
    "user" ["uid"] "USER" Equality false "Sockets that this user made" "user root" values::user;
    "cgroup" [] "PATH" Equality false "Sockets of this cgroup; * stands for anything" "cgroup = /system.slice/*" values::cgroup;
    "owner" [] "HOW" Equality false "How the owner is known: accept, connect, snapshot and so on" "owner accept" values::owner;
    "age" [] "TIME" Measure false "Time since the connection, or flow, began" "age > 10m" |operand, _| values::time(operand, Measure::Age);
    "rtt" [] "TIME" Measure false "Smoothed round-trip time" "rtt > 100ms" |operand, _| values::time(operand, Measure::Rtt);
    "bytes" [] "SIZE" Measure false "Payload in both directions" "bytes > 1MB" values::bytes;
    "dev" ["interface"] "NAME" Equality false "Bound to this interface, by name or index" "dev = eth0" values::interface;
    "fwmark" ["mark"] "MARK[/MASK]" Equality false "These bits in the firewall mark" "fwmark = 0x01/0x03" values::mark;
    "inode" [] "INODE" Equality false "The inode number of the socket" "inode 123456" values::inode;
    "cookie" [] "COOKIE" Equality false "The kernel's number for the socket: decimal, 0x and hexadecimal, or sk: as ss has it" "cookie sk:2a" values::cookie;
};

/// The key of this name, in any case.
pub fn key(name: &str) -> Option<&'static Key> {
    KEYS.iter()
        .find(|key| key.names().any(|known| known.eq_ignore_ascii_case(name)))
}

/// What may have been meant by a word that is no key.
pub fn near_key(word: &str) -> Option<&'static str> {
    near(word, KEYS.iter().flat_map(Key::names))
}

impl Key {
    /// Its name, and the others that it goes by.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.name).chain(self.aliases.iter().copied())
    }
}

impl Operators {
    /// Those that may be written.
    pub const fn takes(self, op: Op) -> bool {
        match self {
            Self::Nothing | Self::Blank => false,
            Self::Equality => op.is_equality(),
            Self::Order | Self::Measure => true,
        }
    }
}
