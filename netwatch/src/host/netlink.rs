//! Asking the kernel over `NETLINK_ROUTE`.
//!
//! Attributes are taken one by one, not whole messages by a schema: an attribute of a newer kernel,
//! or an interface whose name is no UTF-8, must not hide all others.

use std::{io, net::IpAddr};

use anyhow::{Context as _, Result, bail};
use netlink_packet_core::{NLM_F_DUMP, NLM_F_REQUEST, NetlinkBuffer, NlasIterator};
use rustix::{
    fd::OwnedFd,
    net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, send, socket_with},
};

/// What is asked for: a message type (`RTM_GET…` of `include/uapi/linux/rtnetlink.h`) and the
/// header that follows netlink's own.
pub struct Request<'a> {
    pub message: u16,
    pub header: &'a [u8],
}

/// `struct nlmsghdr`, in bytes.
const NETLINK_HEADER: usize = 16;
const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
/// What was dumped changed meanwhile: something may be missing, or be there twice.
const NLM_F_DUMP_INTR: u16 = 0x10;

/// The kernel fills at most 32 KiB at once.
const BUFFER: usize = 1 << 16;

/// How often to ask again where something changes all the time.
const ATTEMPTS: usize = 16;

/// Everything of one kind, each message understood by `parse`, which gets it without netlink's own
/// header and passes over what it doesn't want.
///
/// # Errors
///
/// The kernel refuses, or changes so fast that no consistent answer can be had.
pub fn dump<T>(request: &Request<'_>, parse: impl Fn(&[u8]) -> Option<T>) -> Result<Vec<T>> {
    let flags = SocketFlags::CLOEXEC;
    // No protocol is the first one, which is NETLINK_ROUTE.
    let socket = socket_with(AddressFamily::NETLINK, SocketType::RAW, flags, None)
        .context("open a netlink socket")?;
    for sequence in 1..=ATTEMPTS as u32 {
        if let Some(answer) = ask(&socket, request, sequence, &parse)? {
            return Ok(answer);
        }
    }
    bail!("what was asked for over netlink changed {ATTEMPTS} times while it was read")
}

/// None where it changed meanwhile.
fn ask<T>(
    socket: &OwnedFd,
    request: &Request<'_>,
    sequence: u32,
    parse: &impl Fn(&[u8]) -> Option<T>,
) -> Result<Option<Vec<T>>> {
    let message = spelt(request, sequence);
    send(socket, &message, SendFlags::empty()).context("ask over netlink")?;
    let mut answer = Vec::new();
    let mut is_whole = true;
    let mut buffer = vec![0; BUFFER];
    loop {
        let (count, _) =
            recv(socket, &mut buffer[..], RecvFlags::empty()).context("read from netlink")?;
        for message in messages(&buffer[..count]) {
            let message = message.context("read a netlink message")?;
            is_whole &= message.flags() & NLM_F_DUMP_INTR == 0;
            let payload = message.payload();
            match message.message_type() {
                _ if message.sequence_number() != sequence => {}
                NLMSG_DONE | NLMSG_ERROR => {
                    refusal(payload).context("the kernel refuses to tell over netlink")?;
                    return Ok(is_whole.then_some(answer));
                }
                _ => answer.extend(parse(payload)),
            }
        }
    }
}

fn spelt(request: &Request<'_>, sequence: u32) -> Vec<u8> {
    let mut bytes = vec![0; NETLINK_HEADER + request.header.len()];
    let length = bytes.len() as u32;
    let mut message = NetlinkBuffer::new(&mut bytes);
    message.set_length(length);
    message.set_message_type(request.message);
    message.set_flags(NLM_F_REQUEST | NLM_F_DUMP);
    message.set_sequence_number(sequence);
    message.set_port_number(0);
    message.payload_mut().copy_from_slice(request.header);
    bytes
}

/// The messages of one datagram; each begins at a multiple of 4.
fn messages(mut rest: &[u8]) -> impl Iterator<Item = Result<NetlinkBuffer<&[u8]>>> {
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let message = NetlinkBuffer::new_checked(rest);
        rest = match &message {
            Ok(message) => {
                let length = (message.length() as usize).next_multiple_of(4);
                rest.get(length..).unwrap_or_default()
            }
            Err(_) => &[],
        };
        Some(message.map_err(Into::into))
    })
}

/// The negative errno that ends an answer, or a 0.
fn refusal(payload: &[u8]) -> io::Result<()> {
    match u32(payload).map_or(0, u32::cast_signed) {
        0 => Ok(()),
        errno => Err(io::Error::from_raw_os_error(-errno)),
    }
}

/// The attributes that follow a header, each its kind and value. What is no attribute ends them.
pub fn attributes(bytes: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    let all = NlasIterator::new(bytes).map_while(Result::ok);
    all.filter_map(|attribute| {
        let value = HEADER..usize::from(attribute.length());
        Some((attribute.kind(), attribute.into_inner().get(value)?))
    })
}

/// Length and kind of an attribute.
const HEADER: usize = 4;

/// A number in the machine's order at the beginning of a value.
pub fn u32(value: &[u8]) -> Option<u32> {
    value.first_chunk().copied().map(u32::from_ne_bytes)
}

/// An address, of the family that its length says.
pub fn address(value: &[u8]) -> Option<IpAddr> {
    match value.len() {
        4 => value.first_chunk::<4>().copied().map(IpAddr::from),
        16 => value.first_chunk::<16>().copied().map(IpAddr::from),
        _ => None,
    }
}

/// The bytes of a text, which the kernel ends with a zero.
pub fn text(value: &[u8]) -> String {
    let end = value.iter().position(|byte| *byte == 0);
    crate::text::clean(&value[..end.unwrap_or(value.len())])
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// An attribute as the kernel writes it.
    pub fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
        let mut bytes = ((value.len() + HEADER) as u16).to_ne_bytes().to_vec();
        bytes.extend(kind.to_ne_bytes());
        bytes.extend(value);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes
    }

    #[test]
    fn attributes_end_where_the_bytes_do() {
        let mut bytes = attribute(3, b"lo\0");
        bytes.extend(attribute(0x8004, &7_u32.to_ne_bytes()));
        bytes.extend([200, 0, 1, 0]);
        let all: Vec<_> = attributes(&bytes).collect();
        assert_eq!(all, [(3, &b"lo\0"[..]), (4, &7_u32.to_ne_bytes()[..])]);
        assert_eq!(text(all[0].1), "lo");
        assert_eq!(u32(all[1].1), Some(7));
        assert_eq!(
            attributes(&[3, 0, 1, 0]).next(),
            None,
            "shorter than its header"
        );
    }

    #[test]
    fn an_answer_ends_with_an_errno() {
        assert!(refusal(&0_i32.to_ne_bytes()).is_ok());
        let refused = refusal(&(-1_i32).to_ne_bytes()).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::PermissionDenied);
    }

    #[test]
    fn messages_of_one_datagram_come_apart() {
        let request = |header| Request {
            message: 18,
            header,
        };
        let mut datagram = spelt(&request(&[1; 4]), 1);
        datagram.extend(spelt(&request(&[2; 8]), 2));
        let payloads: Vec<Vec<u8>> = messages(&datagram)
            .map(|message| message.unwrap().payload().to_vec())
            .collect();
        assert_eq!(payloads, [vec![1; 4], vec![2; 8]]);
        let broken = messages(&datagram[..30]).nth(1).unwrap();
        assert!(broken.is_err(), "cut off");
    }
}
