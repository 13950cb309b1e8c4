//! The wire: everything that crosses from the kernel to the user side, and back.
//!
//! Both sides compile this crate, so a layout can't differ between them. Every struct is `repr(C)`,
//! names its padding, has its size asserted at compile time, and holds neither `bool` nor `enum`:
//! what is read from raw bytes is numbers until `decode` has checked them.
//!
//! Numbers are in host byte order. Times are nanoseconds of `CLOCK_MONOTONIC`
//! (`bpf_ktime_get_ns`), but for a process's start, which is `CLOCK_BOOTTIME`.
#![no_std]

mod counter;
mod offsets;
mod owner;
mod record;
mod snapshot;
mod socket;

pub use counter::Counter;
pub use offsets::{HolderOffsets, Offsets, RecordOffsets};
pub use owner::{Owner, PATH_BYTES, ProcessKey, ProcessRecord, how};
pub use record::{
    Header, OwnerRecord, ReleaseRecord, ResetRecord, TcpEnd, TcpFull, TcpLite, TcpStats, UdpRecord,
    detail, flag, kind,
};
pub use snapshot::{HolderRow, IterRow, row};
pub use socket::{FlowCounters, FlowKey, SocketMemory, Tuple};

/// Asserts a layout, and, on the user side, declares the type free of padding and of invalid bit
/// patterns, which `bytemuck`'s derive on the type itself has proved.
macro_rules! wire {
    ($type:ty, $size:expr) => {
        const _: () = assert!(size_of::<$type>() == $size);
        // SAFETY: `bytemuck::Pod` is derived for the type, which proves what `aya::Pod` asks for.
        #[cfg(feature = "user")]
        unsafe impl aya::Pod for $type {}
    };
}
pub(crate) use wire;
