//! Where records come from: the kernel's ring buffers, or bytes recorded earlier.

mod batch;

use anyhow::{Context as _, Result};
use aya::{
    Ebpf,
    maps::{Array, MapData, RingBuf},
};
use bytes::{Buf as _, Bytes};
use tokio::io::unix::AsyncFd;

pub use batch::Batch;

/// The kernel's two ring buffers.
pub struct Rings {
    /// TCP transitions, owners and processes.
    events: AsyncFd<RingBuf<MapData>>,
    flows: AsyncFd<RingBuf<MapData>>,
    /// Where the kernel side sees whether the next record is to wake the reader.
    reader_sleeps: Array<MapData, u32>,
    is_asleep: bool,
}

impl Rings {
    /// Takes the ring buffers of a loaded object.
    ///
    /// # Errors
    ///
    /// There are none, or this is called outside a tokio runtime.
    pub fn open(ebpf: &mut Ebpf) -> Result<Self> {
        Ok(Self {
            events: ring(ebpf, "EVENTS")?,
            flows: ring(ebpf, "FLOW_EVENTS")?,
            reader_sleeps: {
                let map = ebpf.take_map("READER_SLEEPS");
                Array::try_from(map.context("no map READER_SLEEPS")?)
                    .context("open the map READER_SLEEPS")?
            },
            is_asleep: false,
        })
    }

    /// Whether the next record wakes the reader, which otherwise comes by on a timer. After it says
    /// so the reader has to look once more: a record may have come before.
    ///
    /// # Errors
    ///
    /// The kernel's map can't be written.
    pub fn set_asleep(&mut self, is_asleep: bool) -> Result<()> {
        self.reader_sleeps
            .set(0, u32::from(is_asleep), 0)
            .context("tell the kernel side whether to wake the reader")?;
        self.is_asleep = is_asleep;
        Ok(())
    }

    /// Whether the next record wakes the reader.
    pub const fn is_asleep(&self) -> bool {
        self.is_asleep
    }

    /// Hands the flow reports that are there to `take`.
    pub fn drain_flows(&mut self, mut take: impl FnMut(&[u8])) {
        let ring = self.flows.get_mut();
        while let Some(record) = ring.next() {
            take(&record);
        }
    }

    /// Hands the transitions, owners and processes that are there to `take`, but no more than
    /// `limit`. Gives back whether none is left.
    pub fn drain_events(&mut self, limit: usize, mut take: impl FnMut(&[u8])) -> bool {
        let ring = self.events.get_mut();
        for _ in 0..limit {
            let Some(record) = ring.next() else {
                return true;
            };
            take(&record);
        }
        false
    }

    /// Waits until one of the rings has passed a threshold since the last time.
    ///
    /// # Errors
    ///
    /// The runtime has shut down.
    pub async fn crossed(&self) -> Result<()> {
        let mut ready = tokio::select! {
            ready = self.events.readable() => ready,
            ready = self.flows.readable() => ready,
        }
        .context("wait for the ring buffers")?;
        ready.clear_ready();
        Ok(())
    }
}

fn ring(ebpf: &mut Ebpf, name: &str) -> Result<AsyncFd<RingBuf<MapData>>> {
    let map = ebpf
        .take_map(name)
        .with_context(|| format!("no ring buffer {name}"))?;
    let ring = RingBuf::try_from(map).with_context(|| format!("open the ring buffer {name}"))?;
    // SAFETY: the ring buffer owns its descriptor, and hands out the same one while it lives.
    unsafe { AsyncFd::register(ring) }.with_context(|| format!("wait on the ring buffer {name}"))
}

/// Records one after another, each after its length in four bytes, little-endian.
pub struct Recorded {
    bytes: Bytes,
}

impl Recorded {
    pub const fn new(bytes: Bytes) -> Self {
        Self { bytes }
    }
}

impl Iterator for Recorded {
    type Item = Bytes;

    /// The next record; the rest, whatever it is, where the bytes end within one.
    fn next(&mut self) -> Option<Bytes> {
        if self.bytes.is_empty() {
            return None;
        }
        if self.bytes.len() < 4 {
            return Some(self.bytes.split_off(0));
        }
        let len = self.bytes.get_u32_le() as usize;
        Some(self.bytes.split_to(len.min(self.bytes.len())))
    }
}
