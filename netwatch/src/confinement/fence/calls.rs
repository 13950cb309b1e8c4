//! What the fence lets through.

use aya_obj::generated::bpf_cmd;
use libc::{
    CLONE_NEWCGROUP, CLONE_NEWIPC, CLONE_NEWNET, CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWUSER,
    CLONE_NEWUTS, CLONE_THREAD, O_ACCMODE, O_CREAT, O_RDONLY, O_TRUNC, PROT_EXEC,
};

/// A system call, or where it has several rows, one way to make it.
pub struct Call {
    pub number: libc::c_long,
    /// Only where all of these hold.
    pub only: &'static [Argument],
}

/// What the lower half of an argument must be.
pub struct Argument {
    /// From 0.
    pub place: u8,
    /// The bits that are looked at.
    pub mask: u64,
    pub value: u64,
}

const fn any(number: libc::c_long) -> Call {
    Call { number, only: &[] }
}

const fn only(number: libc::c_long, only: &'static [Argument]) -> Call {
    Call { number, only }
}

const fn is(place: u8, value: i32) -> Argument {
    Argument {
        place,
        mask: u32::MAX as u64,
        value: value as u32 as u64,
    }
}

const fn bits(place: u8, mask: i32, value: i32) -> Argument {
    Argument {
        place,
        mask: mask as u32 as u64,
        value: value as u32 as u64,
    }
}

const fn bpf(command: bpf_cmd) -> [Argument; 1] {
    [is(0, command as i32)]
}

/// Threads, which share everything and are in the same namespaces.
const THREAD: &[Argument] = &[bits(
    0,
    CLONE_THREAD
        | CLONE_NEWCGROUP
        | CLONE_NEWIPC
        | CLONE_NEWNET
        | CLONE_NEWNS
        | CLONE_NEWPID
        | CLONE_NEWUSER
        | CLONE_NEWUTS,
    CLONE_THREAD,
)];

/// One row for each call; for each way to make it, where only some are let through.
pub const CALLS: &[Call] = &[
    // Maps and iterators that are there. No program is loaded any more.
    only(libc::SYS_bpf, &bpf(bpf_cmd::BPF_MAP_LOOKUP_ELEM)),
    only(libc::SYS_bpf, &bpf(bpf_cmd::BPF_MAP_UPDATE_ELEM)),
    only(libc::SYS_bpf, &bpf(bpf_cmd::BPF_MAP_DELETE_ELEM)),
    only(libc::SYS_bpf, &bpf(bpf_cmd::BPF_MAP_GET_NEXT_KEY)),
    only(libc::SYS_bpf, &bpf(bpf_cmd::BPF_OBJ_GET_INFO_BY_FD)),
    only(libc::SYS_bpf, &bpf(bpf_cmd::BPF_LINK_CREATE)),
    only(libc::SYS_bpf, &bpf(bpf_cmd::BPF_ITER_CREATE)),
    // The network namespaces of others, and sock_diag there.
    only(libc::SYS_setns, &[is(1, CLONE_NEWNET)]),
    only(
        libc::SYS_socket,
        &[is(0, libc::AF_NETLINK), is(2, libc::NETLINK_SOCK_DIAG)],
    ),
    any(libc::SYS_bind),
    any(libc::SYS_getsockname),
    any(libc::SYS_sendto),
    any(libc::SYS_sendmsg),
    any(libc::SYS_recvfrom),
    any(libc::SYS_recvmsg),
    any(libc::SYS_setsockopt),
    any(libc::SYS_getsockopt),
    // Files: none is opened to be written, made or removed.
    only(
        libc::SYS_openat,
        &[bits(2, O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY)],
    ),
    any(libc::SYS_close),
    any(libc::SYS_read),
    any(libc::SYS_readv),
    any(libc::SYS_pread64),
    any(libc::SYS_write),
    any(libc::SYS_writev),
    any(libc::SYS_lseek),
    any(libc::SYS_fstat),
    any(libc::SYS_newfstatat),
    any(libc::SYS_statx),
    any(libc::SYS_getdents64),
    any(libc::SYS_readlinkat),
    any(libc::SYS_fcntl),
    any(libc::SYS_dup),
    any(libc::SYS_getcwd),
    // Of a terminal, what it is and how wide.
    only(libc::SYS_ioctl, &[is(1, libc::TCGETS as i32)]),
    only(libc::SYS_ioctl, &[is(1, libc::TIOCGWINSZ as i32)]),
    // Waiting.
    any(libc::SYS_ppoll),
    any(libc::SYS_epoll_pwait),
    any(libc::SYS_epoll_ctl),
    any(libc::SYS_futex),
    any(libc::SYS_clock_gettime),
    any(libc::SYS_clock_nanosleep),
    any(libc::SYS_nanosleep),
    any(libc::SYS_sched_yield),
    any(libc::SYS_restart_syscall),
    // Memory, none of it executable.
    any(libc::SYS_brk),
    any(libc::SYS_madvise),
    only(libc::SYS_mmap, &[bits(2, PROT_EXEC, 0)]),
    only(libc::SYS_mprotect, &[bits(2, PROT_EXEC, 0)]),
    any(libc::SYS_mremap),
    any(libc::SYS_munmap),
    // Threads, signals, and what a thread asks about itself.
    only(libc::SYS_clone, THREAD),
    any(libc::SYS_rseq),
    any(libc::SYS_set_robust_list),
    any(libc::SYS_sched_getaffinity),
    any(libc::SYS_sigaltstack),
    any(libc::SYS_rt_sigaction),
    any(libc::SYS_rt_sigprocmask),
    any(libc::SYS_rt_sigreturn),
    only(libc::SYS_prctl, &[is(0, libc::PR_SET_NAME)]),
    only(libc::SYS_getpriority, &OWN_PRIORITY),
    only(libc::SYS_setpriority, &OWN_PRIORITY),
    only(libc::SYS_prlimit64, &[is(0, 0)]),
    any(libc::SYS_uname),
    any(libc::SYS_getpid),
    any(libc::SYS_gettid),
    any(libc::SYS_getrandom),
    any(libc::SYS_exit),
    any(libc::SYS_exit_group),
    // What only older architectures have beside their successors.
    #[cfg(target_arch = "x86_64")]
    any(libc::SYS_poll),
    #[cfg(target_arch = "x86_64")]
    any(libc::SYS_epoll_wait),
    #[cfg(target_arch = "x86_64")]
    any(libc::SYS_readlink),
    #[cfg(target_arch = "x86_64")]
    any(libc::SYS_stat),
];

const OWN_PRIORITY: [Argument; 2] = [is(0, libc::PRIO_PROCESS as i32), is(1, 0)];
