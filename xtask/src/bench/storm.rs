//! Connections as fast as two processes can make them.
//!
//! The server closes first, so that the client's ports are free again at once. Each connection has
//! ten transitions: five of the client's socket, five of the server's.

use std::{
    env,
    io::{BufRead as _, BufReader, Read as _},
    net::{Ipv4Addr, SocketAddrV4, TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};

use crate::command::capture;

/// Transitions of one connection, both sockets together.
pub const TRANSITIONS: u64 = 10;

/// The server of a storm, a process of its own.
pub struct Server {
    child: Child,
    port: u16,
}

/// What a storm did.
#[derive(Clone, Copy, Debug)]
pub struct Storm {
    pub connections: u64,
    pub time: Duration,
}

impl Storm {
    /// Connections a second.
    pub fn rate(&self) -> f64 {
        self.connections as f64 / self.time.as_secs_f64()
    }

    /// How many transitions the kernel made of it.
    pub const fn transitions(&self) -> u64 {
        self.connections * TRANSITIONS
    }
}

impl Server {
    /// Starts a server, and waits until it listens.
    ///
    /// # Errors
    ///
    /// It can't be started.
    pub fn start() -> Result<Self> {
        let xtask = env::current_exe().context("find xtask")?;
        let mut child = Command::new(xtask)
            .args(["part", "serve"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .context("start a server")?;
        let output = child.stdout.take().context("a server without output")?;
        let mut line = String::new();
        BufReader::new(output)
            .read_line(&mut line)
            .context("hear from the server")?;
        let port = line.trim().parse().context("hear the server's port")?;
        Ok(Self { child, port })
    }

    /// Connects for so long, in a process of its own.
    ///
    /// # Errors
    ///
    /// The client fails.
    pub fn storm(&self, time: Duration) -> Result<Storm> {
        let xtask = env::current_exe().context("find xtask")?;
        let mut client = Command::new(xtask);
        client.args(["part", "connect", "--port", &self.port.to_string()]);
        client.args(["--millis", &time.as_millis().to_string()]);
        let text = capture(&mut client)?;
        let mut numbers = text.split_whitespace().map(str::parse::<u64>);
        let (connections, nanos) = numbers
            .next()
            .zip(numbers.next())
            .context("hear from the client")?;
        Ok(Storm {
            connections: connections?,
            time: Duration::from_nanos(nanos?),
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Accepts, and closes at once.
///
/// # Errors
///
/// The kernel refuses.
pub fn serve() -> Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).context("listen")?;
    println!("{}", listener.local_addr().context("find the port")?.port());
    loop {
        drop(listener.accept().context("accept")?);
    }
}

/// Connects and waits for the other's end, again and again; writes how often, and the time in ns.
///
/// # Errors
///
/// The kernel refuses.
pub fn connect(port: u16, time: Duration) -> Result<()> {
    let start = Instant::now();
    let mut connections = 0_u64;
    while start.elapsed() < time {
        // A host for each thousand ports, so that no chain of the kernel's hash table grows long.
        let host = Ipv4Addr::new(127, 0, 0, 1 + (connections % 200) as u8);
        let mut stream = TcpStream::connect(SocketAddrV4::new(host, port)).context("connect")?;
        stream
            .read_exact(&mut [0])
            .err()
            .context("the server sent something")?;
        connections += 1;
    }
    println!("{connections} {}", start.elapsed().as_nanos());
    Ok(())
}
