//! What tracing adds to packets that are none of its business, and to datagrams.

use std::{
    env,
    io::{Read as _, Write as _},
    net::{Ipv4Addr, TcpListener, TcpStream, UdpSocket},
    process::Command,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};

use super::{contender::Bench, measure::median, report::Section, tracer::Tracer};
use crate::command::capture;

/// A load, and what is counted of it.
struct Load {
    title: &'static str,
    part: &'static str,
    unit: &'static str,
    /// ns that may be added to each.
    most: Option<f64>,
}

const LOADS: [Load; 2] = [
    Load {
        title: "pairs of sending and receiving a datagram of 64 bytes",
        part: "datagrams",
        unit: "ns each",
        most: Some(500.0),
    },
    Load {
        title: "bulk TCP, in pieces of 64 KiB",
        part: "bulk",
        unit: "ns each",
        most: None,
    },
];

const ROUNDS: usize = 7;
const TIME: Duration = Duration::from_millis(1_000);

/// Compares loads with and without netwatch, in turns.
///
/// # Errors
///
/// Something can't be started.
pub fn compare(bench: Bench<'_>) -> Result<Section> {
    let mut section = Section::new(
        "What `netwatch trace` adds to packets",
        &["", "unit", "alone", "traced", "added", "ratio"],
    );
    for load in &LOADS {
        eprintln!("bench: {}", load.title);
        let (mut alone, mut traced) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            alone.push(load.run()?);
            let tracer = Tracer::start(&[bench.netwatch, "trace", "--json"], bench.output, true)?;
            traced.push(load.run()?);
            tracer.end()?;
        }
        let [alone, traced] = [alone, traced].map(|mut runs| median(&mut runs));
        if let Some(most) = load.most {
            section.judge(
                &format!("Added to {}, ns", load.title),
                traced - alone,
                most,
            );
        }
        section.row(vec![
            load.title.to_owned(),
            load.unit.to_owned(),
            format!("{alone:.0}"),
            format!("{traced:.0}"),
            format!("{:.0}", traced - alone),
            format!("{:.2}", alone / traced),
        ]);
    }
    Ok(section)
}

impl Load {
    /// ns for each of what is counted.
    fn run(&self) -> Result<f64> {
        let xtask = env::current_exe().context("find xtask")?;
        let millis = TIME.as_millis().to_string();
        let text = capture(Command::new(xtask).args(["part", self.part, "--millis", &millis]))?;
        let count: f64 = text.trim().parse().context("hear from a load")?;
        Ok(TIME.as_nanos() as f64 / count)
    }
}

/// Sends and receives datagrams; writes how many.
///
/// # Errors
///
/// The kernel refuses.
pub fn datagrams(time: Duration) -> Result<()> {
    let [near, far] = [(); 2].map(|()| UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)));
    let (near, far) = (near.context("bind")?, far.context("bind")?);
    near.connect(far.local_addr()?).context("connect")?;
    let start = Instant::now();
    let mut count = 0_u64;
    while start.elapsed() < time {
        near.send(&[0; 64]).context("send")?;
        far.recv(&mut [0; 64]).context("receive")?;
        count += 1;
    }
    println!("{count}");
    Ok(())
}

/// Sends as much as it can over one connection; writes how many pieces arrived.
///
/// # Errors
///
/// The kernel refuses.
pub fn bulk(time: Duration) -> Result<()> {
    const PIECE: usize = 64 << 10;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("listen")?;
    let mut out = TcpStream::connect(listener.local_addr()?).context("connect")?;
    let (mut back, _) = listener.accept().context("accept")?;
    let sender = thread::spawn(move || -> Result<()> {
        let start = Instant::now();
        while start.elapsed() < time {
            out.write_all(&[0; PIECE]).context("send")?;
        }
        Ok(())
    });
    let mut bytes = 0;
    let mut piece = vec![0; PIECE];
    loop {
        match back.read(&mut piece).context("receive")? {
            0 => break,
            read => bytes += read,
        }
    }
    sender
        .join()
        .map_err(|_| anyhow::anyhow!("the sender failed"))??;
    println!("{}", bytes / PIECE);
    Ok(())
}
