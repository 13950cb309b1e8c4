//! What netwatch should say of one UDP flow that is over: one socket and one remote.

use std::{fmt, net::SocketAddr};

use super::{
    actor::{Sock, Who},
    life::{compare_owner, plain},
    schema::{Detail, Event, Family, How, Phase, Proto, Socket, State, UdpFlow},
};

#[derive(Clone)]
pub struct Flow {
    cookie: u64,
    local: SocketAddr,
    remote: SocketAddr,
    family: Family,
    state: State,
    opener: Option<(Who, Vec<How>)>,
    closer: Option<(Who, Vec<How>)>,
    /// Packets and bytes sent, packets and bytes received.
    traffic: [u64; 4],
}

impl Flow {
    /// Between an actor's socket and a remote.
    pub fn of(socket: &Sock, remote: SocketAddr) -> Self {
        Self::by_cookie(socket.cookie, socket.local, remote)
    }

    /// Between any socket and a remote.
    pub fn by_cookie(cookie: u64, local: SocketAddr, remote: SocketAddr) -> Self {
        Self {
            cookie,
            local: plain(local),
            remote: plain(remote),
            family: if local.is_ipv4() {
                Family::Ipv4
            } else {
                Family::Ipv6
            },
            state: State::Unconn,
            opener: None,
            closer: None,
            traffic: [0; 4],
        }
    }

    /// The socket is connected to the remote.
    pub fn connected(mut self) -> Self {
        self.state = State::Established;
        self
    }

    /// The owner at the first datagram, known in one of these ways.
    pub fn opened_by(mut self, who: &Who, hows: &[How]) -> Self {
        self.opener = Some((who.clone(), hows.to_vec()));
        self
    }

    /// The owner at the end, known in one of these ways.
    pub fn closed_by(mut self, who: &Who, hows: &[How]) -> Self {
        self.closer = Some((who.clone(), hows.to_vec()));
        self
    }

    /// What was sent in all: datagrams and their payload.
    pub fn sent(mut self, packets: u64, bytes: u64) -> Self {
        self.traffic[..2].copy_from_slice(&[packets, bytes]);
        self
    }

    /// What was received in all.
    pub fn received(mut self, packets: u64, bytes: u64) -> Self {
        self.traffic[2..].copy_from_slice(&[packets, bytes]);
        self
    }

    fn told<'a>(&self, events: &'a [Event]) -> Vec<(&'a str, &'a Socket, &'a UdpFlow)> {
        let about =
            |socket: &Socket| socket.cookie == self.cookie && socket.remote() == Some(self.remote);
        let flow = |event: &'a Event| match &event.detail {
            Detail::UdpFlow(socket, flow) if about(socket) => Some((&*event.line, socket, flow)),
            _ => None,
        };
        events.iter().filter_map(flow).collect()
    }

    /// Its end was told.
    pub fn is_told(&self, events: &[Event]) -> bool {
        self.told(events)
            .iter()
            .any(|(_, _, flow)| flow.phase == Phase::Close)
    }

    /// The lines say what they should, and none is too many.
    pub fn compare(&self, events: &[Event]) {
        let told = self.told(events);
        let lines = told
            .iter()
            .map(|(line, ..)| format!("\n  {line}"))
            .collect::<String>();
        let lines = format!("{self}\nis told as:{lines}");
        let phases: Vec<Phase> = told.iter().map(|(_, _, flow)| flow.phase).collect();
        let [Phase::Open, between @ .., Phase::Close] = &phases[..] else {
            panic!("phases of {lines}");
        };
        assert!(
            between.iter().all(|&phase| phase == Phase::Update),
            "phases of {lines}"
        );
        for (line, socket, _) in &told {
            self.compare_socket(socket, &format!("{line}\nof {lines}"));
        }
        let ends = [
            (told[0], &self.opener),
            (told[told.len() - 1], &self.closer),
        ];
        for ((line, socket, _), owner) in ends {
            if let Some((who, hows)) = owner {
                compare_owner(socket, who, hows, &format!("{line}\nof {lines}"));
            }
        }
        let (.., end) = told[told.len() - 1];
        let traffic = [end.tx_packets, end.tx_bytes, end.rx_packets, end.rx_bytes];
        assert_eq!(traffic, self.traffic, "traffic of {lines}");
    }

    fn compare_socket(&self, socket: &Socket, about: &str) {
        assert_eq!(socket.proto, Proto::Udp, "proto in {about}");
        assert_eq!(socket.family, self.family, "family in {about}");
        assert_eq!(socket.state, self.state, "state in {about}");
        assert_eq!(
            socket.local_port,
            Some(self.local.port()),
            "local port in {about}"
        );
        if !self.local.ip().is_unspecified() {
            assert_eq!(
                socket.local_addr,
                Some(self.local.ip()),
                "local address in {about}"
            );
        }
    }
}

impl fmt::Display for Flow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            local,
            remote,
            traffic,
            ..
        } = self;
        write!(f, "the end of the flow {local} > {remote} with {traffic:?}")
    }
}
