//! IPv6, and UDP over it.

use super::{Sentence, always, nonzero};

/// `Ip6…` of `/proc/net/snmp6`.
pub const IP6: &[Sentence] = &[
    nonzero("Ip6FragCreates", "{} fragments created"),
    nonzero("Ip6FragFails", "{} outgoing packets failed fragmentation"),
    nonzero("Ip6FragOKs", "{} outgoing packets fragmented ok"),
    nonzero("Ip6InAddrErrors", "{} with invalid addresses"),
    always("Ip6InDelivers", "{} incoming packets delivered"),
    always("Ip6InDiscards", "{} incoming packets discarded"),
    nonzero("Ip6InHdrErrors", "{} with invalid headers"),
    nonzero("Ip6InMcastPkts", "{} incoming multicast packets"),
    nonzero("Ip6InNoRoutes", "{} incoming packets with no route"),
    always("Ip6InReceives", "{} total packets received"),
    nonzero("Ip6InTooBigErrors", "{} with packets too big"),
    nonzero("Ip6InTruncatedPkts", "{} with truncated packets"),
    nonzero("Ip6InUnknownProtos", "{} with unknown protocol"),
    nonzero("Ip6OutDiscards", "{} outgoing packets dropped"),
    always("Ip6OutForwDatagrams", "{} forwarded"),
    nonzero("Ip6OutMcastPkts", "{} outgoing multicast packets"),
    nonzero("Ip6OutNoRoutes", "{} dropped because of missing route"),
    always("Ip6OutRequests", "{} requests sent out"),
    nonzero("Ip6ReasmFails", "{} packet reassemblies failed"),
    nonzero("Ip6ReasmOKs", "{} packets reassembled ok"),
    nonzero("Ip6ReasmReqds", "{} reassemblies required"),
    nonzero("Ip6ReasmTimeout", "{} fragments dropped after timeout"),
];

/// `Udp6…` of `/proc/net/snmp6`.
pub const UDP6: &[Sentence] = &[
    always("Udp6InDatagrams", "{} packets received"),
    always("Udp6InErrors", "{} packet receive errors"),
    always("Udp6NoPorts", "{} packets to unknown port received"),
    always("Udp6OutDatagrams", "{} packets sent"),
];
