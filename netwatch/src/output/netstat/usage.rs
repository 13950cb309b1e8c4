//! Help, and which netstat this is.

use std::io::{self, Write as _, stdout};

const HELP: &str = "\
netwatch netstat prints what netstat of net-tools 2.10 prints for the same arguments.

Usage: netwatch netstat [-vWnNcaeolp] [SOCKETS] [FAMILIES]   open sockets
       netwatch netstat -r [-vneFC] [FAMILIES]               routes
       netwatch netstat -i [-vneac]                          interfaces
       netwatch netstat -s [-6tuw]                           protocol counters
       netwatch netstat -g [-n]                              multicast groups

What is shown:
  -r, --route            routes
  -i, --interfaces       interfaces
  -s, --statistics       protocol counters
  -g, --groups           memberships in multicast groups

Sockets: -t --tcp, -u --udp, -U --udplite, -w --raw, -x --unix
Families: -4 --inet, -6 --inet6, -A --protocol FAMILY,...

  -a, --all              sockets that listen and sockets that don't; interfaces that are down too
  -l, --listening        only sockets that listen
  -n, --numeric          numbers instead of names
      --numeric-hosts    the same of hosts only
      --numeric-ports    the same of ports only
      --numeric-users    the same of users only
  -e, --extend           more columns: user and inode; once more for more of routes
  -o, --timers           timers
  -p, --programs         processes
  -W, --wide             addresses and names in full
  -c, --continuous       again every second
  -v, --verbose          also say what is not supported
  -F, --fib              the table of routes (the default)
  -C, --cache            the cache of routes
  -V, --version          version
  -h, --help             this help

netwatch list, route, interfaces and statistics show more of the same.";

/// Prints the help.
///
/// # Errors
///
/// It can't be written.
pub fn help() -> io::Result<()> {
    writeln!(stdout(), "{HELP}")
}

/// Prints the version.
///
/// # Errors
///
/// It can't be written.
pub fn version() -> io::Result<()> {
    let version = env!("CARGO_PKG_VERSION");
    writeln!(stdout(), "netwatch {version}, as netstat of net-tools 2.10")
}
