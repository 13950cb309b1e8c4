//! netwatch against the real kernel: a module for each behaviour, a network namespace for each test.
//!
//! These tests need root, as netwatch does.

#[path = "../harness/mod.rs"]
mod harness;

// How connections end, and what they carried.
mod tcp_close;
mod tcp_end_badly;
// How connections begin.
mod tcp_open;
// What was there before netwatch, and what remains after the process.
mod expiry;
mod snapshot;
mod snapshot_rungs;
// Whose a socket is.
mod namespaces;
mod onlooker;
mod owner;
mod short_lived;
mod uring;
// Datagrams.
mod udp;
mod udp_many;
mod udp_rungs;
// Plenty, malice and mishap.
mod bare;
mod confinement;
mod doctor;
mod hostile;
mod leftovers;
mod output;
mod privilege;
mod prototypes;
mod rungs;
mod storm;
// The command line.
mod filter_like_ss;
mod life;
mod list_sockets;
mod list_ways;
mod readme;
mod select;
// What netstat shows beside sockets.
mod host_interfaces;
mod host_route;
mod host_statistics;
// What netstat prints.
mod netstat_host;
mod netstat_program;
mod netstat_sockets;
