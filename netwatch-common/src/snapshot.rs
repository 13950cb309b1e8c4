//! What the BPF iterators write.

use crate::{owner::Owner, socket::Tuple, wire};

/// The values of [`IterRow::kind`].
pub mod row {
    /// A descriptor of a process. From `iter/task_file`.
    pub const FILE: u8 = 1;
    /// A full TCP socket. From `iter/tcp`.
    pub const TCP: u8 = 2;
    /// A connection request of a listener: SYN_RECV. From `iter/tcp`.
    pub const REQUEST: u8 = 3;
    /// A socket in TIME_WAIT, or in FIN_WAIT2 without its process. From `iter/tcp`.
    pub const TIME_WAIT: u8 = 4;
    /// A UDP socket. From `iter/udp`.
    pub const UDP: u8 = 5;
}

/// One socket, as one iterator found it.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "user", derive(bytemuck::Pod, bytemuck::Zeroable))]
pub struct IterRow {
    /// When the row was read. A full TCP socket's is read under its lock.
    pub ts_ns: u64,
    pub cookie: u64,
    pub tuple: Tuple,
    /// Of a [`row::FILE`]: the holder. Otherwise what the socket's memory says, or else that the socket
    /// is the kernel's own, from `sk_kern_sock`.
    pub owner: Owner,
    /// One of [`row`].
    pub kind: u8,
    /// A TCP state of the kernel. From `skc_state`, or `tw_substate`.
    pub state: u8,
    pub _pad: [u8; 6],
}
wire!(IterRow, 112);

/// A process that holds a socket by a descriptor. From `iter/task_file`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "user", derive(bytemuck::Pod, bytemuck::Zeroable))]
pub struct HolderRow {
    pub cookie: u64,
    /// From `task->tgid`.
    pub pid: u32,
    pub fd: u32,
    /// From `task->group_leader->comm`.
    pub comm: [u8; 16],
}
wire!(HolderRow, 32);
