//! One report of each kind, for the tests of the outputs.

use std::{sync::Arc, time::Duration};

use jiff::tz::TimeZone;

use crate::{
    clock::Clock,
    event::{
        Closing, Cookie, Endpoint, Family, How, Owner, Phase, Process, Protocol, Reason, Report,
        Rung, Socket, State, Traffic,
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

pub fn close() -> Report {
    let closing = Closing {
        duration: Some(Duration::from_millis(59_900)),
        bytes_sent: Some(9_990),
        bytes_received: Some(1_230_000),
        rtt: None,
        retransmits: Some(2),
        reason: Reason::RstReceived,
        errno: Some(104),
    };
    Report::TcpClose {
        at: 2_000_000_000,
        socket: socket(),
        closing,
    }
}

pub fn flow() -> Report {
    let traffic = Traffic {
        tx_packets: 9_999,
        tx_bytes: 9_999,
        rx_packets: 1,
        rx_bytes: 9_999,
    };
    let (phase, duration) = (Phase::Update, Duration::from_secs(1));
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
        duration,
    }
}

/// The reports that are about netwatch itself.
pub fn about() -> [Report; 4] {
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
            sockets: 5,
        },
        Report::Lost {
            at: 4_000_000_000,
            count: 12,
            place: "tcp_ring",
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
            places: vec![],
            duration: Duration::from_secs(6),
        },
    ]
}
