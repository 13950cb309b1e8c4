//! The network namespaces of this machine.

use std::{
    collections::{HashMap, HashSet},
    ffi::OsStr,
    fs::{self, File},
    io,
    os::{fd::AsFd as _, unix::fs::MetadataExt as _},
    path::{Path, PathBuf},
};

use procfs::process::Process;
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

/// A network namespace.
pub struct NetNs {
    /// What `stat -L /proc/PID/ns/net` prints.
    pub inode: u32,
    /// Where it was found; opened only to enter it, as there may be more than descriptors.
    paths: Vec<PathBuf>,
}

impl NetNs {
    /// Moves this thread there, where it isn't there already.
    ///
    /// # Errors
    ///
    /// It is gone, or the privilege (CAP_SYS_ADMIN) is missing.
    pub fn enter(&self) -> io::Result<()> {
        if own() == Some(self.inode) {
            return Ok(());
        }
        let kind = Some(LinkNameSpaceType::Network);
        Ok(move_into_link_name_space(self.open()?.as_fd(), kind)?)
    }

    /// Its file. A path may be gone meanwhile, or that of another namespace.
    fn open(&self) -> io::Result<File> {
        let mut result = Err(io::ErrorKind::NotFound.into());
        for path in &self.paths {
            match File::open(path) {
                Ok(file) if file.metadata()?.ino() == u64::from(self.inode) => return Ok(file),
                Ok(_) => {}
                Err(error) => result = Err(error),
            }
        }
        result
    }
}

/// All that a process is in or that a mount keeps. This thread's own is there in any case, and first.
pub fn all() -> Vec<NetNs> {
    let mut found = Found::default();
    for path in [PathBuf::from(OWN)].into_iter().chain(of_processes()) {
        found.add(inode(&path), path);
    }
    for (inode, path) in mounted() {
        found.add(Some(inode), path);
    }
    found.namespaces
}

/// Those of these inode numbers that only a thread is in, or that a descriptor keeps. Looks at every
/// descriptor of the machine.
pub fn hidden(wanted: &HashSet<u32>) -> Vec<NetNs> {
    let mut found = Found::default();
    for process in processes() {
        for path in entries(&process.join("task")).map(|task| task.join("ns/net")) {
            found.add(inode(&path).filter(|inode| wanted.contains(inode)), path);
        }
        for path in entries(&process.join("fd")) {
            let target = fs::read_link(&path).ok();
            let inode = target
                .as_deref()
                .and_then(|target| named(target.as_os_str()));
            found.add(inode.filter(|inode| wanted.contains(inode)), path);
        }
        if found.namespaces.len() == wanted.len() {
            break;
        }
    }
    found.namespaces
}

/// The one that this thread is in, by its inode number.
pub fn own() -> Option<u32> {
    inode(Path::new(OWN))
}

const OWN: &str = "/proc/thread-self/ns/net";

/// Namespaces in the order in which they were found.
#[derive(Default)]
struct Found {
    namespaces: Vec<NetNs>,
    at: HashMap<u32, usize>,
}

impl Found {
    fn add(&mut self, inode: Option<u32>, path: PathBuf) {
        let Some(inode) = inode else { return };
        let at = *self.at.entry(inode).or_insert(self.namespaces.len());
        match self.namespaces.get_mut(at) {
            Some(known) => known.paths.push(path),
            None => self.namespaces.push(NetNs {
                inode,
                paths: vec![path],
            }),
        }
    }
}

fn inode(path: &Path) -> Option<u32> {
    fs::metadata(path).ok()?.ino().try_into().ok()
}

/// The inode number that `net:[123]` names.
fn named(text: &OsStr) -> Option<u32> {
    let number = text.to_str()?.strip_prefix("net:[")?.strip_suffix(']')?;
    number.parse().ok()
}

fn processes() -> impl Iterator<Item = PathBuf> {
    entries(Path::new("/proc")).filter(|path| {
        let name = path.file_name().unwrap_or_default();
        name.as_encoded_bytes().iter().all(u8::is_ascii_digit)
    })
}

fn of_processes() -> impl Iterator<Item = PathBuf> {
    processes().map(|process| process.join("ns/net"))
}

/// Where a mount keeps one: by `ip netns`, by Docker, by whomever.
fn mounted() -> Vec<(u32, PathBuf)> {
    let mounts = Process::myself().and_then(|me| me.mountinfo());
    mounts
        .into_iter()
        .flatten()
        .filter(|mount| mount.fs_type == "nsfs")
        .filter_map(|mount| Some((named(OsStr::new(&mount.root))?, mount.mount_point)))
        .collect()
}

fn entries(folder: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_thread_s_own_comes_first_and_can_always_be_entered() {
        let all = all();
        assert_eq!(Some(all[0].inode), own());
        all[0].enter().unwrap();
        let inodes: HashSet<u32> = all.iter().map(|namespace| namespace.inode).collect();
        assert_eq!(inodes.len(), all.len(), "none twice");
    }

    #[test]
    fn one_that_a_descriptor_keeps_is_found_by_its_number() {
        let _descriptor = File::open(OWN).unwrap();
        let own = own().unwrap();
        let found = hidden(&HashSet::from([own, 1]));
        assert_eq!(found.len(), 1);
        let file = found[0].open().unwrap();
        assert_eq!(file.metadata().unwrap().ino(), u64::from(own));
    }

    #[test]
    fn a_path_that_leads_elsewhere_is_not_it() {
        let namespace = NetNs {
            inode: 1,
            paths: vec!["/proc/no-such-process".into(), OWN.into()],
        };
        let error = namespace.open().unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn the_name_of_a_namespace_holds_its_number() {
        assert_eq!(named(OsStr::new("net:[4026531840]")), Some(4_026_531_840));
        for other in ["mnt:[4026531840]", "net:[]", "socket:[7]", "/net"] {
            assert_eq!(named(OsStr::new(other)), None, "{other}");
        }
    }
}
