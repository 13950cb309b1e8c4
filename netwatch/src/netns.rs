//! The network namespaces of this machine.

use std::{
    collections::HashMap,
    fs::{self, File},
    io,
    os::{fd::AsFd as _, unix::fs::MetadataExt as _},
    path::{Path, PathBuf},
};

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

/// A network namespace, held open.
pub struct NetNs {
    /// What `stat -L /proc/PID/ns/net` prints.
    pub inode: u32,
    file: io::Result<File>,
}

impl NetNs {
    /// Moves this thread there.
    ///
    /// # Errors
    ///
    /// It is gone, or the privilege (CAP_SYS_ADMIN) is missing.
    pub fn enter(&self) -> io::Result<()> {
        match &self.file {
            Ok(file) => {
                let kind = Some(LinkNameSpaceType::Network);
                Ok(move_into_link_name_space(file.as_fd(), kind)?)
            }
            Err(error) => Err(io::Error::new(error.kind(), error.to_string())),
        }
    }
}

/// Where namespaces are kept by name: by `ip netns`, and by Docker.
const NAMED: [&str; 2] = ["/run/netns", "/run/docker/netns"];

/// All that a process is in or that a name keeps. This thread's own is there in any case.
pub fn all() -> Vec<NetNs> {
    let mut paths: HashMap<u32, PathBuf> = HashMap::new();
    let own = PathBuf::from("/proc/thread-self/ns/net");
    for path in std::iter::once(own).chain(of_processes()).chain(named()) {
        if let Some(inode) = inode(&path) {
            paths.entry(inode).or_insert(path);
        }
    }
    paths
        .into_iter()
        .map(|(inode, path)| NetNs {
            inode,
            file: File::open(path),
        })
        .collect()
}

/// The one that this thread is in, by its inode number.
pub fn own() -> Option<u32> {
    inode(Path::new("/proc/thread-self/ns/net"))
}

fn inode(path: &Path) -> Option<u32> {
    fs::metadata(path).ok()?.ino().try_into().ok()
}

fn of_processes() -> impl Iterator<Item = PathBuf> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries
        .filter(|entry| {
            entry
                .file_name()
                .as_encoded_bytes()
                .iter()
                .all(u8::is_ascii_digit)
        })
        .map(|entry| entry.path().join("ns/net"))
}

fn named() -> impl Iterator<Item = PathBuf> {
    let folders = NAMED.iter().flat_map(fs::read_dir);
    folders.flatten().flatten().map(|entry| entry.path())
}
