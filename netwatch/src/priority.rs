//! How soon netwatch's threads get a CPU where others want them too.
//!
//! Whoever makes connections as fast as the CPUs allow would otherwise take turns with the thread that
//! reads of them, and fill the ring buffer meanwhile. Needs root or `cap_sys_nice`; without, the steps
//! in which detail is given up come earlier.

use rustix::process::{getpriority_process, setpriority_process};

/// As a nice value, from -20 to 19: ahead of all that is ordinary, behind what is meant to be first.
const AHEAD: i32 = -10;
const ORDINARY: i32 = 0;

/// The calling thread reads what the kernel tells, and has little to do each time. Somebody who started
/// netwatch with another priority than the ordinary one is obeyed.
pub fn ahead() {
    if let Ok(ORDINARY) = getpriority_process(None)
        && let Err(error) = setpriority_process(None, AHEAD)
    {
        log::debug!("this thread stays at the ordinary priority: {error}");
    }
}

/// The calling thread, started by one that is ahead, has much to do, and nobody waits for it.
pub fn ordinary() {
    if let Ok(AHEAD) = getpriority_process(None)
        && let Err(error) = setpriority_process(None, ORDINARY)
    {
        log::debug!("this thread stays ahead: {error}");
    }
}
