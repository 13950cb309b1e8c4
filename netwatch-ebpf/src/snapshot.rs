//! What was open already.
//!
//! BPF iterators: `task_file` (5.8; `bpf_sock_from_file` 5.11) walks the descriptors of every
//! process, in all network namespaces, and also leaves the holder in each socket's memory; `tcp` and
//! `udp` (5.9) walk the socket tables of the reader's namespace, where they meet what has no
//! descriptor. Full TCP sockets are locked meanwhile (5.15), so that a row and the transitions of
//! its socket have one order in time.

use core::ffi::c_void;

use aya_ebpf::{
    bindings::seq_file,
    helpers::{bpf_ktime_get_ns, bpf_seq_write, bpf_skc_to_tcp_timewait_sock, bpf_sock_from_file},
};
use netwatch_common::{IterRow, SocketMemory, flag, how, row};

use crate::{
    owner, process,
    sock::{IPPROTO_TCP, IPPROTO_UDP, Sock, Task, at, load},
};

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

/// `struct bpf_iter__tcp` and `struct bpf_iter__udp`, as far as they agree.
#[repr(C)]
pub struct SocketTable {
    meta: *const Meta,
    sk: *const c_void,
}

/// `TCP_TIME_WAIT` and `TCP_NEW_SYN_RECV` of `enum tcp_states`.
const TIME_WAIT: u8 = 6;
const NEW_SYN_RECV: u8 = 12;
const SYN_RECV: u8 = 3;

/// Every descriptor that is a TCP or UDP socket.
///
/// # Safety
///
/// Called by the kernel with its context.
#[unsafe(no_mangle)]
#[unsafe(link_section = "iter/task_file")]
pub unsafe extern "C" fn snapshot_files(ctx: *const TaskFile) -> i32 {
    // SAFETY: fields of the context.
    let (meta, task, file) = unsafe { ((*ctx).meta, (*ctx).task, (*ctx).file) };
    if task.is_null() || file.is_null() {
        return 0;
    }
    // SAFETY: not null.
    let socket = unsafe { bpf_sock_from_file(file.cast_mut().cast()) };
    if socket.is_null() {
        return 0;
    }
    // SAFETY: a `struct socket`.
    let sock = Sock::typed(unsafe { load(socket.cast(), at!(socket_sk)) });
    if sock.sk.is_null() || !sock.is_inet() {
        return 0;
    }
    let protocol = sock.protocol();
    if protocol != IPPROTO_TCP && protocol != IPPROTO_UDP {
        return 0;
    }
    owner::reads();
    let task = Task(task);
    let holder = task.owner(how::SNAPSHOT);
    process::announce(task, &holder.process);
    if let Some(memory) = sock.memory_or_new() {
        // Process 1 only keeps sockets for the services that it starts.
        let kept = memory.owner.how == how::SNAPSHOT && memory.owner.process.tgid == 1;
        if memory.owner.how == how::UNKNOWN || kept {
            memory.owner = holder;
        }
        tell_of_release(memory, protocol);
    }
    let mut row = empty(row::FILE);
    locate(&mut row, sock, protocol);
    row.owner = holder;
    write(meta, &row);
    0
}

/// Every TCP socket of a network namespace.
///
/// # Safety
///
/// Called by the kernel with its context.
#[unsafe(no_mangle)]
#[unsafe(link_section = "iter/tcp")]
pub unsafe extern "C" fn snapshot_tcp(ctx: *const SocketTable) -> i32 {
    // SAFETY: fields of the context.
    let (meta, sk) = unsafe { ((*ctx).meta, (*ctx).sk) };
    if sk.is_null() {
        return 0;
    }
    let sock = Sock::typed(sk);
    if waits(sock) {
        write_waiting(meta, sock);
        return 0;
    }
    let Some(tcp) = sock.tcp() else { return 0 };
    let mut row = empty(row::TCP);
    locate(&mut row, tcp.sock(), IPPROTO_TCP);
    row.tuple.local_port = tcp.local_port();
    remembered(&mut row, tcp.sock());
    write(meta, &row);
    0
}

/// What a network namespace keeps of connections that have no socket, or none yet.
///
/// # Safety
///
/// Called by the kernel with its context.
#[unsafe(no_mangle)]
#[unsafe(link_section = "iter/tcp")]
pub unsafe extern "C" fn snapshot_waiting(ctx: *const SocketTable) -> i32 {
    // SAFETY: fields of the context.
    let (meta, sk) = unsafe { ((*ctx).meta, (*ctx).sk) };
    if !sk.is_null() && waits(Sock::typed(sk)) {
        write_waiting(meta, Sock::typed(sk));
    }
    0
}

/// A minisocket: `struct tcp_timewait_sock` or `struct tcp_request_sock`.
#[inline(always)]
fn waits(sock: Sock) -> bool {
    matches!(sock.state(), TIME_WAIT | NEW_SYN_RECV)
}

#[inline(always)]
fn write_waiting(meta: *const Meta, sock: Sock) {
    let mut row = empty(row::REQUEST);
    locate(&mut row, sock, IPPROTO_TCP);
    if row.state == TIME_WAIT {
        // SAFETY: not null; the helper checks what it is.
        let tw = unsafe { bpf_skc_to_tcp_timewait_sock(sock.sk.cast_mut()) };
        if tw.is_null() {
            return;
        }
        row.kind = row::TIME_WAIT;
        // SAFETY: a `struct tcp_timewait_sock` begins with a `struct inet_timewait_sock`.
        row.state = unsafe { load(tw.cast(), at!(tw_substate)) };
    } else {
        row.state = SYN_RECV;
    }
    write(meta, &row);
}

/// Every UDP socket of a network namespace.
///
/// # Safety
///
/// Called by the kernel with its context.
#[unsafe(no_mangle)]
#[unsafe(link_section = "iter/udp")]
pub unsafe extern "C" fn snapshot_udp(ctx: *const SocketTable) -> i32 {
    // SAFETY: fields of the context.
    let (meta, sk) = unsafe { ((*ctx).meta, (*ctx).sk) };
    if sk.is_null() {
        return 0;
    }
    let sock = Sock::typed(sk);
    if sock.protocol() != IPPROTO_UDP {
        return 0;
    }
    let mut row = empty(row::UDP);
    locate(&mut row, sock, IPPROTO_UDP);
    remembered(&mut row, sock);
    write(meta, &row);
    0
}

#[inline(always)]
fn empty(kind: u8) -> IterRow {
    // SAFETY: zero is a valid value of every field.
    IterRow {
        kind,
        ..unsafe { core::mem::zeroed() }
    }
}

#[inline(always)]
fn locate(row: &mut IterRow, sock: Sock, protocol: u8) {
    // SAFETY: takes nothing, and is there in every program type.
    row.ts_ns = unsafe { bpf_ktime_get_ns() };
    row.cookie = sock.cookie();
    row.state = sock.state();
    sock.tuple_into(&mut row.tuple, protocol);
}

#[inline(always)]
fn remembered(row: &mut IterRow, sock: Sock) {
    if let Some(memory) = sock.memory() {
        row.owner = memory.owner;
        tell_of_release(memory, row.tuple.protocol);
    }
    if row.owner.how == how::UNKNOWN && sock.is_kernel() {
        row.owner.how = how::KERNEL;
    }
}

/// The reader knows of a UDP socket from here on, and must hear of its end.
#[inline(always)]
fn tell_of_release(memory: &mut SocketMemory, protocol: u8) {
    if protocol == IPPROTO_UDP {
        memory.flags |= flag::ANNOUNCED;
    }
}

#[inline(always)]
fn write(meta: *const Meta, row: &IterRow) {
    // SAFETY: the iterator's own output, and a whole row on the stack.
    unsafe {
        let seq = (*meta).seq;
        bpf_seq_write(seq, (&raw const *row).cast(), size_of::<IterRow>() as u32);
    }
}
