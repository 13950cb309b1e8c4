//! What each command does.

pub mod describe;
pub mod doctor;
pub mod host;
pub mod list;
pub mod netstat;
pub mod trace;
