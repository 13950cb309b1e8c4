//! TCP transitions.
//!
//! Tracepoint `sock:inet_sock_set_state` (4.16; as a BTF tracepoint 5.5), raised by
//! `inet_sk_set_state` and `inet_sk_state_store` before `sk_state` is written:
//! `(const struct sock *sk, const int oldstate, const int newstate)`.
//!
//! The kernel skips a program that already runs on the same CPU and tells nobody but its
//! `recursion_misses`. So two programs stand here: the second does the work where the first did not,
//! which the socket's memory tells, for no socket makes the same transition twice in a row.

use aya_ebpf::{
    EbpfContext, helpers::bpf_ktime_get_ns, macros::btf_tracepoint, programs::BtfTracePointContext,
};
use aya_log_ebpf::debug;
use netwatch_common::{Counter, SocketMemory, TcpEnd, TcpFull, TcpLite, detail, flag, how, kind};

use crate::{
    maps::{ACCEPT_BESIDE, BY_COOKIE, DETAIL, EVENTS, OPEN_HOOK, count, global},
    owner, ring,
    sock::{IPPROTO_TCP, Sock},
};

pub const ESTABLISHED: u8 = 1;
pub const SYN_SENT: u8 = 2;
pub const SYN_RECV: u8 = 3;
pub const FIN_WAIT1: u8 = 4;
pub const FIN_WAIT2: u8 = 5;
pub const CLOSE: u8 = 7;
pub const CLOSE_WAIT: u8 = 8;
pub const LAST_ACK: u8 = 9;
pub const LISTEN: u8 = 10;

/// Which of the programs at a transition this is.
#[derive(Clone, Copy, PartialEq)]
pub enum Pass {
    First,
    Second,
    /// Of a rung that has but one.
    Only,
}

/// Does the work.
#[btf_tracepoint(function = "inet_sock_set_state")]
pub fn tcp_state(ctx: BtfTracePointContext) -> i32 {
    typed(&ctx, Pass::First);
    0
}

/// Does what the kernel kept the first from doing. Attached after it.
#[btf_tracepoint(function = "inet_sock_set_state")]
pub fn tcp_state_again(ctx: BtfTracePointContext) -> i32 {
    typed(&ctx, Pass::Second);
    0
}

#[inline(always)]
fn typed(ctx: &BtfTracePointContext, pass: Pass) {
    let states = (ctx.arg::<i32>(1) as u8, ctx.arg::<i32>(2) as u8);
    transition(ctx, Sock::typed(ctx.arg(0)), states, pass);
}

/// A socket goes from one state to another.
#[inline(always)]
pub fn transition<C: EbpfContext>(ctx: &C, sock: Sock, (old, new): (u8, u8), pass: Pass) {
    if sock.protocol() != IPPROTO_TCP {
        return;
    }
    if !matters(old, new) {
        if global(&ACCEPT_BESIDE) != 0 {
            // By it `accept_return` finds the connection, and can't make it.
            sock.cookie();
        }
        return;
    }
    if global(&BY_COOKIE) != 0 && is_without_cookie(old, new) {
        return;
    }
    let Some(memory) = sock.memory_or_new() else {
        match pass {
            Pass::First => count(Counter::Deferred, 1),
            Pass::Second => {
                count(Counter::Covered, 1);
                unremembered(ctx, sock, old, new);
            }
            Pass::Only => unremembered(ctx, sock, old, new),
        }
        return;
    };
    if pass == Pass::Second {
        if memory.old == old && memory.new == new {
            return;
        }
        count(Counter::Covered, 1);
    }
    // SAFETY: takes nothing, and is there in every program type.
    let now = unsafe { bpf_ktime_get_ns() };
    (memory.old, memory.new) = (old, new);
    if global(&ACCEPT_BESIDE) != 0 && new != SYN_RECV {
        owner::adopt(memory, || sock.cookie());
    }
    match (old, new) {
        (LISTEN, SYN_RECV) => arrive(memory, now),
        (CLOSE, SYN_SENT | LISTEN) => depart(sock, memory, now),
        (SYN_RECV, ESTABLISHED) if global(&BY_COOKIE) != 0 => {
            arrive(memory, now);
            // It was in SYN_RECV for a time that nobody saw.
            memory.since_ns = 0;
            proceed(sock, memory, now);
        }
        _ if old == new => close_again(ctx, sock, memory, now),
        _ => proceed(sock, memory, now),
    }
}

/// Whether a transition comes before the socket has a cookie. By cookie, the sock-ops callbacks tell of
/// these, or the next transition.
#[inline(always)]
fn is_without_cookie(old: u8, new: u8) -> bool {
    matches!((old, new), (LISTEN, SYN_RECV) | (CLOSE, SYN_SENT | LISTEN))
}

/// Whether a transition is worth a look where only ends are told: it says who closes first, or whose
/// the connection is.
#[inline(always)]
fn matters(old: u8, new: u8) -> bool {
    global(&DETAIL) != detail::ENDS
        || !matches!(
            (old, new),
            (SYN_SENT | SYN_RECV, ESTABLISHED) | (FIN_WAIT1, FIN_WAIT2)
        )
}

/// A connection arrives: its memory is a copy of its listener's. Its cookie is not final yet, so
/// this transition travels with the next.
#[inline(always)]
fn arrive(memory: &mut SocketMemory, now: u64) {
    if memory.owner.how != how::UNKNOWN && memory.owner.how != how::KERNEL {
        memory.owner.how = how::INHERITED;
    }
    memory.cookie = 0;
    memory.birth_ns = now;
    memory.since_ns = now;
    // Where only ends are told, there is no next.
    memory.flags = if global(&DETAIL) == detail::ENDS {
        0
    } else {
        flag::OPENING
    };
    memory.stale_err = 0;
}

/// connect or listen, told by a sock-ops callback instead of the tracepoint.
#[inline(always)]
pub fn departs(sock: Sock, memory: &mut SocketMemory, state: u8) {
    (memory.old, memory.new) = (CLOSE, state);
    // SAFETY: takes nothing, and is there in every program type.
    depart(sock, memory, unsafe { bpf_ktime_get_ns() });
}

/// connect or listen. The local port may be missing, or left over from an earlier connection, until
/// `open` sees the socket; so that one reports this transition where it can.
#[inline(always)]
fn depart(sock: Sock, memory: &mut SocketMemory, now: u64) {
    let how = if memory.new == LISTEN {
        how::LISTEN
    } else {
        how::CONNECT
    };
    memory.owner = owner::current(how);
    memory.birth_ns = now;
    memory.since_ns = now;
    memory.flags = flag::OPENING;
    memory.stale_err = sock.error();
    if global(&OPEN_HOOK) == 0 {
        opened(sock, sock.cookie(), memory, false);
    }
}

/// Reports a connect or listen, unless that was done. `ports`: whether the ports are final.
#[inline(always)]
pub fn opened(sock: Sock, cookie: u64, memory: &mut SocketMemory, ports: bool) {
    if memory.flags & flag::OPENING == 0 {
        return;
    }
    memory.flags &= !flag::OPENING;
    let worth = match memory.new {
        LISTEN => detail::ENDS,
        _ => detail::LANDMARKS,
    };
    let waiting = ring::waiting(&EVENTS);
    if !ring::has_room_for(worth, waiting) {
        give_up(memory);
        return;
    }
    let at = memory.since_ns;
    memory.since_ns = 0;
    memory.cookie = cookie;
    send_full(sock, memory, at, ports, waiting);
    memory.since_ns = at;
}

/// close after shutdown: `tcp_close_state` sets the state that the socket has already. No transition,
/// but the closer is known.
#[inline(always)]
fn close_again<C: EbpfContext>(ctx: &C, sock: Sock, memory: &mut SocketMemory, now: u64) {
    if owner::ends(memory) {
        owner::tell(ctx, sock.cookie(), memory, now);
    }
}

#[inline(always)]
fn proceed(sock: Sock, memory: &mut SocketMemory, now: u64) {
    let closed_by_user = match (memory.old, memory.new) {
        (ESTABLISHED | SYN_RECV, FIN_WAIT1) => {
            memory.flags |= flag::LOCAL_FIRST;
            true
        }
        (_, CLOSE_WAIT) => {
            memory.flags |= flag::REMOTE_FIRST;
            false
        }
        (CLOSE_WAIT, LAST_ACK) | (LISTEN, CLOSE) => true,
        _ => false,
    };
    if closed_by_user && owner::ends(memory) {
        memory.flags &= !flag::ANNOUNCED;
    }
    let known = memory.flags & flag::ANNOUNCED != 0;
    let worth = match (memory.new, known) {
        (CLOSE, _) => detail::ENDS,
        (_, false) => detail::LANDMARKS,
        (_, true) => detail::ALL,
    };
    let waiting = ring::waiting(&EVENTS);
    if !ring::has_room_for(worth, waiting) {
        give_up(memory);
    } else if !known {
        memory.cookie = sock.cookie();
        send_full(sock, memory, now, true, waiting);
    } else if memory.new == CLOSE {
        send_end(sock, memory, now, waiting);
    } else {
        send_lite(memory, now, waiting);
    }
    memory.since_ns = now;
}

/// Leaves a transition untold. What is told next of this connection stands for itself.
#[inline(always)]
fn give_up(memory: &mut SocketMemory) {
    if global(&DETAIL) != detail::ENDS {
        let counter = if memory.flags & flag::ANNOUNCED != 0 {
            Counter::SkippedSteps
        } else {
            Counter::SkippedStarts
        };
        count(counter, transitions(memory));
    }
    memory.flags &= !flag::OPENING;
}

/// How many transitions a record of the present one tells.
#[inline(always)]
fn transitions(memory: &SocketMemory) -> u64 {
    if memory.flags & flag::OPENING != 0 {
        2
    } else {
        1
    }
}

/// Sends everything. After a refusal the next transition is full too, and brings the reader back.
#[inline(always)]
fn send_full(sock: Sock, memory: &mut SocketMemory, at: u64, ports: bool, waiting: u64) {
    let Some(tcp) = sock.tcp() else { return };
    let Some(mut entry) = EVENTS.reserve::<TcpFull>(0) else {
        count(Counter::TcpRing, transitions(memory));
        memory.flags &= !(flag::ANNOUNCED | flag::OPENING);
        return;
    };
    let record = entry.as_mut_ptr();
    // SAFETY: memory of the ring that this program holds, all of it written.
    unsafe {
        (*record).header = ring::header(at, memory.cookie, kind::TCP_FULL);
        sock.tuple_into(&mut (*record).tuple, IPPROTO_TCP);
        (*record).tuple.local_port = if ports { tcp.local_port() } else { 0 };
        (*record).owner = memory.owner;
        (*record).stats = tcp.stats();
        (*record).birth_ns = memory.birth_ns;
        (*record).since_ns = memory.since_ns;
        (*record).old = memory.old;
        (*record).new = memory.new;
        (*record).flags = memory.flags | fin(sock);
        (*record).err = sock.error();
        (*record).stale_err = memory.stale_err;
    }
    ring::submit(entry, waiting);
    memory.flags = memory.flags & !flag::OPENING | flag::ANNOUNCED;
}

#[inline(always)]
fn fin(sock: Sock) -> u16 {
    if sock.fin_received() {
        flag::FIN_RECEIVED
    } else {
        0
    }
}

/// Sends how an announced connection ended.
#[inline(always)]
fn send_end(sock: Sock, memory: &mut SocketMemory, at: u64, waiting: u64) {
    let Some(tcp) = sock.tcp() else { return };
    let sent = ring::send(
        &EVENTS,
        TcpEnd {
            header: ring::header(at, memory.cookie, kind::TCP_END),
            stats: tcp.stats(),
            birth_ns: memory.birth_ns,
            since_ns: memory.since_ns,
            old: memory.old,
            new: memory.new,
            flags: memory.flags | fin(sock),
            err: sock.error(),
            stale_err: memory.stale_err,
        },
        waiting,
    );
    if !sent {
        count(Counter::TcpRing, 1);
    }
    memory.flags &= !flag::ANNOUNCED;
}

#[inline(always)]
fn send_lite(memory: &mut SocketMemory, at: u64, waiting: u64) {
    let sent = ring::send(
        &EVENTS,
        TcpLite {
            header: ring::header(at, memory.cookie, kind::TCP_LITE),
            since_ns: memory.since_ns,
            old: memory.old,
            new: memory.new,
            flags: memory.flags,
            _pad: 0,
        },
        waiting,
    );
    if !sent {
        count(Counter::TcpRing, 1);
        memory.flags &= !flag::ANNOUNCED;
    }
}

/// Without memory, which no program got: reports once, and as completely as that allows.
#[inline(always)]
fn unremembered<C: EbpfContext>(ctx: &C, sock: Sock, old: u8, new: u8) {
    count(Counter::Storage, 1);
    debug!(ctx, "no memory for a socket in {} -> {}", old, new);
    if old == LISTEN && new == SYN_RECV || old == new {
        return;
    }
    // SAFETY: zero is a valid value of every field.
    let mut memory: SocketMemory = unsafe { core::mem::zeroed() };
    (memory.old, memory.new) = (old, new);
    // SAFETY: takes nothing, and is there in every program type.
    let now = unsafe { bpf_ktime_get_ns() };
    memory.cookie = sock.cookie();
    if memory.cookie == 0 {
        // Nothing would tell this socket from others: it stays with the loss that was counted.
        return;
    }
    let waiting = ring::waiting(&EVENTS);
    send_full(sock, &mut memory, now, new != SYN_SENT, waiting);
}
