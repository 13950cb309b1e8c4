//! The start of a connection or of a listener, with its final ports.
//!
//! Sock-ops callbacks `BPF_SOCK_OPS_TCP_CONNECT_CB` (4.13, from `tcp_connect`) and
//! `BPF_SOCK_OPS_TCP_LISTEN_CB` (4.19, from `inet_listen`): both run in the caller's process, with
//! the socket locked, right after the transition, once the local port is chosen.
//! `BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB` (4.13, from `tcp_init_transfer`) goes before the transition.

use aya_ebpf::{
    bindings::{
        BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB, BPF_SOCK_OPS_TCP_CONNECT_CB,
        BPF_SOCK_OPS_TCP_LISTEN_CB, bpf_sock_ops,
    },
    helpers::bpf_get_socket_cookie,
    macros::sock_ops,
    programs::SockOpsContext,
};
use netwatch_common::SocketMemory;

use crate::{
    maps::{BY_COOKIE, UNTYPED, global},
    sock::{CREATE, Sock, bare, memory_of},
    tcp_state::{self, LISTEN, SYN_SENT},
};

/// Reports what `tcp_state` held back.
#[sock_ops]
pub fn tcp_open(ctx: SockOpsContext) -> u32 {
    match ctx.op() {
        BPF_SOCK_OPS_TCP_CONNECT_CB => report(ctx.ops, SYN_SENT),
        BPF_SOCK_OPS_TCP_LISTEN_CB => report(ctx.ops, LISTEN),
        // Right before the transition, which has no memory to tell of without a cookie.
        BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB if global(&BY_COOKIE) != 0 => {
            cookie(ctx.ops);
        }
        _ => {}
    }
    1
}

/// Generated where there was none.
#[inline(always)]
fn cookie(ops: *mut bpf_sock_ops) -> u64 {
    // SAFETY: the context of this program.
    unsafe { bpf_get_socket_cookie(ops.cast()) }
}

#[inline(always)]
fn report(ops: *mut bpf_sock_ops, state: u8) {
    // SAFETY: a pointer field of the context.
    let sk = unsafe { (*ops).__bindgen_anon_2.sk };
    if sk.is_null() {
        return;
    }
    let flags = if global(&BY_COOKIE) != 0 { CREATE } else { 0 };
    let Some(memory) = memory_of(sk.cast(), || cookie(ops), flags) else {
        return;
    };
    if global(&UNTYPED) != 0 {
        departs(
            Sock::at_address(bare(sk.cast())),
            cookie(ops),
            memory,
            state,
        );
    } else if let Some(tcp) = Sock::typed(sk.cast()).tcp() {
        departs(tcp.sock(), cookie(ops), memory, state);
    }
}

#[inline(always)]
fn departs(sock: Sock, cookie: u64, memory: &mut SocketMemory, state: u8) {
    if global(&BY_COOKIE) != 0 {
        tcp_state::departs(sock, memory, state);
    }
    tcp_state::opened(sock, cookie, memory, true);
}
