//! Whether a map that is open may be used, by trying.

use std::io;

use aya_obj::generated::{bpf_attr, bpf_cmd};

/// Asks for an element of no map: bpf(2) looks at the caller's privilege before it looks at the question.
pub fn may_be_used() -> bool {
    // SAFETY: the kernel's own convention: zero is valid for every member.
    let mut attr: bpf_attr = unsafe { std::mem::zeroed() };
    attr.__bindgen_anon_2.map_fd = u32::MAX;
    // SAFETY: `attr` is whole, and outlives the call; there is no such descriptor to look into.
    let result = unsafe {
        libc::syscall(
            libc::SYS_bpf,
            bpf_cmd::BPF_MAP_LOOKUP_ELEM as libc::c_long,
            std::ptr::from_ref(&attr),
            size_of::<bpf_attr>(),
        )
    };
    result >= 0 || io::Error::last_os_error().kind() != io::ErrorKind::PermissionDenied
}
