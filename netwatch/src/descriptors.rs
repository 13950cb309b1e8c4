//! Descriptors of sockets. Here by /proc, as netstat and ss find them: slower where there are many,
//! but nothing has to be loaded, and everyone may read what is their own.

use std::{
    ffi::CStr,
    fs::{self, File},
    io,
    mem::MaybeUninit,
    os::fd::AsFd,
};

use rustix::fs::{Dir, readlinkat_raw};

/// A descriptor of a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Descriptor {
    /// The socket's cookie, or its inode number, as [`Key`] says.
    pub socket: u64,
    pub pid: u32,
    pub fd: u32,
}

/// What a socket is looked up by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Key {
    #[default]
    Cookie,
    Inode,
}

/// All descriptors of sockets, as one way of reading them gives them.
#[derive(Debug)]
pub struct Descriptors {
    pub key: Key,
    pub all: Vec<Descriptor>,
    /// Processes whose descriptors may not be seen.
    pub hidden: usize,
}

/// Every descriptor of a socket that this process may see.
pub fn by_proc() -> Descriptors {
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
        assert!(by_proc().all.contains(&wanted));
    }
}
