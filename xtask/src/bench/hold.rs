//! Many established connections, held by many processes.

use std::{
    env,
    io::{BufRead as _, BufReader, Read as _, stdin},
    net::{Ipv4Addr, TcpListener, TcpStream},
    process::{Child, Command, Stdio},
};

use anyhow::{Context as _, Result, bail};

/// Processes that hold connections. They end with this.
pub struct Held(Vec<Child>);

impl Held {
    /// Starts `processes` that hold `sockets` in all, and waits until they do.
    ///
    /// # Errors
    ///
    /// They can't.
    pub fn start(sockets: usize, processes: usize) -> Result<Self> {
        let mut held = Self(Vec::with_capacity(processes));
        for _ in 0..processes {
            let xtask = env::current_exe().context("find xtask")?;
            let mut command = Command::new(xtask);
            let share = (sockets / processes).to_string();
            command.args(["part", "hold", "--sockets", &share]);
            command.stdin(Stdio::piped()).stdout(Stdio::piped());
            held.0.push(command.spawn().context("start a holder")?);
        }
        for child in &mut held.0 {
            let output = child.stdout.take().context("a holder without output")?;
            let mut line = String::new();
            BufReader::new(output)
                .read_line(&mut line)
                .context("hear from a holder")?;
            if line != "ready\n" {
                bail!("a holder failed: {line}");
            }
        }
        Ok(held)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        for child in &mut self.0 {
            drop(child.stdin.take());
        }
        for child in &mut self.0 {
            // It ends by itself, and there is nothing to be done where it doesn't.
            let _ = child.wait();
        }
    }
}

/// Holds so many sockets, both ends of each connection, until stdin ends.
///
/// # Errors
///
/// The kernel refuses.
pub fn hold(sockets: usize) -> Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("listen")?;
    let place = listener.local_addr().context("find the port")?;
    let mut ends = Vec::with_capacity(sockets);
    for _ in 0..sockets / 2 {
        ends.push(TcpStream::connect(place).context("connect")?);
        ends.push(listener.accept().context("accept")?.0);
    }
    println!("ready");
    stdin()
        .read_to_end(&mut Vec::new())
        .context("wait for the end")?;
    Ok(())
}
