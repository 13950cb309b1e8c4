//! What a tracer of transitions costs at least: one record of 48 bytes for each, and nothing learned; and what it
//! costs to be called at all. The benchmarks measure netwatch beside these.
//!
//! Tracepoint `sock:inet_sock_set_state` (4.16; as a BTF tracepoint 5.5).
#![no_std]
#![no_main]

use aya_ebpf::{
    bindings::BPF_RB_NO_WAKEUP,
    helpers::{
        bpf_get_current_comm, bpf_get_current_pid_tgid, bpf_get_socket_cookie, bpf_ktime_get_ns,
    },
    macros::{btf_tracepoint, map},
    maps::RingBuf,
    programs::BtfTracePointContext,
};

/// As large as netwatch's own.
#[map]
static BARE_EVENTS: RingBuf = RingBuf::with_byte_size(16 << 20, 0);

#[repr(C)]
struct Record {
    ts_ns: u64,
    cookie: u64,
    pid_tgid: u64,
    old: u32,
    new: u32,
    comm: [u8; 16],
}

const _: () = assert!(size_of::<Record>() == 48);

/// Writes one record, and wakes nobody.
#[btf_tracepoint(function = "inet_sock_set_state")]
pub fn bare_state(ctx: BtfTracePointContext) -> i32 {
    let (sock, old, new): (*mut core::ffi::c_void, i32, i32) = (ctx.arg(0), ctx.arg(1), ctx.arg(2));
    let Some(mut entry) = BARE_EVENTS.reserve::<Record>(0) else {
        return 0;
    };
    // SAFETY: the helpers take nothing but the tracepoint's own `struct sock`.
    let record = unsafe {
        Record {
            ts_ns: bpf_ktime_get_ns(),
            cookie: bpf_get_socket_cookie(sock),
            pid_tgid: bpf_get_current_pid_tgid(),
            old: old as u32,
            new: new as u32,
            comm: bpf_get_current_comm().unwrap_or_default(),
        }
    };
    entry.write(record);
    entry.submit(u64::from(BPF_RB_NO_WAKEUP));
    0
}

/// Returns at once.
#[btf_tracepoint(function = "inet_sock_set_state")]
pub fn bare_nothing(_ctx: BtfTracePointContext) -> i32 {
    0
}

/// The kernel's licence check: some of the helpers are for GPL-compatible programs only.
#[unsafe(no_mangle)]
#[unsafe(link_section = "license")]
static LICENSE: [u8; 13] = *b"Dual MIT/GPL\0";

/// Never returns, so that the verifier refuses a program in which a panic can be reached.
#[cfg(not(test))]
#[panic_handler]
fn panic(_info: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}
