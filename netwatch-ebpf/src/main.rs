//! The eBPF programs of netwatch: they observe, and decide nothing.
//!
//! One file for each moment of a socket's life, each citing the hook it stands on; `sock` is the
//! only one that reads kernel structs. A program never fails: what it can't do it counts.
#![no_std]
#![no_main]
#![warn(missing_docs)]
#![cfg_attr(target_arch = "bpf", feature(asm_experimental_arch))]

mod accept;
mod io;
mod maps;
mod open;
mod owner;
mod process;
mod read;
mod reset;
mod ring;
mod snapshot;
mod sock;
mod tcp_forget;
mod tcp_state;
mod tcp_tracepoint;
mod udp_call;
mod udp_flow;
mod udp_packet;
mod udp_socket;

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
