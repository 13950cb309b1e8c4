//! The maps, and the globals that the loader writes before the programs load.

use core::ptr;

use aya_ebpf::{
    bindings::bpf_map_type::BPF_MAP_TYPE_SK_STORAGE,
    macros::map,
    maps::{Array, HashMap, LruHashMap, PerCpuArray, RingBuf},
};
use netwatch_common::{
    Counter, FlowCounters, FlowKey, Offsets, Owner, RecordOffsets, SocketMemory,
};

use crate::process::Announced;

/// TCP transitions, owners and processes. The loader sets its size.
#[map]
pub static EVENTS: RingBuf = RingBuf::with_byte_size(16 << 20, 0);

/// UDP flows: a ring of their own, so that a flood of datagrams can't crowd out TCP.
#[map]
pub static FLOW_EVENTS: RingBuf = RingBuf::with_byte_size(4 << 20, 0);

/// Every UDP flow of the machine with its counters. Not an LRU map: that would forget silently.
#[map]
pub static FLOWS: HashMap<FlowKey, FlowCounters> = HashMap::with_max_entries(65_536, 0);

/// What is remembered of each socket, by its cookie, where [`SOCKETS`] can't be had. The loader leaves it
/// one entry elsewhere.
#[map]
static MEMORIES: HashMap<u64, SocketMemory> = HashMap::with_max_entries(131_072, 0);

static NOTHING: SocketMemory = {
    // SAFETY: zero is a valid value of every field.
    unsafe { core::mem::zeroed() }
};

/// What is remembered of the socket with this cookie, made and zeroed where there was nothing if that is
/// wanted. None without a cookie, or a place.
#[expect(
    clippy::needless_borrows_for_generic_args,
    reason = "by value it would take up the program's stack, which has no room for it"
)]
#[inline(always)]
pub fn memory_by_cookie(cookie: u64, create: bool) -> Option<&'static mut SocketMemory> {
    const NOEXIST: u64 = 1;
    if cookie == 0 {
        return None;
    }
    let mut memory = MEMORIES.get_ptr_mut(cookie);
    if memory.is_none() && create {
        // Somebody else may have been faster: then theirs is found.
        let _ = MEMORIES.insert(cookie, &NOTHING, NOEXIST);
        memory = MEMORIES.get_ptr_mut(cookie);
    }
    // SAFETY: a value of the map, valid while the program runs.
    memory.map(|memory| unsafe { &mut *memory })
}

/// Remembers nothing more of the socket with this cookie.
#[inline(always)]
pub fn forget(cookie: u64) {
    let _ = MEMORIES.remove(cookie);
}

/// Who accepted a connection, by its cookie, until a program that reaches what is remembered of it comes by.
/// Where more wait than there is room for, the first use tells.
#[map]
pub static ACCEPTED: LruHashMap<u64, Owner> = LruHashMap::with_max_entries(16_384, 0);

/// What the reader was told of processes: by pid, so that a reused one is told again.
#[map]
pub static PROCESSES: LruHashMap<u32, Announced> = LruHashMap::with_max_entries(16_384, 0);

/// By the end of a thread's id: the thread whose use of a socket was seen by a first program, and not yet by
/// the second. The loader leaves it one entry where there are no seconds.
#[map]
static MARKS: Array<u32> = Array::with_max_entries(1 << 16, 0);

/// The place of a thread's mark, which it shares with others only where ids go beyond 16 bits; and even
/// then two have to be between the same two programs at once for one to take the other's.
#[inline(always)]
pub fn mark_of(thread: u32) -> Option<&'static mut u32> {
    // SAFETY: a value of the map: one aligned word, of which only its thread makes anything.
    MARKS
        .get_ptr_mut(thread & 0xffff)
        .map(|mark| unsafe { &mut *mark })
}

/// Not 0 while the reader waits to be woken by the first record that comes.
#[map]
static READER_SLEEPS: Array<u32> = Array::with_max_entries(1, 0);

/// Whether the reader waits to be woken.
#[inline(always)]
pub fn reader_sleeps() -> bool {
    READER_SLEEPS.get(0).is_some_and(|sleeps| *sleeps != 0)
}

#[map]
static COUNTERS: PerCpuArray<u64> = PerCpuArray::with_max_entries(Counter::COUNT, 0);

/// Adds to a counter of this CPU.
#[inline(always)]
pub fn count(counter: Counter, by: u64) {
    if let Some(slot) = COUNTERS.get_ptr_mut(counter as u32) {
        // SAFETY: a slot of the map.
        unsafe { add(slot, by) }
    }
}

/// Adds in one instruction, which neither another CPU nor a softirq on this one can come between.
///
/// # Safety
///
/// `value` points into a map.
#[inline(always)]
pub unsafe fn add(value: *mut u64, by: u64) {
    // `AtomicU64::fetch_add` isn't there: rustc counts the target as one without atomics.
    #[cfg(target_arch = "bpf")]
    // SAFETY: the caller's promise.
    unsafe {
        core::arch::asm!("lock *(u64 *)({} + 0) += {}", in(reg) value, in(reg) by);
    }
    #[cfg(not(target_arch = "bpf"))]
    // SAFETY: the caller's promise.
    unsafe {
        *value += by;
    }
}

const NO_PREALLOC: usize = 1;
const CLONE: usize = 1 << 9;

/// A map of type `SK_STORAGE`, described for the loader as libbpf does it. Written out because
/// `aya_ebpf::btf_maps::SkStorage` has no `BPF_F_CLONE` and takes one context type only.
#[repr(C)]
pub struct SkStorage {
    r#type: *const [i32; BPF_MAP_TYPE_SK_STORAGE as usize],
    key: *const i32,
    value: *const SocketMemory,
    max_entries: *const [i32; 0],
    map_flags: *const [i32; NO_PREALLOC | CLONE],
}

// SAFETY: the pointers only carry types to the loader and are never dereferenced.
unsafe impl Sync for SkStorage {}

/// What is remembered of each socket. With `BPF_F_CLONE` (5.4) a connection starts with a copy of
/// its listener's.
#[unsafe(no_mangle)]
#[unsafe(link_section = ".maps")]
pub static SOCKETS: SkStorage = SkStorage {
    r#type: ptr::null(),
    key: ptr::null(),
    value: ptr::null(),
    max_entries: ptr::null(),
    map_flags: ptr::null(),
};

/// Where this kernel keeps its fields.
#[unsafe(no_mangle)]
pub static OFFSETS: Offsets = {
    // SAFETY: zero is a valid value of every field; the loader writes the real ones.
    unsafe { core::mem::zeroed() }
};

/// Where the records of classic tracepoints keep their fields.
#[unsafe(no_mangle)]
pub static RECORDS: RecordOffsets = {
    // SAFETY: zero is a valid value of every field; the loader writes the real ones.
    unsafe { core::mem::zeroed() }
};

/// The bit of the byte at `OFFSETS.sk_kern_sock`.
#[unsafe(no_mangle)]
pub static KERN_SOCK_MASK: u32 = 0;

/// How many arguments `inet_csk_accept` has.
#[unsafe(no_mangle)]
pub static ACCEPT_ARGUMENTS: u32 = 0;

/// Not 0 where `tcp_open` is attached, and reports the start of a connection with its final ports.
#[unsafe(no_mangle)]
pub static OPEN_HOOK: u32 = 0;

/// Not 0 where tracing programs have neither socket storage (5.11) nor the cookie helper (5.12) nor a task
/// whose type the verifier knows (5.11): then a socket's memory is found by the cookie that it has already.
#[unsafe(no_mangle)]
pub static BY_COOKIE: u32 = 0;

/// Not 0 where the kernel does not describe its types, so that a socket is but an address to every program.
#[unsafe(no_mangle)]
pub static UNTYPED: u32 = 0;

/// Not 0 where `accept_return` is attached, which can't reach what is remembered of a socket.
#[unsafe(no_mangle)]
pub static ACCEPT_BESIDE: u32 = 0;

/// Not 0 where a `cgroup_skb` program may ask which thread runs (6.10).
#[unsafe(no_mangle)]
pub static CURRENT_IN_SKB: u32 = 0;

/// Not 0 where the kernel interrupts programs on tracepoints, so that there are seconds of some.
#[unsafe(no_mangle)]
pub static INTERRUPTED: u32 = 0;

/// Of [`netwatch_common::detail`]: no more than this is told.
#[unsafe(no_mangle)]
pub static DETAIL: u32 = 0;

/// The size of `EVENTS`.
#[unsafe(no_mangle)]
pub static RING_BYTES: u32 = 0;

/// Reads a global that the loader wrote.
#[inline(always)]
pub fn global(value: &'static u32) -> u32 {
    // SAFETY: a reference to an initialized static. Volatile, as the compiler must not take the
    // value it sees here for the value that the program will find.
    unsafe { ptr::read_volatile(value) }
}
