//! Connections as fast as all CPUs can make them, between processes.
//!
//! Pairs of a server and a client, enough of them that no CPU ever waits. The server closes first, so
//! that the client's ports are free again at once. Each connection carries a request and an answer and
//! has ten transitions: five of the client's socket, five of the server's.

use std::{
    env,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{Ipv4Addr, SocketAddrV4, TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    thread::{available_parallelism, sleep},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};

use super::contender::Told;

/// Transitions of one connection, both sockets together.
pub const TRANSITIONS: u64 = 10;

/// For each CPU so many pairs.
const PAIRS: usize = 1;

/// Bytes of a request, and of its answer.
const REQUEST: usize = 64;
const ANSWER: usize = 512;

/// The servers of a storm, each a process of its own.
pub struct Servers(Vec<Server>);

struct Server {
    child: Child,
    port: u16,
}

/// What a storm did.
#[derive(Clone, Debug)]
pub struct Storm {
    pub connections: u64,
    pub time: Duration,
    pairs: Vec<Pair>,
}

/// Who made connections to whom.
#[derive(Clone, Copy, Debug)]
struct Pair {
    port: u16,
    server: u32,
    client: u32,
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

    /// Whose the socket is, if it is one of the storm's.
    pub fn owner(&self, told: Told) -> Option<u32> {
        let ours = |pair: &Pair| match pair.port {
            port if port == told.local_port => Some(pair.server),
            port if port == told.remote_port => Some(pair.client),
            _ => None,
        };
        self.pairs.iter().find_map(ours)
    }
}

impl Servers {
    /// Starts them, and waits until they listen.
    ///
    /// # Errors
    ///
    /// One of them can't be started.
    pub fn start() -> Result<Self> {
        let cpus = available_parallelism().context("count the CPUs")?.get();
        let servers = (0..PAIRS * cpus).map(|_| Server::start());
        servers.collect::<Result<_>>().map(Self)
    }

    /// The port of one of them.
    pub fn port(&self) -> u16 {
        self.0[0].port
    }

    /// Connects to all of them for so long, all together so often in a second, or as often as they can.
    ///
    /// # Errors
    ///
    /// A client fails.
    pub fn storm(&self, time: Duration, pace: Option<u32>) -> Result<Storm> {
        let pace = pace.map(|pace| pace / self.0.len() as u32);
        let clients = self.0.iter().map(|server| server.client(time, pace));
        let clients: Vec<Child> = clients.collect::<Result<_>>()?;
        let pairs = self.0.iter().zip(&clients).map(|(server, client)| Pair {
            port: server.port,
            server: server.child.id(),
            client: client.id(),
        });
        let pairs = pairs.collect();
        let mut connections = 0;
        for client in clients {
            let output = client.wait_with_output().context("wait for a client")?;
            ensure!(output.status.success(), "a client failed");
            let text = String::from_utf8_lossy(&output.stdout);
            let count: u64 = text.trim().parse().context("hear from a client")?;
            connections += count;
        }
        Ok(Storm {
            connections,
            time,
            pairs,
        })
    }
}

impl Server {
    fn start() -> Result<Self> {
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

    fn client(&self, time: Duration, pace: Option<u32>) -> Result<Child> {
        let xtask = env::current_exe().context("find xtask")?;
        let mut client = Command::new(xtask);
        client
            .args(["part", "connect", "--port", &self.port.to_string()])
            .args(["--millis", &time.as_millis().to_string()]);
        if let Some(pace) = pace {
            client.args(["--pace", &pace.to_string()]);
        }
        client
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .context("start a client")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Accepts, answers, and closes.
///
/// # Errors
///
/// The kernel refuses.
pub fn serve() -> Result<()> {
    let listener = listen()?;
    println!("{}", listener.local_addr().context("find the port")?.port());
    loop {
        answer(&listener)?;
    }
}

/// Listens at all addresses.
///
/// # Errors
///
/// The kernel refuses.
pub fn listen() -> Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).context("listen")
}

/// Accepts once, answers, and closes.
///
/// # Errors
///
/// The kernel refuses.
pub fn answer(listener: &TcpListener) -> Result<()> {
    let (mut stream, _) = listener.accept().context("accept")?;
    stream
        .read_exact(&mut [0; REQUEST])
        .context("read a request")?;
    stream.write_all(&[0; ANSWER]).context("answer")
}

/// Connects, asks, and waits for the answer and the end, again and again, or `pace` times a second;
/// writes how often.
///
/// # Errors
///
/// The kernel refuses.
pub fn connect(port: u16, time: Duration, pace: Option<u32>) -> Result<()> {
    let start = Instant::now();
    let mut connections = 0_u64;
    while start.elapsed() < time {
        if let Some(pace) = pace {
            let due = Duration::from_secs(1) * connections as u32 / pace;
            sleep(due.saturating_sub(start.elapsed()));
        }
        // An address for each thousand ports, so that no chain of the kernel's hash table grows long.
        let host = Ipv4Addr::new(127, 0, 0, 1 + (connections % 200) as u8);
        ask(host, port)?;
        connections += 1;
    }
    println!("{connections}");
    Ok(())
}

/// Connects, asks, and waits for the answer and the end.
///
/// # Errors
///
/// The kernel refuses.
pub fn ask(host: Ipv4Addr, port: u16) -> Result<()> {
    let mut stream = TcpStream::connect(SocketAddrV4::new(host, port)).context("connect")?;
    stream.write_all(&[0; REQUEST]).context("ask")?;
    stream
        .read_exact(&mut [0; ANSWER])
        .context("read an answer")?;
    ensure!(
        stream.read(&mut [0]).context("read the end")? == 0,
        "the server sent more"
    );
    Ok(())
}
