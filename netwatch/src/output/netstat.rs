//! Tables as net-tools netstat prints them.

mod groups;
mod interfaces;
mod routes;
mod sentences;
mod sockets;
mod statistics;
mod unix;
mod usage;

use std::io::{self, BufWriter, Write, stdout};

use crate::netstat::{Frame, Hidden, Lack, Section, args::Request, names::Names};

pub use usage::{help, version};

/// The widest column of a row of sockets.
const ADDRESS_WIDTH: usize = 23;

/// Prints one round after another.
pub struct Printer<'a> {
    request: &'a Request,
    names: Names,
    out: BufWriter<io::StdoutLock<'static>>,
    is_first: bool,
}

impl<'a> Printer<'a> {
    /// To stdout.
    pub fn new(request: &'a Request) -> Self {
        Self {
            request,
            names: Names::new(request),
            out: BufWriter::with_capacity(1 << 16, stdout().lock()),
            is_first: true,
        }
    }

    /// Prints a round, and what it could not show to stderr.
    ///
    /// # Errors
    ///
    /// It can't be written.
    pub fn print(&mut self, frame: &Frame) -> io::Result<()> {
        if let Some(hidden) = frame.owners.as_ref().and_then(|owners| owners.hidden) {
            say(&owners_note(hidden));
        }
        for section in &frame.sections {
            let (out, request, names) = (&mut self.out, self.request, &mut self.names);
            match section {
                Section::Internet(tables) => {
                    let context = sockets::Context {
                        request,
                        owners: frame.owners.as_ref(),
                    };
                    sockets::print(out, &context, tables, names)?;
                }
                Section::Unix(sockets) => {
                    unix::print(out, request, sockets, frame.owners.as_ref())?;
                }
                Section::Groups(memberships) => groups::print(out, memberships, names)?,
                Section::Routes4(table) => routes::print_ipv4(out, request, table, names)?,
                Section::RouteCache4 => routes::print_ipv4_cache(out, request)?,
                Section::Routes6(table) => routes::print_ipv6(out, "table", table, names)?,
                Section::RouteCache6(table) => routes::print_ipv6(out, "cache", table, names)?,
                Section::Interfaces(table) => {
                    interfaces::print(out, request, table, self.is_first)?;
                }
                Section::Counters(groups) => statistics::print(out, groups)?,
            }
        }
        for lack in &frame.lacks {
            let note = lack_note(*lack, self.request);
            match lack {
                // This one alone is not on stderr.
                Lack::Statistics => writeln!(self.out, "{note}")?,
                _ => say(&note),
            }
        }
        self.is_first = false;
        self.out.flush()
    }
}

/// Which sockets are meant, in a heading.
const fn which(request: &Request) -> &'static str {
    match (request.all, request.listening) {
        (true, _) => "(servers and established)",
        (false, true) => "(only servers)",
        (false, false) => "(w/o servers)",
    }
}

/// Text and the blanks that make it as many bytes wide as printf would.
fn padded(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(text.len())))
}

fn owners_note(hidden: Hidden) -> String {
    match hidden {
        Hidden::Some => "(Not all processes could be identified, non-owned process info\n \
                         will not be shown, you would have to be root to see it all.)"
            .to_owned(),
        Hidden::All => format!(
            "(No info could be read for \"-p\": geteuid()={} but you should be root.)",
            rustix::process::geteuid().as_raw()
        ),
    }
}

fn lack_note(lack: Lack, request: &Request) -> String {
    match lack {
        Lack::Support(what) => format!("netstat: no support for `{what}' on this system."),
        Lack::Feature(what) => format!(
            "netstat: feature `{what}' not supported.\nPlease recompile `net-tools' with newer \
             kernel source or full configuration."
        ),
        Lack::Routing(domain) => format!("No routing for address family `{domain}'."),
        Lack::Statistics => {
            let domains: Vec<_> = request.domains.iter().map(|one| one.name()).collect();
            format!(
                "netstat: No statistics support for specified address family: {}",
                domains.join(",")
            )
        }
        Lack::SeLinux => "SELinux is not enabled on this machine.".to_owned(),
    }
}

/// Says on stderr what netstat says there.
fn say(text: &str) {
    // Whoever closed stderr doesn't want to know.
    let _ = writeln!(io::stderr(), "{text}");
}
