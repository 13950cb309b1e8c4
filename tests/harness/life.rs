//! What netwatch should say of one TCP socket: every transition with its owner, and how each of
//! its connections ended.

use std::{fmt, net::SocketAddr};

use super::{
    actor::{Sock, Who},
    schema::{Detail, Event, Family, How, Proto, Reason, Socket, State},
};

/// One transition, and what its line should say.
#[derive(Clone)]
struct Step {
    old: State,
    new: State,
    local: SocketAddr,
    remote: SocketAddr,
    owner: Option<(Who, Vec<How>)>,
}

#[derive(Clone)]
struct Close {
    reason: Reason,
    sent: u64,
    received: u64,
    errno: Option<u16>,
}

/// Expectations, in the order in which they come true.
#[derive(Clone)]
pub struct Life {
    cookie: Option<u64>,
    family: Family,
    now: Step,
    steps: Vec<Step>,
    closes: Vec<Close>,
}

impl Life {
    /// Of an actor's socket.
    pub fn of(socket: &Sock) -> Self {
        let mut life = Self::between(socket.local, socket.remote);
        life.cookie = Some(socket.cookie);
        life
    }

    /// Of the socket with these two ends, whichever it is.
    pub fn between(local: SocketAddr, remote: SocketAddr) -> Self {
        let family = if local.is_ipv4() {
            Family::Ipv4
        } else {
            Family::Ipv6
        };
        let (old, new) = (State::Close, State::Close);
        let now = Step {
            old,
            new,
            local: plain(local),
            remote: plain(remote),
            owner: None,
        };
        Self {
            cookie: None,
            family,
            now,
            steps: Vec::new(),
            closes: Vec::new(),
        }
    }

    /// The socket has other ends from here on.
    pub fn then_between(mut self, local: SocketAddr, remote: SocketAddr) -> Self {
        (self.now.local, self.now.remote) = (plain(local), plain(remote));
        self
    }

    /// The state that the first transition leaves; CLOSE otherwise.
    pub fn from(mut self, state: State) -> Self {
        self.now.new = state;
        self
    }

    /// The owner of the transitions from here on, known in one of these ways.
    pub fn by(mut self, who: &Who, how: &[How]) -> Self {
        self.now.owner = Some((who.clone(), how.to_vec()));
        self
    }

    /// One transition into each of these states.
    pub fn to(mut self, states: &[State]) -> Self {
        for &state in states {
            (self.now.old, self.now.new) = (self.now.new, state);
            self.steps.push(self.now.clone());
        }
        self
    }

    /// The end of a connection, with the payload it carried.
    pub fn ends(mut self, reason: Reason, sent: u64, received: u64) -> Self {
        self.closes.push(Close {
            reason,
            sent,
            received,
            errno: None,
        });
        self
    }

    /// The error of the end just named.
    pub fn errno(mut self, errno: i32) -> Self {
        let close = self
            .closes
            .last_mut()
            .expect("a connection's end comes before its error");
        close.errno = Some(errno as u16);
        self
    }

    fn is_about(&self, socket: &Socket) -> bool {
        match self.cookie {
            Some(cookie) => socket.cookie == cookie,
            None => {
                let Step { local, remote, .. } = self.now;
                socket.local() == Some(local) && socket.remote() == Some(remote)
            }
        }
    }

    fn told<'a>(&self, events: &'a [Event]) -> (Vec<&'a Event>, Vec<&'a Event>) {
        events
            .iter()
            .filter(|event| event.socket().is_some_and(|socket| self.is_about(socket)))
            .partition(|event| matches!(event.detail, Detail::TcpState(..)))
    }

    /// There are as many lines about it as there should be, or more.
    pub fn is_told(&self, events: &[Event]) -> bool {
        let (states, closes) = self.told(events);
        states.len() >= self.steps.len() && closes.len() >= self.closes.len()
    }

    /// The lines say what they should, and there is none too many.
    pub fn compare(&self, events: &[Event]) {
        let (states, closes) = self.told(events);
        let told = states
            .iter()
            .chain(&closes)
            .map(|event| format!("\n  {}", event.line));
        let told = format!("{self}\nis told as:{}", told.collect::<String>());
        assert_eq!(states.len(), self.steps.len(), "transitions of {told}");
        assert_eq!(closes.len(), self.closes.len(), "ends of {told}");
        let mut cookies: Vec<u64> = Vec::new();
        for (event, step) in states.iter().zip(&self.steps) {
            let Detail::TcpState(socket, change) = &event.detail else {
                unreachable!()
            };
            cookies.push(socket.cookie);
            let about = format!("{}\nof {told}", event.line);
            assert_eq!(
                (change.old, change.new),
                (step.old, step.new),
                "states in {about}"
            );
            assert_eq!(socket.state, change.new, "state in {about}");
            self.compare_socket(socket, step, &about);
        }
        for (event, close) in closes.iter().zip(&self.closes) {
            let Detail::TcpClose(socket, end) = &event.detail else {
                panic!("not about a TCP socket: {}", event.line);
            };
            cookies.push(socket.cookie);
            let about = format!("{}\nof {told}", event.line);
            assert_eq!(end.reason, close.reason, "reason in {about}");
            assert_eq!(end.errno, close.errno, "errno in {about}");
            assert_eq!(end.bytes_sent, Some(close.sent), "bytes_sent in {about}");
            assert_eq!(
                end.bytes_received,
                Some(close.received),
                "bytes_received in {about}"
            );
            let over = [State::Close, State::TimeWait, State::FinWait2];
            assert!(over.contains(&socket.state), "state in {about}");
        }
        assert!(
            cookies.iter().all(|&cookie| cookie == cookies[0]),
            "cookies of {told}"
        );
    }

    fn compare_socket(&self, socket: &Socket, step: &Step, about: &str) {
        assert_eq!(socket.proto, Proto::Tcp, "proto in {about}");
        assert_eq!(socket.family, self.family, "family in {about}");
        assert_eq!(socket.local(), Some(step.local), "local end in {about}");
        let remote = if step.remote.ip().is_unspecified() {
            None
        } else {
            Some(step.remote)
        };
        assert_eq!(socket.remote(), remote, "remote end in {about}");
        if let Some((who, hows)) = &step.owner {
            compare_owner(socket, who, hows, about);
        }
    }
}

/// The line names this process, known in one of these ways.
pub fn compare_owner(socket: &Socket, who: &Who, hows: &[How], about: &str) {
    assert_eq!(socket.pid, Some(who.pid), "pid in {about}");
    assert_eq!(socket.comm.as_deref(), Some(&*who.comm), "comm in {about}");
    assert_eq!(socket.exe.as_deref(), Some(&*who.exe), "exe in {about}");
    assert_eq!(socket.uid, Some(0), "uid in {about}");
    assert!(
        socket.how.is_some_and(|how| hows.contains(&how)),
        "owner is {:?}, not one of {hows:?}, in {about}",
        socket.how
    );
}

/// An address as it is printed: an IPv4-mapped one is IPv4.
pub fn plain(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

impl fmt::Display for Life {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(first) = self.steps.first() else {
            return write!(f, "a socket's life");
        };
        write!(f, "{} > {}: {:?}", first.local, first.remote, first.old)?;
        for step in &self.steps {
            write!(f, " > {:?}", step.new)?;
        }
        for close in &self.closes {
            write!(
                f,
                ", ends {:?} after {}/{}",
                close.reason, close.sent, close.received
            )?;
        }
        Ok(())
    }
}
