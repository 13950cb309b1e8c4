//! accept, on three rungs.
//!
//! fexit `inet_csk_accept` (trampolines since 5.5): it takes a connection off its listener's queue, in the
//! accepting process, and returns it: `struct sock *inet_csk_accept(struct sock *sk, int flags, int *err,
//! bool kern)`, since 6.10 `(struct sock *sk, struct proto_accept_arg *arg)`.
//!
//! kretprobe of the same function, for which a socket is but an address: what it learns waits for a program
//! that reaches what is remembered of the socket.
//!
//! cgroup hooks `getpeername4` and `getpeername6` (5.8, `BPF_CGROUP_INET4_GETPEERNAME` in
//! `inet_getname`): accept and accept4 ask for the peer's name in the accepting process, unless the
//! caller wants no address; then the first send or receive tells (`io`).

use core::ffi::c_void;

use aya_ebpf::{
    helpers::{bpf_get_socket_cookie, bpf_ktime_get_ns},
    macros::{cgroup_sock_addr, fexit, kretprobe},
    programs::{FExitContext, RetProbeContext, SockAddrContext},
};
use netwatch_common::how;

use crate::{
    maps::{ACCEPT_ARGUMENTS, BY_COOKIE, global},
    owner,
    sock::{IPPROTO_TCP, Sock, memory_of},
};

/// accept, whichever way it is asked for.
#[fexit(function = "inet_csk_accept")]
pub fn accept_exit(ctx: FExitContext) -> i32 {
    let sk = returned(&ctx);
    if sk.is_null() {
        return 0;
    }
    let sock = Sock::typed(sk);
    let Some(memory) = sock.memory() else {
        return 0;
    };
    // SAFETY: takes nothing, and is there in every program type.
    let now = unsafe { bpf_ktime_get_ns() };
    owner::io(&ctx, sock.cookie(), memory, how::ACCEPT, now);
    0
}

/// The connection, which stands behind the arguments. Written out, as the compiler would make one load of
/// the two, from a place that the verifier doesn't take.
#[cfg(target_arch = "bpf")]
#[inline(always)]
fn returned(ctx: &FExitContext) -> *const c_void {
    use aya_ebpf::EbpfContext as _;

    let sk: *const c_void;
    // SAFETY: the context has the arguments, 8 bytes each, and then what is returned.
    unsafe {
        if global(&ACCEPT_ARGUMENTS) == 2 {
            core::arch::asm!("{} = *(u64 *)({} + 16)", out(reg) sk, in(reg) ctx.as_ptr());
        } else {
            core::arch::asm!("{} = *(u64 *)({} + 32)", out(reg) sk, in(reg) ctx.as_ptr());
        }
    }
    sk
}

#[cfg(not(target_arch = "bpf"))]
fn returned(ctx: &FExitContext) -> *const c_void {
    ctx.arg(global(&ACCEPT_ARGUMENTS) as usize)
}

/// accept, whichever way it is asked for, by a kretprobe.
#[kretprobe]
pub fn accept_return(ctx: RetProbeContext) -> u32 {
    let sk: *const c_void = ctx.ret();
    let sock = Sock::at_address(sk);
    if sk.is_null() || sock.protocol() != IPPROTO_TCP {
        return 0;
    }
    let cookie = sock.cookie();
    // SAFETY: takes nothing, and is there in every program type.
    let now = unsafe { bpf_ktime_get_ns() };
    if global(&BY_COOKIE) == 0 {
        owner::accepts(&ctx, cookie, now);
    } else if let Some(memory) = sock.memory() {
        owner::io(&ctx, cookie, memory, how::ACCEPT, now);
    }
    0
}

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
    // SAFETY: the context of this program.
    let cookie = || unsafe { bpf_get_socket_cookie(ctx.sock_addr.cast()) };
    let Some(memory) = memory_of(sk.cast(), cookie, 0) else {
        return;
    };
    // Anybody may ask for a peer's name at any time, and that says nothing.
    let is_new = memory.owner.how == how::INHERITED
        || global(&BY_COOKIE) != 0 && memory.owner.how == how::UNKNOWN;
    if !is_new {
        return;
    }
    // SAFETY: takes nothing, and is there in every program type.
    let now = unsafe { bpf_ktime_get_ns() };
    owner::io(ctx, cookie(), memory, how::ACCEPT, now);
}
