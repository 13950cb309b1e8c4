//! Descriptors by /proc, as netstat and ss find them: slower where there are many, but nothing has
//! to be loaded, and everyone may read what is their own.

use std::{
    ffi::CStr,
    fs::{self, File},
    io,
    mem::MaybeUninit,
    os::fd::AsFd,
};

use rustix::fs::{Dir, readlinkat_raw};

use super::holders::{Descriptor, Descriptors, Key};

/// TCP sockets of all network namespaces. From `tcp_sockets_allocated`.
pub fn tcp_sockets() -> u64 {
    let text = fs::read_to_string("/proc/net/sockstat").unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with("TCP:"));
    let mut words = line.unwrap_or_default().split(' ');
    words.find(|word| *word == "alloc");
    words
        .next()
        .and_then(|count| count.parse().ok())
        .unwrap_or(0)
}

/// Every descriptor of a socket that this process may see.
pub fn descriptors() -> Descriptors {
    let mut descriptors = Descriptors {
        key: Key::Inode,
        all: Vec::new(),
        hidden: 0,
    };
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    for entry in entries {
        let name = entry.file_name();
        let Some(pid) = name.to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        match of_process(pid, &mut descriptors.all) {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                descriptors.hidden += 1;
            }
            // Ended meanwhile.
            Err(_) | Ok(()) => {}
        }
    }
    descriptors
}

fn of_process(pid: u32, found: &mut Vec<Descriptor>) -> io::Result<()> {
    let folder = File::open(format!("/proc/{pid}/fd"))?;
    for entry in Dir::read_from(&folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let fd = name.to_str().ok().and_then(|name| name.parse().ok());
        if let (Some(fd), Some(inode)) = (fd, socket(&folder, name)) {
            found.push(Descriptor {
                socket: inode,
                pid,
                fd,
            });
        }
    }
    Ok(())
}

/// The inode number that `socket:[123]` names.
fn socket(folder: impl AsFd, name: &CStr) -> Option<u64> {
    let mut buffer = [MaybeUninit::uninit(); 32];
    let (target, _) = readlinkat_raw(folder, name, &mut buffer).ok()?;
    let number = target.strip_prefix(b"socket:[")?.strip_suffix(b"]")?;
    str::from_utf8(number).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::{net::TcpListener, os::fd::AsRawFd as _};

    use rustix::fs::fstat;

    use super::*;

    #[test]
    fn a_socket_of_this_process_is_found() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let wanted = Descriptor {
            socket: fstat(&listener).unwrap().st_ino,
            pid: std::process::id(),
            fd: listener.as_raw_fd() as u32,
        };
        assert!(descriptors().all.contains(&wanted));
        assert!(tcp_sockets() > 0);
    }
}
