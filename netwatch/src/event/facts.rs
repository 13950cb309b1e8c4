//! What may be known of a socket beside what it is.

use std::{sync::Arc, time::Duration};

/// Figures and properties of a socket at one moment. A part that is unknown is None.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Who made the socket. From `sk_uid`.
    pub uid: Option<u32>,
    /// Inode number in sockfs; None where no descriptor holds the socket. From `sk_socket`.
    pub inode: Option<u32>,
    /// Since the connection, or flow, began.
    pub age: Option<Duration>,
    /// Smoothed round-trip time. From `tcp_sock.srtt_us`.
    pub rtt: Option<Duration>,
    /// Payload in bytes, each once. From `tcp_sock.bytes_sent - bytes_retrans`.
    pub bytes_sent: Option<u64>,
    /// Payload in bytes. From `tcp_sock.bytes_received`.
    pub bytes_received: Option<u64>,
    /// From `sk_mark`.
    pub mark: Option<u32>,
    /// Index of the interface that the socket is bound to; 0 for none. From `skc_bound_dev_if`.
    pub interface: Option<u32>,
    /// Path of the socket's own cgroup in the unified hierarchy. From `sk_cgrp_data`.
    pub cgroup: Option<Arc<str>>,
}
