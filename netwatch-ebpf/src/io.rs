//! Sending and receiving, TCP and UDP: the process that does it is the socket's owner.
//!
//! Tracepoints `sock:sock_send_length` and `sock:sock_recv_length` (6.3), raised by
//! `sock_sendmsg` and `sock_recvmsg` in the caller's process: `(struct sock *sk, int ret, int flags)`.

use aya_ebpf::{helpers::bpf_ktime_get_ns, macros::btf_tracepoint, programs::BtfTracePointContext};
use netwatch_common::how;

use crate::{
    maps::{ACCEPT_BESIDE, global},
    owner,
    sock::Sock,
};

/// A process sent.
#[btf_tracepoint(function = "sock_send_length")]
pub fn io_send(ctx: BtfTracePointContext) -> i32 {
    used(&ctx);
    0
}

/// A process received.
#[btf_tracepoint(function = "sock_recv_length")]
pub fn io_receive(ctx: BtfTracePointContext) -> i32 {
    used(&ctx);
    0
}

#[inline(always)]
fn used(ctx: &BtfTracePointContext) {
    let sock = Sock::typed(ctx.arg(0));
    if !sock.is_inet() {
        return;
    }
    let Some(memory) = sock.memory() else { return };
    if global(&ACCEPT_BESIDE) != 0 {
        owner::adopt(memory, || sock.cookie());
    }
    if owner::is_running(memory) {
        return;
    }
    // SAFETY: takes nothing, and is there in every program type.
    let now = unsafe { bpf_ktime_get_ns() };
    owner::io(ctx, sock.cookie(), memory, how::IO, now);
}
