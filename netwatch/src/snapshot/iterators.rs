//! By the kernel's own iterators, whose rows are of one moment each and name the owner.

use std::sync::{Mutex, PoisonError, Weak};

use anyhow::{Context as _, Result};
use aya::Ebpf;

use super::{RawSnapshot, Scope};
use crate::{
    decode::{self, ROW_BYTES},
    iterator, probes,
};

type Programs = Weak<Mutex<Ebpf>>;

/// Reads the descriptors of all processes.
///
/// # Errors
///
/// The iterator can't be read, or its program is out of the kernel again.
pub fn files(programs: &Programs, raw: &mut RawSnapshot) -> Result<()> {
    read(programs, probes::FILES, raw)
}

/// Reads the socket tables of this thread's network namespace.
///
/// # Errors
///
/// As [`files`].
pub fn tables(programs: &Programs, scope: Scope, raw: &mut RawSnapshot) -> Result<()> {
    let tables: &[&str] = match scope {
        Scope::Everything => &["snapshot_tcp", "snapshot_udp"],
        Scope::Waiting => &["snapshot_waiting"],
    };
    tables
        .iter()
        .try_for_each(|table| read(programs, table, raw))
}

fn read(programs: &Programs, program: &str, raw: &mut RawSnapshot) -> Result<()> {
    let programs = programs
        .upgrade()
        .context("the programs are out of the kernel again")?;
    let link = {
        let mut ebpf = programs.lock().unwrap_or_else(PoisonError::into_inner);
        iterator::link(&mut ebpf, program)?
    };
    drop(programs);
    let (rows, undecodable) = (&mut raw.rows, &mut raw.undecodable);
    let left = iterator::read::<ROW_BYTES>(link, |bytes| match decode::iterator_row(bytes) {
        Ok(row) => rows.push(row),
        Err(_) => *undecodable += 1,
    })
    .with_context(|| format!("read the iterator {program}"))?;
    raw.undecodable += u64::from(left > 0);
    Ok(())
}
