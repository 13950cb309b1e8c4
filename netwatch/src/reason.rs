//! Why a connection ended, from what its last transition showed.

use crate::event::{EndFacts, Reason, Side, State};

const EPIPE: u16 = 32;
const ENETDOWN: u16 = 100;
const ENETUNREACH: u16 = 101;
const ECONNABORTED: u16 = 103;
const ECONNRESET: u16 = 104;
const ETIMEDOUT: u16 = 110;
const ECONNREFUSED: u16 = 111;
const EHOSTDOWN: u16 = 112;
const EHOSTUNREACH: u16 = 113;

impl EndFacts {
    /// The error that this connection ended with. An error that it found on its socket, from the
    /// connection before, only counts if a reset shows that it came again.
    pub fn error(&self) -> Option<u16> {
        let stale = self.err == self.stale_err && !self.rst_received;
        (self.err != 0 && !stale).then_some(self.err)
    }

    /// Why a connection that left `old` for CLOSE ended.
    pub fn reason(&self, old: State) -> Reason {
        match self.error() {
            Some(error) => of_error(error, old, self.rst_received),
            None => self.without_error(old),
        }
    }

    /// Whether the kernel keeps a minisocket for it after CLOSE, and in which state: what
    /// `tcp_time_wait` does, though the transition shows CLOSE.
    pub fn afterwards(&self, old: State) -> Option<State> {
        if self.error().is_some() {
            return None;
        }
        match old {
            State::Closing => Some(State::TimeWait),
            State::FinWait2 if self.fin_received => Some(State::TimeWait),
            State::FinWait2 => Some(State::FinWait2),
            _ => None,
        }
    }

    fn without_error(&self, old: State) -> Reason {
        match old {
            State::LastAck => Reason::RemoteFin,
            State::FinWait2 | State::Closing => match self.closed_first {
                Some(Side::Remote) => Reason::RemoteFin,
                _ => Reason::LocalFin,
            },
            State::SynSent | State::SynRecv => Reason::Aborted,
            _ => Reason::RstSent,
        }
    }
}

fn of_error(error: u16, old: State, rst_received: bool) -> Reason {
    match error {
        ECONNREFUSED if old == State::SynSent => Reason::Refused,
        ECONNRESET | EPIPE => Reason::RstReceived,
        ETIMEDOUT => Reason::Timeout,
        EHOSTUNREACH | ENETUNREACH | ENETDOWN | EHOSTDOWN => Reason::Unreachable,
        ECONNREFUSED => Reason::Unreachable,
        ECONNABORTED => Reason::Aborted,
        _ if rst_received => Reason::RstReceived,
        _ => Reason::Error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLEAN: EndFacts = EndFacts {
        err: 0,
        stale_err: 0,
        rst_received: false,
        fin_received: false,
        closed_first: None,
    };

    #[test]
    fn reasons() {
        let err = |err| EndFacts { err, ..CLEAN };
        let first = |side| EndFacts {
            closed_first: Some(side),
            ..CLEAN
        };
        let cases = [
            (CLEAN, State::LastAck, Reason::RemoteFin),
            (first(Side::Local), State::FinWait2, Reason::LocalFin),
            (first(Side::Local), State::Closing, Reason::LocalFin),
            (CLEAN, State::Established, Reason::RstSent),
            (CLEAN, State::CloseWait, Reason::RstSent),
            (CLEAN, State::FinWait1, Reason::RstSent),
            (CLEAN, State::SynRecv, Reason::Aborted),
            (CLEAN, State::SynSent, Reason::Aborted),
            (err(ECONNREFUSED), State::SynSent, Reason::Refused),
            (err(ECONNREFUSED), State::Established, Reason::Unreachable),
            (err(ECONNRESET), State::Established, Reason::RstReceived),
            (err(EPIPE), State::CloseWait, Reason::RstReceived),
            (err(ETIMEDOUT), State::SynSent, Reason::Timeout),
            (err(EHOSTUNREACH), State::SynSent, Reason::Unreachable),
            (err(ECONNABORTED), State::Established, Reason::Aborted),
            (err(5), State::Established, Reason::Error),
        ];
        for (facts, old, expected) in cases {
            assert_eq!(facts.reason(old), expected, "{facts:?} leaving {old}");
        }
    }

    #[test]
    fn an_error_left_by_the_connection_before_is_not_this_one_s() {
        let left = EndFacts {
            err: ECONNRESET,
            stale_err: ECONNRESET,
            ..CLEAN
        };
        assert_eq!(left.reason(State::LastAck), Reason::RemoteFin);
        let again = EndFacts {
            rst_received: true,
            ..left
        };
        assert_eq!(again.reason(State::Established), Reason::RstReceived);
    }

    #[test]
    fn what_is_left_after_close() {
        let fin = EndFacts {
            fin_received: true,
            ..CLEAN
        };
        assert_eq!(fin.afterwards(State::FinWait2), Some(State::TimeWait));
        assert_eq!(CLEAN.afterwards(State::FinWait2), Some(State::FinWait2));
        assert_eq!(fin.afterwards(State::LastAck), None);
        let reset = EndFacts {
            err: ECONNRESET,
            rst_received: true,
            ..fin
        };
        assert_eq!(reset.afterwards(State::FinWait2), None);
    }
}
