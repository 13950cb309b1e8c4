//! Network interfaces, by the ioctls that need no other program: `lo`, and TUN devices.

use std::{
    fs::{File, OpenOptions},
    io::{Error, Result},
    mem::zeroed,
    net::Ipv4Addr,
    os::fd::AsRawFd,
};

use rustix::{
    fd::OwnedFd,
    net::{AddressFamily, SocketFlags, SocketType, socket_with},
};

/// Brings an interface of the thread's namespace up.
pub fn up(name: &str) -> Result<()> {
    let mut request = request(name);
    control(libc::SIOCGIFFLAGS, &mut request)?;
    // SAFETY: the kernel has just filled in the flags.
    unsafe { request.ifr_ifru.ifru_flags |= libc::IFF_UP as libc::c_short };
    control(libc::SIOCSIFFLAGS, &mut request)
}

/// Makes a TUN device with an address in a /24 and brings it up: what is written to the file
/// arrives at the namespace, and what the namespace sends through it is read from the file.
pub fn tun(name: &str, address: Ipv4Addr) -> Result<File> {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .open("/dev/net/tun")?;
    let mut device = request(name);
    device.ifr_ifru.ifru_flags = (libc::IFF_TUN | libc::IFF_NO_PI) as libc::c_short;
    // SAFETY: TUNSETIFF takes an ifreq.
    checked(unsafe { libc::ioctl(file.as_raw_fd(), libc::TUNSETIFF, &raw mut device) })?;
    set_address(name, libc::SIOCSIFADDR, address)?;
    set_address(name, libc::SIOCSIFNETMASK, Ipv4Addr::new(255, 255, 255, 0))?;
    up(name)?;
    Ok(file)
}

/// Sends a frame of a protocol that nobody takes (0x88b5, for experiments), so that the other end drops it.
pub fn send_stray(name: &str) -> Result<()> {
    const PROTOCOL: u16 = 0x88b5_u16.to_be();
    let any = unshared(AddressFamily::PACKET)?;
    // SAFETY: zero is a valid value of every field.
    let mut to: libc::sockaddr_ll = unsafe { zeroed() };
    to.sll_family = libc::AF_PACKET as u16;
    to.sll_protocol = PROTOCOL;
    to.sll_ifindex = rustix::net::netdevice::name_to_index(&any, name)? as i32;
    to.sll_halen = 6;
    to.sll_addr[..6].fill(0xff);
    let frame = [0_u8; 64];
    // SAFETY: the frame and the address, with their sizes.
    let sent = unsafe {
        libc::sendto(
            any.as_raw_fd(),
            frame.as_ptr().cast(),
            frame.len(),
            0,
            (&raw const to).cast(),
            size_of_val(&to) as libc::socklen_t,
        )
    };
    checked(sent as libc::c_int)
}

fn set_address(name: &str, what: libc::Ioctl, address: Ipv4Addr) -> Result<()> {
    let mut request = request(name);
    // SAFETY: zero is a valid value of every field.
    let mut inet: libc::sockaddr_in = unsafe { zeroed() };
    inet.sin_family = libc::AF_INET as libc::sa_family_t;
    inet.sin_addr.s_addr = u32::from_ne_bytes(address.octets());
    // SAFETY: a sockaddr_in is as large as a sockaddr, and made to be read as one.
    request.ifr_ifru.ifru_addr =
        unsafe { std::mem::transmute::<libc::sockaddr_in, libc::sockaddr>(inet) };
    control(what, &mut request)
}

fn request(name: &str) -> libc::ifreq {
    // SAFETY: zero is a valid value of every field.
    let mut request: libc::ifreq = unsafe { zeroed() };
    for (to, from) in request.ifr_name.iter_mut().zip(name.bytes()) {
        *to = from as libc::c_char;
    }
    request
}

/// A datagram socket that no process started beside this inherits.
fn unshared(family: AddressFamily) -> Result<OwnedFd> {
    Ok(socket_with(
        family,
        SocketType::DGRAM,
        SocketFlags::CLOEXEC,
        None,
    )?)
}

fn control(what: libc::Ioctl, request: &mut libc::ifreq) -> Result<()> {
    let any = unshared(AddressFamily::INET)?;
    // SAFETY: the requests used here take an ifreq.
    checked(unsafe { libc::ioctl(any.as_raw_fd(), what, &raw mut *request) })
}

fn checked(outcome: libc::c_int) -> Result<()> {
    if outcome < 0 {
        Err(Error::last_os_error())
    } else {
        Ok(())
    }
}
