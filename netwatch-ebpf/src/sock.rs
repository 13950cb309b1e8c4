//! Reading kernel structs: nothing outside this file and its child does it.
//!
//! A field's place comes from [`OFFSETS`], which the verifier sees as a constant. Fields of
//! pointers that the kernel vouches for are loaded directly, which costs one instruction and is
//! checked against the kernel's BTF; everything else goes through `bpf_probe_read_kernel`.

mod skb;
mod task;

use core::{ffi::c_void, mem::MaybeUninit, ptr};

use aya_ebpf::{
    bindings::BPF_SK_STORAGE_GET_F_CREATE,
    helpers::{
        bpf_get_socket_cookie, bpf_probe_read_kernel, bpf_sk_storage_get, bpf_skc_to_tcp_sock,
        generated::bpf_probe_read_kernel as bpf_probe_read_kernel_raw,
    },
};
use netwatch_common::{SocketMemory, TcpStats, Tuple};

use crate::maps::{BY_COOKIE, KERN_SOCK_MASK, SOCKETS, global, memory_by_cookie};
pub use crate::read::load;
pub use skb::Skb;
pub use task::Task;

pub const AF_INET: u8 = 2;
pub const AF_INET6: u8 = 10;
pub const IPPROTO_TCP: u8 = 6;
pub const IPPROTO_UDP: u8 = 17;

/// `SOCK_DGRAM` of `enum sock_type`.
const SOCK_DGRAM: u16 = 2;
/// `SOCK_DONE` of `enum sock_flags`.
const SOCK_DONE: u64 = 1 << 1;

/// The offset of a field, by its name in [`netwatch_common::Offsets`].
macro_rules! at {
    ($field:ident) => {
        crate::maps::global(&crate::maps::OFFSETS.$field) as usize
    };
}
pub(crate) use at;

/// Copies a field out of any kernel memory; zeroed where it can't be read.
#[inline(always)]
pub fn copy<T: Copy + Default>(base: *const c_void, offset: usize) -> T {
    // SAFETY: the helper checks the address and fails where it can't be read.
    unsafe { bpf_probe_read_kernel(base.wrapping_byte_add(offset).cast::<T>()) }.unwrap_or_default()
}

/// The same, in place.
#[inline(always)]
pub fn copy_into<T>(to: &mut T, base: *const c_void, offset: usize) {
    // SAFETY: writes a `T`, whole or zeroed; the helper checks the address.
    unsafe {
        bpf_probe_read_kernel_raw(
            ptr::from_mut(to).cast(),
            size_of::<T>() as u32,
            base.wrapping_byte_add(offset).cast_mut(),
        );
    }
}

/// Follows a pointer in kernel memory; null where it can't be read.
#[inline(always)]
pub fn follow(base: *const c_void, offset: usize) -> *const c_void {
    copy::<usize>(base, offset) as *const c_void
}

/// Loads a field of a struct that the verifier knows (`typed`), or copies it; zeroed where it can't be read.
///
/// # Safety
///
/// `offset` is that of a `T`, which may have any bytes.
#[inline(always)]
unsafe fn get<T: Copy>(base: *const c_void, offset: usize, typed: bool) -> T {
    if typed {
        // SAFETY: the caller's promise, and what `typed` says.
        return unsafe { load(base, offset) };
    }
    let mut value = MaybeUninit::<T>::zeroed();
    copy_into(&mut value, base, offset);
    // SAFETY: zeroed, and perhaps written.
    unsafe { value.assume_init() }
}

/// The address alone. The verifier allows no arithmetic on some kinds of typed pointers; what a helper
/// copied is a number to it.
#[inline(always)]
pub fn bare(pointer: *const c_void) -> *const c_void {
    follow((&raw const pointer).cast(), 0)
}

/// A `struct sock`.
#[derive(Clone, Copy)]
pub struct Sock {
    pub sk: *const c_void,
    /// The verifier knows it as such. Otherwise it is an address, and all is copied through the helper.
    typed: bool,
}

impl Sock {
    #[inline(always)]
    pub fn typed(sk: *const c_void) -> Self {
        Self { sk, typed: true }
    }

    /// Of a program that gets no more than an address.
    #[inline(always)]
    pub fn at_address(sk: *const c_void) -> Self {
        Self { sk, typed: false }
    }

    /// # Safety
    ///
    /// `offset` is that of a `T`, which may have any bytes, in what the socket begins.
    #[inline(always)]
    unsafe fn get<T: Copy>(self, offset: usize) -> T {
        // SAFETY: the caller's promise.
        unsafe { get(self.sk, offset, self.typed) }
    }

    #[inline(always)]
    pub fn protocol(self) -> u8 {
        // SAFETY: a `struct sock`. MPTCP's number, 262, doesn't fit and must not look like TCP.
        let protocol: u16 = unsafe { self.get(at!(sk_protocol)) };
        if protocol > 255 { 0 } else { protocol as u8 }
    }

    #[inline(always)]
    pub fn family(self) -> u8 {
        // SAFETY: a `struct sock`.
        let family: u16 = unsafe { self.get(at!(skc_family)) };
        family as u8
    }

    #[inline(always)]
    pub fn is_inet(self) -> bool {
        let family = self.family();
        family == AF_INET || family == AF_INET6
    }

    #[inline(always)]
    pub fn is_datagram(self) -> bool {
        // SAFETY: a `struct sock`.
        let kind: u16 = unsafe { self.get(at!(sk_type)) };
        kind == SOCK_DGRAM
    }

    #[inline(always)]
    pub fn state(self) -> u8 {
        // SAFETY: a `struct sock`.
        unsafe { self.get(at!(skc_state)) }
    }

    #[inline(always)]
    pub fn error(self) -> u16 {
        // SAFETY: a `struct sock`.
        let err: i32 = unsafe { self.get(at!(sk_err)) };
        err as u16
    }

    /// The peer's FIN arrived.
    #[inline(always)]
    pub fn fin_received(self) -> bool {
        // SAFETY: a `struct sock`.
        let flags: u64 = unsafe { self.get(at!(sk_flags)) };
        flags & SOCK_DONE != 0
    }

    /// The socket is the kernel's own. Not so the subflows of MPTCP: the kernel made them as its own
    /// too, but their `struct socket` is that of the process's MPTCP socket (`mptcp_sock_graft`).
    #[inline(always)]
    pub fn is_kernel(self) -> bool {
        // SAFETY: a `struct sock`; the byte that holds the bit.
        let byte: u8 = unsafe { self.get(at!(sk_kern_sock)) };
        if u32::from(byte) & global(&KERN_SOCK_MASK) == 0 {
            return false;
        }
        // SAFETY: a `struct sock`.
        let socket: *const c_void = unsafe { self.get(at!(sk_socket)) };
        let holder = follow(socket, at!(socket_sk));
        socket.is_null() || holder.addr() == self.sk.addr()
    }

    /// Generated on first use. Never asked of a connection before its handshake's last ACK: the
    /// kernel writes the request's cookie over it then (`inet_csk_clone_lock`). By cookie, and of an
    /// address, 0 where no other program has asked for it.
    #[inline(always)]
    pub fn cookie(self) -> u64 {
        if !self.typed || global(&BY_COOKIE) != 0 {
            // SAFETY: a `struct sock`.
            return unsafe { self.get(at!(skc_cookie)) };
        }
        // SAFETY: a `struct sock`. The helper is there in tracing programs since 5.12.
        unsafe { bpf_get_socket_cookie(self.sk.cast_mut()) }
    }

    /// What is remembered of it.
    #[inline(always)]
    pub fn memory(self) -> Option<&'static mut SocketMemory> {
        self.memory_with(0)
    }

    /// The same, made and zeroed where there was none; None where the kernel has no memory for it.
    #[inline(always)]
    pub fn memory_or_new(self) -> Option<&'static mut SocketMemory> {
        self.memory_with(CREATE)
    }

    #[inline(always)]
    fn memory_with(self, flags: u64) -> Option<&'static mut SocketMemory> {
        if self.typed {
            memory_of(self.sk, || self.cookie(), flags)
        } else {
            memory_by_cookie(self.cookie(), flags == CREATE)
        }
    }

    /// The `struct tcp_sock` that it begins.
    #[inline(always)]
    pub fn tcp(self) -> Option<Tcp> {
        if !self.typed {
            return Some(Tcp(self));
        }
        // SAFETY: a `struct sock`. The helper checks that it is a full TCP socket.
        let tcp = unsafe { bpf_skc_to_tcp_sock(self.sk.cast_mut()) };
        if tcp.is_null() {
            None
        } else {
            Some(Tcp(Self::typed(tcp.cast())))
        }
    }

    #[inline(always)]
    pub fn netns(self) -> u32 {
        // SAFETY: a field of a `struct sock_common`, and of its `struct net`.
        unsafe {
            let net: *const c_void = self.get(at!(skc_net));
            get(net, at!(net_inum), self.typed)
        }
    }

    #[inline(always)]
    pub fn remote_port(self) -> u16 {
        // SAFETY: a field of a `struct sock_common`.
        u16::from_be(unsafe { self.get(at!(skc_dport)) })
    }

    /// The address that it is bound to.
    #[inline(always)]
    pub fn local_addr(self) -> [u8; 16] {
        self.addr(at!(skc_v6_rcv_saddr), at!(skc_rcv_saddr))
    }

    #[inline(always)]
    pub fn remote_addr(self) -> [u8; 16] {
        self.addr(at!(skc_v6_daddr), at!(skc_daddr))
    }

    #[inline(always)]
    fn addr(self, v6: usize, v4: usize) -> [u8; 16] {
        if self.family() == AF_INET6 {
            copy(self.sk, v6)
        } else {
            // SAFETY: a field of a `struct sock_common`.
            mapped(unsafe { self.get(v4) })
        }
    }

    /// Addresses, network namespace and remote port: what is in the part that every kind of socket
    /// shares. The local port is that of the port table, 0 once the socket has left it.
    #[inline(always)]
    pub fn tuple_into(self, tuple: &mut Tuple, protocol: u8) {
        tuple.family = self.family();
        tuple.protocol = protocol;
        tuple._pad = [0; 6];
        if tuple.family == AF_INET6 {
            copy_into(&mut tuple.local, self.sk, at!(skc_v6_rcv_saddr));
            copy_into(&mut tuple.remote, self.sk, at!(skc_v6_daddr));
        } else {
            // SAFETY: fields of a `struct sock_common`.
            unsafe {
                tuple.local = mapped(self.get(at!(skc_rcv_saddr)));
                tuple.remote = mapped(self.get(at!(skc_daddr)));
            }
        }
        // SAFETY: a field of a `struct sock_common`.
        tuple.local_port = unsafe { self.get(at!(skc_num)) };
        tuple.remote_port = self.remote_port();
        tuple.netns = self.netns();
    }
}

/// A `struct tcp_sock`.
#[derive(Clone, Copy)]
pub struct Tcp(Sock);

impl Tcp {
    /// The `struct sock` at its start.
    #[inline(always)]
    pub fn sock(self) -> Sock {
        self.0
    }

    /// From `inet_sport`, which stays when the port table forgets the socket at its close.
    #[inline(always)]
    pub fn local_port(self) -> u16 {
        // SAFETY: a `struct tcp_sock` begins with a `struct inet_sock`.
        u16::from_be(unsafe { self.0.get(at!(inet_sport)) })
    }

    #[inline(always)]
    pub fn stats(self) -> TcpStats {
        // SAFETY: fields of a `struct tcp_sock`.
        unsafe {
            TcpStats {
                bytes_sent: self.0.get(at!(bytes_sent)),
                bytes_retrans: self.0.get(at!(bytes_retrans)),
                bytes_received: self.0.get(at!(bytes_received)),
                srtt_us8: self.0.get(at!(srtt_us)),
                total_retrans: self.0.get(at!(total_retrans)),
            }
        }
    }
}

/// Makes a memory where there is none.
pub const CREATE: u64 = BPF_SK_STORAGE_GET_F_CREATE as u64;

/// What is remembered of a socket that is given by any pointer the helper takes; its cookie is only
/// asked for where that is the way.
#[inline(always)]
pub fn memory_of(
    sk: *const c_void,
    cookie: impl FnOnce() -> u64,
    flags: u64,
) -> Option<&'static mut SocketMemory> {
    if global(&BY_COOKIE) != 0 {
        return memory_by_cookie(cookie(), flags == CREATE);
    }
    let map = (&raw const SOCKETS).cast_mut().cast();
    // SAFETY: the map's values are `SocketMemory`, zeroed when made, valid while the program runs.
    unsafe {
        bpf_sk_storage_get(map, sk.cast_mut(), ptr::null_mut(), flags)
            .cast::<SocketMemory>()
            .as_mut()
    }
}

/// The network namespace of a socket whose type the verifier converts, so that nothing but its
/// beginning can be copied: `skc_net` lies in the first 64 bytes on every kernel since 4.x.
#[inline(always)]
pub fn netns_of(sk: *const c_void) -> u32 {
    let start: [u64; 8] = copy(sk, 0);
    let slot = at!(skc_net) / 8;
    match start.get(slot) {
        Some(&net) => copy(net as *const c_void, at!(net_inum)),
        None => 0,
    }
}

/// An IPv4 address, in network byte order, as IPv4-mapped IPv6.
#[inline(always)]
pub fn mapped(addr: u32) -> [u8; 16] {
    let [a, b, c, d] = addr.to_ne_bytes();
    [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d]
}
