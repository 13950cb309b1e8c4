//! Writing records to a ring buffer, and waking its reader rarely.

use aya_ebpf::{
    bindings::{BPF_RB_AVAIL_DATA, BPF_RB_FORCE_WAKEUP, BPF_RB_NO_WAKEUP},
    maps::{RingBuf, ring_buf::RingBufEntry},
};
use netwatch_common::{Header, detail};

use crate::maps::{DETAIL, RING_BYTES, global, reader_sleeps};

/// The reader comes by on a timer. Where a visit is late, it is woken each time that the ring has filled by one of
/// so many parts, or by so many bytes where that is less; under a storm less comes between two visits.
const WAKES: u64 = 16;
const WAKE_BYTES: u64 = 1 << 20;

/// What the ring adds to each record, and what it aligns it to.
const RECORD_HEADER: u64 = 8;

/// Starts a record's header.
#[inline(always)]
pub fn header(ts_ns: u64, cookie: u64, kind: u32) -> Header {
    Header {
        ts_ns,
        cookie,
        kind,
        _pad: 0,
    }
}

/// Bytes that wait in a ring for its reader.
#[inline(always)]
pub fn waiting(ring: &RingBuf) -> u64 {
    ring.query(u64::from(BPF_RB_AVAIL_DATA))
}

/// Writes a whole record, before which so many bytes were waiting. False where the ring refused it.
#[inline(always)]
pub fn send<T: 'static>(ring: &RingBuf, record: T, waiting: u64) -> bool {
    let Some(mut entry) = ring.reserve::<T>(0) else {
        return false;
    };
    entry.write(record);
    submit(entry, waiting);
    true
}

/// Hands a written record to the reader, waking it only if this record crosses a threshold, or is
/// the first that it waits for: a wake-up interrupts this very CPU and costs more than everything
/// else here together. Where two CPUs write at once each counts only its own record, so that one
/// threshold may pass unseen: then the reader comes on its timer.
#[inline(always)]
pub fn submit<T>(entry: RingBufEntry<T>, waiting: u64) {
    let size = size_of::<T>() as u64 + RECORD_HEADER;
    let step = (u64::from(global(&RING_BYTES)) / WAKES).min(WAKE_BYTES);
    // As the step is a power of two, its multiples are where a bit from it on changes.
    let crossed = (waiting ^ (waiting + size)) >= step;
    let wake = if crossed || waiting == 0 && reader_sleeps() {
        BPF_RB_FORCE_WAKEUP
    } else {
        BPF_RB_NO_WAKEUP
    };
    entry.submit(u64::from(wake));
}

/// Of [`detail`]: what the ring has had room for lately.
static mut ROOM_FOR: u32 = detail::ALL;

/// Whether so much is to be told of TCP, of [`detail`], where so many bytes wait: less where the ring
/// is filling up, until the reader has caught up.
#[inline(always)]
pub fn has_room_for(worth: u32, waiting: u64) -> bool {
    worth == detail::ENDS || room_for(waiting) <= worth
}

#[inline(always)]
fn room_for(waiting: u64) -> u32 {
    let wanted = global(&DETAIL);
    if wanted == detail::ENDS {
        return wanted;
    }
    let quarter = u64::from(global(&RING_BYTES)) / 4;
    // SAFETY: one aligned word, which several CPUs may write; each would write what is true now.
    let before = unsafe { (&raw const ROOM_FOR).read_volatile() };
    let now = if waiting >= 3 * quarter {
        detail::ENDS
    } else if waiting >= 2 * quarter {
        before.max(detail::LANDMARKS)
    } else if waiting < quarter {
        detail::ALL
    } else {
        before
    };
    if now != before {
        // SAFETY: as above.
        unsafe { (&raw mut ROOM_FOR).write_volatile(now) }
    }
    now
}
