//! UDP without cgroup hooks: datagrams as processes send and receive them, on two rungs.
//!
//! Entries of `ip_send_skb` (3.7) and `ip6_send_skb` (3.18), which take what a process sends before any
//! address translation; of `skb_consume_udp` (4.13), by which a process takes a datagram that arrived (less
//! than 0 bytes where it only looks); and of `udp_destroy_sock` (2.6.30) and `udpv6_destroy_sock` (2.6.12),
//! when the last descriptor is gone. All in the caller's process; by trampolines (fentry, 5.5) or kprobes.
//! Not `udp_sendmsg` and `udp_recvmsg`: these know neither the local address nor how many datagrams a send
//! makes, nor the sender where the caller doesn't ask for it.

use core::ffi::c_void;

use aya_ebpf::{
    EbpfContext,
    helpers::bpf_ktime_get_ns,
    macros::{fentry, kprobe},
    programs::{FEntryContext, ProbeContext},
};
use netwatch_common::{Counter, how};

use crate::{
    maps::{BY_COOKIE, count, global},
    owner,
    sock::{IPPROTO_UDP, Skb, Sock},
    tcp_state::ESTABLISHED,
    udp_flow::{self, Datagrams, End, Socket, Way},
    udp_socket,
};

/// A process sends over IPv4.
#[fentry(function = "ip_send_skb")]
pub fn udp_out4(ctx: FEntryContext) -> i32 {
    sent(&ctx, Skb::typed(ctx.arg(1)));
    0
}

/// A process sends over IPv6.
#[fentry(function = "ip6_send_skb")]
pub fn udp_out6(ctx: FEntryContext) -> i32 {
    sent(&ctx, Skb::typed(ctx.arg(0)));
    0
}

/// A process receives.
#[fentry(function = "skb_consume_udp")]
pub fn udp_in(ctx: FEntryContext) -> i32 {
    if ctx.arg::<i32>(2) >= 0 {
        received(&ctx, Sock::typed(ctx.arg(0)), Skb::typed(ctx.arg(1)));
    }
    0
}

/// An IPv4 socket ends.
#[fentry(function = "udp_destroy_sock")]
pub fn udp_end4(ctx: FEntryContext) -> i32 {
    ended(Sock::typed(ctx.arg(0)), global(&BY_COOKIE) != 0);
    0
}

/// An IPv6 socket ends.
#[fentry(function = "udpv6_destroy_sock")]
pub fn udp_end6(ctx: FEntryContext) -> i32 {
    ended(Sock::typed(ctx.arg(0)), global(&BY_COOKIE) != 0);
    0
}

/// The argument of a function under a kprobe.
#[inline(always)]
fn argument(ctx: &ProbeContext, number: usize) -> *const c_void {
    ctx.arg::<*const c_void>(number).unwrap_or_default()
}

/// A process sends over IPv4.
#[kprobe]
pub fn udp_out4_kprobe(ctx: ProbeContext) -> u32 {
    sent(&ctx, Skb::at_address(argument(&ctx, 1)));
    0
}

/// A process sends over IPv6.
#[kprobe]
pub fn udp_out6_kprobe(ctx: ProbeContext) -> u32 {
    sent(&ctx, Skb::at_address(argument(&ctx, 0)));
    0
}

/// A process receives.
#[kprobe]
pub fn udp_in_kprobe(ctx: ProbeContext) -> u32 {
    if ctx.arg::<i32>(2).unwrap_or(-1) >= 0 {
        let sock = Sock::at_address(argument(&ctx, 0));
        received(&ctx, sock, Skb::at_address(argument(&ctx, 1)));
    }
    0
}

/// An IPv4 socket ends.
#[kprobe]
pub fn udp_end4_kprobe(ctx: ProbeContext) -> u32 {
    ended(Sock::at_address(argument(&ctx, 0)), true);
    0
}

/// An IPv6 socket ends.
#[kprobe]
pub fn udp_end6_kprobe(ctx: ProbeContext) -> u32 {
    ended(Sock::at_address(argument(&ctx, 0)), true);
    0
}

#[inline(always)]
fn sent<C: EbpfContext>(ctx: &C, skb: Skb) {
    if let Some(sock) = skb.sock() {
        observe(ctx, sock, skb, Way::Out);
    }
}

#[inline(always)]
fn received<C: EbpfContext>(ctx: &C, sock: Sock, skb: Skb) {
    observe(ctx, sock, skb, Way::In);
}

#[inline(always)]
fn observe<C: EbpfContext>(ctx: &C, sock: Sock, skb: Skb, way: Way) {
    // Raw sockets may have the number of UDP too.
    if !sock.is_inet() || sock.protocol() != IPPROTO_UDP || !sock.is_datagram() {
        return;
    }
    let Some(memory) = sock.memory_or_new() else {
        // Without a cookie nothing would tell this socket from others.
        count(Counter::Storage, 1);
        return;
    };
    let cookie = sock.cookie();
    // SAFETY: takes nothing, and is there in every program type.
    let now = unsafe { bpf_ktime_get_ns() };
    // First, as the stack has no room for this beside what the packet says.
    if !owner::is_running(memory) {
        owner::io(ctx, cookie, memory, how::IO, now);
    }
    let Some(packet) = skb.udp() else { return };
    let (local, remote) = match way {
        Way::Out => (packet.source, packet.destination),
        Way::In => (packet.destination, packet.source),
    };
    let datagrams = Datagrams {
        way,
        number: packet.number,
        bytes: packet.bytes,
        local,
    };
    let key = udp_flow::key(cookie, remote);
    let Some(flow) = udp_flow::observe(ctx, &key, &datagrams, now) else {
        return;
    };
    udp_flow::report(&sock, Some(memory), (&key, flow), local, now);
}

impl Socket for Sock {
    #[inline(always)]
    fn family(&self) -> u8 {
        Sock::family(*self)
    }

    #[inline(always)]
    fn netns(&self) -> u32 {
        Sock::netns(*self)
    }

    #[inline(always)]
    fn bound(&self) -> [u8; 16] {
        self.local_addr()
    }

    #[inline(always)]
    fn is_connected(&self) -> bool {
        self.state() == ESTABLISHED && self.remote_port() != 0
    }

    #[inline(always)]
    fn peer(&self) -> End {
        (self.remote_addr(), self.remote_port())
    }
}

/// A socket of which nothing is remembered was not told of.
#[inline(always)]
fn ended(sock: Sock, by_cookie: bool) {
    if let Some(memory) = sock.memory() {
        udp_socket::released(sock.cookie(), Some(memory), by_cookie);
    }
}
