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

use std::ffi::OsString;

use anyhow::{Result, bail};

use crate::{cargo, setup};
use guest::Run;
use image::Image;
use kernel::Fetched;
use matrix::Matrix;
use suite::Suite;

/// Where nothing is said.
const KERNELS: [&str; 4] = ["5.10", "6.1", "6.12", "7"];

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
    for version in wanted {
        let kernel = match kernel::fetch(&folder, version)? {
            Fetched::Kernel(kernel) => kernel,
            Fetched::Gone(why) => {
                matrix.leave_out(version, why);
                continue;
            }
        };
        eprintln!("vm: {}", kernel.name);
        let guest = folder.join("guests").join(&kernel.name);
        let image = Image::make(&guest, &kernel, &suite, args)?;
        matrix.add(&kernel.name, Run::boot(&kernel, &image)?);
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
