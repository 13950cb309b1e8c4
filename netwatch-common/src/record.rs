//! What the two ring buffers carry.

use crate::{
    owner::Owner,
    socket::{FlowCounters, Tuple},
    wire,
};

/// The values of [`Header::kind`]. Never renumbered: a recorded stream stays readable.
pub mod kind {
    /// [`crate::ProcessRecord`]
    pub const PROCESS: u32 = 1;
    /// [`crate::TcpFull`]
    pub const TCP_FULL: u32 = 10;
    /// [`crate::TcpLite`]
    pub const TCP_LITE: u32 = 11;
    /// [`crate::TcpEnd`]
    pub const TCP_END: u32 = 13;
    /// [`crate::ResetRecord`]
    pub const TCP_RESET: u32 = 12;
    /// [`crate::OwnerRecord`]
    pub const OWNER: u32 = 20;
    /// [`crate::UdpRecord`]
    pub const UDP_FLOW: u32 = 30;
    /// [`crate::ReleaseRecord`]
    pub const UDP_RELEASE: u32 = 31;
}

/// The bits of `flags` in the records of TCP.
pub mod flag {
    /// A full record has told the reader of this connection.
    pub const ANNOUNCED: u16 = 1;
    /// The transition into `old` went before this one, at `since_ns`, and has no record of its own.
    pub const OPENING: u16 = 2;
    /// A reset arrived. From the tracepoint `tcp_receive_reset`.
    pub const RST_RECEIVED: u16 = 4;
    /// The peer's FIN arrived. From `SOCK_DONE` in `sk_flags`.
    pub const FIN_RECEIVED: u16 = 8;
    /// This side closed first.
    pub const LOCAL_FIRST: u16 = 16;
    /// The peer closed first.
    pub const REMOTE_FIRST: u16 = 32;
    /// The last descriptor of the UDP socket is closed. Never in a record.
    pub const RELEASED: u16 = 64;
}

/// How much is told, where less is wanted or the reader is behind.
pub mod detail {
    /// Every transition.
    pub const ALL: u32 = 0;
    /// Not those between the opening of a connection and its end.
    pub const LANDMARKS: u32 = 1;
    /// Ends of connections, and listeners.
    pub const ENDS: u32 = 2;
}

/// Starts every record.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "user", derive(bytemuck::Pod, bytemuck::Zeroable))]
pub struct Header {
    pub ts_ns: u64,
    /// The number that `ss -e` prints as `sk:`; 0 in a process record. From `bpf_get_socket_cookie`.
    pub cookie: u64,
    /// One of [`kind`].
    pub kind: u32,
    pub _pad: u32,
}
wire!(Header, 24);

/// A connection's figures. Zero before they are known.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "user", derive(bytemuck::Pod, bytemuck::Zeroable))]
pub struct TcpStats {
    /// Payload, retransmissions counted again. From `tcp_sock.bytes_sent`.
    pub bytes_sent: u64,
    /// From `tcp_sock.bytes_retrans`.
    pub bytes_retrans: u64,
    /// Payload, and 1 for the peer's FIN. From `tcp_sock.bytes_received`.
    pub bytes_received: u64,
    /// Eighths of a microsecond. From `tcp_sock.srtt_us`.
    pub srtt_us8: u32,
    /// Segments. From `tcp_sock.total_retrans`.
    pub total_retrans: u32,
}
wire!(TcpStats, 32);

/// A transition with everything about its socket.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "user", derive(bytemuck::Pod, bytemuck::Zeroable))]
pub struct TcpFull {
    pub header: Header,
    pub tuple: Tuple,
    pub owner: Owner,
    pub stats: TcpStats,
    pub birth_ns: u64,
    /// When `old` was entered; 0 where that was not seen.
    pub since_ns: u64,
    /// A TCP state of the kernel. From the tracepoint's `oldstate`.
    pub old: u8,
    /// From the tracepoint's `newstate`.
    pub new: u8,
    /// Of [`flag`].
    pub flags: u16,
    /// From `sk_err`.
    pub err: u16,
    /// `sk_err` as the connection found it.
    pub stale_err: u16,
}
wire!(TcpFull, 168);

/// A transition of a connection that an earlier [`TcpFull`] has told everything about.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "user", derive(bytemuck::Pod, bytemuck::Zeroable))]
pub struct TcpLite {
    pub header: Header,
    pub since_ns: u64,
    pub old: u8,
    pub new: u8,
    /// Of [`flag`].
    pub flags: u16,
    pub _pad: u32,
}
wire!(TcpLite, 40);

/// The end of a connection that an earlier [`TcpFull`] has told of; its owner is the same as before.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "user", derive(bytemuck::Pod, bytemuck::Zeroable))]
pub struct TcpEnd {
    pub header: Header,
    pub stats: TcpStats,
    pub birth_ns: u64,
    /// As in [`TcpFull`].
    pub since_ns: u64,
    pub old: u8,
    pub new: u8,
    /// Of [`flag`].
    pub flags: u16,
    /// From `sk_err`.
    pub err: u16,
    /// `sk_err` as the connection found it.
    pub stale_err: u16,
}
wire!(TcpEnd, 80);

/// A reset went out for a socket that had just left FIN_WAIT1 or FIN_WAIT2: it has no TIME_WAIT.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "user", derive(bytemuck::Pod, bytemuck::Zeroable))]
pub struct ResetRecord {
    pub header: Header,
}
wire!(ResetRecord, 24);

/// A socket has another owner than before.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "user", derive(bytemuck::Pod, bytemuck::Zeroable))]
pub struct OwnerRecord {
    pub header: Header,
    pub owner: Owner,
}
wire!(OwnerRecord, 64);

/// A UDP flow was seen for the first time, or again after a second at least.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "user", derive(bytemuck::Pod, bytemuck::Zeroable))]
pub struct UdpRecord {
    pub header: Header,
    pub tuple: Tuple,
    pub owner: Owner,
    pub counters: FlowCounters,
    /// The address that the socket is bound to. From `bpf_sock.src_ip4` or `src_ip6`.
    pub bound: [u8; 16],
    /// Not 0 for a connected socket. From `bpf_sock.state`.
    pub connected: u8,
    /// Not 0 where the flow is with the socket's peer. From `bpf_sock.dst_ip4` or `dst_ip6`, `dst_port`.
    pub to_peer: u8,
    pub _pad: [u8; 6],
}
wire!(UdpRecord, 192);

/// The last descriptor of a UDP socket was closed.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "user", derive(bytemuck::Pod, bytemuck::Zeroable))]
pub struct ReleaseRecord {
    pub header: Header,
}
wire!(ReleaseRecord, 24);
