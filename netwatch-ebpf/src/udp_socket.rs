//! Who uses a UDP socket, and its end.
//!
//! cgroup hooks, all in the caller's process: `sock_create` (4.10, `inet_create`), `post_bind4/6`
//! (4.17, `__inet_bind`), `connect4/6` (4.17), `sendmsg4/6` (4.18, a send with an address),
//! `recvmsg4/6` (5.2, a receive that asks for the address), `sock_release` (5.9, `inet_release`: the
//! last descriptor is gone). They run for every inet protocol, and leave all but UDP alone.

use aya_ebpf::{
    EbpfContext,
    bindings::bpf_sock,
    helpers::{bpf_get_current_pid_tgid, bpf_get_socket_cookie, bpf_ktime_get_ns},
    macros::{cgroup_sock, cgroup_sock_addr},
    programs::{SockAddrContext, SockContext},
};
use netwatch_common::{Counter, ReleaseRecord, SocketMemory, flag, how, kind};

use crate::{
    maps::{BY_COOKIE, FLOW_EVENTS, count, forget, global},
    owner, ring,
    sock::{CREATE, IPPROTO_UDP, mapped, memory_of},
};

/// socket().
#[cgroup_sock(sock_create)]
pub fn udp_create(ctx: SockContext) -> i32 {
    if is_udp(ctx.sock) {
        match memory_of(ctx.sock.cast(), || cookie_of(ctx.sock), CREATE) {
            Some(memory) => {
                owner::touch(memory, how::CREATE);
            }
            None => count(Counter::Storage, 1),
        }
    }
    1
}

/// bind() on IPv4.
#[cgroup_sock(post_bind4)]
pub fn udp_bind4(ctx: SockContext) -> i32 {
    bound(&ctx);
    1
}

/// bind() on IPv6.
#[cgroup_sock(post_bind6)]
pub fn udp_bind6(ctx: SockContext) -> i32 {
    bound(&ctx);
    1
}

/// connect() on IPv4.
#[cgroup_sock_addr(connect4)]
pub fn udp_connect4(ctx: SockAddrContext) -> i32 {
    used(&ctx, how::CONNECT);
    1
}

/// connect() on IPv6.
#[cgroup_sock_addr(connect6)]
pub fn udp_connect6(ctx: SockAddrContext) -> i32 {
    used(&ctx, how::CONNECT);
    1
}

/// sendto() or sendmsg() with an address, on IPv4.
#[cgroup_sock_addr(sendmsg4)]
pub fn udp_send4(ctx: SockAddrContext) -> i32 {
    // SAFETY: fields of the context.
    let (addr, port) = unsafe { ((*ctx.sock_addr).user_ip4, (*ctx.sock_addr).user_port) };
    sent(&ctx, mapped(addr), port);
    1
}

/// sendto() or sendmsg() with an address, on IPv6.
#[cgroup_sock_addr(sendmsg6)]
pub fn udp_send6(ctx: SockAddrContext) -> i32 {
    // SAFETY: fields of the context, one word at a time, as the verifier wants them.
    let (addr, port) = unsafe {
        let words = &raw const (*ctx.sock_addr).user_ip6;
        let word = |index| core::ptr::read_volatile(words.cast::<u32>().add(index));
        (
            [word(0), word(1), word(2), word(3)],
            (*ctx.sock_addr).user_port,
        )
    };
    sent(&ctx, bytes(addr), port);
    1
}

/// recvfrom() or recvmsg() that asks for the address, on IPv4.
#[cgroup_sock_addr(recvmsg4)]
pub fn udp_receive4(ctx: SockAddrContext) -> i32 {
    used(&ctx, how::IO);
    1
}

/// recvfrom() or recvmsg() that asks for the address, on IPv6.
#[cgroup_sock_addr(recvmsg6)]
pub fn udp_receive6(ctx: SockAddrContext) -> i32 {
    used(&ctx, how::IO);
    1
}

/// close() of the last descriptor.
#[cgroup_sock(sock_release)]
pub fn udp_release(ctx: SockContext) -> i32 {
    if !is_udp(ctx.sock) {
        return 1;
    }
    let cookie = cookie_of(ctx.sock);
    let memory = memory_of(ctx.sock.cast(), || cookie, 0);
    released(cookie, memory, global(&BY_COOKIE) != 0);
    1
}

/// Tells that nothing holds a socket any more, unless nothing was told of it. `by_cookie`: what is
/// remembered of it does not go with it.
#[inline(always)]
pub fn released(cookie: u64, memory: Option<&mut SocketMemory>, by_cookie: bool) {
    if let Some(memory) = memory {
        memory.flags |= flag::RELEASED;
        let is_announced = memory.flags & flag::ANNOUNCED != 0;
        if by_cookie {
            forget(cookie);
        }
        if !is_announced {
            return;
        }
    }
    let header = ring::header(now(), cookie, kind::UDP_RELEASE);
    let waiting = ring::waiting(&FLOW_EVENTS);
    if !ring::send(&FLOW_EVENTS, ReleaseRecord { header }, waiting) {
        count(Counter::UdpRing, 1);
    }
}

#[inline(always)]
fn bound(ctx: &SockContext) {
    if !is_udp(ctx.sock) {
        return;
    }
    if let Some(memory) = memory_of(ctx.sock.cast(), || cookie_of(ctx.sock), 0)
        && memory.owner.how < how::BIND
    {
        owner::touch(memory, how::BIND);
    }
}

#[inline(always)]
fn used(ctx: &SockAddrContext, how: u8) {
    let Some(sk) = udp_sock(ctx) else { return };
    let Some(memory) = memory_of(sk, || cookie(ctx), 0) else {
        return;
    };
    if owner::is_running(memory) {
        return;
    }
    owner::io(ctx, cookie(ctx), memory, how, now());
}

/// Remembers where to, because the packet that follows may show an address that NAT put there.
#[inline(always)]
fn sent(ctx: &SockAddrContext, to: [u8; 16], port: u32) {
    used(ctx, how::IO);
    let Some(sk) = udp_sock(ctx) else { return };
    let Some(memory) = memory_of(sk, || cookie(ctx), 0) else {
        return;
    };
    memory.sent_to = to;
    memory.sent_to_port = u16::from_be(port as u16);
    memory.sent_by = bpf_get_current_pid_tgid() as u32;
}

#[inline(always)]
fn udp_sock(ctx: &SockAddrContext) -> Option<*const core::ffi::c_void> {
    // SAFETY: fields of the context.
    let (protocol, sk) = unsafe {
        (
            (*ctx.sock_addr).protocol,
            (*ctx.sock_addr).__bindgen_anon_1.sk,
        )
    };
    if protocol != u32::from(IPPROTO_UDP) || sk.is_null() {
        return None;
    }
    Some(sk.cast())
}

#[inline(always)]
fn is_udp(sock: *const bpf_sock) -> bool {
    // SAFETY: a field of the context.
    unsafe { (*sock).protocol == u32::from(IPPROTO_UDP) }
}

/// An IPv6 address from its four words in network byte order.
#[inline(always)]
pub fn bytes(words: [u32; 4]) -> [u8; 16] {
    // SAFETY: any 16 bytes are valid.
    unsafe { core::mem::transmute(words) }
}

#[inline(always)]
fn cookie(ctx: &SockAddrContext) -> u64 {
    // SAFETY: the context of the program.
    unsafe { bpf_get_socket_cookie(ctx.as_ptr()) }
}

#[inline(always)]
fn cookie_of(sock: *mut bpf_sock) -> u64 {
    // SAFETY: the context of the program.
    unsafe { bpf_get_socket_cookie(sock.cast()) }
}

#[inline(always)]
fn now() -> u64 {
    // SAFETY: takes nothing, and is there in every program type.
    unsafe { bpf_ktime_get_ns() }
}
