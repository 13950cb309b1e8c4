//! Paths of cgroups by their numbers.

use std::{
    collections::HashMap,
    fs,
    os::unix::fs::DirEntryExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::text;

/// Where the unified hierarchy is mounted, alone or beside the old ones.
const ROOTS: [&str; 2] = ["/sys/fs/cgroup/unified", "/sys/fs/cgroup"];

/// Every cgroup of the unified hierarchy.
#[derive(Debug, Default)]
pub struct CgroupPaths(HashMap<u64, Arc<str>>);

impl CgroupPaths {
    /// Reads them all.
    pub fn read() -> Self {
        Self(read())
    }

    /// The path of the cgroup with this number, which is its directory's inode number.
    pub fn get(&self, id: u64) -> Option<Arc<str>> {
        self.0.get(&id).cloned()
    }
}

fn read() -> HashMap<u64, Arc<str>> {
    use std::os::unix::fs::MetadataExt as _;
    let is_unified = |root: &&&str| Path::new(root).join("cgroup.controllers").exists();
    let Some(root) = ROOTS.iter().find(is_unified).map(PathBuf::from) else {
        return HashMap::new();
    };
    let mut paths = HashMap::new();
    if let Ok(metadata) = fs::metadata(&root) {
        paths.insert(metadata.ino(), Arc::from("/"));
    }
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder).into_iter().flatten().flatten();
        for entry in entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())) {
            let path = entry.path();
            if let Ok(below) = path.strip_prefix(&root) {
                let name = text::clean(below.as_os_str().as_encoded_bytes());
                paths.insert(entry.ino(), Arc::from(format!("/{name}")));
            }
            folders.push(path);
        }
    }
    paths
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt as _;

    use super::*;

    #[test]
    fn the_root_is_found_by_its_number() {
        let root = ROOTS
            .iter()
            .find(|root| Path::new(root).join("cgroup.controllers").exists());
        let root = root.expect("a unified cgroup hierarchy");
        let id = fs::metadata(root).unwrap().ino();
        assert_eq!(CgroupPaths::read().get(id).as_deref(), Some("/"));
        assert_eq!(CgroupPaths::read().get(u64::MAX), None);
    }
}
