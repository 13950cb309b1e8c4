//! Giving up what this process may do and doesn't need. docs/privileges.md says what is kept, what for,
//! and what that leaves possible.

mod fence;
mod maps;

use anyhow::{Context as _, Result};
use rustix::{
    io::Errno,
    thread::{
        CapabilitySet, CapabilitySets, capabilities, clear_ambient_capability_set,
        remove_capability_from_bounding_set, set_capabilities, set_no_new_privs,
    },
};

/// To look into the network namespaces of others: `setns` asks for the first, `/proc/PID/ns` for the second,
/// `/proc/PID/fd` for the third beside it.
const OTHERS: CapabilitySet = CapabilitySet::SYS_ADMIN
    .union(CapabilitySet::SYS_PTRACE)
    .union(CapabilitySet::DAC_READ_SEARCH);

/// What a list is made with: it loads a program each time, and `-c` a tracer; sock_diag shows marks to
/// CAP_NET_ADMIN only.
pub const LIST: CapabilitySet = OTHERS
    .union(CapabilitySet::BPF)
    .union(CapabilitySet::PERFMON)
    .union(CapabilitySet::NET_ADMIN);

/// What routes, interfaces, counters and netstat's own output are read with.
pub const HOST: CapabilitySet = OTHERS;

/// What a resync needs once everything is attached.
const ATTACHED: CapabilitySet = OTHERS;

/// Gives up every capability but these, as far as they are held, and the way to get any back. To be
/// called while there is no other thread: what it gives up, it gives up for the calling one and those
/// that are started later.
///
/// # Errors
///
/// The kernel refuses to take something away, which it does only where a filter of others forbids the
/// question.
pub fn keep(wanted: CapabilitySet) -> Result<()> {
    let held = capabilities(None).context("read this process's capabilities")?;
    let kept = held.permitted & wanted;
    // While CAP_SETPCAP is still held, which this asks for.
    for bit in 0..u64::BITS {
        let capability = CapabilitySet::from_bits_retain(1 << bit);
        if kept.contains(capability) {
            continue;
        }
        match remove_capability_from_bounding_set(capability) {
            // Not known to this kernel; or not allowed, where no_new_privs has to do.
            Ok(()) | Err(Errno::INVAL | Errno::PERM) => {}
            Err(error) => return Err(error).context("shrink the capability bounding set"),
        }
    }
    clear_ambient_capability_set().context("clear the ambient capabilities")?;
    set_capabilities(None, exactly(kept)).context("give up capabilities")?;
    set_no_new_privs(true).context("set no_new_privs")
}

/// Keeps no more than a resync needs, then shuts every system call out that netwatch doesn't make once
/// its programs are attached. To be called before the first byte of output, as [`keep`] is. Gives back
/// why there is no fence, where the kernel has none.
///
/// # Errors
///
/// As [`keep`].
pub fn after_attach() -> Result<Option<anyhow::Error>> {
    let bpf = if is_asked_for_bpf()? {
        CapabilitySet::BPF
    } else {
        CapabilitySet::empty()
    };
    keep(ATTACHED | bpf)?;
    Ok(fence::raise().err())
}

const fn exactly(capabilities: CapabilitySet) -> CapabilitySets {
    CapabilitySets {
        effective: capabilities,
        permitted: capabilities,
        inheritable: CapabilitySet::empty(),
    }
}

/// Whether the kernel, with what is kept in any case, asks for CAP_BPF even to use a map that is open: before
/// Linux 5.19 (c8644cd0efe7), where `kernel.unprivileged_bpf_disabled` is set. CAP_SYS_ADMIN does as well.
fn is_asked_for_bpf() -> Result<bool> {
    let held = capabilities(None).context("read this process's capabilities")?;
    let tried = CapabilitySets {
        effective: held.permitted & ATTACHED,
        ..held
    };
    set_capabilities(None, tried).context("put capabilities aside")?;
    let may_use = maps::may_be_used();
    set_capabilities(None, held).context("take capabilities up again")?;
    Ok(!may_use)
}
