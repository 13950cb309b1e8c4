//! Telling the reader about a process, while it lives: once, and again where it went to another cgroup.

use core::ffi::c_void;

use aya_ebpf::helpers::{bpf_ktime_get_ns, generated::bpf_probe_read_kernel_str};
use netwatch_common::{Counter, PATH_BYTES, ProcessKey, ProcessRecord, kind};

use crate::{
    maps::{EVENTS, PROCESSES, count},
    ring,
    sock::{Task, at, follow},
};

/// Names of a path that are looked at.
const NAMES: usize = 24;
/// Bytes of one name, with its zero.
const NAME_BYTES: usize = 128;

/// What the reader was told of.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Announced {
    process: ProcessKey,
    /// Where its `struct css_set` was.
    cgroups: usize,
}

/// Sends the facts of a process unless they were sent before. The reader finds them ahead of every
/// record that names the process.
#[inline(always)]
pub fn announce(task: Task, key: &ProcessKey) {
    let cgroups = task.cgroups();
    let new = Announced {
        process: *key,
        cgroups: cgroups.addr(),
    };
    // SAFETY: the value is compared at once; a torn read repeats an announcement.
    let known = unsafe { PROCESSES.get(key.tgid) };
    if known.is_some_and(|known| *known == new) {
        return;
    }
    let waiting = ring::waiting(&EVENTS);
    let Some(mut entry) = EVENTS.reserve::<ProcessRecord>(0) else {
        count(Counter::ProcessRing, 1);
        return;
    };
    let record = entry.as_mut_ptr();
    let kernfs = follow(follow(cgroups, at!(css_set_dfl_cgrp)), at!(cgroup_kn));
    // SAFETY: memory of the ring that this program holds; every byte in use is written, and the
    // lengths say which those are.
    unsafe {
        (*record).header = ring::header(bpf_ktime_get_ns(), 0, kind::PROCESS);
        (*record).process = *key;
        (*record).uid = task.uid();
        (*record)._pad = [0; 2];
        (*record).comm = task.comm();
        (*record).exe_len = 0;
        (*record).cgroup_len = 0;
        let mut exe = Path::new(&raw mut (*record).exe, &raw mut (*record).exe_len);
        (*record).exe_cut = u8::from(!executable(task, &mut exe));
        let mut path = Path::new(&raw mut (*record).cgroup, &raw mut (*record).cgroup_len);
        (*record).cgroup_cut = u8::from(!cgroup(kernfs, &mut path));
    }
    ring::submit(entry, waiting);
    let _ = PROCESSES.insert(key.tgid, new, 0);
}

/// A path in a record. Its length stays in the record as well: of memory the verifier knows nothing,
/// so that every turn of a loop looks the same to it, and it goes through one instead of all.
struct Path {
    bytes: *mut u8,
    len: *mut u32,
}

impl Path {
    #[inline(always)]
    fn new(bytes: *mut [u8; PATH_BYTES], len: *mut u32) -> Self {
        Self {
            bytes: bytes.cast(),
            len,
        }
    }

    /// Appends a name where there is room for the longest; false where not.
    #[inline(always)]
    fn push(&mut self, name: *const c_void) -> bool {
        // SAFETY: both point into the record. `len + NAME_BYTES` is within the path, and the helper
        // checks the name's address.
        unsafe {
            let len = self.len.read_volatile() as usize;
            if len > PATH_BYTES - NAME_BYTES {
                return false;
            }
            let to = self.bytes.add(len).cast();
            let wrote = bpf_probe_read_kernel_str(to, NAME_BYTES as u32, name.cast_mut());
            if wrote > 0 {
                self.len.write_volatile(len as u32 + wrote as u32);
            }
            true
        }
    }
}

/// Writes the path of `task->mm->exe_file`, as `d_path` would: from the file's dentry to the root
/// of its mount, and on from where that is mounted. Names longer than the room for one are cut. False
/// where the path goes on in front.
#[inline(always)]
fn executable(task: Task, path: &mut Path) -> bool {
    let file = follow(follow(task.0, at!(task_mm)), at!(mm_exe_file));
    if file.is_null() {
        return true;
    }
    let mut dentry = follow(file, at!(file_path_dentry));
    let vfsmount = follow(file, at!(file_path_mnt));
    let mut mount = vfsmount.wrapping_byte_sub(at!(mount_mnt));
    for _ in 0..NAMES {
        let root = follow(mount, at!(mount_mnt) + at!(vfsmount_root));
        let parent = follow(dentry, at!(dentry_parent));
        if dentry == root || dentry == parent {
            let above = follow(mount, at!(mount_parent));
            if above == mount || above.is_null() {
                return true;
            }
            dentry = follow(mount, at!(mount_mountpoint));
            mount = above;
        } else {
            if !path.push(follow(dentry, at!(dentry_name))) {
                return false;
            }
            dentry = parent;
        }
    }
    false
}

/// Writes the path of a cgroup below the root of the hierarchy, whose own name is empty. False where
/// the path goes on in front.
#[inline(always)]
fn cgroup(mut kernfs: *const c_void, path: &mut Path) -> bool {
    for _ in 0..NAMES {
        let parent = follow(kernfs, at!(kernfs_parent));
        if parent.is_null() {
            return true;
        }
        if !path.push(follow(kernfs, at!(kernfs_name))) {
            return false;
        }
        kernfs = parent;
    }
    false
}
