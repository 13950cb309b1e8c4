//! accept.
//!
//! cgroup hooks `getpeername4` and `getpeername6` (5.8, `BPF_CGROUP_INET4_GETPEERNAME` in
//! `inet_getname`): accept and accept4 ask for the peer's name in the accepting process, unless the
//! caller wants no address; then the first send or receive tells (`io`).

use aya_ebpf::{
    helpers::{bpf_get_socket_cookie, bpf_ktime_get_ns},
    macros::cgroup_sock_addr,
    programs::SockAddrContext,
};
use netwatch_common::how;

use crate::{owner, sock::memory_of};

/// accept on IPv4.
#[cgroup_sock_addr(getpeername4)]
pub fn accept4(ctx: SockAddrContext) -> i32 {
    accepted(&ctx);
    1
}

/// accept on IPv6.
#[cgroup_sock_addr(getpeername6)]
pub fn accept6(ctx: SockAddrContext) -> i32 {
    accepted(&ctx);
    1
}

#[inline(always)]
fn accepted(ctx: &SockAddrContext) {
    // SAFETY: a pointer field of the context.
    let sk = unsafe { (*ctx.sock_addr).__bindgen_anon_1.sk };
    if sk.is_null() {
        return;
    }
    let Some(memory) = memory_of(sk.cast(), 0) else {
        return;
    };
    // Anybody may ask for a peer's name at any time, and that says nothing.
    if memory.owner.how != how::INHERITED {
        return;
    }
    // SAFETY: the context of this program; the clock takes nothing.
    let (cookie, now) = unsafe {
        (
            bpf_get_socket_cookie(ctx.sock_addr.cast()),
            bpf_ktime_get_ns(),
        )
    };
    owner::io(ctx, cookie, memory, how::ACCEPT, now);
}
