//! Tests that need the machine to themselves: they compare sums over all of its sockets, or fill it
//! with connections. Cargo runs this program when the others are done, and its tests take turns.

#[path = "../harness"]
#[allow(
    dead_code,
    reason = "shared with the end-to-end tests, which use the rest"
)]
mod harness {
    pub mod device;
    pub mod netns;
    pub mod wait;
}

mod churn;
mod kernel;
mod kernel_socket;
mod loss;
mod merge;
mod pressure;
mod silent_udp;

use std::sync::{Mutex, MutexGuard, PoisonError};

use netwatch::{Tracer, event::Report};

/// Whose turn it is.
fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs a test's asynchronous part on this thread, which keeps its network namespace.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("start the runtime")
        .block_on(future)
}

/// Takes reports until the table of a namespace is what the kernel says, and gives them back.
async fn until_true(tracer: &mut Tracer, netns: u32) -> Vec<Report> {
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(20);
    let mut reports = Vec::new();
    loop {
        let next = tokio::time::timeout(std::time::Duration::from_millis(50), tracer.next()).await;
        if let Ok(more) = next {
            reports.extend_from_slice(more.expect("take reports"));
        }
        let difference = kernel::difference(tracer.table(), netns);
        if difference.is_empty() {
            return reports;
        }
        assert!(
            tokio::time::Instant::now() < deadline,
            "the table is not what the kernel says: {difference:#?}"
        );
    }
}
