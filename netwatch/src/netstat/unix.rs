//! Unix domain sockets, from `/proc/net/unix`.

use anyhow::Result;

use super::args::Request;
use crate::proc_net;
use crate::text;

/// `__SO_ACCEPTCON` of `include/uapi/linux/net.h`: it listens.
pub const ACCEPTS: u64 = 1 << 16;
/// `SS_UNCONNECTED` of `include/uapi/linux/net.h`.
pub const UNCONNECTED: u64 = 1;

/// One row, as the kernel's `unix_seq_show` prints it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Socket {
    pub references: u64,
    pub protocol: u64,
    /// `SO_…`; the kernel tells [`ACCEPTS`] alone.
    pub flags: u64,
    /// `SOCK_…`.
    pub kind: u64,
    /// `SS_…`.
    pub state: u64,
    pub inode: u64,
    /// As far as its first white space, as netstat reads it; clean.
    pub path: String,
}

/// The sockets that the request selects.
///
/// # Errors
///
/// The file is there and can't be read.
pub fn read(request: &Request) -> Result<Vec<Socket>> {
    let bytes = proc_net::read("unix")?;
    let sockets = bytes.split(|byte| *byte == b'\n').skip(1);
    let is_selected = |socket: &Socket| {
        let listens = socket.state == UNCONNECTED && socket.flags & ACCEPTS != 0;
        request.all || listens == request.listening
    };
    Ok(sockets.filter_map(socket).filter(is_selected).collect())
}

/// `Num RefCount Protocol Flags Type St Inode Path`
fn socket(line: &[u8]) -> Option<Socket> {
    let mut words = line
        .split(u8::is_ascii_whitespace)
        .filter(|word| !word.is_empty());
    words.next()?;
    let mut number = |radix| {
        let word = std::str::from_utf8(words.next()?).ok()?;
        u64::from_str_radix(word, radix).ok()
    };
    Some(Socket {
        references: number(16)?,
        protocol: number(16)?,
        flags: number(16)?,
        kind: number(16)?,
        state: number(16)?,
        inode: number(10)?,
        path: text::plain(words.next().unwrap_or_default()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_read() {
        let line = b"ffff: 00000002 00000000 00010000 0001 01  1073 /run/a b";
        let socket = socket(line).unwrap();
        assert_eq!((socket.references, socket.kind, socket.inode), (2, 1, 1073));
        assert_eq!(socket.path, "/run/a", "netstat reads no further");
    }

    #[test]
    fn a_path_is_clean() {
        let line = b"ffff: 00000002 00000000 00000000 0002 01 7 @\x1b[31m\\";
        assert_eq!(socket(line).unwrap().path, "@\\u{1b}[31m\\\\");
        let line = b"ffff: 00000002 00000000 00000000 0002 01 7 /run/dev\\x2dsda";
        assert_eq!(socket(line).unwrap().path, "/run/dev\\x2dsda");
    }
}
