//! Who a socket belongs to: remembered with the socket, refined when a process is seen using it.

use aya_ebpf::{EbpfContext, helpers::bpf_get_current_pid_tgid};
use aya_log_ebpf::debug;
use netwatch_common::{Counter, Owner, OwnerRecord, SocketMemory, how, kind};

use crate::{
    maps::{EVENTS, count},
    process, ring,
    sock::Task,
};

/// Processes that take turns on one socket change its owner this often at most in this time.
const TURNS: u32 = 8;
const TURNS_NS: u64 = 1_000_000_000;

/// The running process as an owner. Only for callers that run on behalf of a user of the socket.
#[inline(always)]
pub fn current(how: u8) -> Owner {
    let task = Task::current();
    let owner = task.owner(how);
    if owner.how != how::KERNEL {
        process::announce(task, &owner.process);
    }
    owner
}

/// The running process uses the socket in the given way: makes it the owner where it was not, or
/// where it was only presumed to be. True where the memory changed.
#[inline(always)]
pub fn touch(memory: &mut SocketMemory, how: u8) -> bool {
    let owner = current(how);
    if owner.how == how::KERNEL {
        return false;
    }
    if owner.process == memory.owner.process && memory.owner.how > how::BIND {
        return false;
    }
    memory.owner = owner;
    true
}

/// Whether processes take turns on a socket too fast to tell of each.
#[inline(always)]
fn too_many_turns(memory: &mut SocketMemory, now: u64) -> bool {
    if now.wrapping_sub(memory.turns_ns) >= TURNS_NS {
        memory.turns_ns = now;
        memory.turns = 0;
    }
    memory.turns += 1;
    memory.turns > TURNS
}

/// The running process sends or receives. Cheap where the owner is known and the same.
#[inline(always)]
pub fn io<C: EbpfContext>(ctx: &C, cookie: u64, memory: &mut SocketMemory, how: u8, now: u64) {
    let tgid = (bpf_get_current_pid_tgid() >> 32) as u32;
    if memory.owner.how > how::BIND
        && (memory.owner.process.tgid == tgid || too_many_turns(memory, now))
    {
        return;
    }
    if touch(memory, how) {
        tell(ctx, cookie, memory, now);
    }
}

/// Tells the reader that a socket has another owner than before.
#[inline(always)]
pub fn tell<C: EbpfContext>(ctx: &C, cookie: u64, memory: &SocketMemory, now: u64) {
    let header = ring::header(now, cookie, kind::OWNER);
    if !ring::send(
        &EVENTS,
        OwnerRecord {
            header,
            owner: memory.owner,
        },
    ) {
        count(Counter::OwnerRing, 1);
        debug!(ctx, "no room for the new owner of socket {}", cookie);
    }
}
