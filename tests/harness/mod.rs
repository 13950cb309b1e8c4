//! What the end-to-end tests are written with: a stage of their own, actors that do things with
//! sockets step by step, netwatch watching, and expectations of what it says.
//!
//! Nothing sleeps to give something else time: a step is done when its actor says so, and an
//! expectation waits for lines until they fulfil it, or until it is plain that they will not.

pub mod actor;
pub mod bare;
pub mod device;
pub mod flow;
#[allow(
    dead_code,
    reason = "the contract has more fields than the tests look at"
)]
pub mod host;
pub mod laws;
pub mod life;
pub mod netns;
pub mod netstat;
pub mod netwatch;
pub mod pair;
pub mod peer;
pub mod population;
#[allow(
    dead_code,
    reason = "the contract has more fields than the tests look at"
)]
pub mod schema;
pub mod stage;
pub mod text;
pub mod wait;
pub mod wire;

pub use actor::{ANY4, ANY6, Actor, Sock, Who};
pub use flow::Flow;
pub use life::Life;
pub use netwatch::Watch;
pub use pair::Pair;
pub use schema::{How, Phase, Reason, State};
pub use stage::{Stage, skip};
