//! Resets.
//!
//! Tracepoint `tcp:tcp_receive_reset` (4.15), from `tcp_reset` before the transition that it causes:
//! `(struct sock *sk)`. Tracepoint `tcp:tcp_send_reset` (4.15), from `tcp_v4_send_reset` and
//! `tcp_send_active_reset`, after the transition: `(const struct sock *sk, …)`, where `sk` may be
//! null, a request or a TIME_WAIT socket; what follows it changed in 6.10 and is not read.

use aya_ebpf::{helpers::bpf_ktime_get_ns, macros::btf_tracepoint, programs::BtfTracePointContext};
use netwatch_common::{Counter, ResetRecord, flag, kind};

use crate::{
    maps::{EVENTS, count},
    ring,
    sock::Sock,
    tcp_state::{CLOSE, FIN_WAIT1, FIN_WAIT2},
};

/// A reset came in.
#[btf_tracepoint(function = "tcp_receive_reset")]
pub fn reset_received(ctx: BtfTracePointContext) -> i32 {
    if let Some(memory) = Sock::typed(ctx.arg(0)).memory() {
        memory.flags |= flag::RST_RECEIVED;
    }
    0
}

/// A reset went out. Tells apart what the transition alone can't: a socket that leaves FIN_WAIT2 for
/// TIME_WAIT, and one that is given up because data came for a process that is gone.
#[btf_tracepoint(function = "tcp_send_reset")]
pub fn reset_sent(ctx: BtfTracePointContext) -> i32 {
    let sock = Sock::typed(ctx.arg(0));
    if sock.sk.is_null() {
        return 0;
    }
    let Some(memory) = sock.memory() else {
        return 0;
    };
    if memory.new != CLOSE || !matches!(memory.old, FIN_WAIT1 | FIN_WAIT2) {
        return 0;
    }
    // SAFETY: takes nothing, and is there in every program type.
    let now = unsafe { bpf_ktime_get_ns() };
    let header = ring::header(now, sock.cookie(), kind::TCP_RESET);
    let waiting = ring::waiting(&EVENTS);
    if !ring::send(&EVENTS, ResetRecord { header }, waiting) {
        count(Counter::TcpRing, 1);
    }
    0
}
