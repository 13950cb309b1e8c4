//! Which listener a connection has arrived at.

use std::net::IpAddr;

/// Of those that listen at a connection's port, each at an address: the ones at the connection's own, else the
/// ones at all addresses.
pub fn nearest<T: Copy>(listeners: &[(Option<IpAddr>, T)], own: Option<IpAddr>) -> Vec<T> {
    let at = |is_there: &dyn Fn(Option<IpAddr>) -> bool| -> Vec<T> {
        let there = listeners.iter().filter(|(addr, _)| is_there(*addr));
        there.map(|(_, listener)| *listener).collect()
    };
    let here = at(&|addr| addr == own);
    if here.is_empty() {
        at(&|addr| addr.is_none_or(|addr| addr.is_unspecified()))
    } else {
        here
    }
}
