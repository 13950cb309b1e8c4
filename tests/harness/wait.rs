//! Waiting for something to become true, for a limited time.

use std::time::{Duration, Instant};

/// Far beyond what anything takes here, even in an emulated machine: only a failure takes so long.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Between two looks at something that can't be waited for any better.
const LOOK: Duration = Duration::from_millis(20);

#[derive(Clone, Copy)]
pub struct Deadline(Instant);

impl Deadline {
    pub fn after(patience: Duration) -> Self {
        Self(Instant::now() + patience)
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
