//! What else is counted of TCP.

use super::{Sentence, always, nonzero};

/// `TcpExt` of `/proc/net/netstat`, today's counters and those of older kernels.
pub const TCP_EXT: &[Sentence] = &[
    nonzero(
        "DelayedACKLocked",
        "{} delayed acks further delayed because of locked socket",
    ),
    nonzero("DelayedACKLost", "Quick ack mode was activated {} times"),
    nonzero("DelayedACKs", "{} delayed acks sent"),
    nonzero(
        "EmbryonicRsts",
        "{} resets received for embryonic SYN_RECV sockets",
    ),
    nonzero("ListenDrops", "{} SYNs to LISTEN sockets dropped"),
    nonzero(
        "ListenOverflows",
        "{} times the listen queue of a socket overflowed",
    ),
    nonzero(
        "LockDroppedIcmps",
        "{} ICMP packets dropped because socket was locked",
    ),
    nonzero(
        "OfoPruned",
        "{} packets dropped from out-of-order queue because of socket buffer overrun",
    ),
    nonzero(
        "OutOfWindowIcmps",
        "{} ICMP packets dropped because they were out-of-window",
    ),
    nonzero(
        "PAWSActive",
        "{} active connections rejected because of time stamp",
    ),
    nonzero(
        "PAWSEstab",
        "{} packets rejected in established connections because of timestamp",
    ),
    nonzero(
        "PAWSPassive",
        "{} passive connections rejected because of time stamp",
    ),
    nonzero(
        "PruneCalled",
        "{} packets pruned from receive queue because of socket buffer overrun",
    ),
    nonzero("RcvPruned", "{} packets pruned from receive queue"),
    nonzero(
        "SockMallocOOM",
        "Ran {} times out of system memory during packet sending",
    ),
    nonzero("SyncookiesFailed", "{} invalid SYN cookies received"),
    nonzero("SyncookiesRecv", "{} SYN cookies received"),
    nonzero("SyncookiesSent", "{} SYN cookies sent"),
    nonzero(
        "TCPAbortFailed",
        "{} times unable to send RST due to no memory",
    ),
    nonzero(
        "TCPAbortOnClose",
        "{} connections reset due to early user close",
    ),
    nonzero(
        "TCPAbortOnData",
        "{} connections reset due to unexpected data",
    ),
    nonzero(
        "TCPAbortOnLinger",
        "{} connections aborted after user close in linger timeout",
    ),
    nonzero(
        "TCPAbortOnMemory",
        "{} connections aborted due to memory pressure",
    ),
    nonzero(
        "TCPAbortOnSyn",
        "{} connections reset due to unexpected SYN",
    ),
    nonzero("TCPAbortOnTimeout", "{} connections aborted due to timeout"),
    nonzero(
        "TCPDirectCopyFromBacklog",
        "{} bytes directly in process context from backlog",
    ),
    nonzero("TCPFACKReorder", "Detected reordering {} times using FACK"),
    nonzero("TCPFastRetrans", "{} fast retransmits"),
    nonzero("TCPForwardRetrans", "{} forward retransmits"),
    nonzero(
        "TCPFullUndo",
        "{} congestion windows fully recovered without slow start",
    ),
    nonzero("TCPHPAcks", "{} predicted acknowledgments"),
    always("TCPHPHits", "{} packet headers predicted"),
    nonzero(
        "TCPHPHitsToUser",
        "{} packet headers predicted and directly queued to user",
    ),
    nonzero("TCPLossFailures", "{} timeouts in loss state"),
    nonzero(
        "TCPLossUndo",
        "{} congestion windows recovered without slow start after partial ack",
    ),
    nonzero("TCPLostRetransmits", "{} retransmits lost"),
    nonzero("TCPMemoryPressures", "TCP ran low on memory {} times"),
    nonzero(
        "TCPPartialUndo",
        "{} congestion windows partially recovered using Hoe heuristic",
    ),
    nonzero(
        "TCPPrequeued",
        "{} packets directly queued to recvmsg prequeue",
    ),
    nonzero(
        "TCPPureAcks",
        "{} acknowledgments not containing data payload received",
    ),
    nonzero(
        "TCPRcvCollapsed",
        "{} packets collapsed in receive queue due to low socket buffer",
    ),
    nonzero("TCPRenoFailures", "{} timeouts after reno fast retransmit"),
    nonzero(
        "TCPRenoRecovery",
        "{} times recovered from packet loss due to fast retransmit",
    ),
    nonzero(
        "TCPRenoReorder",
        "Detected reordering {} times using reno fast retransmit",
    ),
    nonzero("TCPSACKReorder", "Detected reordering {} times using SACK"),
    nonzero(
        "TCPSchedulerFailed",
        "{} times receiver scheduled too late for direct processing",
    ),
    nonzero("TCPSlowStartRetrans", "{} retransmits in slow start"),
    nonzero(
        "TCPTSReorder",
        "Detected reordering {} times using time stamp",
    ),
    nonzero("TW", "{} TCP sockets finished time wait in fast timer"),
    nonzero("TWRecycled", "{} time wait sockets recycled by time stamp"),
];
