//! Many short connections.

use std::{
    net::SocketAddr,
    os::fd::AsFd,
    thread::sleep,
    time::{Duration, Instant},
};

use rustix::net::{AddressFamily, SendFlags, SocketType, acceptfrom, connect, send, socket};

use crate::{
    stream::drain_all,
    words::{Reply, Words},
};

/// What each connection carries from its client to its server.
const BYTES: usize = 32;

/// `storm ADDRESS COUNT PER_SECOND`: connects, sends, closes → milliseconds it took.
pub fn storm(words: &mut Words<'_>) -> Reply {
    let address: SocketAddr = words.take("an address");
    let count: u32 = words.take("a number of connections");
    let per_second: u32 = words.take("a rate");
    let start = Instant::now();
    for turn in 0..count {
        let due = start + Duration::from_secs(1) * turn / per_second;
        sleep(due.saturating_duration_since(Instant::now()));
        let client = socket(AddressFamily::INET, SocketType::STREAM, None)?;
        connect(&client, &address)?;
        send(&client, &[0; BYTES], SendFlags::NOSIGNAL)?;
    }
    Ok(start.elapsed().as_millis().to_string())
}

/// `serve FD COUNT`: accepts so many connections, reads each to its end and closes it.
pub fn serve(words: &mut Words<'_>) -> Reply {
    let (listener, count) = (words.fd(), words.take::<u32>("a number of connections"));
    for _ in 0..count {
        let (connection, _) = acceptfrom(listener)?;
        drain_all(connection.as_fd())?;
    }
    Ok(String::new())
}
