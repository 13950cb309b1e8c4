//! What netstat says of each counter, by the kernel's names. A counter that has no sentence is shown
//! by its name.

mod icmp;
mod ipv6;
mod tcp_ext;

/// Where a counter stands, and whether it is shown at zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Always shown.
    Always,
    /// Shown if it is not 0.
    Nonzero,
    /// Below the heading of its histogram, if it is not 0.
    Received,
    Sent,
    /// netstat knows it and leaves it out.
    Never,
}

/// What is said of one counter.
#[derive(Clone, Copy, Debug)]
pub struct Sentence {
    /// The kernel's name.
    pub counter: &'static str,
    pub place: Place,
    /// With `{}` for the number.
    pub text: &'static str,
}

const fn sentence(counter: &'static str, place: Place, text: &'static str) -> Sentence {
    Sentence {
        counter,
        place,
        text,
    }
}

const fn always(counter: &'static str, text: &'static str) -> Sentence {
    sentence(counter, Place::Always, text)
}

const fn nonzero(counter: &'static str, text: &'static str) -> Sentence {
    sentence(counter, Place::Nonzero, text)
}

const fn received(counter: &'static str, text: &'static str) -> Sentence {
    sentence(counter, Place::Received, text)
}

const fn sent(counter: &'static str, text: &'static str) -> Sentence {
    sentence(counter, Place::Sent, text)
}

const fn never(counter: &'static str) -> Sentence {
    sentence(counter, Place::Never, "{}")
}

/// The sentences for each group of counters, by the kernel's name of it.
const GROUPS: &[(&str, &[Sentence])] = &[
    ("Ip", IP),
    ("Icmp", icmp::ICMP),
    ("Tcp", TCP),
    ("Udp", UDP),
    ("TcpExt", tcp_ext::TCP_EXT),
    ("Ip6", ipv6::IP6),
    ("Icmp6", icmp::ICMP6),
    ("Udp6", ipv6::UDP6),
];

/// What is said of a counter, if anything.
pub fn find(group: &str, counter: &str) -> Option<&'static Sentence> {
    let (_, sentences) = GROUPS.iter().find(|(name, _)| *name == group)?;
    sentences
        .iter()
        .find(|sentence| sentence.counter == counter)
}

/// `Ip` of `/proc/net/snmp`.
const IP: &[Sentence] = &[
    never("DefaultTTL"),
    always("ForwDatagrams", "{} forwarded"),
    nonzero("FragCreates", "{} fragments created"),
    nonzero("FragFails", "{} outgoing packets failed fragmentation"),
    nonzero("FragOKs", "{} outgoing packets fragmented ok"),
    nonzero("InAddrErrors", "{} with invalid addresses"),
    always("InDelivers", "{} incoming packets delivered"),
    always("InDiscards", "{} incoming packets discarded"),
    nonzero("InHdrErrors", "{} with invalid headers"),
    always("InReceives", "{} total packets received"),
    nonzero("InUnknownProtos", "{} with unknown protocol"),
    nonzero("OutDiscards", "{} outgoing packets dropped"),
    nonzero("OutNoRoutes", "{} dropped because of missing route"),
    always("OutRequests", "{} requests sent out"),
    nonzero("ReasmFails", "{} packet reassemblies failed"),
    nonzero("ReasmOKs", "{} packets reassembled ok"),
    nonzero("ReasmReqds", "{} reassemblies required"),
    nonzero("ReasmTimeout", "{} fragments dropped after timeout"),
];

/// `Tcp` of `/proc/net/snmp`.
const TCP: &[Sentence] = &[
    always("ActiveOpens", "{} active connection openings"),
    always("AttemptFails", "{} failed connection attempts"),
    always("CurrEstab", "{} connections established"),
    always("EstabResets", "{} connection resets received"),
    always("InErrs", "{} bad segments received"),
    always("InSegs", "{} segments received"),
    never("MaxConn"),
    always("OutRsts", "{} resets sent"),
    always("OutSegs", "{} segments sent out"),
    always("PassiveOpens", "{} passive connection openings"),
    always("RetransSegs", "{} segments retransmitted"),
    never("RtoAlgorithm"),
    never("RtoMax"),
    never("RtoMin"),
];

/// `Udp` of `/proc/net/snmp`.
const UDP: &[Sentence] = &[
    always("InDatagrams", "{} packets received"),
    always("InErrors", "{} packet receive errors"),
    always("NoPorts", "{} packets to unknown port received"),
    always("OutDatagrams", "{} packets sent"),
    always("RcvbufErrors", "{} receive buffer errors"),
    always("SndbufErrors", "{} send buffer errors"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_counter_has_one_sentence_with_one_place_for_its_number() {
        for (group, sentences) in GROUPS {
            for (index, sentence) in sentences.iter().enumerate() {
                assert_eq!(sentence.text.matches("{}").count(), 1, "{sentence:?}");
                let others = &sentences[index + 1..];
                assert!(
                    others.iter().all(|other| other.counter != sentence.counter),
                    "{group} {sentence:?}"
                );
            }
        }
    }
}
