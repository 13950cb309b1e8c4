//! What each command does.

pub mod describe;
pub mod list;
