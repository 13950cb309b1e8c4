//! Where this kernel keeps the fields that the programs read.

use crate::wire;

/// Declares a struct of byte offsets of kernel fields and, beside it, where each of them is looked
/// up: one row per field. The user side finds them there and writes them into the programs' read-only
/// data before they load, so that the verifier sees constants.
macro_rules! offsets {
    (
        $(#[$of:meta])* $name:ident: $row:ty;
        $($(#[$doc:meta])* $field:ident : $($place:literal)+,)*
    ) => {
        $(#[$of])*
        #[repr(C)]
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        #[cfg_attr(feature = "user", derive(bytemuck::Pod, bytemuck::Zeroable))]
        pub struct $name {
            $($(#[$doc])* pub $field: u32,)*
        }

        impl $name {
            /// Each field's row, which begins with its name, in the order of the fields.
            pub const FIELDS: &[$row] = &[$((stringify!($field), $($place),+),)*];
        }
        wire!($name, 4 * $name::FIELDS.len());
    };
}

/// A field, and in the kernel's BTF its struct and its path there; alternatives of a path that was renamed are
/// separated by `|`.
type InStruct = (&'static str, &'static str, &'static str);
/// A field, and in tracefs its tracepoint, its name there, and its bytes.
type InRecord = (&'static str, &'static str, &'static str, u32);

offsets! {
    /// What the tracer's programs read.
    Offsets: InStruct;
    skc_family: "sock_common" "skc_family",
    skc_state: "sock_common" "skc_state",
    skc_cookie: "sock_common" "skc_cookie",
    skc_daddr: "sock_common" "skc_daddr",
    skc_rcv_saddr: "sock_common" "skc_rcv_saddr",
    skc_v6_daddr: "sock_common" "skc_v6_daddr",
    skc_v6_rcv_saddr: "sock_common" "skc_v6_rcv_saddr",
    skc_dport: "sock_common" "skc_dport",
    skc_num: "sock_common" "skc_num",
    skc_net: "sock_common" "skc_net",
    net_inum: "net" "ns.inum",
    sk_protocol: "sock" "sk_protocol",
    sk_type: "sock" "sk_type",
    sk_err: "sock" "sk_err",
    sk_flags: "sock" "sk_flags|__sk_common.skc_flags",
    sk_socket: "sock" "sk_socket",
    /// The byte that holds the bit `sk_kern_sock`.
    sk_kern_sock: "sock" "sk_kern_sock",
    inet_sport: "inet_sock" "inet_sport",
    bytes_sent: "tcp_sock" "bytes_sent",
    bytes_retrans: "tcp_sock" "bytes_retrans",
    bytes_received: "tcp_sock" "bytes_received",
    srtt_us: "tcp_sock" "srtt_us",
    total_retrans: "tcp_sock" "total_retrans",
    skb_sk: "sk_buff" "sk",
    skb_head: "sk_buff" "head",
    skb_end: "sk_buff" "end",
    skb_network_header: "sk_buff" "network_header",
    skb_transport_header: "sk_buff" "transport_header",
    shinfo_gso_segs: "skb_shared_info" "gso_segs",
    tw_substate: "inet_timewait_sock" "tw_substate",
    socket_sk: "socket" "sk",
    task_flags: "task_struct" "flags",
    task_tgid: "task_struct" "tgid",
    task_comm: "task_struct" "comm",
    task_real_parent: "task_struct" "real_parent",
    task_group_leader: "task_struct" "group_leader",
    task_start_boottime: "task_struct" "start_boottime|real_start_time",
    task_self_exec_id: "task_struct" "self_exec_id",
    task_cred: "task_struct" "cred",
    cred_uid: "cred" "uid",
    task_mm: "task_struct" "mm",
    mm_exe_file: "mm_struct" "exe_file",
    file_path_mnt: "file" "f_path.mnt",
    file_path_dentry: "file" "f_path.dentry",
    dentry_parent: "dentry" "d_parent",
    dentry_name: "dentry" "d_name.name|__d_name.name",
    mount_mnt: "mount" "mnt",
    mount_parent: "mount" "mnt_parent",
    mount_mountpoint: "mount" "mnt_mountpoint",
    vfsmount_root: "vfsmount" "mnt_root",
    task_cgroups: "task_struct" "cgroups",
    css_set_dfl_cgrp: "css_set" "dfl_cgrp",
    cgroup_kn: "cgroup" "kn",
    kernfs_name: "kernfs_node" "name",
    kernfs_parent: "kernfs_node" "__parent|parent",
}

offsets! {
    /// What the reading of holders reads.
    HolderOffsets: InStruct;
    socket_sk: "socket" "sk",
    skc_family: "sock_common" "skc_family",
    task_tgid: "task_struct" "tgid",
    task_comm: "task_struct" "comm",
    task_group_leader: "task_struct" "group_leader",
}

offsets! {
    /// Where the records of classic tracepoints keep their fields: from their format files, as kernels differ
    /// in what stands before them.
    RecordOffsets: InRecord;
    /// The socket's address.
    state_skaddr: "sock/inet_sock_set_state" "skaddr" 8,
    state_old: "sock/inet_sock_set_state" "oldstate" 4,
    state_new: "sock/inet_sock_set_state" "newstate" 4,
    destroy_cookie: "tcp/tcp_destroy_sock" "sock_cookie" 8,
}

impl HolderOffsets {
    /// What stands in the program for the first of the offsets; the next number for the next.
    pub const PLACEHOLDER: u32 = 0x6e77_0000;
}
