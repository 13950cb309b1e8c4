//! The rows, in the kernel's order (`net/ipv4/proc.c`, `net/ipv6/proc.c`).

use super::{
    Kind::{Level, Plain, Trouble},
    Meaning,
};

/// Shortens a row to one line.
macro_rules! meanings {
    ($($kind:ident $section:ident.$counter:ident $sentence:literal,)*) => {
        /// Every counter whose meaning is known.
        pub const MEANINGS: &[Meaning] = &[$(Meaning {
            section: stringify!($section),
            counter: stringify!($counter),
            kind: $kind,
            sentence: $sentence,
        },)*];
    };
}

meanings! {
    Level Ip.Forwarding "Whether packets for others are passed on: 1 yes, 2 no.",
    Level Ip.DefaultTTL "The time to live that packets begin with.",
    Plain Ip.InReceives "Packets that arrived, faulty ones too.",
    Trouble Ip.InHdrErrors "Packets dropped for a fault in their header.",
    Trouble Ip.InAddrErrors "Packets dropped because their destination is not here.",
    Plain Ip.ForwDatagrams "Packets passed on.",
    Trouble Ip.InUnknownProtos "Packets for a protocol that nobody here speaks.",
    Trouble Ip.InDiscards "Good packets dropped on arrival, mostly for want of memory.",
    Plain Ip.InDelivers "Packets handed to their protocol.",
    Plain Ip.OutRequests "Packets that protocols here sent.",
    Trouble Ip.OutDiscards "Good packets dropped on their way out, mostly for want of memory.",
    Trouble Ip.OutNoRoutes "Packets dropped because no route leads to their destination.",
    Trouble Ip.ReasmTimeout "Fragments given up because the others didn't come in time.",
    Plain Ip.ReasmReqds "Fragments that arrived and were to be joined.",
    Plain Ip.ReasmOKs "Packets joined from fragments.",
    Trouble Ip.ReasmFails "Packets that could not be joined from their fragments.",
    Plain Ip.FragOKs "Packets that were cut into fragments.",
    Trouble Ip.FragFails "Packets too large for the link that must not be cut.",
    Plain Ip.FragCreates "Fragments made.",
    Plain Ip.OutTransmits "Packets handed to a device, those passed on too.",
    Trouble Ip6.InTooBigErrors "Packets not passed on because they are too large for the next link.",
    Trouble Ip6.InNoRoutes "Packets that arrived and to whose destination no route leads.",
    Trouble Ip6.InTruncatedPkts "Packets shorter than their header says.",
    Plain Ip6.OutForwDatagrams "Packets passed on.",
    Trouble IpExt.InNoRoutes "Packets that arrived and to whose destination no route leads.",
    Trouble IpExt.InTruncatedPkts "Packets shorter than their header says.",
    Plain IpExt.InMcastPkts "Multicast packets that arrived.",
    Plain IpExt.OutMcastPkts "Multicast packets sent.",
    Plain IpExt.InBcastPkts "Broadcast packets that arrived.",
    Plain IpExt.OutBcastPkts "Broadcast packets sent.",
    Plain IpExt.InOctets "Bytes that arrived.",
    Plain IpExt.OutOctets "Bytes sent.",
    Trouble IpExt.InCsumErrors "Packets dropped for a wrong checksum of their header.",
    Plain IpExt.InNoECTPkts "Packets that arrived without support of ECN.",
    Plain IpExt.InECT1Pkts "Packets that arrived marked ECT(1).",
    Plain IpExt.InECT0Pkts "Packets that arrived marked ECT(0).",
    Plain IpExt.InCEPkts "Packets that a congested router on their way marked.",
    Trouble IpExt.ReasmOverlaps "Fragments dropped because they overlap.",
    Plain Icmp.InMsgs "Messages that arrived.",
    Trouble Icmp.InErrors "Messages with a fault.",
    Trouble Icmp.InCsumErrors "Messages dropped for a wrong checksum.",
    Plain Icmp.InDestUnreachs "Others said that a destination can't be reached.",
    Plain Icmp.InTimeExcds "Others said that a packet was under way for too long.",
    Plain Icmp.InParmProbs "Others said that a header of ours is at fault.",
    Plain Icmp.InSrcQuenchs "Others asked to send less.",
    Plain Icmp.InRedirects "Routers told of a better way.",
    Plain Icmp.InEchos "Pings that arrived.",
    Plain Icmp.InEchoReps "Answers to our pings.",
    Plain Icmp.OutMsgs "Messages sent.",
    Trouble Icmp.OutErrors "Messages that could not be sent.",
    Trouble Icmp.OutRateLimitGlobal "Messages not sent because all of them together are limited.",
    Trouble Icmp.OutRateLimitHost "Messages not sent because those to one host are limited.",
    Plain Icmp.OutDestUnreachs "We said that a destination can't be reached, such as a closed UDP port.",
    Plain Icmp.OutTimeExcds "We said that a packet was under way for too long.",
    Plain Icmp.OutEchos "Pings sent.",
    Plain Icmp.OutEchoReps "Pings answered.",
    Plain Icmp6.InPktTooBigs "Routers said that a packet is too large for the next link.",
    Plain Icmp6.InNeighborSolicits "Neighbours asked for a link-layer address.",
    Plain Icmp6.InNeighborAdvertisements "Neighbours told their link-layer address.",
    Plain Icmp6.OutNeighborSolicits "We asked neighbours for a link-layer address.",
    Plain Icmp6.OutNeighborAdvertisements "We told neighbours our link-layer address.",
    Plain Icmp6.InRouterAdvertisements "Routers told of themselves.",
    Plain Icmp6.OutRouterSolicits "We asked for routers.",
    Level Tcp.RtoAlgorithm "How the retransmission timeout is computed: 1 other, 4 Van Jacobson's.",
    Level Tcp.RtoMin "The shortest retransmission timeout, in ms.",
    Level Tcp.RtoMax "The longest retransmission timeout, in ms.",
    Level Tcp.MaxConn "How many connections there may be; -1 is no limit.",
    Plain Tcp.ActiveOpens "Connections that were begun here.",
    Plain Tcp.PassiveOpens "Connections that others began and that were accepted.",
    Trouble Tcp.AttemptFails "Connections that failed before they were established.",
    Trouble Tcp.EstabResets "Established connections that ended with a reset.",
    Level Tcp.CurrEstab "Connections that are established now, CLOSE_WAIT included.",
    Plain Tcp.InSegs "Segments that arrived, faulty ones too.",
    Plain Tcp.OutSegs "Segments sent, without those sent again.",
    Trouble Tcp.RetransSegs "Segments sent again.",
    Trouble Tcp.InErrs "Segments that arrived with a fault.",
    Plain Tcp.OutRsts "Resets sent.",
    Trouble Tcp.InCsumErrors "Segments dropped for a wrong checksum.",
    Plain Udp.InDatagrams "Datagrams handed to a socket.",
    Trouble Udp.NoPorts "Datagrams for a port without a socket.",
    Trouble Udp.InErrors "Datagrams dropped on arrival, all reasons but a closed port.",
    Plain Udp.OutDatagrams "Datagrams sent.",
    Trouble Udp.RcvbufErrors "Datagrams dropped because the socket's receive buffer is full: its reader is too slow.",
    Trouble Udp.SndbufErrors "Datagrams not sent because the socket's send buffer is full.",
    Trouble Udp.InCsumErrors "Datagrams dropped for a wrong checksum.",
    Plain Udp.IgnoredMulti "Multicast datagrams that no socket wanted.",
    Trouble Udp.MemErrors "Datagrams dropped because UDP has used up its memory (udp_mem).",
    Trouble UdpLite.InErrors "Datagrams dropped on arrival, all reasons but a closed port.",
    Trouble UdpLite.RcvbufErrors "Datagrams dropped because the socket's receive buffer is full.",
    Trouble UdpLite.InCsumErrors "Datagrams dropped for a wrong checksum.",
    Trouble TcpExt.SyncookiesSent "SYN cookies sent: the queue of requests was full, by load or by a SYN flood.",
    Plain TcpExt.SyncookiesRecv "Connections made by a SYN cookie.",
    Trouble TcpExt.SyncookiesFailed "ACKs that carried no valid SYN cookie.",
    Trouble TcpExt.EmbryonicRsts "Requests that ended with a reset before they were a connection.",
    Trouble TcpExt.PruneCalled "Receive queues that had to be made smaller because their socket's buffer was full.",
    Trouble TcpExt.RcvPruned "Segments dropped because making the receive queue smaller was not enough.",
    Trouble TcpExt.OfoPruned "Segments out of order thrown away because the receive buffer was full.",
    Trouble TcpExt.OutOfWindowIcmps "ICMP messages that fit no segment of their connection.",
    Plain TcpExt.LockDroppedIcmps "ICMP messages dropped because a process was using the socket.",
    Plain TcpExt.ArpFilter "ARP requests not answered because of arp_filter.",
    Plain TcpExt.TW "TIME_WAIT that ended by the clock.",
    Plain TcpExt.TWRecycled "TIME_WAIT that a new connection took over.",
    Plain TcpExt.TWKilled "TIME_WAIT that ended before its time.",
    Trouble TcpExt.PAWSActive "SYN-ACKs dropped for an old timestamp.",
    Trouble TcpExt.PAWSEstab "Segments of connections dropped for an old timestamp.",
    Trouble TcpExt.BeyondWindow "Segments dropped that lie beyond the receive window.",
    Plain TcpExt.DelayedACKs "ACKs sent late, to acknowledge more at once.",
    Plain TcpExt.DelayedACKLocked "Late ACKs that came later still because a process was using the socket.",
    Plain TcpExt.DelayedACKLost "Segments that arrived again because their ACK was late or lost.",
    Trouble TcpExt.ListenOverflows "Connections dropped because the listener's accept queue is full: its process accepts too slowly.",
    Trouble TcpExt.ListenDrops "Requests that a listener dropped, for a full accept queue or any other reason.",
    Plain TcpExt.TCPHPHits "Segments taken on the fast path.",
    Plain TcpExt.TCPPureAcks "ACKs without data.",
    Plain TcpExt.TCPHPAcks "ACKs taken on the fast path.",
    Trouble TcpExt.TCPRenoRecovery "Losses repaired by fast retransmission, without SACK.",
    Trouble TcpExt.TCPSackRecovery "Losses repaired by fast retransmission, with SACK.",
    Trouble TcpExt.TCPSACKReneging "Peers dropped data that they had acknowledged by SACK.",
    Plain TcpExt.TCPSACKReorder "Segments overtook each other, as SACK showed.",
    Plain TcpExt.TCPRenoReorder "Segments overtook each other, as duplicate ACKs showed.",
    Plain TcpExt.TCPTSReorder "Segments overtook each other, as timestamps showed.",
    Plain TcpExt.TCPFullUndo "Reductions of the window undone: nothing had been lost.",
    Plain TcpExt.TCPPartialUndo "Reductions of the window undone in part.",
    Plain TcpExt.TCPDSACKUndo "Reductions of the window undone because a duplicate was reported.",
    Plain TcpExt.TCPLossUndo "Timeouts undone: what was believed lost had arrived.",
    Trouble TcpExt.TCPLostRetransmit "Segments sent again were lost again.",
    Trouble TcpExt.TCPRenoFailures "Timeouts while a loss was being repaired, without SACK.",
    Trouble TcpExt.TCPSackFailures "Timeouts while a loss was being repaired, with SACK.",
    Trouble TcpExt.TCPLossFailures "Timeouts after a timeout.",
    Trouble TcpExt.TCPFastRetrans "Segments sent again before any timeout.",
    Trouble TcpExt.TCPSlowStartRetrans "Segments sent again after a timeout.",
    Trouble TcpExt.TCPTimeouts "Timeouts: nothing was acknowledged for too long.",
    Plain TcpExt.TCPLossProbes "Probes sent to notice the loss of the last segments.",
    Plain TcpExt.TCPLossProbeRecovery "Losses repaired by such a probe.",
    Trouble TcpExt.TCPRcvCollapsed "Segments put together in the receive queue to save memory.",
    Plain TcpExt.TCPBacklogCoalesce "Segments joined while a process was using the socket.",
    Plain TcpExt.TCPDSACKOldSent "Data arrived again, and the peer was told.",
    Plain TcpExt.TCPDSACKRecv "Peers told that data arrived twice.",
    Trouble TcpExt.TCPAbortOnData "Connections reset because data arrived that nobody would read any more.",
    Trouble TcpExt.TCPAbortOnClose "Connections reset because they were closed with data unread.",
    Trouble TcpExt.TCPAbortOnMemory "Connections reset because there are too many orphans, or too little memory.",
    Trouble TcpExt.TCPAbortOnTimeout "Connections given up because the peer no longer answers.",
    Trouble TcpExt.TCPAbortOnLinger "Connections given up in FIN_WAIT2, whose time had passed.",
    Trouble TcpExt.TCPAbortFailed "Resets that could not be sent for want of memory.",
    Trouble TcpExt.TCPMemoryPressures "TCP began to be short of memory (tcp_mem).",
    Trouble TcpExt.TCPMemoryPressuresChrono "Time for which TCP was short of memory, in ms.",
    Trouble TcpExt.TCPMD5NotFound "Segments dropped that lack the MD5 signature.",
    Trouble TcpExt.TCPMD5Unexpected "Segments dropped that have an MD5 signature that nobody asked for.",
    Trouble TcpExt.TCPMD5Failure "Segments dropped for a wrong MD5 signature.",
    Plain TcpExt.TCPSpuriousRTOs "Timeouts that turned out to be wrong.",
    Trouble TcpExt.TCPBacklogDrop "Segments dropped because the backlog of a socket in use is full.",
    Trouble TcpExt.PFMemallocDrop "Segments dropped because only memory of last resort was left.",
    Trouble TcpExt.TCPMinTTLDrop "Segments dropped for a time to live below the socket's minimum.",
    Plain TcpExt.TCPDeferAcceptDrop "ACKs dropped because the listener waits for data.",
    Trouble TcpExt.IPReversePathFilter "Packets dropped because their source would be answered on another interface (rp_filter).",
    Trouble TcpExt.TCPTimeWaitOverflow "TIME_WAIT ended at once because there are too many (tcp_max_tw_buckets).",
    Trouble TcpExt.TCPReqQFullDoCookies "Requests answered by SYN cookies because the queue of requests is full.",
    Trouble TcpExt.TCPReqQFullDrop "Requests dropped because the queue of requests is full.",
    Trouble TcpExt.TCPRetransFail "Segments that could not be sent again.",
    Plain TcpExt.TCPRcvCoalesce "Segments joined in the receive queue.",
    Plain TcpExt.TCPOFOQueue "Segments that arrived out of order.",
    Trouble TcpExt.TCPOFODrop "Segments out of order dropped because the receive buffer is full.",
    Plain TcpExt.TCPOFOMerge "Segments out of order that were there already in part.",
    Plain TcpExt.TCPChallengeACK "Challenge ACKs sent, for resets or SYNs that may be forged.",
    Plain TcpExt.TCPSYNChallenge "Challenge ACKs sent for SYNs.",
    Plain TcpExt.TCPFastOpenActive "Fast opens that worked, begun here.",
    Trouble TcpExt.TCPFastOpenActiveFail "Fast opens that failed, begun here.",
    Plain TcpExt.TCPFastOpenPassive "Fast opens that worked, begun by others.",
    Trouble TcpExt.TCPFastOpenPassiveFail "Fast opens that failed, begun by others.",
    Trouble TcpExt.TCPFastOpenListenOverflow "Fast opens dropped because too many are pending.",
    Plain TcpExt.TCPAutoCorking "Small writes that were joined before they were sent.",
    Plain TcpExt.TCPFromZeroWindowAdv "Receive windows opened again.",
    Trouble TcpExt.TCPToZeroWindowAdv "Receive windows closed: a process reads too slowly.",
    Trouble TcpExt.TCPWantZeroWindowAdv "Receive windows that should have been closed but can't shrink.",
    Trouble TcpExt.TCPSynRetrans "SYNs or SYN-ACKs sent again.",
    Plain TcpExt.TCPOrigDataSent "Segments with data sent, without those sent again.",
    Trouble TcpExt.TCPWinProbe "Probes sent to peers whose window is closed.",
    Plain TcpExt.TCPKeepAlive "Keepalive probes sent.",
    Trouble TcpExt.TCPMTUPFail "Probes for a larger MTU that were lost.",
    Plain TcpExt.TCPMTUPSuccess "Probes for a larger MTU that arrived.",
    Plain TcpExt.TCPDelivered "Segments that were acknowledged.",
    Plain TcpExt.TCPDeliveredCE "Segments that were acknowledged and had met congestion.",
    Plain TcpExt.TCPAckCompressed "ACKs that were left out because a later one says the same.",
    Trouble TcpExt.TCPZeroWindowDrop "Segments dropped because the receive window is closed.",
    Trouble TcpExt.TCPRcvQDrop "Segments dropped because the receive queue is full.",
    Trouble TcpExt.TCPWqueueTooBig "Writes refused because the send queue has too many pieces.",
    Plain TcpExt.TcpTimeoutRehash "Flows that took another path after a timeout.",
    Plain TcpExt.TcpDuplicateDataRehash "Flows that took another path after duplicates.",
    Trouble TcpExt.TCPAOBad "Segments dropped for a wrong TCP-AO signature.",
    Trouble TcpExt.TCPAOKeyNotFound "Segments dropped whose TCP-AO key is not known.",
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::host::statistics::{Protocols, read};

    #[test]
    fn every_counter_stands_once_and_has_a_sentence() {
        let mut seen = BTreeSet::new();
        for row in MEANINGS {
            let name = (row.section, row.counter);
            assert!(seen.insert(name), "{name:?} stands twice");
            assert!(row.sentence.ends_with('.'), "{name:?}: {}", row.sentence);
        }
    }

    /// A name that is misspelt would never be found.
    #[test]
    fn this_kernel_has_most_of_them() {
        let kernel = read(Protocols::default()).unwrap();
        let missing: Vec<_> = MEANINGS
            .iter()
            .filter(|row| kernel.get(row.section, row.counter).is_none())
            .map(|row| (row.section, row.counter))
            .collect();
        assert!(missing.len() <= NEWER, "not there: {missing:?}");
    }

    /// So many rows are of kernels later than the oldest that is supported.
    const NEWER: usize = 14;
}
