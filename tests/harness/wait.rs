//! Waiting for something to become true, for a limited time.

use std::{
    env,
    sync::LazyLock,
    time::{Duration, Instant},
};

/// Set to how many times slower than a common machine this one is, where it is emulated.
const SLOWNESS: &str = "NETWATCH_TEST_SLOWNESS";

/// Far beyond what anything takes on a common machine: only a failure takes so long.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Between two looks at something that can't be waited for any better.
const LOOK: Duration = Duration::from_millis(20);

/// By how much every limit of time is wider here: 1, but for a machine that is said to be slow.
pub fn slowness() -> u32 {
    static FACTOR: LazyLock<u32> = LazyLock::new(|| match env::var(SLOWNESS) {
        Ok(factor) => factor.parse().expect("a factor"),
        Err(_) => 1,
    });
    *FACTOR
}

#[derive(Clone, Copy)]
pub struct Deadline(Instant);

impl Deadline {
    pub fn after(patience: Duration) -> Self {
        Self(Instant::now() + patience * slowness())
    }

    pub fn remaining(self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }
}

/// Looks until the condition holds. For what the kernel does in its own time and announces to
/// nobody.
pub fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Deadline::after(PATIENCE);
    while !holds() {
        assert!(!deadline.remaining().is_zero(), "waited in vain: {what}");
        std::thread::sleep(LOOK);
    }
}
