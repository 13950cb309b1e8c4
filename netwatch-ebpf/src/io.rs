//! Sending and receiving, TCP and UDP: the process that does it is the socket's owner.
//!
//! Tracepoints `sock:sock_send_length` and `sock:sock_recv_length` (6.3), raised by
//! `sock_sendmsg` and `sock_recvmsg` in the caller's process: `(struct sock *sk, int ret, int flags)`.
//!
//! Since 7.0 (a46023d5616e) the scheduler may take the CPU from a program on a tracepoint, and until that
//! goes on, the kernel skips it for whoever runs there meanwhile. There, each has a second, which does the
//! work where the first has left no mark.

use aya_ebpf::{
    helpers::{bpf_get_current_pid_tgid, bpf_ktime_get_ns},
    macros::btf_tracepoint,
    programs::BtfTracePointContext,
};
use netwatch_common::{Counter, how};

use crate::{
    maps::{ACCEPT_BESIDE, INTERRUPTED, count, global, mark_of},
    owner,
    sock::Sock,
};

/// A process sent.
#[btf_tracepoint(function = "sock_send_length")]
pub fn io_send(ctx: BtfTracePointContext) -> i32 {
    first(&ctx);
    0
}

/// The same, where the kernel skipped that.
#[btf_tracepoint(function = "sock_send_length")]
pub fn io_send_again(ctx: BtfTracePointContext) -> i32 {
    second(&ctx, Counter::CoveredSends);
    0
}

/// A process received.
#[btf_tracepoint(function = "sock_recv_length")]
pub fn io_receive(ctx: BtfTracePointContext) -> i32 {
    first(&ctx);
    0
}

/// The same, where the kernel skipped that.
#[btf_tracepoint(function = "sock_recv_length")]
pub fn io_receive_again(ctx: BtfTracePointContext) -> i32 {
    second(&ctx, Counter::CoveredReceives);
    0
}

#[inline(always)]
fn first(ctx: &BtfTracePointContext) {
    if global(&INTERRUPTED) != 0 {
        let thread = current_thread();
        if let Some(mark) = mark_of(thread) {
            *mark = thread;
        }
    }
    used(ctx);
}

/// A mark that stays, because the second was skipped too, may hide that the first is skipped the next time:
/// then that counts as lost, as it was not covered.
#[inline(always)]
fn second(ctx: &BtfTracePointContext, covered: Counter) {
    let thread = current_thread();
    if let Some(mark) = mark_of(thread)
        && *mark == thread
    {
        *mark = 0;
        return;
    }
    count(covered, 1);
    used(ctx);
}

#[inline(always)]
fn current_thread() -> u32 {
    bpf_get_current_pid_tgid() as u32
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
