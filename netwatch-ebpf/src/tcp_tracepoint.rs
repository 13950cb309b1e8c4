//! TCP transitions, where the kernel refuses `tcp_state`.
//!
//! The classic tracepoint `sock:inet_sock_set_state` (4.16), raised as described there, whose record has
//! the socket's address and both states. A socket that is only an address has no memory but that by its
//! cookie, and no cookie but the one that others generated: `tcp_open` does it.
//!
//! The kernel skips the program where another of a classic tracepoint or of a kprobe runs on the same CPU.
//! A second program would be skipped as well; the kernel counts it as a miss since 6.7.

use core::ffi::c_void;

use aya_ebpf::{EbpfContext as _, macros::tracepoint, programs::TracePointContext};

use crate::{
    maps::{RECORDS, global},
    sock::{Sock, copy},
    tcp_state::{self, Pass},
};

/// Does the work of `tcp_state`.
#[tracepoint]
pub fn tcp_tracepoint(ctx: TracePointContext) -> u32 {
    let record = ctx.as_ptr().cast_const();
    let sk: usize = copy(record, global(&RECORDS.state_skaddr) as usize);
    let old: i32 = copy(record, global(&RECORDS.state_old) as usize);
    let new: i32 = copy(record, global(&RECORDS.state_new) as usize);
    let sock = Sock::at_address(sk as *const c_void);
    tcp_state::transition(&ctx, sock, (old as u8, new as u8), Pass::Only);
    0
}
