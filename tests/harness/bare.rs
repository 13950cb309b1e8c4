//! netwatch on a machine that lacks something, or has more, for it alone: in a mount namespace of its own.

use std::{
    ffi::{CStr, CString},
    io::{Error, Result},
    os::unix::process::CommandExt as _,
    process::Command,
    ptr::null,
};

use super::netwatch::command;

/// What is missing.
#[derive(Clone, Copy, Debug)]
pub enum Lack {
    /// The kernel's description of its own types.
    Btf,
    /// A mount of the unified cgroup hierarchy.
    Cgroup2,
}

/// netwatch, where this is missing.
pub fn without(lack: Lack, arguments: &[&str]) -> Command {
    let cgroups = match lack {
        Lack::Btf => Vec::new(),
        Lack::Cgroup2 => cgroup2_mounts(),
    };
    apart(arguments, move || {
        for place in &cgroups {
            // SAFETY: a string.
            checked(unsafe { libc::umount2(place.as_ptr(), libc::MNT_DETACH) })?;
        }
        match lack {
            Lack::Btf => mount(c"none", c"/sys/kernel/btf", c"tmpfs", 0),
            Lack::Cgroup2 => Ok(()),
        }
    })
}

/// netwatch, where tracefs is mounted if this kernel has it.
pub fn with_tracefs(arguments: &[&str]) -> Command {
    apart(arguments, || {
        let _ = mount(c"none", c"/sys/kernel/tracing", c"tracefs", 0);
        Ok(())
    })
}

/// netwatch in a mount namespace of its own, changed by system calls alone.
fn apart(
    arguments: &[&str],
    mut change: impl FnMut() -> Result<()> + Send + Sync + 'static,
) -> Command {
    let mut command = command(arguments);
    // SAFETY: system calls only, on strings that were made before.
    unsafe {
        command.pre_exec(move || {
            checked(libc::unshare(libc::CLONE_NEWNS))?;
            mount(c"none", c"/", c"", libc::MS_REC | libc::MS_PRIVATE)?;
            change()
        })
    };
    command
}

fn cgroup2_mounts() -> Vec<CString> {
    let mounts = std::fs::read_to_string("/proc/self/mounts").expect("list what is mounted");
    let words = mounts.lines().map(|line| line.split(' '));
    let places = words.filter_map(|mut words| {
        let place = words.nth(1)?;
        (words.next()? == "cgroup2").then_some(place)
    });
    let places = places.map(|place| place.as_bytes().to_vec());
    places
        .map(|place| CString::new(place).expect("a path"))
        .collect()
}

fn mount(what: &CStr, place: &CStr, kind: &CStr, flags: libc::c_ulong) -> Result<()> {
    let (what, place, kind) = (what.as_ptr(), place.as_ptr(), kind.as_ptr());
    // SAFETY: three strings, and no options.
    checked(unsafe { libc::mount(what, place, kind, flags, null()) })
}

fn checked(result: libc::c_int) -> Result<()> {
    match result {
        0 => Ok(()),
        _ => Err(Error::last_os_error()),
    }
}
