//! UDP datagrams, counted per (socket, remote) where they leave a socket and where they reach one.
//!
//! cgroup hooks `cgroup_skb` egress (4.10, `ip_finish_output`, `ip6_finish_output`: before
//! fragmentation) and ingress (4.10, `sk_filter_trim_cap`: after reassembly, before the receive
//! buffer can refuse it). A GSO or GRO packet counts as the datagrams that it carries. The packet
//! starts at its IP header. TCP pays for the hook too, so the first thing is to leave it alone.

use aya_ebpf::{
    bindings::{__sk_buff, bpf_sock},
    helpers::{
        bpf_get_current_pid_tgid, bpf_get_socket_cookie, bpf_ktime_get_ns, bpf_sk_fullsock,
        bpf_skb_load_bytes,
    },
    macros::cgroup_skb,
    programs::SkBuffContext,
};
use netwatch_common::SocketMemory;

use crate::{
    maps::{CURRENT_IN_SKB, global},
    sock::{AF_INET6, IPPROTO_UDP, mapped, memory_of, netns_of},
    tcp_state::ESTABLISHED,
    udp_flow::{self, Datagrams, End, Socket, Way},
    udp_socket::bytes,
};

const ETH_P_IP: u32 = 0x0800_u16.to_be() as u32;
const ETH_P_IPV6: u32 = 0x86dd_u16.to_be() as u32;
const UDP_HEADER: u32 = 8;
const IPV6_HEADER: u32 = 40;
/// IPv6 extension headers that may stand before UDP: hop-by-hop, routing, destination.
const EXTENSIONS: [u8; 3] = [0, 43, 60];
/// What a UDP packet's headers say.
struct Packet {
    source: End,
    destination: End,
    /// Bytes of payload.
    payload: u64,
    datagrams: u64,
}

/// A datagram leaves. Always lets it pass.
#[cgroup_skb]
pub fn udp_egress(ctx: SkBuffContext) -> i32 {
    observe(&ctx, Way::Out);
    1
}

/// A datagram arrives. Always lets it pass.
#[cgroup_skb]
pub fn udp_ingress(ctx: SkBuffContext) -> i32 {
    observe(&ctx, Way::In);
    1
}

#[inline(always)]
fn observe(ctx: &SkBuffContext, way: Way) {
    let skb = ctx.skb.skb;
    let Some(packet) = parse(skb) else { return };
    // SAFETY: a field of the context.
    if unsafe { (*skb).__bindgen_anon_2.sk }.is_null() {
        return;
    }
    // SAFETY: the context of this program.
    let cookie = unsafe { bpf_get_socket_cookie(skb.cast()) };
    let remote = match way {
        Way::Out => {
            let Some(sk) = full_sock(skb) else { return };
            sent_to(sk, cookie, packet.destination)
        }
        Way::In => packet.source,
    };
    let datagrams = Datagrams {
        way,
        number: packet.datagrams,
        bytes: packet.payload,
        local: match way {
            Way::Out => packet.source,
            Way::In => packet.destination,
        },
    };
    // SAFETY: takes nothing, and is there in every program type.
    let now = unsafe { bpf_ktime_get_ns() };
    let key = udp_flow::key(cookie, remote);
    let Some(flow) = udp_flow::observe(ctx, &key, &datagrams, now) else {
        return;
    };
    let Some(sk) = full_sock(skb) else { return };
    let memory = memory_of(sk.cast(), || cookie, 0);
    udp_flow::report(&FullSock(sk), memory, (&key, flow), datagrams.local, now);
}

/// The packet's socket, with all the fields of one. Asked for only where they are needed: a helper's call is not free.
#[inline(always)]
fn full_sock(skb: *const __sk_buff) -> Option<*const bpf_sock> {
    // SAFETY: a field of the context, and a helper that checks it.
    unsafe {
        let sk = (*skb).__bindgen_anon_2.sk;
        if sk.is_null() {
            return None;
        }
        let sk = bpf_sk_fullsock(sk);
        (!sk.is_null()).then_some(sk.cast_const())
    }
}

/// A full socket, as a program of a cgroup sees it.
struct FullSock(*const bpf_sock);

impl Socket for FullSock {
    #[inline(always)]
    fn family(&self) -> u8 {
        // SAFETY: a field of a full socket.
        unsafe { (*self.0).family as u8 }
    }

    #[inline(always)]
    fn netns(&self) -> u32 {
        netns_of(self.0.cast())
    }

    #[inline(always)]
    fn bound(&self) -> [u8; 16] {
        bound(self.0)
    }

    #[inline(always)]
    fn is_connected(&self) -> bool {
        connected(self.0)
    }

    #[inline(always)]
    fn peer(&self) -> End {
        peer(self.0)
    }
}

#[inline(always)]
fn parse(skb: *const __sk_buff) -> Option<Packet> {
    // SAFETY: fields of the context.
    let (protocol, len) = unsafe { ((*skb).protocol, (*skb).len) };
    // SAFETY: each read is within the packet, or None.
    let (source, destination, header) = unsafe {
        if protocol == ETH_P_IP {
            if byte(skb, 9)? != IPPROTO_UDP {
                return None;
            }
            let header = u32::from(byte(skb, 0)? & 0xf) * 4;
            (mapped(word(skb, 12)?), mapped(word(skb, 16)?), header)
        } else if protocol == ETH_P_IPV6 {
            let header = ipv6_header(skb)?;
            (addr(skb, 8)?, addr(skb, 24)?, header)
        } else {
            return None;
        }
    };
    let ports = ports(skb, header)?;
    // SAFETY: a field of the context.
    let segments = unsafe { (*skb).gso_segs };
    Some(Packet {
        source: (source, u16::from_be(ports[0])),
        destination: (destination, u16::from_be(ports[1])),
        payload: u64::from(len.saturating_sub(header + UDP_HEADER)),
        datagrams: u64::from(segments.max(1)),
    })
}

/// The ports of the UDP header that begins there, which is in the packet's linear part but for rare exceptions.
#[inline(always)]
fn ports(skb: *const __sk_buff, header: u32) -> Option<[u16; 2]> {
    // SAFETY: within the packet, or None.
    match unsafe { word(skb, header as usize) } {
        Some(word) => {
            let [a, b, c, d] = word.to_ne_bytes();
            Some([u16::from_ne_bytes([a, b]), u16::from_ne_bytes([c, d])])
        }
        None => bytes_at(skb, header),
    }
}

/// Bytes before the UDP header; None where something else follows.
#[inline(always)]
fn ipv6_header(skb: *const __sk_buff) -> Option<u32> {
    // SAFETY: within the packet, or None.
    let mut next = unsafe { byte(skb, 6)? };
    let mut header = IPV6_HEADER;
    for _ in 0..EXTENSIONS.len() {
        if next == IPPROTO_UDP || !EXTENSIONS.contains(&next) {
            break;
        }
        let [then, len] = bytes_at::<[u8; 2]>(skb, header)?;
        header += (u32::from(len) + 1) * 8;
        next = then;
    }
    if next == IPPROTO_UDP {
        Some(header)
    } else {
        None
    }
}

/// Where a datagram goes: what the process said, because egress comes after NAT: the address that it gave with
/// the datagram, also on a connected socket, or else the socket's peer.
#[inline(always)]
fn sent_to(sk: *const bpf_sock, cookie: u64, destination: End) -> End {
    let is_connected = connected(sk);
    // An address that was noted for a datagram which went nowhere must not be taken for this one's.
    if is_connected && peer(sk) == destination {
        return destination;
    }
    if let Some(memory) = memory_of(sk.cast(), || cookie, 0)
        && was_noted_for_this(memory)
    {
        memory.sent_by = 0;
        return (memory.sent_to, memory.sent_to_port);
    }
    if is_connected { peer(sk) } else { destination }
}

/// Whether the address that a send noted is that of this packet: the same thread sends it. Before 6.10
/// a program here can't ask who runs; then only threads that send by one socket at the same moment, or a
/// datagram that went nowhere before one without an address, would be mistaken.
#[inline(always)]
fn was_noted_for_this(memory: &SocketMemory) -> bool {
    memory.sent_by != 0
        && (global(&CURRENT_IN_SKB) == 0 || memory.sent_by == bpf_get_current_pid_tgid() as u32)
}

#[inline(always)]
fn peer(sk: *const bpf_sock) -> End {
    // SAFETY: fields of a full socket.
    unsafe {
        let addr = if (*sk).family == u32::from(AF_INET6) {
            bytes((*sk).dst_ip6)
        } else {
            mapped((*sk).dst_ip4)
        };
        (addr, u16::from_be((*sk).dst_port))
    }
}

/// The address that the socket is bound to, unspecified where it is to any.
#[inline(always)]
fn bound(sk: *const bpf_sock) -> [u8; 16] {
    // SAFETY: fields of a full socket.
    unsafe {
        if (*sk).family == u32::from(AF_INET6) {
            bytes((*sk).src_ip6)
        } else {
            mapped((*sk).src_ip4)
        }
    }
}

#[inline(always)]
fn connected(sk: *const bpf_sock) -> bool {
    // SAFETY: fields of a full socket. UDP's connect writes TCP's number for ESTABLISHED.
    unsafe { (*sk).state == u32::from(ESTABLISHED) && (*sk).dst_port != 0 }
}

/// A byte of the packet.
///
/// # Safety
///
/// `skb` is the program's context.
#[inline(always)]
unsafe fn byte(skb: *const __sk_buff, offset: usize) -> Option<u8> {
    // SAFETY: the caller's promise; the verifier checks the comparison with the packet's end.
    unsafe {
        let start = (*skb).data as usize + offset;
        if start + 1 > (*skb).data_end as usize {
            return None;
        }
        Some(*(start as *const u8))
    }
}

/// Four bytes of the packet, in their order.
///
/// # Safety
///
/// `skb` is the program's context.
#[inline(always)]
unsafe fn word(skb: *const __sk_buff, offset: usize) -> Option<u32> {
    // SAFETY: as in `byte`.
    unsafe {
        let start = (*skb).data as usize + offset;
        if start + 4 > (*skb).data_end as usize {
            return None;
        }
        Some((start as *const u32).read_unaligned())
    }
}

/// An IPv6 address of the packet.
///
/// # Safety
///
/// `skb` is the program's context.
#[inline(always)]
unsafe fn addr(skb: *const __sk_buff, offset: usize) -> Option<[u8; 16]> {
    // SAFETY: the caller's promise.
    unsafe {
        Some(bytes([
            word(skb, offset)?,
            word(skb, offset + 4)?,
            word(skb, offset + 8)?,
            word(skb, offset + 12)?,
        ]))
    }
}

/// Bytes at a place that is only known at run time.
#[inline(always)]
fn bytes_at<T: Copy + Default>(skb: *const __sk_buff, offset: u32) -> Option<T> {
    let mut value = T::default();
    // SAFETY: writes a `T`; the helper checks the packet's bounds.
    let result = unsafe {
        bpf_skb_load_bytes(
            skb.cast(),
            offset,
            (&raw mut value).cast(),
            size_of::<T>() as u32,
        )
    };
    if result == 0 { Some(value) } else { None }
}
