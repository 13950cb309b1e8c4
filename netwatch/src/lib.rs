//! netstat that never lies: every TCP transition and UDP flow of a Linux machine, as it happens, with
//! the process that owns it, from a table that was exact from the first moment.
//!
//! ```text
//! kernel → probes → ring buffer → source → decode → enrich → table → filter → columns → output
//! ```
//!
//! A module imports only from what stands to its left. [`Tracer`] is the pipeline up to the table,
//! for programs that embed it; [`run`] is the whole, as the command line has it.

pub mod clock;
pub mod decode;
mod enrich;
pub mod event;
mod flow_map;
mod kernel;
mod ledger;
mod probes;
mod reason;
mod snapshot;
pub mod source;
pub mod table;
pub mod text;
mod tracer;

pub use tracer::{Options, Tracer};
