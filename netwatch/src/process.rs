//! What /proc says of a process, read once for each.

use std::{collections::HashMap, fs, os::unix::fs::MetadataExt as _, path::PathBuf, sync::Arc};

use crate::{event::Process, text};

/// Reads processes, each once.
#[derive(Debug)]
pub struct ProcessReader {
    /// Also what few ask for: executable and cgroup.
    whole: bool,
    known: HashMap<u32, Option<Arc<Process>>>,
}

impl ProcessReader {
    /// Reads executables and cgroups too where `whole`.
    pub fn new(whole: bool) -> Self {
        Self {
            whole,
            known: HashMap::new(),
        }
    }

    /// The process of this pid; None where there is none.
    pub fn process(&mut self, pid: u32) -> Option<Arc<Process>> {
        let whole = self.whole;
        let read = || read(pid, None, whole).map(Arc::new);
        self.known.entry(pid).or_insert_with(read).clone()
    }

    /// Learns the name of a process that may be gone before /proc is read.
    pub fn name(&mut self, pid: u32, comm: &[u8; 16]) {
        let whole = self.whole;
        let named = || read(pid, Some(comm), whole).map(Arc::new);
        self.known.entry(pid).or_insert_with(named);
    }
}

fn read(pid: u32, comm: Option<&[u8; 16]>, whole: bool) -> Option<Process> {
    let folder = PathBuf::from(format!("/proc/{pid}"));
    let comm = match comm {
        Some(comm) => comm.split(|byte| *byte == 0).next()?.to_vec(),
        None => fs::read(folder.join("comm")).ok()?,
    };
    let mut process = Process {
        pid,
        comm: text::clean(comm.trim_ascii_end()),
        exe: None,
        uid: fs::metadata(&folder).map_or(0, |folder| folder.uid()),
        cgroup: None,
    };
    if whole {
        let exe = fs::read_link(folder.join("exe")).ok();
        process.exe = exe.map(|path| text::clean(path.as_os_str().as_encoded_bytes()));
        let status = fs::read_to_string(folder.join("status")).unwrap_or_default();
        process.uid = real_uid(&status).unwrap_or(process.uid);
        let cgroups = fs::read(folder.join("cgroup")).unwrap_or_default();
        process.cgroup = unified(&cgroups).map(text::clean);
    }
    Some(process)
}

/// The first number of the line `Uid:` in `/proc/PID/status`.
fn real_uid(status: &str) -> Option<u32> {
    let line = status.lines().find_map(|line| line.strip_prefix("Uid:"))?;
    line.split_ascii_whitespace().next()?.parse().ok()
}

/// The path in the unified hierarchy, whose line in `/proc/PID/cgroup` begins with `0::`.
fn unified(cgroups: &[u8]) -> Option<&[u8]> {
    cgroups
        .split(|byte| *byte == b'\n')
        .find_map(|line| line.strip_prefix(b"0::"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_known_whole() {
        let me = std::process::id();
        let process = ProcessReader::new(true).process(me).unwrap();
        let exe = std::env::current_exe().unwrap();
        assert_eq!(process.exe.as_deref(), exe.to_str());
        assert_eq!(process.uid, rustix::process::getuid().as_raw());
        assert!(exe.to_str().unwrap().contains(&process.comm));
    }

    #[test]
    fn a_name_from_the_kernel_is_cleaned_and_kept() {
        let mut reader = ProcessReader::new(false);
        reader.name(u32::MAX, b"a\x1b\0garbage123456");
        assert_eq!(reader.process(u32::MAX).unwrap().comm, "a\\u{1b}");
        assert!(reader.process(u32::MAX - 1).is_none());
    }

    #[test]
    fn lines_of_proc_are_found() {
        assert_eq!(real_uid("Name:\tx\nUid:\t1000\t0\t0\t0\n"), Some(1000));
        assert_eq!(
            unified(b"1:cpu:/x\n0::/system.slice\n"),
            Some(&b"/system.slice"[..])
        );
        assert_eq!(unified(b"1:cpu:/x\n"), None);
    }
}
