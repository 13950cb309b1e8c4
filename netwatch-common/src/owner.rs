//! Who a socket belongs to, as the kernel side saw it.

use crate::{record::Header, wire};

/// How an owner was learned, in rising order of trust from [`how::UNKNOWN`] to [`how::SNAPSHOT`];
/// from [`how::CREATE`] on, the process was seen using the socket itself.
pub mod how {
    /// Nothing is known.
    pub const UNKNOWN: u8 = 0;
    /// Copied from the listener that the connection arrived at.
    pub const INHERITED: u8 = 1;
    /// Held the socket's descriptor when the table of open files was read.
    pub const SNAPSHOT: u8 = 2;
    /// Made the socket.
    pub const CREATE: u8 = 3;
    /// Bound it.
    pub const BIND: u8 = 4;
    /// Called connect.
    pub const CONNECT: u8 = 5;
    /// Called listen.
    pub const LISTEN: u8 = 6;
    /// Called accept.
    pub const ACCEPT: u8 = 7;
    /// Sent or received.
    pub const IO: u8 = 8;
    /// Closed it, or shut it down.
    pub const CLOSE: u8 = 9;
    /// The socket is the kernel's own.
    pub const KERNEL: u8 = 10;
}

/// Names one program run by one process: a process id alone is reused, and an exec makes another
/// program of the same process.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "user", derive(bytemuck::Pod, bytemuck::Zeroable))]
pub struct ProcessKey {
    /// ns since boot. From `task->group_leader->start_boottime`.
    pub start_ns: u64,
    /// In the initial pid namespace. From `task->tgid`.
    pub tgid: u32,
    /// Counts the process's execs. From `task->self_exec_id`.
    pub exec_id: u32,
}
wire!(ProcessKey, 16);

/// A socket's owner.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "user", derive(bytemuck::Pod, bytemuck::Zeroable))]
pub struct Owner {
    pub process: ProcessKey,
    /// From `task->cred->uid`, in the initial user namespace.
    pub uid: u32,
    /// One of [`how`].
    pub how: u8,
    pub _pad: [u8; 3],
    /// From `task->group_leader->comm`: not the thread's name, which for io_uring is the worker's.
    pub comm: [u8; 16],
}
wire!(Owner, 40);

/// How many bytes of a path a [`ProcessRecord`] can hold.
pub const PATH_BYTES: usize = 512;

/// The facts of a process, sent once for each [`ProcessKey`] before the first record that names it.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "user", derive(bytemuck::Pod, bytemuck::Zeroable))]
pub struct ProcessRecord {
    pub header: Header,
    pub process: ProcessKey,
    pub uid: u32,
    /// Not 0 where `exe` lacks the front of the path, because that is too long.
    pub exe_cut: u8,
    /// The same of `cgroup`.
    pub cgroup_cut: u8,
    pub _pad: [u8; 2],
    pub comm: [u8; 16],
    /// Bytes of `exe` in use.
    pub exe_len: u32,
    /// Bytes of `cgroup` in use.
    pub cgroup_len: u32,
    /// The executable's path, innermost name first, each name ended by a zero byte. From the
    /// dentries of `task->mm->exe_file`, up to the root of the process's mount namespace.
    pub exe: [u8; PATH_BYTES],
    /// The path in the unified cgroup hierarchy, in the same form. From `kernfs_node.name`.
    pub cgroup: [u8; PATH_BYTES],
}
wire!(ProcessRecord, 72 + 2 * PATH_BYTES);
