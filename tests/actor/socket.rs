//! What TCP and UDP sockets have in common.
//!
//! Descriptors stay open across an exec, and an answer never asks for the peer's name: that would
//! be a use of the socket.

use std::{
    net::SocketAddr,
    os::fd::{AsFd, AsRawFd, IntoRawFd, OwnedFd},
    time::Duration,
};

use rustix::{
    io::{Errno, ioctl_fionbio},
    net::{self, AddressFamily, Shutdown, SocketType, sockopt},
};

use crate::{
    datagram::set_offload,
    words::{Reply, Words},
};

/// `socket tcp4|tcp6|udp4|udp6|mptcp4` → descriptor, cookie.
pub fn socket(words: &mut Words<'_>) -> Reply {
    let kind: String = words.take("a kind of socket");
    let (family, r#type, protocol) = match kind.as_str() {
        "tcp4" => (AddressFamily::INET, SocketType::STREAM, None),
        "tcp6" => (AddressFamily::INET6, SocketType::STREAM, None),
        "udp4" => (AddressFamily::INET, SocketType::DGRAM, None),
        "udp6" => (AddressFamily::INET6, SocketType::DGRAM, None),
        "mptcp4" => (
            AddressFamily::INET,
            SocketType::STREAM,
            Some(net::ipproto::MPTCP),
        ),
        _ => panic!("{kind} is no kind of socket"),
    };
    keep(net::socket(family, r#type, protocol)?)
}

/// `peer FD` → its peer's address.
pub fn peer(words: &mut Words<'_>) -> Reply {
    let peer = net::getpeername(words.fd())?.ok_or(Errno::NOTCONN)?;
    Ok(SocketAddr::try_from(peer)?.to_string())
}

/// Leaves the descriptor open, and tells its number and cookie.
pub fn keep(socket: OwnedFd) -> Reply {
    let cookie = sockopt::socket_cookie(&socket)?;
    Ok(format!("{} {cookie}", socket.into_raw_fd()))
}

/// The socket's own address.
pub fn local(socket: impl AsFd) -> Result<SocketAddr, Errno> {
    SocketAddr::try_from(net::getsockname(socket)?)
}

/// `set FD OPTION VALUE`
pub fn set(words: &mut Words<'_>) -> Reply {
    let fd = words.fd();
    let option: String = words.take("an option");
    let value: u32 = words.take("a value");
    match option.as_str() {
        "reuseport" => sockopt::set_socket_reuseport(fd, value != 0)?,
        "v6only" => sockopt::set_ipv6_v6only(fd, value != 0)?,
        "nonblock" => ioctl_fionbio(fd, value != 0)?,
        "linger" => sockopt::set_socket_linger(fd, Some(Duration::from_secs(value.into())))?,
        "gro" => set_offload(fd, libc::UDP_GRO, value as libc::c_int)?,
        "user-timeout" => sockopt::set_tcp_user_timeout(fd, value)?,
        _ => panic!("there is no option {option}"),
    }
    Ok(String::new())
}

/// `bind FD ADDRESS` → the socket's address.
pub fn bind(words: &mut Words<'_>) -> Reply {
    let (fd, address) = (words.fd(), words.take::<SocketAddr>("an address"));
    net::bind(fd, &address)?;
    Ok(local(fd)?.to_string())
}

/// `listen FD BACKLOG` → the socket's address.
pub fn listen(words: &mut Words<'_>) -> Reply {
    let (fd, backlog) = (words.fd(), words.take("a backlog"));
    net::listen(fd, backlog)?;
    Ok(local(fd)?.to_string())
}

/// `connect FD ADDRESS` → the socket's address.
pub fn connect(words: &mut Words<'_>) -> Reply {
    let (fd, address) = (words.fd(), words.take::<SocketAddr>("an address"));
    net::connect(fd, &address)?;
    Ok(local(fd)?.to_string())
}

/// `disconnect FD`: connects to no address.
pub fn disconnect(words: &mut Words<'_>) -> Reply {
    net::connect_unspec(words.fd())?;
    Ok(String::new())
}

/// `accept FD`, asking for the peer's address → descriptor, cookie, own address, peer's address.
pub fn accept(words: &mut Words<'_>) -> Reply {
    let (socket, peer) = net::acceptfrom(words.fd())?;
    let peer = SocketAddr::try_from(peer.expect("a peer has an address"))?;
    let local = local(&socket)?;
    Ok(format!("{} {local} {peer}", keep(socket)?))
}

/// `accept-unnamed FD`, not asking for the peer's address → descriptor, cookie, own address.
pub fn accept_unnamed(words: &mut Words<'_>) -> Reply {
    let socket = net::accept(words.fd())?;
    let local = local(&socket)?;
    Ok(format!("{} {local}", keep(socket)?))
}

/// `shutdown FD`, of the sending direction.
pub fn shutdown(words: &mut Words<'_>) -> Reply {
    net::shutdown(words.fd(), Shutdown::Write)?;
    Ok(String::new())
}

/// `close FD`
pub fn close(words: &mut Words<'_>) -> Reply {
    // SAFETY: commands name descriptors that were answered with and are not used after this.
    unsafe { rustix::io::close(words.fd().as_raw_fd()) };
    Ok(String::new())
}
