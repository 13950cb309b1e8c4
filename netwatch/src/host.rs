//! What netstat shows beside sockets: routes, interfaces, protocol counters.
//!
//! Only reading and understanding; [`crate::output`] shows it.

pub mod interfaces;
pub mod names;
pub mod netlink;
pub mod route;
pub mod statistics;

use std::{fs, os::unix::fs::MetadataExt as _, thread};

use anyhow::{Context as _, Result, anyhow};

use crate::netns::{self, NetNs};

/// A network namespace to read in.
pub struct Place {
    /// What `stat -L /proc/PID/ns/net` prints.
    pub netns: u32,
    /// None where this thread is there already.
    elsewhere: Option<NetNs>,
}

impl Place {
    /// The namespace with this inode number; without one, the caller's own.
    ///
    /// # Errors
    ///
    /// No process is in such a namespace, and no name keeps it.
    pub fn new(netns: Option<u32>) -> Result<Self> {
        let own = fs::metadata("/proc/thread-self/ns/net")
            .context("find this network namespace")?
            .ino() as u32;
        let elsewhere = match netns {
            Some(inode) if inode != own => Some(find(inode)?),
            _ => None,
        };
        Ok(Self {
            netns: netns.unwrap_or(own),
            elsewhere,
        })
    }

    /// Reads there: on a thread of its own where that is not here, so that this one stays.
    ///
    /// # Errors
    ///
    /// The namespace can't be entered (which takes CAP_SYS_ADMIN), or the reading fails.
    pub fn read<T: Send>(&self, read: impl FnOnce() -> Result<T> + Send) -> Result<T> {
        let Some(elsewhere) = &self.elsewhere else {
            return read();
        };
        thread::scope(|scope| {
            let there = scope.spawn(|| {
                elsewhere.enter().with_context(|| {
                    let netns = self.netns;
                    format!("enter network namespace {netns}, which takes CAP_SYS_ADMIN")
                })?;
                read()
            });
            there
                .join()
                .map_err(|_| anyhow!("the thread in network namespace {} failed", self.netns))?
        })
    }
}

fn find(inode: u32) -> Result<NetNs> {
    let mut all = netns::all();
    let known: Vec<String> = all.iter().map(|netns| netns.inode.to_string()).collect();
    let index = all.iter().position(|netns| netns.inode == inode);
    let index = index.with_context(|| {
        let known = known.join(", ");
        format!(
            "no process is in network namespace {inode}, and no name keeps it; there are {known}"
        )
    })?;
    Ok(all.swap_remove(index))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_here_without_a_thread_where_no_other_place_is_meant() {
        let here = thread::current().id();
        let place = Place::new(None).unwrap();
        let again = Place::new(Some(place.netns)).unwrap();
        for place in [&place, &again] {
            let there = place.read(|| Ok(thread::current().id())).unwrap();
            assert_eq!(there, here);
        }
    }

    #[test]
    fn a_namespace_that_is_not_there_is_named_with_those_that_are() {
        let own = Place::new(None).unwrap().netns;
        let error = Place::new(Some(1)).err().unwrap().to_string();
        assert!(error.contains("network namespace 1,"), "{error}");
        assert!(error.contains(&own.to_string()), "{error}");
    }
}
