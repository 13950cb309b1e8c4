//! The records of one connection, as the kernel side writes them.

use netwatch::{enrich::Processes, event::Process};
use netwatch_common::{
    Header, Owner, ProcessKey, TcpEnd, TcpFull, TcpLite, TcpStats, Tuple, flag, how, kind,
};

const CLIENT: u64 = 1_000_001;
const SERVER: u64 = 1_000_002;

fn header(at: u64, cookie: u64, kind: u32) -> Header {
    Header {
        ts_ns: 25_000_000_000_000 + at * 10_000,
        cookie,
        kind,
        _pad: 0,
    }
}

fn full(at: u64, cookie: u64, states: (u8, u8), flags: u16) -> Vec<u8> {
    let tuple = Tuple {
        local: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 1],
        remote: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 17],
        local_port: 45_678,
        remote_port: 443,
        netns: 4_026_531_833,
        family: 2,
        protocol: 6,
        ..Tuple::default()
    };
    let owner = Owner {
        process: key(cookie),
        uid: 33,
        how: how::CONNECT,
        comm: *b"a-client\0\0\0\0\0\0\0\0",
        ..Owner::default()
    };
    let record = TcpFull {
        header: header(at, cookie, kind::TCP_FULL),
        tuple,
        owner,
        birth_ns: 25_000_000_000_000,
        since_ns: 25_000_000_000_000,
        old: states.0,
        new: states.1,
        flags,
        ..bytemuck::Zeroable::zeroed()
    };
    bytemuck::bytes_of(&record).to_vec()
}

fn lite(at: u64, cookie: u64, states: (u8, u8)) -> Vec<u8> {
    let record = TcpLite {
        header: header(at, cookie, kind::TCP_LITE),
        since_ns: 25_000_000_000_000,
        old: states.0,
        new: states.1,
        flags: flag::ANNOUNCED,
        _pad: 0,
    };
    bytemuck::bytes_of(&record).to_vec()
}

fn end(at: u64, cookie: u64, old: u8) -> Vec<u8> {
    let stats = TcpStats {
        bytes_sent: 64,
        bytes_received: 512,
        srtt_us8: 300,
        ..TcpStats::default()
    };
    let record = TcpEnd {
        header: header(at, cookie, kind::TCP_END),
        stats,
        birth_ns: 25_000_000_000_000,
        since_ns: 25_000_000_000_000,
        old,
        new: 7,
        flags: flag::ANNOUNCED | flag::RST_RECEIVED,
        err: libc::ECONNRESET as u16,
        ..bytemuck::Zeroable::zeroed()
    };
    bytemuck::bytes_of(&record).to_vec()
}

fn key(cookie: u64) -> ProcessKey {
    ProcessKey {
        start_ns: 1,
        tgid: cookie as u32,
        exec_id: 1,
    }
}

/// The records of one connection. Its client resets it, so that no TIME_WAIT is left to look for.
pub fn records() -> Vec<Vec<u8>> {
    vec![
        full(0, CLIENT, (7, 2), 0),
        lite(1, CLIENT, (2, 1)),
        full(2, SERVER, (3, 1), flag::OPENING),
        lite(3, SERVER, (1, 8)),
        lite(4, SERVER, (8, 9)),
        lite(5, CLIENT, (1, 4)),
        lite(6, CLIENT, (4, 11)),
        end(7, SERVER, 9),
        end(8, CLIENT, 11),
    ]
}

/// The processes at both of its ends.
pub fn processes() -> Processes {
    let mut processes = Processes::default();
    for cookie in [CLIENT, SERVER] {
        let process = Process {
            pid: cookie as u32,
            comm: "a-client".to_owned(),
            exe: Some("/usr/libexec/a-package/a-client".to_owned()),
            uid: 33,
            cgroup: Some("/system.slice/a-client.service".to_owned()),
        };
        processes.learn(key(cookie), *b"a-client\0\0\0\0\0\0\0\0", process);
    }
    processes
}
