//! The JSON contract, read back strictly: a field that is missing, unknown or of another type, and
//! a word that is not in the contract, fails the test that met it.

use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value};

/// A part of a line: a struct that knows the names of its fields, so that it can be told apart from
/// the other parts, and so that a null is not taken for a missing field.
pub trait Part: DeserializeOwned {
    const FIELDS: &'static [&'static str];
}

macro_rules! part {
    ($(#[$doc:meta])* $name:ident { $($field:ident $(= $key:literal)?: $type:ty,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $name { $($(#[serde(rename = $key)])? pub $field: $type,)* }

        impl Part for $name {
            const FIELDS: &'static [&'static str] = &[$(part!(@key $field $($key)?),)*];
        }
    };
    (@key $field:ident $key:literal) => { $key };
    (@key $field:ident) => { stringify!($field) };
}
pub(super) use part;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident as $case:literal { $($word:ident,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Hash)]
        #[serde(rename_all = $case)]
        pub enum $name { $($word,)* }
    };
}

words! { Proto as "snake_case" { Tcp, Udp, } }
words! { Family as "snake_case" { Ipv4, Ipv6, } }
words! { Phase as "snake_case" { Open, Update, Close, } }
words! { State as "SCREAMING_SNAKE_CASE" {
    Established, SynSent, SynRecv, FinWait1, FinWait2, TimeWait, Close, CloseWait, LastAck, Listen,
    Closing, Unconn,
} }
words! { How as "snake_case" {
    Inherited, Snapshot, Create, Bind, Connect, Listen, Accept, Io, Close, Kernel,
} }
words! { Reason as "snake_case" {
    LocalFin, RemoteFin, RstReceived, RstSent, Refused, Timeout, Unreachable, Aborted, Error,
} }

words! { Told as "snake_case" { Everything, Landmarks, Ends, Nothing, } }

part! { Common { event: String, ts: String, mono_ns: u64, } }

part! { Socket {
    proto: Proto,
    family: Family,
    local_addr: Option<IpAddr>,
    local_port: Option<u16>,
    remote_addr: Option<IpAddr>,
    remote_port: Option<u16>,
    state: State,
    cookie: u64,
    netns: Option<u32>,
    pid: Option<u32>,
    comm: Option<String>,
    exe: Option<String>,
    uid: Option<u32>,
    cgroup: Option<String>,
    how = "owner": Option<How>,
} }

part! { Start {
    version: String,
    kernel: String,
    rungs: Map<String, Value>,
    unseen: Map<String, Value>,
    sockets: u64,
} }
part! { TcpState { old: State, new: State, in_state_ns: Option<u64>, } }
part! { TcpClose {
    duration_ns: Option<u64>,
    bytes_sent: Option<u64>,
    bytes_received: Option<u64>,
    rtt_us: Option<u64>,
    retransmits: Option<u64>,
    reason: Reason,
    errno: Option<u16>,
} }
part! { UdpFlow {
    phase: Phase,
    tx_packets: u64,
    tx_bytes: u64,
    rx_packets: u64,
    rx_bytes: u64,
    duration_ns: u64,
} }
part! { Lost { count: u64, place = "where": String, } }
part! { Resync { added: u64, removed: u64, changed: u64, } }
part! { Pressure { place = "where": String, told: Told, given_up: u64, } }
part! { End { events: u64, lost: u64, given_up: u64, duration_ns: u64, } }

/// What a line says beside what all lines, or all lines about sockets, say.
#[derive(Clone, Debug)]
pub enum Detail {
    Start(Start),
    TcpState(Socket, TcpState),
    TcpClose(Socket, TcpClose),
    UdpFlow(Socket, UdpFlow),
    Lost(Lost),
    Resync(Resync),
    Pressure(Pressure),
    End(End),
}

/// One line of `--json`.
#[derive(Clone, Debug)]
pub struct Event {
    pub line: String,
    pub common: Common,
    pub detail: Detail,
}

impl Event {
    pub fn parse(line: String) -> Result<Self, String> {
        let fault = |error: String| format!("{error} in this line:\n  {line}");
        let mut map: Map<String, Value> =
            serde_json::from_str(&line).map_err(|error| fault(error.to_string()))?;
        let common: Common = take(&mut map).map_err(fault)?;
        let detail = Detail::take(&common.event, &mut map).map_err(fault)?;
        match map.keys().next() {
            Some(unknown) => Err(fault(format!("unknown field {unknown}"))),
            None => Ok(Self {
                common,
                detail,
                line,
            }),
        }
    }

    /// The socket that it is about.
    pub fn socket(&self) -> Option<&Socket> {
        match &self.detail {
            Detail::TcpState(socket, _)
            | Detail::TcpClose(socket, _)
            | Detail::UdpFlow(socket, _) => Some(socket),
            _ => None,
        }
    }
}

impl Detail {
    fn take(event: &str, map: &mut Map<String, Value>) -> Result<Self, String> {
        Ok(match event {
            "start" => Self::Start(take(map)?),
            "tcp_state" => Self::TcpState(take(map)?, take(map)?),
            "tcp_close" => Self::TcpClose(take(map)?, take(map)?),
            "udp_flow" => Self::UdpFlow(take(map)?, take(map)?),
            "lost" => Self::Lost(take(map)?),
            "resync" => Self::Resync(take(map)?),
            "pressure" => Self::Pressure(take(map)?),
            "end" => Self::End(take(map)?),
            _ => return Err(format!("unknown event {event}")),
        })
    }
}

pub fn take<T: Part>(map: &mut Map<String, Value>) -> Result<T, String> {
    let mut part = Map::new();
    for &field in T::FIELDS {
        let value = map
            .remove(field)
            .ok_or_else(|| format!("no field {field}"))?;
        part.insert(field.to_owned(), value);
    }
    serde_json::from_value(Value::Object(part)).map_err(|error| error.to_string())
}

impl Socket {
    /// Its own end, where both parts are known.
    pub fn local(&self) -> Option<SocketAddr> {
        Some(SocketAddr::new(self.local_addr?, self.local_port?))
    }

    /// The other end, where both parts are known.
    pub fn remote(&self) -> Option<SocketAddr> {
        Some(SocketAddr::new(self.remote_addr?, self.remote_port?))
    }
}
