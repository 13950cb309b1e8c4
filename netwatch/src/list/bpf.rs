//! bpf(2) itself, for one small program: aya's loader parses the BTF of the whole kernel first, which
//! takes 17 ms and 27 MB, more than all the rest of a listing.

use std::{
    io,
    os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd},
};

use anyhow::{Context as _, Result};
use aya_obj::generated::{bpf_attach_type, bpf_attr, bpf_cmd, bpf_insn, bpf_prog_type};

const LICENSE: &std::ffi::CStr = c"Dual MIT/GPL";
/// For the verifier's words, which are shown where it refuses.
const LOG_BYTES: usize = 1 << 16;

/// Loads an iterator's program and starts a reading. Nothing of it remains once the descriptor is
/// closed. `target` is the number of the iterator's function in the kernel's BTF.
///
/// # Errors
///
/// The kernel refuses, or the privilege (CAP_BPF, CAP_PERFMON) is missing.
pub fn open_iterator(instructions: &[bpf_insn], target: u32) -> Result<OwnedFd> {
    let program = load(instructions, target)?;
    let mut attr = zeroed();
    attr.link_create.__bindgen_anon_1.prog_fd = program.as_raw_fd() as u32;
    attr.link_create.attach_type = bpf_attach_type::BPF_TRACE_ITER as u32;
    let link = call(bpf_cmd::BPF_LINK_CREATE, &attr).context("attach it")?;
    let mut attr = zeroed();
    attr.iter_create.link_fd = link.as_raw_fd() as u32;
    call(bpf_cmd::BPF_ITER_CREATE, &attr).context("open it")
}

fn load(instructions: &[bpf_insn], target: u32) -> Result<OwnedFd> {
    let mut attr = zeroed();
    // SAFETY: every bit pattern is valid for this member of the union.
    let program = unsafe { &mut attr.__bindgen_anon_3 };
    program.prog_type = bpf_prog_type::BPF_PROG_TYPE_TRACING as u32;
    program.expected_attach_type = bpf_attach_type::BPF_TRACE_ITER as u32;
    program.attach_btf_id = target;
    program.insns = instructions.as_ptr() as u64;
    program.insn_cnt = instructions.len() as u32;
    program.license = LICENSE.as_ptr() as u64;
    if let Ok(loaded) = call(bpf_cmd::BPF_PROG_LOAD, &attr) {
        return Ok(loaded);
    }
    let mut log = vec![0_u8; LOG_BYTES];
    // SAFETY: as above.
    let program = unsafe { &mut attr.__bindgen_anon_3 };
    program.log_buf = log.as_mut_ptr() as u64;
    program.log_size = LOG_BYTES as u32;
    program.log_level = 1;
    call(bpf_cmd::BPF_PROG_LOAD, &attr).with_context(|| {
        let end = log.iter().position(|byte| *byte == 0).unwrap_or(0);
        let words = String::from_utf8_lossy(&log[..end]);
        format!("load the program: {}", words.trim_end())
    })
}

fn zeroed() -> bpf_attr {
    // SAFETY: the kernel's own convention: zero is valid for every member.
    unsafe { std::mem::zeroed() }
}

fn call(command: bpf_cmd, attr: &bpf_attr) -> io::Result<OwnedFd> {
    // SAFETY: `attr` is whole, and what it points to outlives the call.
    let result = unsafe {
        libc::syscall(
            libc::SYS_bpf,
            command as libc::c_long,
            std::ptr::from_ref(attr),
            size_of::<bpf_attr>(),
        )
    };
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: these commands give a new descriptor, which nobody else owns.
    Ok(unsafe { OwnedFd::from_raw_fd(result as i32) })
}
