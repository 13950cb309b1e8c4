//! Sending and receiving datagrams.

use std::{
    io::IoSlice,
    net::SocketAddr,
    os::fd::{AsRawFd, BorrowedFd},
    time::{Duration, Instant},
};

use rustix::{
    io::Errno,
    net::{
        MMsgHdr, RecvFlags, SendAncillaryBuffer, SendFlags, SocketAddrAny, recvfrom, send,
        sendmmsg, sendto,
    },
};

use crate::words::{Reply, Words, payload};

/// `send-to FD ADDRESS BYTES`
pub fn send_to(words: &mut Words<'_>) -> Reply {
    let (fd, address) = (words.fd(), words.take::<SocketAddr>("an address"));
    sendto(fd, &payload(words), SendFlags::empty(), &address)?;
    Ok(String::new())
}

/// `recv-from FD` → sender, bytes.
pub fn recv_from(words: &mut Words<'_>) -> Reply {
    let mut buffer = vec![0; 1 << 16];
    let (length, _, sender) = recvfrom(words.fd(), &mut buffer[..], RecvFlags::empty())?;
    let sender = SocketAddr::try_from(sender.expect("a sender has an address"))?;
    Ok(format!("{sender} {length}"))
}

/// `send-many FD ADDRESS BYTES COUNT`, all in one call of sendmmsg.
pub fn send_many(words: &mut Words<'_>) -> Reply {
    let fd = words.fd();
    let address = SocketAddrAny::from(words.take::<SocketAddr>("an address"));
    let bytes = payload(words);
    let slice = [IoSlice::new(&bytes)];
    let count = words.take("a number of datagrams");
    let mut controls: Vec<_> = (0..count).map(|_| SendAncillaryBuffer::default()).collect();
    let mut messages: Vec<_> = controls
        .iter_mut()
        .map(|control| MMsgHdr::new_with_addr(&address, &slice, control))
        .collect();
    Ok(sendmmsg(fd, &mut messages, SendFlags::empty())?.to_string())
}

/// `send-segmented FD BYTES SEGMENT`: one send of a connected socket, which the kernel cuts into
/// datagrams of SEGMENT bytes.
pub fn send_segmented(words: &mut Words<'_>) -> Reply {
    let fd = words.fd();
    let bytes = payload(words);
    set_offload(fd, libc::UDP_SEGMENT, words.take("a number of bytes"))?;
    send(fd, &bytes, SendFlags::empty())?;
    Ok(String::new())
}

/// An option of UDP sockets.
pub fn set_offload(
    fd: BorrowedFd<'_>,
    option: libc::c_int,
    value: libc::c_int,
) -> Result<(), Errno> {
    // SAFETY: the value is a c_int, of the size that is named.
    let outcome = unsafe {
        libc::setsockopt(
            fd.as_raw_fd(),
            libc::SOL_UDP,
            option,
            (&raw const value).cast(),
            size_of_val(&value) as u32,
        )
    };
    if outcome < 0 {
        return Err(Errno::from_io_error(&std::io::Error::last_os_error()).expect("a number"));
    }
    Ok(())
}

/// `echo FD COUNT`: receives COUNT datagrams and sends each back to where it came from.
pub fn echo(words: &mut Words<'_>) -> Reply {
    let (fd, count) = (words.fd(), words.take::<u32>("a number of datagrams"));
    let mut buffer = vec![0; 1 << 16];
    for _ in 0..count {
        let (length, _, sender) = recvfrom(fd, &mut buffer[..], RecvFlags::empty())?;
        let sender = sender.expect("a sender has an address");
        sendto(fd, &buffer[..length], SendFlags::empty(), &sender)?;
    }
    Ok(String::new())
}

/// `send-paced FD BYTES COUNT PAUSE_MS`, on a connected socket.
pub fn send_paced(words: &mut Words<'_>) -> Reply {
    let fd = words.fd();
    let bytes = payload(words);
    let count: u32 = words.take("a number of datagrams");
    let pause = Duration::from_millis(words.take("a pause"));
    let start = Instant::now();
    for turn in 0..count {
        std::thread::sleep((start + pause * turn).saturating_duration_since(Instant::now()));
        send(fd, &bytes, SendFlags::empty())?;
    }
    Ok(String::new())
}
