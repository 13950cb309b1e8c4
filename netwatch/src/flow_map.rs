//! The kernel's own counters of every UDP flow.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use anyhow::{Context as _, Result};
use aya::{
    Ebpf,
    maps::{HashMap, MapData, MapError},
};
use netwatch_common::{FlowCounters, FlowKey};

use crate::{
    decode,
    event::{Cookie, Counters, FlowId},
};

/// The map `FLOWS`.
pub struct FlowMap {
    map: HashMap<MapData, FlowKey, FlowCounters>,
}

impl FlowMap {
    /// Takes the map of a loaded object.
    ///
    /// # Errors
    ///
    /// There is none.
    pub fn open(ebpf: &mut Ebpf) -> Result<Self> {
        let map = ebpf.take_map("FLOWS").context("no map FLOWS")?;
        Ok(Self {
            map: HashMap::try_from(map).context("open the map FLOWS")?,
        })
    }

    /// One flow's counters, None where the kernel has none.
    ///
    /// # Errors
    ///
    /// The map can't be read.
    pub fn get(&self, id: FlowId) -> Result<Option<Counters>> {
        match self.map.get(&key(id), 0) {
            Ok(found) => Ok(Some(counters(&found))),
            Err(MapError::KeyNotFound) => Ok(None),
            Err(error) => Err(error).context("read the map FLOWS"),
        }
    }

    /// Makes the kernel forget a flow.
    ///
    /// # Errors
    ///
    /// The map can't be written.
    pub fn forget(&mut self, id: FlowId) -> Result<()> {
        match self.map.remove(&key(id)) {
            Ok(()) | Err(MapError::KeyNotFound) => Ok(()),
            Err(error) => Err(error).context("remove from the map FLOWS"),
        }
    }

    /// All flows.
    ///
    /// # Errors
    ///
    /// The map can't be read.
    pub fn all(&self) -> Result<Vec<(FlowId, Counters)>> {
        self.map
            .iter()
            .map(|entry| entry.map(|(key, value)| (id(&key), counters(&value))))
            .collect::<Result<_, MapError>>()
            .context("read the map FLOWS")
    }
}

fn key(id: FlowId) -> FlowKey {
    let remote = match id.remote.ip() {
        IpAddr::V4(addr) => addr.to_ipv6_mapped(),
        IpAddr::V6(addr) => addr,
    };
    FlowKey {
        cookie: id.cookie.0,
        remote: remote.octets(),
        remote_port: id.remote.port(),
        _pad: [0; 6],
    }
}

fn id(key: &FlowKey) -> FlowId {
    let addr = Ipv6Addr::from(key.remote).to_canonical();
    FlowId {
        cookie: Cookie(key.cookie),
        remote: SocketAddr::new(addr, key.remote_port),
    }
}

fn counters(raw: &FlowCounters) -> Counters {
    Counters {
        traffic: decode::traffic(raw),
        first: raw.first_ns,
        last: raw.last_ns,
    }
}
