//! Who a socket belongs to: remembered with the socket, refined when a process is seen using it.

use aya_ebpf::EbpfContext;
use aya_log_ebpf::debug;
use netwatch_common::{Counter, Owner, OwnerRecord, SocketMemory, detail, how, kind};

use crate::{
    maps::{ACCEPTED, DETAIL, EVENTS, count, global},
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
    if task.is_kernel_thread() {
        return Owner {
            how: how::KERNEL,
            ..Owner::default()
        };
    }
    let owner = task.owner(how);
    process::announce(task, &owner.process);
    owner
}

/// The running process uses the socket in the given way: makes it the owner where it was not, or
/// where it was only presumed to be. True where the memory changed.
#[inline(always)]
pub fn touch(memory: &mut SocketMemory, how: u8) -> bool {
    let task = Task::current();
    if is_owner(memory, task) || task.is_kernel_thread() || is_reading(memory, task) {
        return false;
    }
    memory.owner = task.owner(how);
    process::announce(task, &memory.owner.process);
    true
}

/// The running process ends the socket: makes it the owner where that was not known, or where it is
/// another program, or a child, of the owner. Nobody else is believed: whoever looks at a process's
/// descriptors holds each file for a moment (`/proc/PID/fd`: `proc_fd_link`; the iterator over open
/// files), and where the owner closes it meanwhile, the last hand on it is theirs.
#[inline(always)]
pub fn ends(memory: &mut SocketMemory) -> bool {
    let task = Task::current();
    let owner = memory.owner.process.tgid;
    if memory.owner.how > how::BIND && task.tgid() != owner && task.parent_tgid() != owner {
        return false;
    }
    touch(memory, how::CLOSE)
}

/// Whether this is netwatch with somebody else's socket, as in [`ends`].
#[inline(always)]
fn is_reading(memory: &SocketMemory, task: Task) -> bool {
    // SAFETY: one aligned word.
    let reader = unsafe { (&raw const READER).read_volatile() };
    memory.owner.how != how::UNKNOWN && task.tgid() == reader
}

/// The process that reads the iterators, by its id in the initial pid namespace, which it may not know
/// itself.
static mut READER: u32 = 0;

/// The running process reads an iterator.
#[inline(always)]
pub fn reads() {
    // SAFETY: one aligned word.
    unsafe { (&raw mut READER).write_volatile(Task::current().tgid()) }
}

/// Whether the socket was seen being used by this very program of this process.
#[inline(always)]
fn is_owner(memory: &SocketMemory, task: Task) -> bool {
    memory.owner.how > how::BIND && memory.owner.process == task.key()
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

/// Whether the running process is known as the owner, so that there is nothing to learn from what it
/// does. To be asked before anything that costs time.
#[inline(always)]
pub fn is_running(memory: &SocketMemory) -> bool {
    is_owner(memory, Task::current())
}

/// The running process sends or receives.
#[inline(always)]
pub fn io<C: EbpfContext>(ctx: &C, cookie: u64, memory: &mut SocketMemory, how: u8, now: u64) {
    if memory.owner.how > how::BIND && too_many_turns(memory, now) {
        return;
    }
    if touch(memory, how) {
        tell(ctx, cookie, memory, now);
    }
}

/// The running process accepts a connection of which the program knows only the cookie.
#[inline(always)]
pub fn accepts<C: EbpfContext>(ctx: &C, cookie: u64, now: u64) {
    let owner = current(how::ACCEPT);
    if cookie == 0 || owner.how == how::KERNEL {
        return;
    }
    let _ = ACCEPTED.insert(cookie, owner, 0);
    if global(&DETAIL) != detail::ENDS {
        send(ctx, cookie, owner, now);
    }
}

/// Remembers with the socket who accepted it.
#[inline(always)]
pub fn adopt(memory: &mut SocketMemory, cookie: impl FnOnce() -> u64) {
    if memory.owner.how != how::INHERITED {
        return;
    }
    let cookie = cookie();
    // SAFETY: the cookie is this socket's alone, and its value is written once.
    if let Some(owner) = unsafe { ACCEPTED.get(cookie) } {
        memory.owner = *owner;
        let _ = ACCEPTED.remove(cookie);
    }
}

/// Tells the reader that a socket has another owner than before; not of TCP where only ends are told,
/// which name the owner themselves. (Only TCP has transitions to remember.)
#[inline(always)]
pub fn tell<C: EbpfContext>(ctx: &C, cookie: u64, memory: &SocketMemory, now: u64) {
    if global(&DETAIL) == detail::ENDS && memory.new != 0 {
        return;
    }
    send(ctx, cookie, memory.owner, now);
}

#[inline(always)]
fn send<C: EbpfContext>(ctx: &C, cookie: u64, owner: Owner, now: u64) {
    let header = ring::header(now, cookie, kind::OWNER);
    let record = OwnerRecord { header, owner };
    if !ring::send(&EVENTS, record, ring::waiting(&EVENTS)) {
        count(Counter::OwnerRing, 1);
        debug!(ctx, "no room for the new owner of socket {}", cookie);
    }
}
