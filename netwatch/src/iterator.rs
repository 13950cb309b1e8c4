//! Reading BPF iterators.

use std::{
    fs::File,
    io::{self, Read as _},
};

use anyhow::{Context as _, Result};
use aya::{
    Ebpf,
    programs::{Iter, iter::IterLink},
};

/// Attaches a loaded iterator program for one reading.
///
/// # Errors
///
/// There is no such program, or the kernel refuses.
pub fn link(ebpf: &mut Ebpf, name: &str) -> Result<IterLink> {
    let program = ebpf
        .program_mut(name)
        .with_context(|| format!("no program {name}"))?;
    let program: &mut Iter = program.try_into()?;
    let id = program
        .attach()
        .with_context(|| format!("attach the iterator {name}"))?;
    program
        .take_link(id)
        .with_context(|| format!("attach the iterator {name}"))
}

/// Reads an iterator to its end, in this thread's network namespace, in rows of `N` bytes. Gives
/// back how many bytes were left over.
///
/// # Errors
///
/// The kernel refuses to run it, or to go on.
pub fn read<const N: usize>(link: IterLink, mut take: impl FnMut(&[u8])) -> Result<usize> {
    let mut file = link.into_file().context("open the iterator")?;
    Ok(read_file::<N>(&mut file, &mut take)?)
}

/// The same, of an iterator that is open.
///
/// # Errors
///
/// The kernel refuses to run it, or to go on.
pub fn read_file<const N: usize>(
    file: &mut File,
    mut take: impl FnMut(&[u8]),
) -> io::Result<usize> {
    let mut pending = Vec::with_capacity(1 << 16);
    let mut chunk = vec![0; 1 << 16];
    loop {
        let count = read_some(file, &mut chunk)?;
        if count == 0 {
            return Ok(pending.len());
        }
        pending.extend_from_slice(&chunk[..count]);
        let whole = pending.len() - pending.len() % N;
        pending[..whole].chunks_exact(N).for_each(&mut take);
        pending.drain(..whole);
    }
}

/// Reads on where the kernel pauses: after a million objects without output it says `EAGAIN`.
fn read_some(file: &mut File, chunk: &mut [u8]) -> io::Result<usize> {
    use io::ErrorKind::{Interrupted, WouldBlock};
    loop {
        match file.read(chunk) {
            Err(error) if matches!(error.kind(), WouldBlock | Interrupted) => {}
            result => return result,
        }
    }
}
