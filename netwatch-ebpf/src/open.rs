//! The start of a connection or of a listener, with its final ports.
//!
//! Sock-ops callbacks `BPF_SOCK_OPS_TCP_CONNECT_CB` (4.13, from `tcp_connect`) and
//! `BPF_SOCK_OPS_TCP_LISTEN_CB` (4.19, from `inet_listen`): both run in the caller's process, with
//! the socket locked, right after the transition, once the local port is chosen.

use aya_ebpf::{
    bindings::{BPF_SOCK_OPS_TCP_CONNECT_CB, BPF_SOCK_OPS_TCP_LISTEN_CB, bpf_sock_ops},
    helpers::bpf_get_socket_cookie,
    macros::sock_ops,
    programs::SockOpsContext,
};

use crate::{
    sock::{Sock, memory_of},
    tcp_state,
};

/// Reports what `tcp_state` held back.
#[sock_ops]
pub fn tcp_open(ctx: SockOpsContext) -> u32 {
    if matches!(
        ctx.op(),
        BPF_SOCK_OPS_TCP_CONNECT_CB | BPF_SOCK_OPS_TCP_LISTEN_CB
    ) {
        report(ctx.ops);
    }
    1
}

#[inline(always)]
fn report(ops: *mut bpf_sock_ops) {
    // SAFETY: a pointer field of the context.
    let sk = unsafe { (*ops).__bindgen_anon_2.sk };
    if sk.is_null() {
        return;
    }
    let Some(memory) = memory_of(sk.cast(), 0) else {
        return;
    };
    let Some(tcp) = Sock(sk.cast()).tcp() else {
        return;
    };
    // SAFETY: the context of this program.
    let cookie = unsafe { bpf_get_socket_cookie(ops.cast()) };
    tcp_state::opened(tcp.sock(), cookie, memory, true);
}
