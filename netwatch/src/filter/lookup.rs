//! What the machine is asked for while an expression is read.

use std::{net::IpAddr, ops::RangeInclusive};

/// Numbers for names.
pub trait Lookup {
    /// The inode number of a network namespace that is given by number, name, path or `pid:N`.
    ///
    /// # Errors
    ///
    /// There is no such namespace; why, in words.
    fn netns(&self, name: &str) -> Result<u32, String>;

    /// A user's id.
    fn user(&self, name: &str) -> Option<u32>;

    /// A service's port.
    fn service(&self, name: &str) -> Option<u16>;

    /// A host's addresses; none where it has no such name.
    fn host(&self, name: &str) -> Vec<IpAddr>;

    /// The ports from which the kernel chooses for a socket that asks for none.
    fn automatic_ports(&self) -> RangeInclusive<u16>;

    /// Commands of the command line, which are no words of a filter.
    fn commands(&self) -> &[&str];
}
