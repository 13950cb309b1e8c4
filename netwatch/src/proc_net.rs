//! The texts in `/proc/net`, of this thread's network namespace.

use std::{
    fs,
    io::ErrorKind,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::Path,
};

use anyhow::{Context as _, Result};

/// A file in `/proc/net` as bytes, since names in it are text from outside; empty where the kernel
/// has no such table.
pub fn read(name: &str) -> Result<Vec<u8>> {
    // `/proc/net` itself is that of the process, which is its first thread's.
    let path = format!("/proc/thread-self/net/{name}");
    match fs::read(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        read => read.with_context(|| format!("read {path}")),
    }
}

/// Whether the kernel has such a table.
pub fn is_there(name: &str) -> bool {
    Path::new("/proc/thread-self/net").join(name).exists()
}

/// A file that has nothing but ASCII, line by line.
pub fn lines(name: &str) -> Result<Vec<String>> {
    let bytes = read(name)?;
    let text = String::from_utf8_lossy(&bytes);
    Ok(text.lines().map(str::to_owned).collect())
}

/// A number in hexadecimal.
pub fn hex(digits: &str) -> Option<u64> {
    u64::from_str_radix(digits, 16).ok()
}

/// An address as the kernel prints it: words of 32 bits, in the machine's order.
pub fn address(digits: &str) -> Option<IpAddr> {
    let word = |at: usize| {
        let word = u32::from_str_radix(digits.get(at * 8..at * 8 + 8)?, 16).ok()?;
        Some(word.to_ne_bytes())
    };
    match digits.len() {
        8 => Some(Ipv4Addr::from(word(0)?).into()),
        32 => {
            let mut octets = [0; 16];
            for (at, chunk) in octets.chunks_exact_mut(4).enumerate() {
                chunk.copy_from_slice(&word(at)?);
            }
            Some(Ipv6Addr::from(octets).into())
        }
        _ => None,
    }
}

/// An IPv6 address as 32 digits in network order.
pub fn ipv6(digits: &str) -> Option<Ipv6Addr> {
    (digits.len() == 32).then_some(())?;
    u128::from_str_radix(digits, 16).ok().map(Ipv6Addr::from)
}

/// `0100007F:0016`.
pub fn endpoint(text: &str) -> Option<SocketAddr> {
    let (addr, port) = text.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    Some(SocketAddr::new(address(addr)?, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_endian = "little")]
    fn addresses_are_words_in_the_machines_order() {
        assert_eq!(endpoint("0100007F:0016"), "127.0.0.1:22".parse().ok());
        let mapped = "0000000000000000FFFF00000100007F:1F90";
        assert_eq!(endpoint(mapped), "[::ffff:127.0.0.1]:8080".parse().ok());
        for bad in ["0100007F", "01007F:0016", "0100007F:10016", "é00007F:0016"] {
            assert_eq!(endpoint(bad), None, "{bad}");
        }
    }
}
