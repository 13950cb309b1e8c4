//! Network namespaces: every test has its own.

use std::{fs::File, os::unix::fs::MetadataExt};

use rustix::{
    fd::AsFd,
    thread::{LinkNameSpaceType, UnshareFlags, move_into_link_name_space, unshare_unsafe},
};

use super::device;

/// A network namespace with `lo` up. It lives as long as this value, a process or a socket in it.
pub struct NetNs {
    file: File,
    /// As `stat -L /proc/PID/ns/net` prints it.
    pub inode: u32,
}

impl NetNs {
    /// A new one; the thread stays where it is.
    pub fn new() -> Self {
        let _home = Home::remember();
        // SAFETY: threads share no state that depends on the network namespace.
        unsafe { unshare_unsafe(UnshareFlags::NEWNET) }
            .expect("make a network namespace: the tests run as root");
        device::up("lo").expect("bring lo up");
        Self::current()
    }

    fn current() -> Self {
        let file = File::open("/proc/thread-self/ns/net").expect("open the network namespace");
        let inode = file.metadata().expect("stat the network namespace").ino();
        Self {
            file,
            inode: inode as u32,
        }
    }

    /// Moves the thread into it, and back when the guard is dropped. Processes and threads that it
    /// starts meanwhile are born there.
    pub fn enter(&self) -> Home {
        let home = Home::remember();
        go(&self.file);
        home
    }

    /// Sets a value below `/proc/sys/net`.
    pub fn sysctl(&self, name: &str, value: &str) {
        let _home = self.enter();
        std::fs::write(format!("/proc/sys/net/{name}"), value)
            .unwrap_or_else(|error| panic!("set {name} to {value}: {error}"));
    }
}

/// Brings the thread back to its namespace.
pub struct Home(File);

impl Home {
    fn remember() -> Self {
        Self(NetNs::current().file)
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        go(&self.0);
    }
}

fn go(namespace: &File) {
    move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network))
        .expect("move to the network namespace");
}
