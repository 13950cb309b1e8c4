//! What a tracer is to do.

use std::path::PathBuf;

use netwatch_common::detail;

use crate::{event::Rung, probes::LoadOptions};

/// How to trace.
#[derive(Clone, Debug)]
pub struct Options {
    /// Size of the ring buffer of TCP transitions, in bytes: a power of two, a whole number of pages.
    pub ring_bytes: u32,
    /// Write the probes' own diagnostics to the logger of the `log` crate.
    pub diagnostics: bool,
    /// Let the probes tell nothing of TCP but listeners and how connections ended. That costs the
    /// machine half as much; the table then lacks the connections that are open.
    pub only_ends: bool,
    /// Tell of UDP. Without it, no packet passes a program.
    pub udp: bool,
    /// Capabilities that are to stand on this rung and no other, or on `none`; the others stand on the best
    /// that is there. The last of one capability counts.
    pub rungs: Vec<Rung>,
    /// A file that describes the kernel's types (BTF), for a kernel that does not do so itself.
    pub btf: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            ring_bytes: 16 << 20,
            diagnostics: false,
            only_ends: false,
            udp: true,
            rungs: Vec::new(),
            btf: None,
        }
    }
}

impl Options {
    /// What that means for the programs.
    pub(super) fn to_load(&self) -> LoadOptions {
        LoadOptions {
            ring_bytes: self.ring_bytes,
            diagnostics: self.diagnostics,
            detail: if self.only_ends {
                detail::ENDS
            } else {
                detail::ALL
            },
            udp: self.udp,
            rungs: self.rungs.clone(),
            btf: self.btf.clone(),
        }
    }
}
