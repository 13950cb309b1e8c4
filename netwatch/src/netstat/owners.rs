//! Who has sockets open, from `/proc/PID/fd`.

use std::{
    collections::HashMap,
    fs::{self, File},
    io::{ErrorKind, Read as _},
    path::Path,
};

use super::Hidden;
use crate::text;

/// netstat's column is one wider than what it puts there.
const WIDTH: usize = 19;
/// netstat reads so much of a command line.
const COMMAND_LINE: u64 = 511;

/// Owners by inode.
#[derive(Debug, Default)]
pub struct Owners {
    by_inode: HashMap<u64, String>,
    pub hidden: Option<Hidden>,
}

impl Owners {
    /// `PID/name` of the first process that has the socket open, cut to netstat's width.
    pub fn of(&self, inode: u64) -> Option<&str> {
        self.by_inode.get(&inode).map(String::as_str)
    }
}

/// Looks at all processes, in the order of their ids as netstat does. Those that end meanwhile are
/// passed over.
pub fn read() -> Owners {
    let mut owners = Owners::default();
    let mut is_refused = false;
    let mut pids: Vec<u32> = fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .collect();
    pids.sort_unstable();
    for pid in pids {
        match inodes(pid) {
            Ok(inodes) if inodes.is_empty() => {}
            Ok(inodes) => {
                let owner = owner(pid);
                for inode in inodes {
                    owners
                        .by_inode
                        .entry(inode)
                        .or_insert_with(|| owner.clone());
                }
            }
            Err(error) => is_refused |= error.kind() == ErrorKind::PermissionDenied,
        }
    }
    owners.hidden = match (is_refused, owners.by_inode.is_empty()) {
        (false, _) => None,
        (true, true) => Some(Hidden::All),
        (true, false) => Some(Hidden::Some),
    };
    owners
}

fn inodes(pid: u32) -> std::io::Result<Vec<u64>> {
    let mut inodes = Vec::new();
    for entry in fs::read_dir(format!("/proc/{pid}/fd"))? {
        // A descriptor that can't be read is none that netstat misses.
        if let Ok(link) = fs::read_link(entry?.path()) {
            inodes.extend(inode(&link));
        }
    }
    Ok(inodes)
}

/// `socket:[1073]`.
fn inode(link: &Path) -> Option<u64> {
    let link = link.to_str()?.strip_prefix("socket:[")?;
    link.strip_suffix(']')?.parse().ok()
}

fn owner(pid: u32) -> String {
    let mut bytes = Vec::new();
    // A process that has just ended is shown without a name.
    let _ = File::open(format!("/proc/{pid}/cmdline"))
        .and_then(|file| file.take(COMMAND_LINE).read_to_end(&mut bytes));
    shown(pid, program(&bytes))
}

/// The first word of a command line, without the path where it has one.
fn program(command_line: &[u8]) -> &[u8] {
    let first = command_line.split(|byte| *byte == 0).next();
    let first = first.unwrap_or_default();
    if first.starts_with(b"/") {
        let name = first.rsplit(|byte| *byte == b'/').next();
        return name.unwrap_or_default();
    }
    first
}

fn shown(pid: u32, program: &[u8]) -> String {
    let mut bytes = format!("{pid}/").into_bytes();
    bytes.extend_from_slice(program);
    bytes.truncate(WIDTH);
    text::plain(&bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_named_as_netstat_names_it() {
        for (command_line, name) in [
            (&b"/usr/sbin/nginx\0-g\0"[..], &b"nginx"[..]),
            (
                b"nginx: master process /usr/sbin/nginx -g\0",
                b"nginx: master process /usr/sbin/nginx -g",
            ),
            (b"a/b\0", b"a/b"),
            (b"/usr/sbin/foo: a/b\0", b"b"),
            (b"/x/\0", b""),
            (b"", b""),
        ] {
            assert_eq!(program(command_line), name);
        }
    }

    #[test]
    fn an_owner_is_cut_and_clean() {
        assert_eq!(
            shown(30101, b"averyveryverylongname"),
            "30101/averyveryvery"
        );
        assert_eq!(shown(7, b"we\x1b[31mird"), "7/we\\u{1b}[31mird");
    }

    #[test]
    fn only_sockets_have_an_inode() {
        assert_eq!(inode(Path::new("socket:[1073]")), Some(1073));
        for other in ["pipe:[1073]", "/dev/null", "socket:[x]", "socket:["] {
            assert_eq!(inode(Path::new(other)), None, "{other}");
        }
    }
}
