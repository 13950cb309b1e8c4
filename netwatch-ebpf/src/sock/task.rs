//! The running process.

use core::ffi::c_void;

use aya_ebpf::helpers::{bpf_get_current_task, bpf_get_current_task_btf};
use netwatch_common::{Owner, ProcessKey};

use super::{at, get};
use crate::maps::{BY_COOKIE, global};

/// `PF_KTHREAD` of `include/linux/sched.h`.
const PF_KTHREAD: u32 = 0x0020_0000;

/// A `struct task_struct`; one that the verifier knows as such, where it can.
#[derive(Clone, Copy)]
pub struct Task(pub *const c_void);

/// A field of a task, or of what a task points to.
///
/// # Safety
///
/// `base` is such a struct, and `offset` that of a `T` in it.
#[inline(always)]
unsafe fn of_task<T: Copy>(base: *const c_void, offset: usize) -> T {
    // SAFETY: the caller's promise.
    unsafe { get(base, offset, global(&BY_COOKIE) == 0) }
}

impl Task {
    #[inline(always)]
    pub fn current() -> Self {
        if global(&BY_COOKIE) != 0 {
            // SAFETY: takes nothing.
            return Self(unsafe { bpf_get_current_task() } as *const c_void);
        }
        // SAFETY: takes nothing, and is always there.
        Self(unsafe { bpf_get_current_task_btf() }.cast_const().cast())
    }

    #[inline(always)]
    pub fn is_kernel_thread(self) -> bool {
        // SAFETY: a `struct task_struct`.
        let flags: u32 = unsafe { of_task(self.0, at!(task_flags)) };
        flags & PF_KTHREAD != 0
    }

    #[inline(always)]
    fn leader(self) -> *const c_void {
        // SAFETY: a `struct task_struct`.
        unsafe { of_task(self.0, at!(task_group_leader)) }
    }

    #[inline(always)]
    pub fn tgid(self) -> u32 {
        // SAFETY: a `struct task_struct`.
        unsafe { of_task(self.0, at!(task_tgid)) }
    }

    #[inline(always)]
    pub fn parent_tgid(self) -> u32 {
        // SAFETY: each a `struct task_struct`.
        unsafe { Self(of_task(self.0, at!(task_real_parent))).tgid() }
    }

    #[inline(always)]
    pub fn key(self) -> ProcessKey {
        // SAFETY: each a `struct task_struct`.
        unsafe {
            ProcessKey {
                start_ns: of_task(self.leader(), at!(task_start_boottime)),
                tgid: self.tgid(),
                exec_id: of_task(self.0, at!(task_self_exec_id)),
            }
        }
    }

    /// The process's `struct css_set`, which names its cgroups.
    #[inline(always)]
    pub fn cgroups(self) -> *const c_void {
        // SAFETY: a `struct task_struct`.
        unsafe { of_task(self.leader(), at!(task_cgroups)) }
    }

    /// The owner that this task makes, learned in the given way.
    #[inline(always)]
    pub fn owner(self, how: u8) -> Owner {
        Owner {
            process: self.key(),
            uid: self.uid(),
            how,
            _pad: [0; 3],
            comm: self.comm(),
        }
    }

    #[inline(always)]
    pub fn uid(self) -> u32 {
        // SAFETY: a `struct task_struct`, and its `struct cred`.
        unsafe { of_task(of_task(self.0, at!(task_cred)), at!(cred_uid)) }
    }

    #[inline(always)]
    pub fn comm(self) -> [u8; 16] {
        let leader = self.leader();
        // SAFETY: a `struct task_struct`. In two halves, as a program loads no more at once.
        let halves: [u64; 2] = unsafe {
            [
                of_task(leader, at!(task_comm)),
                of_task(leader, at!(task_comm) + 8),
            ]
        };
        // SAFETY: as many bytes, any of which are valid.
        unsafe { core::mem::transmute(halves) }
    }
}
