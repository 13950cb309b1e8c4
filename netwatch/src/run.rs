//! What each command does.

pub mod list;
