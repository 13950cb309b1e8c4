//! The same through io_uring: no system call of its own for each, and, for connect, in one of the
//! kernel's worker threads, whose name is not the process's.

use std::{
    net::SocketAddr,
    os::fd::{AsRawFd, FromRawFd, OwnedFd},
    ptr::null_mut,
};

use io_uring::{IoUring, opcode, squeue, squeue::Flags, types::Fd};
use rustix::{io::Errno, net::addr::SocketAddrArg};

use crate::{
    socket::{keep, local},
    words::{Reply, Words, payload},
};

/// `uring-connect FD ADDRESS` → the socket's address.
pub fn connect(words: &mut Words<'_>) -> Reply {
    let (fd, address) = (words.fd(), words.take::<SocketAddr>("an address"));
    // SAFETY: the address outlives the call in which it is used.
    unsafe {
        address.with_sockaddr(|pointer, length| {
            let connect = opcode::Connect::new(Fd(fd.as_raw_fd()), pointer.cast(), length);
            run(connect.build().flags(Flags::ASYNC))
        })
    }?;
    Ok(local(fd)?.to_string())
}

/// `uring-accept FD`, not asking for the peer's address → descriptor, cookie, own address.
pub fn accept(words: &mut Words<'_>) -> Reply {
    let listener = Fd(words.fd().as_raw_fd());
    let accepted = run(opcode::Accept::new(listener, null_mut(), null_mut()).build())?;
    // SAFETY: accept's result is a descriptor, which nobody else has.
    let socket = unsafe { OwnedFd::from_raw_fd(accepted) };
    let local = local(&socket)?;
    Ok(format!("{} {local}", keep(socket)?))
}

/// `uring-send FD BYTES`
pub fn send(words: &mut Words<'_>) -> Reply {
    let fd = Fd(words.fd().as_raw_fd());
    let bytes = payload(words);
    Ok(run(opcode::Send::new(fd, bytes.as_ptr(), bytes.len() as u32).build())?.to_string())
}

/// `uring-recv FD BYTES`, at most so many → how many.
pub fn recv(words: &mut Words<'_>) -> Reply {
    let fd = Fd(words.fd().as_raw_fd());
    let mut buffer = payload(words);
    Ok(run(opcode::Recv::new(fd, buffer.as_mut_ptr(), buffer.len() as u32).build())?.to_string())
}

/// Hands in one request and waits for its result.
fn run(request: squeue::Entry) -> Result<i32, Errno> {
    let number = |error: std::io::Error| Errno::from_io_error(&error).expect("a number");
    let mut ring = IoUring::new(2).map_err(number)?;
    // SAFETY: what the request points to lives until its result is here.
    unsafe { ring.submission().push(&request) }.expect("the queue has room");
    ring.submit_and_wait(1).map_err(number)?;
    let result = ring.completion().next().expect("one result").result();
    if result < 0 {
        Err(Errno::from_raw_os_error(-result))
    } else {
        Ok(result)
    }
}
