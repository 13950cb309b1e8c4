//! Names of networks, as netstat prints them without `-n`.

use std::{collections::HashMap, fs, net::Ipv4Addr};

use crate::text::clean;

/// The names of networks in `/etc/networks`.
pub fn of_networks() -> HashMap<Ipv4Addr, String> {
    // Names are a convenience: without the file the numbers remain.
    networks(&fs::read("/etc/networks").unwrap_or_default())
}

/// A line is a name and a network, of which zeros may be left out at the end; `#` begins a comment.
fn networks(file: &[u8]) -> HashMap<Ipv4Addr, String> {
    let text = String::from_utf8_lossy(file);
    let lines = text.lines().filter_map(|line| {
        let mut words = line.split('#').next()?.split_ascii_whitespace();
        let (name, network) = (words.next()?, words.next()?);
        let mut octets = [0; 4];
        for (octet, written) in octets.iter_mut().zip(network.split('.')) {
            *octet = written.parse().ok()?;
        }
        Some((octets.into(), clean(name.as_bytes())))
    });
    lines.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_read() {
        let names = networks(b"# all\nloopback 127.0.0.0\nlab 10.1 # half\nbad 10.x\n");
        let expected = HashMap::from([
            (Ipv4Addr::new(127, 0, 0, 0), "loopback".to_owned()),
            (Ipv4Addr::new(10, 1, 0, 0), "lab".to_owned()),
        ]);
        assert_eq!(names, expected);
    }
}
