//! What an interface counts: `struct rtnl_link_stats64` of `include/uapi/linux/if_link.h`.

/// Declares [`Counter`] in the kernel's order, with the kernel's names.
macro_rules! counters {
    ($($variant:ident $name:literal,)*) => {
        /// One number of the kernel's struct.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Counter { $($variant,)* }

        impl Counter {
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The kernel's name.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }
    };
}

counters! {
    RxPackets "rx_packets",
    TxPackets "tx_packets",
    RxBytes "rx_bytes",
    TxBytes "tx_bytes",
    RxErrors "rx_errors",
    TxErrors "tx_errors",
    RxDropped "rx_dropped",
    TxDropped "tx_dropped",
    Multicast "multicast",
    Collisions "collisions",
    RxLengthErrors "rx_length_errors",
    RxOverErrors "rx_over_errors",
    RxCrcErrors "rx_crc_errors",
    RxFrameErrors "rx_frame_errors",
    RxFifoErrors "rx_fifo_errors",
    RxMissedErrors "rx_missed_errors",
    TxAbortedErrors "tx_aborted_errors",
    TxCarrierErrors "tx_carrier_errors",
    TxFifoErrors "tx_fifo_errors",
    TxHeartbeatErrors "tx_heartbeat_errors",
    TxWindowErrors "tx_window_errors",
    RxCompressed "rx_compressed",
    TxCompressed "tx_compressed",
    RxNohandler "rx_nohandler",
    RxOtherhostDropped "rx_otherhost_dropped",
}

/// Totals since the interface came to be, 64 bits each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counters(Vec<u64>);

impl Counters {
    /// From the kernel's struct, which older kernels have shorter.
    pub fn from_kernel(bytes: &[u8]) -> Self {
        let (numbers, _) = bytes.as_chunks();
        Self(numbers.iter().copied().map(u64::from_ne_bytes).collect())
    }

    /// None where this kernel doesn't count it.
    pub fn get(&self, counter: Counter) -> Option<u64> {
        self.0.get(counter as usize).copied()
    }

    /// The sum of those that this kernel counts: several are one number for netstat.
    pub fn sum(&self, counters: &[Counter]) -> u64 {
        counters
            .iter()
            .filter_map(|counter| self.get(*counter))
            .fold(0, u64::wrapping_add)
    }

    /// How much each grew since an earlier reading; None where one shrank, for then the interface is
    /// another or began anew.
    pub fn since(&self, earlier: &Self) -> Option<Self> {
        if self.0.len() != earlier.0.len() {
            return None;
        }
        let pairs = self.0.iter().zip(&earlier.0);
        let grown: Option<Vec<u64>> = pairs.map(|(now, then)| now.checked_sub(*then)).collect();
        grown.map(Self)
    }
}

/// What netstat counts as `RX-DRP` (`dev_seq_printf_stats` in `net/core/net-procfs.c` adds them up).
pub const RX_DROPS: &[Counter] = &[Counter::RxDropped, Counter::RxMissedErrors];

/// `frame` of `netstat -ie`.
pub const RX_FRAME: &[Counter] = &[
    Counter::RxLengthErrors,
    Counter::RxOverErrors,
    Counter::RxCrcErrors,
    Counter::RxFrameErrors,
];

/// `carrier` of `netstat -ie`.
pub const TX_CARRIER: &[Counter] = &[
    Counter::TxCarrierErrors,
    Counter::TxAbortedErrors,
    Counter::TxWindowErrors,
    Counter::TxHeartbeatErrors,
];

#[cfg(test)]
mod tests {
    use super::*;

    fn counters(numbers: &[u64]) -> Counters {
        let bytes: Vec<u8> = numbers
            .iter()
            .flat_map(|number| number.to_ne_bytes())
            .collect();
        Counters::from_kernel(&bytes)
    }

    #[test]
    fn numbers_have_all_their_64_bits_and_those_that_are_not_there_are_unknown() {
        let read = counters(&[u64::MAX, 2, 3]);
        assert_eq!(read.get(Counter::RxPackets), Some(u64::MAX));
        assert_eq!(read.get(Counter::RxBytes), Some(3));
        assert_eq!(read.get(Counter::TxBytes), None);
        assert_eq!(
            read.sum(&[Counter::TxPackets, Counter::RxBytes, Counter::Multicast]),
            5
        );
    }

    #[test]
    fn what_shrank_has_no_growth() {
        let (then, now) = (counters(&[1, 10]), counters(&[4, 10]));
        assert_eq!(now.since(&then), Some(counters(&[3, 0])));
        assert_eq!(then.since(&now), None);
        assert_eq!(now.since(&counters(&[1])), None);
    }
}
