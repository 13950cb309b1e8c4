//! Holders by the kernel's own iterator over open files: one reading for the whole machine.

use std::{fs::File, os::fd::OwnedFd};

use anyhow::{Context as _, Result};
use aya_obj::{Object, generated::bpf_insn};
use netwatch_common::{HolderOffsets, HolderRow};

use super::bpf;
use crate::{
    decode,
    descriptors::{Descriptor, Descriptors, Key},
    iterator,
    kernel::{function_id, holder_offsets, types},
    process::ProcessReader,
};

#[repr(C, align(8))]
struct Aligned<T: ?Sized>(T);

/// The object, where its parser can cast it to the structs of its format.
static OBJECT: &Aligned<[u8]> = &Aligned(*include_bytes!(concat!(
    env!("OUT_DIR"),
    "/netwatch-holders"
)));

const PROGRAM: &str = "holders";
/// What the kernel calls the iterator's target.
const TARGET: &str = "bpf_iter_task_file";

/// Every descriptor that is a socket of the internet families; tells `processes` the holders' names.
///
/// # Errors
///
/// The kernel, or a missing privilege, refuses the iterator.
pub fn descriptors(processes: &mut ProcessReader) -> Result<Descriptors> {
    let mut file = File::from(open()?);
    let mut all = Vec::new();
    iterator::read_file::<{ size_of::<HolderRow>() }>(&mut file, |bytes| {
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

/// Loads the program and starts a reading.
fn open() -> Result<OwnedFd> {
    let types = types()?;
    let target = function_id(&types, TARGET)?;
    let instructions = instructions(&holder_offsets(&types)?)?;
    bpf::open_iterator(&instructions, target).context("start the iterator over open files")
}

/// The program, with this kernel's offsets in it.
fn instructions(offsets: &HolderOffsets) -> Result<Vec<bpf_insn>> {
    let object = Object::parse(&OBJECT.0).context("parse netwatch's object")?;
    let program = object.programs.get(PROGRAM).context("no such program")?;
    let function = object.functions.get(&program.function_key());
    let mut instructions = function.context("no such function")?.instructions.clone();
    let offsets: [u32; HolderOffsets::FIELDS.len()] = bytemuck::cast(*offsets);
    for instruction in &mut instructions {
        let number = (instruction.imm as u32).wrapping_sub(HolderOffsets::PLACEHOLDER);
        let offset = offsets.get(number as usize);
        if let Some(offset) = offset.filter(|_| instruction.code == LOAD_CONSTANT) {
            instruction.imm = *offset as i32;
        }
    }
    Ok(instructions)
}

/// `BPF_LD | BPF_IMM | BPF_DW`: the constant's low half is in the instruction, the high one in the
/// next.
const LOAD_CONSTANT: u8 = 0x18;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_offset_takes_its_place() {
        let numbers: [u32; HolderOffsets::FIELDS.len()] =
            std::array::from_fn(|at| 7_000 + at as u32);
        let instructions = instructions(&bytemuck::cast(numbers)).unwrap();
        for number in numbers {
            let loads = instructions.iter().filter(|instruction| {
                instruction.code == LOAD_CONSTANT && instruction.imm == number as i32
            });
            assert!(
                loads.count() > 0,
                "{}",
                HolderOffsets::FIELDS[number as usize - 7_000].0
            );
        }
    }
}
