//! Short connections on loopback, one after another, until told to stop.

use std::{
    io::Read as _,
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use netwatch::clock;
use rustix::net::sockopt::socket_cookie;

/// A connection that was made: when it began at the latest, and its client's cookie.
#[derive(Clone, Copy, Debug)]
pub struct Made {
    /// Just before connect, by the monotonic clock.
    pub began: u64,
    pub cookie: u64,
}

/// Connections at a steady rate, from a client's thread to a server's.
pub struct Churn {
    stop: Arc<AtomicBool>,
    count: Arc<AtomicUsize>,
    client: JoinHandle<Vec<Made>>,
    server: JoinHandle<()>,
}

impl Churn {
    /// Starts in this thread's network namespace.
    pub fn start(per_second: u32) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("listen");
        let address = listener.local_addr().expect("the listener's address");
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let count = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&count);
        let client = thread::spawn(move || connect_until(&stopped, &counted, address, per_second));
        let server = thread::spawn(move || serve(&listener));
        Self {
            stop,
            count,
            client,
            server,
        }
    }

    /// How many connections were made so far.
    pub fn count(&self) -> usize {
        self.count.load(Relaxed)
    }

    /// Ends it; every connection is closed on both sides then.
    pub fn stop(self) -> Vec<Made> {
        self.stop.store(true, Relaxed);
        let made = self.client.join().expect("the client");
        self.server.join().expect("the server");
        made
    }
}

fn connect_until(
    stop: &AtomicBool,
    count: &AtomicUsize,
    address: SocketAddr,
    per_second: u32,
) -> Vec<Made> {
    let start = Instant::now();
    let mut made = Vec::new();
    for turn in 0.. {
        let due = start + Duration::from_secs(1) * turn / per_second;
        thread::sleep(due.saturating_duration_since(Instant::now()));
        let began = clock::monotonic();
        let client = TcpStream::connect(address).expect("connect");
        made.push(Made {
            began,
            cookie: socket_cookie(&client).expect("the cookie"),
        });
        count.fetch_add(1, Relaxed);
        if stop.load(Relaxed) {
            // The last one says so to the server, by saying anything at all.
            std::io::Write::write_all(&mut &client, b"x").expect("send");
            break;
        }
    }
    made
}

fn serve(listener: &TcpListener) {
    loop {
        let (mut connection, _) = listener.accept().expect("accept");
        let mut heard = Vec::new();
        connection.read_to_end(&mut heard).expect("read to the end");
        if !heard.is_empty() {
            return;
        }
    }
}
