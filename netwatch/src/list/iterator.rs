//! Holders by the kernel's own iterator over open files: one reading for the whole machine.

use anyhow::{Context as _, Result};
use aya::{Btf, EbpfLoader, Endianness, include_bytes_aligned, programs::Iter};
use netwatch_common::HolderRow;

use super::{
    holders::{Descriptor, Descriptors, Key},
    process::ProcessReader,
};
use crate::{
    decode, iterator,
    kernel::{function_id, holder_offsets, types},
};

static OBJECT: &[u8] = include_bytes_aligned!(concat!(env!("OUT_DIR"), "/netwatch-holders"));

const PROGRAM: &str = "holders";
const TARGET: &str = "task_file";
/// What the kernel calls an iterator's target.
const FUNCTION: &str = "bpf_iter_task_file";

/// Every descriptor that is a socket of the internet families; tells `processes` the holders' names.
///
/// # Errors
///
/// The kernel, or a missing privilege, refuses the iterator.
pub fn descriptors(processes: &mut ProcessReader) -> Result<Descriptors> {
    let types = types()?;
    let offsets = holder_offsets(&types)?;
    let target = stand_in(function_id(&types, FUNCTION)?)?;
    drop(types);
    let mut ebpf = EbpfLoader::new()
        .btf(None)
        .override_global("OFFSETS", &offsets, true)
        .load(OBJECT)
        .context("load the reading of holders")?;
    let program = ebpf.program_mut(PROGRAM).context("no such program")?;
    let program: &mut Iter = program.try_into()?;
    program
        .load(TARGET, &target)
        .context("load the iterator over open files")?;
    let link = iterator::link(&mut ebpf, PROGRAM)?;
    let mut all = Vec::new();
    iterator::read::<{ size_of::<HolderRow>() }>(link, |bytes| {
        let Ok(row) = decode::holder_row(bytes) else {
            return;
        };
        processes.name(row.pid, &row.comm);
        all.push(Descriptor {
            socket: row.cookie,
            pid: row.pid,
            fd: row.fd,
        });
    })
    .context("read the iterator over open files")?;
    Ok(Descriptors {
        key: Key::Cookie,
        all,
        hidden: 0,
    })
}

/// A stand-in for the kernel's BTF, in which only the iterator's target has a name. The loader asks
/// it for nothing but that one's number; to parse the kernel's own takes longer than to read all
/// holders of ten thousand sockets, and 27 MB.
///
/// # Errors
///
/// The number is none of a function.
fn stand_in(id: u32) -> Result<Btf> {
    const HEADER_BYTES: u32 = 24;
    const TYPE_BYTES: u32 = 12;
    /// `BTF_KIND_FWD`, `BTF_KIND_FUNC` of `include/uapi/linux/btf.h`, as they stand in `btf_type.info`.
    const FORWARD: u32 = 7 << 24;
    const FUNC: u32 = 12 << 24;
    let names = format!("\0{FUNCTION}\0");
    let type_bytes = id * TYPE_BYTES;
    let mut blob = Vec::with_capacity((HEADER_BYTES + type_bytes) as usize + names.len());
    // Magic, version and flags; then the lengths and places of `struct btf_header`.
    blob.extend([0xeb9f_u16.to_ne_bytes(), [1, 0]].concat());
    for number in [HEADER_BYTES, 0, type_bytes, type_bytes, names.len() as u32] {
        blob.extend(number.to_ne_bytes());
    }
    let mut push = |name: u32, info: u32, of: u32| {
        for number in [name, info, of] {
            blob.extend(number.to_ne_bytes());
        }
    };
    (1..id).for_each(|_| push(0, FORWARD, 0));
    push(1, FUNC, 1);
    blob.extend(names.as_bytes());
    Btf::parse(&blob, Endianness::default()).context("name the iterator's target")
}

#[cfg(test)]
mod tests {
    use aya_obj::btf::BtfKind;

    use super::*;

    #[test]
    fn the_stand_in_knows_the_target_by_the_kernels_number() {
        for id in [1, 2, 70_000] {
            let btf = stand_in(id).unwrap();
            let found = btf.id_by_type_name_kind(FUNCTION, BtfKind::Func);
            assert_eq!(found.unwrap(), id);
        }
    }
}
