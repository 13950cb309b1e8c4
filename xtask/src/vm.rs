//! The end-to-end tests on real kernels: Debian's, each booted under emulation with the tests inside.
//!
//! The same binaries as on the machine itself, in an initramfs beside the programs that they use. Nothing
//! is needed but QEMU: no KVM, no disk, no network.

mod guest;
mod image;
mod kernel;
mod matrix;
mod outcome;
mod suite;

use std::{
    ffi::OsString,
    iter,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use anyhow::{Result, anyhow, bail};

use crate::{cargo, setup};
use guest::Run;
use image::Image;
use kernel::{Fetched, Kernel};
use matrix::Matrix;
use suite::Suite;

/// Where nothing is said.
const KERNELS: [&str; 4] = ["5.10", "6.1", "6.12", "7"];

/// Boots as many at once as there are CPUs, as each takes one; their runs in the same order.
fn boot_all(guests: &[(Kernel, Image)]) -> Result<Vec<(&str, Run)>> {
    let at_once = thread::available_parallelism().map_or(1, usize::from);
    let next = AtomicUsize::new(0);
    let boot_some = || {
        let turns = iter::from_fn(|| guests.get(next.fetch_add(1, Ordering::Relaxed)));
        let runs =
            turns.map(|(kernel, image)| Ok((kernel.name.as_str(), Run::boot(kernel, image)?)));
        runs.collect::<Result<Vec<_>>>()
    };
    thread::scope(|scope| {
        let turns: Vec<_> = (0..at_once).map(|_| scope.spawn(boot_some)).collect();
        let mut runs = Vec::new();
        for turn in turns {
            runs.extend(
                turn.join()
                    .map_err(|_| anyhow!("a guest's thread panicked"))??,
            );
        }
        let place = |name: &str| guests.iter().position(|(kernel, _)| kernel.name == name);
        runs.sort_by_key(|(name, _)| place(name));
        Ok(runs)
    })
}

/// Runs the tests on each of these kernels and prints what came of it, kernel by test.
///
/// # Errors
///
/// A test fails, a kernel complains, or something can't be set up; or, where nothing is left out, a rung was
/// tried by no test.
pub fn run(kernels: &[String], args: &[OsString]) -> Result<()> {
    setup::build_tools()?;
    setup::for_tests()?;
    setup::for_guests()?;
    let suite = Suite::build()?;
    let wanted: Vec<&str> = match kernels {
        [] => KERNELS.to_vec(),
        some => some.iter().map(String::as_str).collect(),
    };
    let folder = cargo::workspace().join("target/vm");
    let mut matrix = Matrix::default();
    let mut guests = Vec::new();
    for version in wanted {
        let kernel = match kernel::fetch(&folder, version)? {
            Fetched::Kernel(kernel) => kernel,
            Fetched::Gone(why) => {
                matrix.leave_out(version, why);
                continue;
            }
        };
        let guest = folder.join("guests").join(&kernel.name);
        let image = Image::make(&guest, &kernel, &suite, args)?;
        guests.push((kernel, image));
    }
    for (kernel, run) in boot_all(&guests)? {
        matrix.add(kernel, run);
    }
    print!("{matrix}");
    let is_whole = kernels.is_empty() && args.is_empty();
    match matrix.faults() {
        0 if is_whole && !matrix.untried().is_empty() => {
            bail!("no test stood on {}", matrix.untried().join(", "))
        }
        0 => Ok(()),
        faults => bail!("{faults} faults on {} kernels", matrix.len()),
    }
}
