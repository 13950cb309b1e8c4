//! Short UDP flows: a question and its answer each, on a socket of its own.

use std::{
    env,
    fs::File,
    io::{BufRead as _, BufReader},
    net::UdpSocket,
    process::Command,
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result};

use super::{
    contender::{Bench, after},
    measure::median,
    report::Section,
    tracer::Tracer,
};
use crate::command::capture;

const ROUNDS: usize = 5;
const TIME: Duration = Duration::from_secs(2);
pub const QUESTION: usize = 40;
const ANSWER: usize = 200;

/// Counts what netwatch tells of flows, and what that costs them.
///
/// # Errors
///
/// Something can't be started.
pub fn compare(bench: Bench<'_>) -> Result<Section> {
    eprintln!("bench: short UDP flows");
    let (mut ratios, mut flows, mut told, mut datagrams) = (Vec::new(), 0, 0, 0);
    for _ in 0..ROUNDS {
        let (alone, _) = run(TIME)?;
        let command = [bench.netwatch, "trace", "--json"];
        let tracer = Tracer::start(&command, bench.output, true)?;
        let (traced, port) = run(TIME)?;
        let output = tracer.end()?;
        ratios.push(traced as f64 / alone as f64);
        flows += traced;
        for line in BufReader::new(File::open(output)?).lines() {
            let line = line.context("read netwatch's output")?;
            let is_end =
                line.contains("\"event\":\"udp_flow\"") && line.contains("\"phase\":\"close\"");
            if is_end && after(&line, "\"remote_port\":") == Some(port) {
                told += 1;
                datagrams += after::<u64>(&line, "\"tx_packets\":").unwrap_or(0);
            }
        }
    }
    let mut section = Section::new(
        "UDP flows of two datagrams, each on a socket of its own",
        &["", "speed", "flows", "flows lost", "datagrams lost"],
    );
    section.row(vec![
        "netwatch trace --json".to_owned(),
        format!("{:.2}", median(&mut ratios)),
        flows.to_string(),
        (flows.cast_signed() - told).to_string(),
        (flows.cast_signed() - datagrams.cast_signed()).to_string(),
    ]);
    Ok(section)
}

/// Asks for a while: how often, and at which port.
///
/// # Errors
///
/// It can't be started.
pub fn run(time: Duration) -> Result<(u64, u16)> {
    let xtask = env::current_exe().context("find xtask")?;
    let millis = time.as_millis().to_string();
    let text = capture(Command::new(xtask).args(["part", "flows", "--millis", &millis]))?;
    let mut numbers = text.split_whitespace();
    let flows = numbers.next().context("no count")?.parse()?;
    let port = numbers.next().context("no port")?.parse()?;
    Ok((flows, port))
}

/// Asks and answers; writes how often, and the port.
///
/// # Errors
///
/// The kernel refuses.
pub fn flows(time: Duration) -> Result<()> {
    let server = UdpSocket::bind("127.0.0.1:0").context("bind")?;
    let place = server.local_addr().context("find the port")?;
    // Ends with the process.
    thread::spawn(move || {
        let mut question = [0; QUESTION];
        while let Ok((_, from)) = server.recv_from(&mut question) {
            if server.send_to(&[0; ANSWER], from).is_err() {
                return;
            }
        }
    });
    let start = std::time::Instant::now();
    let mut flows = 0_u64;
    while start.elapsed() < time {
        let socket = UdpSocket::bind("127.0.0.1:0").context("bind")?;
        socket.set_read_timeout(Some(Duration::from_secs(5)))?;
        socket.connect(place).context("connect")?;
        socket.send(&[0; QUESTION]).context("ask")?;
        socket.recv(&mut [0; ANSWER]).context("hear the answer")?;
        flows += 1;
    }
    println!("{flows} {}", place.port());
    Ok(())
}
