//! A tracer that learns nothing: runs the program of `netwatch-bare` that is named as its argument, takes the records
//! from their ring every 10 ms and counts them. Says so at the end, on stdout.

use std::{
    env,
    io::{Write as _, stdout},
    sync::atomic::{AtomicBool, Ordering},
    thread::sleep,
    time::Duration,
};

use anyhow::{Context as _, Result};
use aya::{Btf, EbpfLoader, include_bytes_aligned, maps::RingBuf, programs::BtfTracePoint};

static OBJECT: &[u8] = include_bytes_aligned!(concat!(env!("OUT_DIR"), "/netwatch-bare"));

/// How often netwatch looks too.
const TICK: Duration = Duration::from_millis(10);

static ENDS: AtomicBool = AtomicBool::new(false);

extern "C" fn end(_signal: libc::c_int) {
    ENDS.store(true, Ordering::Relaxed);
}

fn main() -> Result<()> {
    // SAFETY: the handler only stores.
    unsafe { libc::signal(libc::SIGINT, end as *const () as libc::sighandler_t) };
    let btf = Btf::from_sys_fs().context("read the kernel's BTF")?;
    let mut ebpf = EbpfLoader::new()
        .btf(Some(&btf))
        .load(OBJECT)
        .context("create the map")?;
    let name = env::args().nth(1).context("no program is named")?;
    let program = ebpf.program_mut(&name);
    let program = program.with_context(|| format!("there is no program {name}"))?;
    let program: &mut BtfTracePoint = program.try_into()?;
    program.load("inet_sock_set_state", &btf)?;
    program.attach()?;
    let map = ebpf.take_map("BARE_EVENTS").context("no BARE_EVENTS")?;
    let mut ring = RingBuf::try_from(map)?;
    writeln!(stdout(), "watches")?;
    let mut records = 0_u64;
    while !ENDS.load(Ordering::Relaxed) {
        while ring.next().is_some() {
            records += 1;
        }
        sleep(TICK);
    }
    writeln!(stdout(), "{records} records")?;
    Ok(())
}
