//! Whatever bytes come, reading them as a recording, as records and as rows of an iterator ends
//! without a panic; and what was understood of them can be told without one.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use netwatch::{
    decode::{self, ROW_BYTES, Record},
    source::Recorded,
};

fuzz_target!(|bytes: &[u8]| {
    for record in Recorded::new(Bytes::copy_from_slice(bytes)) {
        look_at(&record);
    }
    // Without the frames of a recording, which a mutation easily breaks.
    look_at(bytes);
    for row in bytes.chunks(ROW_BYTES) {
        let _ = decode::iterator_row(row);
    }
});

fn look_at(bytes: &[u8]) {
    if let Ok(Record::Process { process, .. }) = decode::record(bytes) {
        let texts = [Some(process.comm), process.exe, process.cgroup];
        for text in texts.into_iter().flatten() {
            assert!(!text.contains(char::is_control), "{text:?}");
        }
    }
}
