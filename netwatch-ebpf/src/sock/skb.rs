//! A packet on its way to or from a socket.

use core::ffi::c_void;

use super::{Sock, at, bare, copy, get, mapped};
use crate::udp_flow::End;

/// Bytes of a UDP header.
const UDP_HEADER: u16 = 8;

/// A `struct sk_buff`.
#[derive(Clone, Copy)]
pub struct Skb {
    skb: *const c_void,
    /// The verifier knows it as such.
    typed: bool,
}

/// What the headers of a UDP packet say.
pub struct Udp {
    pub source: End,
    pub destination: End,
    pub number: u64,
    /// Of payload.
    pub bytes: u64,
}

impl Skb {
    #[inline(always)]
    pub fn typed(skb: *const c_void) -> Self {
        Self { skb, typed: true }
    }

    /// Of a program that gets no more than an address.
    #[inline(always)]
    pub fn at_address(skb: *const c_void) -> Self {
        Self { skb, typed: false }
    }

    /// # Safety
    ///
    /// `offset` is that of a `T`, which may have any bytes, in a `struct sk_buff`.
    #[inline(always)]
    unsafe fn get<T: Copy>(self, offset: usize) -> T {
        // SAFETY: the caller's promise.
        unsafe { get(self.skb, offset, self.typed) }
    }

    /// The socket that sends it.
    #[inline(always)]
    pub fn sock(self) -> Option<Sock> {
        // SAFETY: a `struct sk_buff`.
        let sk: *const c_void = unsafe { self.get(at!(skb_sk)) };
        let typed = self.typed;
        (!sk.is_null()).then_some(Sock { sk, typed })
    }

    /// Reads its headers, which lie in the skb's linear part where a process has made or received it.
    #[inline(always)]
    pub fn udp(self) -> Option<Udp> {
        // SAFETY: fields of a `struct sk_buff`.
        let (head, network, transport): (*const c_void, u16, u16) = unsafe {
            (
                self.get(at!(skb_head)),
                self.get(at!(skb_network_header)),
                self.get(at!(skb_transport_header)),
            )
        };
        let head = bare(head);
        let (ip, udp) = (
            head.wrapping_byte_add(network.into()),
            head.wrapping_byte_add(transport.into()),
        );
        let (source, destination) = addresses(ip)?;
        let ports: [u16; 4] = copy(udp, 0);
        let [source_port, destination_port, length, _] = ports.map(u16::from_be);
        Some(Udp {
            source: (source, source_port),
            destination: (destination, destination_port),
            number: u64::from(self.segments(head).max(1)),
            bytes: u64::from(length.saturating_sub(UDP_HEADER)),
        })
    }

    /// How many datagrams it carries, where the card or the kernel splits it; otherwise 0.
    #[inline(always)]
    fn segments(self, head: *const c_void) -> u16 {
        // SAFETY: a field of a `struct sk_buff`: on 64-bit machines an offset.
        let end: u32 = unsafe { self.get(at!(skb_end)) };
        copy(head.wrapping_byte_add(end as usize), at!(shinfo_gso_segs))
    }
}

#[inline(always)]
fn addresses(ip: *const c_void) -> Option<([u8; 16], [u8; 16])> {
    match copy::<u8>(ip, 0) >> 4 {
        4 => Some((mapped(copy(ip, 12)), mapped(copy(ip, 16)))),
        6 => Some((copy(ip, 8), copy(ip, 24))),
        _ => None,
    }
}
