//! The table of programs: one row for each.

use super::{
    ACCEPT, COOKIE_MAP, COOKIE_MAP_BY_RECORD, FILES, Hook, KPROBE, KRETPROBE, MEMORY, OPEN, Probe,
    SNAPSHOT, TCP, TRACEPOINT, UDP,
};

const fn probe(
    program: &'static str,
    hook: Hook,
    prototype: &'static str,
    capability: &'static str,
    rung: &'static str,
) -> Probe {
    Probe {
        program,
        hook,
        prototype,
        capability,
        rung,
        required: false,
        is_second: false,
    }
}

const fn required(probe: Probe) -> Probe {
    Probe {
        required: true,
        ..probe
    }
}

const fn second(probe: Probe) -> Probe {
    Probe {
        is_second: true,
        ..probe
    }
}

/// Every program. A capability's rungs stand together, the best first; the capabilities in the order of
/// attaching: what others rely on goes first, and the transitions last, so that from the first of them on
/// everything is in place.
pub const PROBES: &[Probe] = {
    use Hook::{
        BtfTracepoint, Cgroup, CgroupEgress, CgroupIngress, Entry, Exit, Iterator, KernelProbe,
        Return, Tracepoint,
    };
    &[
        probe(
            FILES,
            Iterator("task_file"),
            "task_file(meta, task, fd, file)",
            SNAPSHOT,
            "iter",
        ),
        probe(
            "snapshot_tcp",
            Iterator("tcp"),
            "tcp(meta, sk_common, uid)",
            SNAPSHOT,
            "iter",
        ),
        probe(
            "snapshot_waiting",
            Iterator("tcp"),
            "tcp(meta, sk_common, uid)",
            SNAPSHOT,
            "iter",
        ),
        probe(
            "snapshot_udp",
            Iterator("udp"),
            "udp(meta, udp_sk, uid, bucket)",
            SNAPSHOT,
            "iter",
        ),
        probe(
            "udp_create",
            Cgroup,
            "BPF_CGROUP_INET_SOCK_CREATE(bpf_sock)",
            UDP,
            "cgroup_skb",
        ),
        probe(
            "udp_bind4",
            Cgroup,
            "BPF_CGROUP_INET4_POST_BIND(bpf_sock)",
            UDP,
            "cgroup_skb",
        ),
        probe(
            "udp_bind6",
            Cgroup,
            "BPF_CGROUP_INET6_POST_BIND(bpf_sock)",
            UDP,
            "cgroup_skb",
        ),
        probe(
            "udp_connect4",
            Cgroup,
            "BPF_CGROUP_INET4_CONNECT(bpf_sock_addr)",
            UDP,
            "cgroup_skb",
        ),
        probe(
            "udp_connect6",
            Cgroup,
            "BPF_CGROUP_INET6_CONNECT(bpf_sock_addr)",
            UDP,
            "cgroup_skb",
        ),
        probe(
            "udp_send4",
            Cgroup,
            "BPF_CGROUP_UDP4_SENDMSG(bpf_sock_addr)",
            UDP,
            "cgroup_skb",
        ),
        probe(
            "udp_send6",
            Cgroup,
            "BPF_CGROUP_UDP6_SENDMSG(bpf_sock_addr)",
            UDP,
            "cgroup_skb",
        ),
        probe(
            "udp_receive4",
            Cgroup,
            "BPF_CGROUP_UDP4_RECVMSG(bpf_sock_addr)",
            UDP,
            "cgroup_skb",
        ),
        probe(
            "udp_receive6",
            Cgroup,
            "BPF_CGROUP_UDP6_RECVMSG(bpf_sock_addr)",
            UDP,
            "cgroup_skb",
        ),
        probe(
            "udp_release",
            Cgroup,
            "BPF_CGROUP_INET_SOCK_RELEASE(bpf_sock)",
            UDP,
            "cgroup_skb",
        ),
        probe(
            "udp_egress",
            CgroupEgress,
            "BPF_CGROUP_INET_EGRESS(__sk_buff)",
            UDP,
            "cgroup_skb",
        ),
        probe(
            "udp_ingress",
            CgroupIngress,
            "BPF_CGROUP_INET_INGRESS(__sk_buff)",
            UDP,
            "cgroup_skb",
        ),
        probe(
            "udp_out4",
            Entry("ip_send_skb"),
            "ip_send_skb(net, skb)",
            UDP,
            "fentry",
        ),
        probe(
            "udp_out6",
            Entry("ip6_send_skb"),
            "ip6_send_skb(skb)",
            UDP,
            "fentry",
        ),
        probe(
            "udp_in",
            Entry("skb_consume_udp"),
            "skb_consume_udp(sk, skb, len)",
            UDP,
            "fentry",
        ),
        probe(
            "udp_end4",
            Entry("udp_destroy_sock"),
            "udp_destroy_sock(sk)",
            UDP,
            "fentry",
        ),
        probe(
            "udp_end6",
            Entry("udpv6_destroy_sock"),
            "udpv6_destroy_sock(sk)",
            UDP,
            "fentry",
        ),
        probe(
            "udp_out4_kprobe",
            KernelProbe("ip_send_skb"),
            "ip_send_skb(net, skb)",
            UDP,
            KPROBE,
        ),
        probe(
            "udp_out6_kprobe",
            KernelProbe("ip6_send_skb"),
            "ip6_send_skb(skb)",
            UDP,
            KPROBE,
        ),
        probe(
            "udp_in_kprobe",
            KernelProbe("skb_consume_udp"),
            "skb_consume_udp(sk, skb, len)",
            UDP,
            KPROBE,
        ),
        probe(
            "udp_end4_kprobe",
            KernelProbe("udp_destroy_sock"),
            "udp_destroy_sock(sk)",
            UDP,
            KPROBE,
        ),
        probe(
            "udp_end6_kprobe",
            KernelProbe("udpv6_destroy_sock"),
            "udpv6_destroy_sock(sk)",
            UDP,
            KPROBE,
        ),
        probe(
            "accept_exit",
            Exit("inet_csk_accept"),
            "inet_csk_accept(sk, flags, err, kern) | inet_csk_accept(sk, arg)",
            ACCEPT,
            "fexit",
        ),
        probe(
            "accept_return",
            Return("inet_csk_accept"),
            "inet_csk_accept(sk, flags, err, kern) | inet_csk_accept(sk, arg)",
            ACCEPT,
            KRETPROBE,
        ),
        probe(
            "accept4",
            Cgroup,
            "BPF_CGROUP_INET4_GETPEERNAME(bpf_sock_addr)",
            ACCEPT,
            "cgroup_getpeername",
        ),
        probe(
            "accept6",
            Cgroup,
            "BPF_CGROUP_INET6_GETPEERNAME(bpf_sock_addr)",
            ACCEPT,
            "cgroup_getpeername",
        ),
        probe(
            "io_send",
            BtfTracepoint("sock_send_length"),
            "sock_send_length(sk, ret, flags)",
            "io",
            "tp_btf",
        ),
        second(probe(
            "io_send_again",
            BtfTracepoint("sock_send_length"),
            "sock_send_length(sk, ret, flags)",
            "io",
            "tp_btf",
        )),
        probe(
            "io_receive",
            BtfTracepoint("sock_recv_length"),
            "sock_recv_length(sk, ret, flags)",
            "io",
            "tp_btf",
        ),
        second(probe(
            "io_receive_again",
            BtfTracepoint("sock_recv_length"),
            "sock_recv_length(sk, ret, flags)",
            "io",
            "tp_btf",
        )),
        probe(
            "reset_received",
            BtfTracepoint("tcp_receive_reset"),
            "tcp_receive_reset(sk)",
            "reset",
            "tp_btf",
        ),
        probe(
            "reset_sent",
            BtfTracepoint("tcp_send_reset"),
            "tcp_send_reset(sk, skb) | tcp_send_reset(sk, skb, reason) | tcp_send_reset(sk, skb__nullable, reason)",
            "reset",
            "tp_btf",
        ),
        probe(
            "tcp_open",
            Cgroup,
            "BPF_CGROUP_SOCK_OPS(bpf_sock_ops)",
            OPEN,
            "sock_ops",
        ),
        required(probe(
            "tcp_forget",
            BtfTracepoint("tcp_destroy_sock"),
            "tcp_destroy_sock(sk)",
            MEMORY,
            COOKIE_MAP,
        )),
        required(probe(
            "tcp_forget_record",
            Tracepoint("tcp/tcp_destroy_sock"),
            "tcp_destroy_sock(sock_cookie)",
            MEMORY,
            COOKIE_MAP_BY_RECORD,
        )),
        required(probe(
            "tcp_state",
            BtfTracepoint("inet_sock_set_state"),
            "inet_sock_set_state(sk, oldstate, newstate)",
            TCP,
            "tp_btf",
        )),
        required(probe(
            "tcp_state_again",
            BtfTracepoint("inet_sock_set_state"),
            "inet_sock_set_state(sk, oldstate, newstate)",
            TCP,
            "tp_btf",
        )),
        required(probe(
            "tcp_tracepoint",
            Tracepoint("sock/inet_sock_set_state"),
            "inet_sock_set_state(skaddr, oldstate, newstate)",
            TCP,
            TRACEPOINT,
        )),
    ]
};
