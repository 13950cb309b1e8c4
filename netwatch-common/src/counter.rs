//! The kernel side of the ledger: one per-CPU counter for each way to lose something.

/// A slot of the `COUNTERS` map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Counter {
    /// TCP transitions that the `EVENTS` ring refused (transitions, not records).
    TcpRing = 0,
    /// Changes of owner that the `EVENTS` ring refused.
    OwnerRing = 1,
    /// Process announcements that the `EVENTS` ring refused; repeated at the process's next use.
    ProcessRing = 2,
    /// Flow reports that the `FLOW_EVENTS` ring refused.
    UdpRing = 3,
    /// Datagrams that found no room in the `FLOWS` map.
    FlowsFull = 4,
    /// Transitions of sockets for which the kernel could not allocate socket storage, and UDP
    /// sockets without it.
    Storage = 5,
    /// Transitions for which the second TCP program did the work, because the first had not. Not a
    /// loss: it is what turns the kernel's `recursion_misses`, and [`Counter::Deferred`], into one.
    Covered = 6,
    /// Transitions that the first TCP program left to the second, because the kernel gave it no
    /// socket storage at that moment.
    Deferred = 7,
    /// Transitions in the midst of a connection that were not told because the `EVENTS` ring was
    /// filling up: see [`crate::detail`].
    SkippedSteps = 8,
    /// The same of its beginning.
    SkippedStarts = 9,
    /// Sends that the second program on them looked at, because the kernel had skipped the first. No
    /// loss, as [`Counter::Covered`].
    CoveredSends = 10,
    /// The same of receiving.
    CoveredReceives = 11,
}

impl Counter {
    /// How many slots there are.
    pub const COUNT: u32 = 12;
}
