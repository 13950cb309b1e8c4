//! One report of each kind, for the tests of the outputs.

use std::{sync::Arc, time::Duration};

use jiff::tz::TimeZone;

use crate::{
    clock::Clock,
    event::{
        Closing, Cookie, Endpoint, Family, How, Owner, Phase, Process, Protocol, Reason, Report,
        Rung, Socket, State, Told, Traffic,
    },
};

/// A clock that began at midnight.
pub fn clock() -> Clock {
    let midnight = "2026-11-23T00:00:00Z".parse().expect("a time");
    Clock::new(0, midnight, TimeZone::UTC)
}

/// The socket whose IPv4 line is the longest.
pub fn socket() -> Socket {
    let end = |addr: &str| Endpoint {
        addr: addr.parse().ok(),
        port: Some(65_535),
    };
    let process = Process {
        pid: 4_194_304,
        comm: "fifteen-letters".to_owned(),
        exe: Some("/usr/bin/fifteen-letters".to_owned()),
        uid: 33,
        cgroup: Some("/system.slice".to_owned()),
    };
    Socket {
        cookie: Cookie(7),
        protocol: Protocol::Tcp,
        family: Family::Ipv4,
        local: end("255.255.255.254"),
        remote: end("255.255.255.255"),
        state: State::CloseWait,
        netns: Some(4_026_531_833),
        owner: Some(Owner {
            process: Some(Arc::new(process)),
            how: How::Inherited,
        }),
    }
}

/// A process as an owner.
pub fn owner(pid: u32, comm: &str) -> Owner {
    let process = Process {
        pid,
        comm: comm.to_owned(),
        exe: Some("/usr/bin/\"quoted\"".to_owned()),
        uid: 33,
        cgroup: None,
    };
    Owner {
        process: Some(Arc::new(process)),
        how: How::Connect,
    }
}

/// A socket of the kernel's own.
pub fn kernel_s() -> Socket {
    let owner = Owner {
        process: None,
        how: How::Kernel,
    };
    Socket {
        owner: Some(owner),
        ..socket()
    }
}

/// A socket of which nothing is known but that it is there.
pub fn unknown() -> Socket {
    let nowhere = Endpoint::default();
    Socket {
        local: nowhere,
        remote: nowhere,
        netns: None,
        owner: None,
        ..socket()
    }
}

pub fn state(socket: Socket) -> Report {
    Report::TcpState {
        at: 1_002_003_004,
        socket,
        old: State::Established,
        new: State::CloseWait,
        in_state: Some(Duration::from_nanos(17)),
    }
}

/// The end of a connection whose figures are the longest.
pub fn close() -> Report {
    ended(Closing {
        duration: Some(Duration::from_secs(99 * 86_400 + 23 * 3_600)),
        bytes_sent: Some(999_999),
        bytes_received: Some(123_456_789),
        rtt: Some(Duration::from_micros(99_900)),
        retransmits: Some(2),
        reason: Reason::RstReceived,
        errno: Some(104),
    })
}

/// The end of a connection of which nothing was seen but that it ended.
pub fn close_unseen() -> Report {
    ended(Closing {
        duration: None,
        bytes_sent: None,
        bytes_received: None,
        rtt: None,
        retransmits: None,
        reason: Reason::Error,
        errno: None,
    })
}

fn ended(closing: Closing) -> Report {
    Report::TcpClose {
        at: 2_000_000_000,
        socket: socket(),
        closing,
    }
}

/// A flow whose figures are the longest.
pub fn flow(phase: Phase) -> Report {
    let traffic = Traffic {
        tx_packets: 999_999,
        tx_bytes: 999_999,
        rx_packets: 999_999,
        rx_bytes: 999_999,
    };
    let socket = Socket {
        protocol: Protocol::Udp,
        state: State::Close,
        ..socket()
    };
    Report::UdpFlow {
        at: 3_000_000_000,
        socket,
        phase,
        traffic,
        duration: Duration::from_millis(59_900),
    }
}

/// The reports that are about netwatch itself.
pub fn about() -> [Report; 5] {
    let rungs = vec![Rung {
        capability: "tcp",
        rung: "tp_btf",
    }];
    let kernel = "6.18".to_owned();
    [
        Report::Start {
            at: 0,
            version: "1.2.3",
            kernel,
            rungs,
            unseen: vec![("udp", "anything of UDP")],
            sockets: 5,
        },
        Report::Lost {
            at: 4_000_000_000,
            count: 12,
            place: "tcp_ring",
        },
        Report::Pressure {
            at: 4_000_000_001,
            place: "output",
            told: Told::Landmarks,
            given_up: 34,
        },
        Report::Resync {
            at: 5_000_000_000,
            added: 1,
            removed: 2,
            changed: 3,
        },
        Report::End {
            at: 6_000_000_000,
            events: 9,
            lost: 12,
            given_up: 56,
            places: vec![],
            duration: Duration::from_secs(6),
        },
    ]
}
