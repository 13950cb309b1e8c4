//! `struct tcp_info` of `include/uapi/linux/tcp.h`. Every kernel appends to it: what an older one
//! doesn't have is None.

use std::time::Duration;

/// Declares [`TcpInfo`] with the place and the conversion of each of its fields.
macro_rules! tcp_info {
    ($($(#[$doc:meta])* $field:ident : $type:ty = $read:ident($place:literal),)*) => {
        /// What TCP knows of a connection.
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        pub struct TcpInfo { $($(#[$doc])* pub $field: Option<$type>,)* }

        impl TcpInfo {
            /// Reads what is there.
            pub fn new(bytes: &[u8]) -> Self {
                Self { $($field: $read(bytes, $place),)* }
            }
        }
    };
}

tcp_info! {
    /// From `tcpi_wscale`: the peer's shift in the low bits, ours in the high ones.
    window_scales: u8 = byte(6),
    /// Bits of `TCPI_OPT_*`.
    options: u8 = byte(5),
    /// In a row, for the oldest segment. From `tcpi_retransmits`.
    backoffs: u8 = byte(2),
    /// From `tcpi_rto`.
    rto: Duration = micros(8),
    /// From `tcpi_ato`.
    ato: Duration = micros(12),
    /// Bytes. From `tcpi_snd_mss`.
    mss: u32 = word(16),
    /// Bytes. From `tcpi_rcv_mss`.
    receive_mss: u32 = word(20),
    /// Segments. From `tcpi_unacked`.
    unacked: u32 = word(24),
    /// Segments. From `tcpi_lost`.
    lost: u32 = word(32),
    /// Since data were sent. From `tcpi_last_data_sent`.
    last_sent: Duration = millis(44),
    /// Since data were received. From `tcpi_last_data_recv`.
    last_received: Duration = millis(52),
    /// Since an ACK was received. From `tcpi_last_ack_recv`.
    last_ack: Duration = millis(56),
    /// Bytes. From `tcpi_pmtu`.
    pmtu: u32 = word(60),
    /// From `tcpi_rtt`.
    rtt: Duration = micros(68),
    /// From `tcpi_rttvar`.
    rtt_variance: Duration = micros(72),
    /// Segments. From `tcpi_snd_ssthresh`.
    slow_start_threshold: u32 = word(76),
    /// Segments. From `tcpi_snd_cwnd`.
    congestion_window: u32 = word(80),
    /// Bytes. From `tcpi_advmss`.
    advertised_mss: u32 = word(84),
    /// Bytes. From `tcpi_rcv_space`.
    receive_space: u32 = word(96),
    /// Segments. From `tcpi_total_retrans`.
    retransmits: u32 = word(100),
    /// Bytes a second. From `tcpi_pacing_rate`.
    pacing_rate: u64 = long(104),
    /// Bytes. From `tcpi_bytes_acked`.
    bytes_acked: u64 = long(120),
    /// Bytes, and 1 for the peer's FIN. From `tcpi_bytes_received`.
    bytes_received: u64 = long(128),
    /// From `tcpi_segs_out`.
    segments_sent: u32 = word(136),
    /// From `tcpi_segs_in`.
    segments_received: u32 = word(140),
    /// Bytes. From `tcpi_notsent_bytes`.
    unsent: u32 = word(144),
    /// From `tcpi_min_rtt`.
    min_rtt: Duration = micros(148),
    /// Bytes a second. From `tcpi_delivery_rate`.
    delivery_rate: u64 = long(160),
    /// With something to send. From `tcpi_busy_time`.
    busy: Duration = long_micros(168),
    /// Bytes, with retransmitted ones. From `tcpi_bytes_sent`.
    bytes_sent: u64 = long(200),
    /// Bytes. From `tcpi_bytes_retrans`.
    bytes_retransmitted: u64 = long(208),
}

impl TcpInfo {
    /// The slow-start threshold, where one was set.
    pub fn threshold(&self) -> Option<u32> {
        /// `TCP_INFINITE_SSTHRESH` of `include/net/tcp.h`.
        const NONE: u32 = 0x7fff_ffff;
        self.slow_start_threshold
            .filter(|segments| *segments < NONE)
    }

    /// The pacing rate in bytes a second, where it is limited.
    pub fn pacing_limit(&self) -> Option<u64> {
        self.pacing_rate.filter(|rate| *rate != u64::MAX)
    }
}

fn byte(bytes: &[u8], place: usize) -> Option<u8> {
    bytes.get(place).copied()
}

fn word(bytes: &[u8], place: usize) -> Option<u32> {
    let bytes = bytes.get(place..)?.first_chunk()?;
    Some(u32::from_ne_bytes(*bytes))
}

fn long(bytes: &[u8], place: usize) -> Option<u64> {
    let bytes = bytes.get(place..)?.first_chunk()?;
    Some(u64::from_ne_bytes(*bytes))
}

/// A duration that is 0 where it isn't known.
fn known(time: Duration) -> Option<Duration> {
    Some(time).filter(|time| !time.is_zero())
}

fn micros(bytes: &[u8], place: usize) -> Option<Duration> {
    // What was never measured is all ones.
    let micros = word(bytes, place).filter(|micros| *micros != u32::MAX)?;
    known(Duration::from_micros(micros.into()))
}

fn millis(bytes: &[u8], place: usize) -> Option<Duration> {
    Some(Duration::from_millis(word(bytes, place)?.into()))
}

fn long_micros(bytes: &[u8], place: usize) -> Option<Duration> {
    known(Duration::from_micros(long(bytes, place)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_older_kernel_lacks_is_unknown() {
        let mut bytes = vec![0; 104];
        bytes[68..72].copy_from_slice(&1_500_u32.to_ne_bytes());
        let info = TcpInfo::new(&bytes);
        assert_eq!(info.rtt, Some(Duration::from_micros(1_500)));
        assert_eq!((info.retransmits, info.bytes_acked), (Some(0), None));
        assert_eq!(info.ato, None, "0 is not measured");
        assert_eq!(TcpInfo::new(&[]), TcpInfo::default());
    }
}
