//! What the kernel says of an interface over netlink (`include/uapi/linux/if_link.h`).

use anyhow::{Context as _, Result};

use crate::{
    host::netlink::{self, Request, attributes, u32},
    text,
};

/// `RTM_GETLINK`.
const GET_LINK: u16 = 18;
/// `struct ifinfomsg`: family, padding, type, index, flags, change.
const HEADER: usize = 16;

/// `IFLA_…`.
mod kind {
    pub const ADDRESS: u16 = 1;
    pub const IFNAME: u16 = 3;
    pub const MTU: u16 = 4;
    pub const TXQLEN: u16 = 13;
    pub const MAP: u16 = 14;
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Link {
    /// `ARPHRD_…` of `include/uapi/linux/if_arp.h`.
    pub kind: u16,
    /// `IFF_…` of `include/uapi/linux/if.h`.
    pub flags: u32,
    /// Bytes.
    pub mtu: u32,
    /// Packets.
    pub queue_length: u32,
    pub address: Vec<u8>,
    pub map: Map,
}

/// `struct rtnl_link_ifmap`: where hardware is reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Map {
    pub memory_start: u64,
    pub memory_end: u64,
    pub base: u64,
    pub interrupt: u16,
    pub dma: u8,
}

/// Every interface: number, name (clean), link.
///
/// # Errors
///
/// The kernel refuses.
pub fn read() -> Result<Vec<(u32, String, Link)>> {
    let request = Request {
        message: GET_LINK,
        header: &[0; HEADER],
    };
    netlink::dump(&request, parse).context("read the interfaces")
}

fn parse(message: &[u8]) -> Option<(u32, String, Link)> {
    let (header, rest) = message.split_first_chunk::<HEADER>()?;
    let mut name = None;
    let mut link = Link {
        kind: u16::from_ne_bytes([header[2], header[3]]),
        flags: u32(&header[8..])?,
        ..Link::default()
    };
    for (kind, value) in attributes(rest) {
        match kind {
            kind::ADDRESS => link.address = value.to_vec(),
            kind::IFNAME => name = value.split(|byte| *byte == 0).next(),
            kind::MTU => link.mtu = u32(value)?,
            kind::TXQLEN => link.queue_length = u32(value)?,
            kind::MAP => link.map = map(value)?,
            _ => {}
        }
    }
    Some((u32(&header[4..])?, text::plain(name?), link))
}

/// Memory's start and end, base, interrupt, DMA, port.
fn map(value: &[u8]) -> Option<Map> {
    let (words, rest) = value.as_chunks::<8>();
    let [memory_start, memory_end, base, ..] = *words else {
        return None;
    };
    // The two narrow numbers stand in the last, padded word.
    let tail = words.get(3).map_or(rest, |word| &word[..]);
    Some(Map {
        memory_start: u64::from_ne_bytes(memory_start),
        memory_end: u64::from_ne_bytes(memory_end),
        base: u64::from_ne_bytes(base),
        interrupt: u16::from_ne_bytes(*tail.first_chunk()?),
        dma: *tail.get(2)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_is_read() {
        let mut bytes = [0xd0000_u64, 0xe0000, 0x2000]
            .map(u64::to_ne_bytes)
            .concat();
        bytes.extend(19_u16.to_ne_bytes());
        bytes.extend([3, 0, 0, 0, 0, 0]);
        let read = map(&bytes).unwrap();
        assert_eq!((read.memory_start, read.memory_end), (0xd0000, 0xe0000));
        assert_eq!((read.base, read.interrupt, read.dma), (0x2000, 19, 3));
        assert_eq!(map(&bytes[..20]), None);
    }
}
