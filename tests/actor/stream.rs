//! Sending and receiving on a connection.

use std::os::fd::BorrowedFd;

use rustix::{
    io::Errno,
    net::{RecvFlags, SendFlags, recv as receive, send as transmit},
};

use crate::words::{Reply, Words, payload};

/// `send FD BYTES`, until all are sent; none is an empty datagram.
pub fn send(words: &mut Words<'_>) -> Reply {
    let fd = words.fd();
    let bytes = payload(words);
    let mut rest = &bytes[transmit(fd, &bytes, SendFlags::NOSIGNAL)?..];
    while !rest.is_empty() {
        rest = &rest[transmit(fd, rest, SendFlags::NOSIGNAL)?..];
    }
    Ok(String::new())
}

/// `recv FD BYTES`, until all are there; fails where they end early.
pub fn recv(words: &mut Words<'_>) -> Reply {
    let fd = words.fd();
    let mut missing: usize = words.take("a number of bytes");
    let mut buffer = vec![0; missing.min(1 << 16)];
    while missing > 0 {
        let most = missing.min(buffer.len());
        match receive(fd, &mut buffer[..most], RecvFlags::empty())?.0 {
            0 => return Err(Errno::NODATA),
            length => missing -= length,
        }
    }
    Ok(String::new())
}

/// `peek FD`: waits until there is something to read, and leaves it there.
pub fn peek(words: &mut Words<'_>) -> Reply {
    receive(words.fd(), &mut [0; 1], RecvFlags::PEEK)?;
    Ok(String::new())
}

/// `drain FD`, until the peer ends it → how many bytes.
pub fn drain(words: &mut Words<'_>) -> Reply {
    Ok(drain_all(words.fd())?.to_string())
}

/// Reads until the peer has closed; how many bytes.
pub fn drain_all(fd: BorrowedFd<'_>) -> Result<usize, Errno> {
    let mut buffer = [0; 1 << 14];
    let mut total = 0;
    loop {
        match receive(fd, &mut buffer, RecvFlags::empty())?.0 {
            0 => return Ok(total),
            length => total += length,
        }
    }
}
