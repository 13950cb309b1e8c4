//! A socket's addresses, and what the kernel side remembers of it.

use crate::{owner::Owner, wire};

/// Both ends of a socket.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "user", derive(bytemuck::Pod, bytemuck::Zeroable))]
pub struct Tuple {
    /// IPv4 as IPv4-mapped IPv6. From `skc_rcv_saddr` or `skc_v6_rcv_saddr`.
    pub local: [u8; 16],
    /// From `skc_daddr` or `skc_v6_daddr`.
    pub remote: [u8; 16],
    /// 0 where it is not known yet. From `inet_sport`.
    pub local_port: u16,
    /// 0 where there is none. From `skc_dport`.
    pub remote_port: u16,
    /// Inode number of the network namespace. From `skc_net.net->ns.inum`.
    pub netns: u32,
    /// `AF_INET` (2) or `AF_INET6` (10), of the socket rather than of its packets. From `skc_family`.
    pub family: u8,
    /// `IPPROTO_TCP` (6) or `IPPROTO_UDP` (17). From `sk_protocol`.
    pub protocol: u8,
    pub _pad: [u8; 6],
}
wire!(Tuple, 48);

/// The value of the `SOCKETS` map, kept by the kernel with the socket itself and copied by it from
/// a listener to each connection that arrives there.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct SocketMemory {
    pub owner: Owner,
    /// Of the connection, once it is final; 0 before.
    pub cookie: u64,
    /// When the present count of `turns` began.
    pub turns_ns: u64,
    /// When the connection began: the SYN was sent, or the last ACK of the handshake came.
    pub birth_ns: u64,
    /// When the present state was entered.
    pub since_ns: u64,
    /// Where the last unconnected datagram was sent to, before any address translation.
    pub sent_to: [u8; 16],
    /// The thread that sent it.
    pub sent_by: u32,
    pub sent_to_port: u16,
    /// What `sk_err` said when the connection began: left over from the connection before.
    pub stale_err: u16,
    /// The last transition that was seen: what the second TCP program compares with.
    pub old: u8,
    pub new: u8,
    /// Of [`crate::flag`].
    pub flags: u16,
    /// How often the owner has changed since `turns_ns`.
    pub turns: u32,
}
const _: () = assert!(size_of::<SocketMemory>() == 104);

/// Key of the `FLOWS` map.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "user", derive(bytemuck::Pod, bytemuck::Zeroable))]
pub struct FlowKey {
    pub cookie: u64,
    /// IPv4 as IPv4-mapped IPv6.
    pub remote: [u8; 16],
    pub remote_port: u16,
    pub _pad: [u8; 6],
}
wire!(FlowKey, 32);

/// Value of the `FLOWS` map: one flow's datagrams so far. Bytes are UDP payload.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "user", derive(bytemuck::Pod, bytemuck::Zeroable))]
pub struct FlowCounters {
    pub tx_packets: u64,
    pub tx_bytes: u64,
    pub rx_packets: u64,
    pub rx_bytes: u64,
    pub first_ns: u64,
    pub last_ns: u64,
    /// When the flow was last reported.
    pub reported_ns: u64,
}
wire!(FlowCounters, 56);
