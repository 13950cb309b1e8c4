//! Which processes hold which sockets, for one reading: an object of its own, because loading the
//! tracer's maps and programs takes longer than this reading.
//!
//! BPF iterator `task_file` (5.8; `bpf_sock_from_file` 5.11): the descriptors of every process, in
//! all network namespaces.
#![no_std]
#![no_main]
#![warn(missing_docs)]
#![cfg_attr(target_arch = "bpf", feature(asm_experimental_arch))]

mod read;

use core::{ffi::c_void, mem::offset_of};

use aya_ebpf::{
    bindings::seq_file,
    helpers::{bpf_get_socket_cookie, bpf_seq_write, bpf_sock_from_file},
};
use netwatch_common::{HolderOffsets, HolderRow};
use read::load;

/// The offset of a field, by its name in [`HolderOffsets`]: a placeholder, which the loader replaces.
/// A global would take a map, and its making more time than the rest of the loading.
macro_rules! at {
    ($field:ident) => {{
        const NUMBER: u32 =
            HolderOffsets::PLACEHOLDER + (offset_of!(HolderOffsets, $field) / 4) as u32;
        placeholder::<NUMBER>()
    }};
}

/// A number that the compiler knows nothing of.
#[inline(always)]
fn placeholder<const NUMBER: u32>() -> usize {
    #[cfg(target_arch = "bpf")]
    {
        let number: usize;
        // SAFETY: loads a constant.
        unsafe {
            core::arch::asm!(
                "{} = {} ll",
                out(reg) number,
                const NUMBER,
                options(pure, nomem, nostack)
            );
        }
        number
    }
    #[cfg(not(target_arch = "bpf"))]
    {
        NUMBER as usize
    }
}

/// `struct bpf_iter_meta`.
#[repr(C)]
pub struct Meta {
    seq: *mut seq_file,
}

/// `struct bpf_iter__task_file`.
#[repr(C)]
pub struct TaskFile {
    meta: *const Meta,
    task: *const c_void,
    fd: u32,
    file: *const c_void,
}

const AF_INET: u16 = 2;
const AF_INET6: u16 = 10;

/// Every descriptor that is a socket of the internet families.
///
/// # Safety
///
/// Called by the kernel with its context.
#[unsafe(no_mangle)]
#[unsafe(link_section = "iter/task_file")]
pub unsafe extern "C" fn holders(ctx: *const TaskFile) -> i32 {
    // SAFETY: fields of the context.
    let (meta, task, fd, file) = unsafe { ((*ctx).meta, (*ctx).task, (*ctx).fd, (*ctx).file) };
    if task.is_null() || file.is_null() {
        return 0;
    }
    // SAFETY: not null.
    let socket = unsafe { bpf_sock_from_file(file.cast_mut().cast()) };
    if socket.is_null() {
        return 0;
    }
    // SAFETY: a `struct socket`.
    let sock: *const c_void = unsafe { load(socket.cast(), at!(socket_sk)) };
    if sock.is_null() {
        return 0;
    }
    // SAFETY: a `struct sock`.
    let family: u16 = unsafe { load(sock, at!(skc_family)) };
    if family != AF_INET && family != AF_INET6 {
        return 0;
    }
    // SAFETY: a `struct task_struct`, whose leader is one too.
    let row = unsafe {
        let leader: *const c_void = load(task, at!(task_group_leader));
        HolderRow {
            cookie: bpf_get_socket_cookie(sock.cast_mut()),
            pid: load(task, at!(task_tgid)),
            fd,
            comm: load(leader, at!(task_comm)),
        }
    };
    // SAFETY: the iterator's own output, and a whole row on the stack.
    unsafe {
        let seq = (*meta).seq;
        bpf_seq_write(seq, (&raw const row).cast(), size_of::<HolderRow>() as u32);
    }
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
