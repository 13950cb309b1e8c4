//! The end of a TCP socket, where what is remembered of it does not go with it: on two rungs.
//!
//! Tracepoint `tcp:tcp_destroy_sock` (4.15), from `tcp_v4_destroy_sock` and through it for IPv6:
//! `(struct sock *sk)`. The record of the classic one has the socket's cookie (4.17).

use aya_ebpf::{
    EbpfContext as _,
    macros::{btf_tracepoint, tracepoint},
    programs::{BtfTracePointContext, TracePointContext},
};

use crate::{
    maps::{RECORDS, forget, global},
    sock::{Sock, copy},
};

/// By the socket.
#[btf_tracepoint(function = "tcp_destroy_sock")]
pub fn tcp_forget(ctx: BtfTracePointContext) -> i32 {
    forget(Sock::typed(ctx.arg(0)).cookie());
    0
}

/// By the record.
#[tracepoint]
pub fn tcp_forget_record(ctx: TracePointContext) -> u32 {
    forget(copy(
        ctx.as_ptr().cast_const(),
        global(&RECORDS.destroy_cookie) as usize,
    ));
    0
}
