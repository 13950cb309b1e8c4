//! A descriptor that goes from one process to another over a unix socket.

use std::{
    io::{IoSlice, IoSliceMut},
    mem::MaybeUninit,
    os::fd::IntoRawFd,
};

use rustix::{
    cmsg_space,
    net::{
        AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
        SendAncillaryMessage, SendFlags, SocketAddrUnix, SocketType, bind, recvmsg, sendmsg_addr,
        socket,
    },
};

use crate::{
    socket::keep,
    words::{Reply, Words},
};

/// `mailbox PATH` → descriptor of a unix socket that others may pass to.
pub fn mailbox(words: &mut Words<'_>) -> Reply {
    let mailbox = socket(AddressFamily::UNIX, SocketType::DGRAM, None)?;
    bind(
        &mailbox,
        &SocketAddrUnix::new(words.take::<String>("a path"))?,
    )?;
    Ok(mailbox.into_raw_fd().to_string())
}

/// `pass FD PATH`: sends a copy of the descriptor to the mailbox.
pub fn pass(words: &mut Words<'_>) -> Reply {
    let passed = [words.fd()];
    let to = SocketAddrUnix::new(words.take::<String>("a path"))?;
    let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    assert!(
        control.push(SendAncillaryMessage::ScmRights(&passed)),
        "there is room for one"
    );
    let from = socket(AddressFamily::UNIX, SocketType::DGRAM, None)?;
    sendmsg_addr(
        from,
        &to,
        &[IoSlice::new(b"!")],
        &mut control,
        SendFlags::empty(),
    )?;
    Ok(String::new())
}

/// `take MAILBOX` → descriptor and cookie of what was passed.
pub fn take(words: &mut Words<'_>) -> Reply {
    let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut byte = [0];
    let mut slice = [IoSliceMut::new(&mut byte)];
    recvmsg(words.fd(), &mut slice, &mut control, RecvFlags::empty())?;
    for message in control.drain() {
        if let RecvAncillaryMessage::ScmRights(mut passed) = message {
            return keep(passed.next().expect("a descriptor comes with the message"));
        }
    }
    panic!("a message without a descriptor");
}
