//! The end of a connection.

use super::{Row, Table, waiting::Waiting};
use crate::event::{
    Closing, Event, Figures, MonoNs, Reason, Report, Socket, State, Transition, elapsed,
};

impl Table {
    /// The kernel's socket is closed: says why, and keeps what the kernel keeps of it.
    pub(super) fn close(
        &mut self,
        event: &Event,
        transition: &Transition,
        row: Row,
        out: &mut Vec<Report>,
    ) {
        let facts = transition
            .figures
            .map(|figures| figures.end)
            .unwrap_or_default();
        let afterwards = facts.afterwards(transition.old);
        let state = afterwards.unwrap_or(State::Close);
        let socket = Socket {
            state,
            ..row.socket
        };
        // The tracepoint says CLOSE where the connection itself goes on: into TIME_WAIT, or on in
        // FIN_WAIT2, which is no transition at all.
        if state != transition.old {
            out.push(Report::TcpState {
                at: event.at,
                socket: socket.clone(),
                old: transition.old,
                new: state,
                in_state: transition.since.map(|since| elapsed(since, event.at)),
            });
        }
        if transition.old != State::Listen {
            let closing = closing(transition, row.birth, event.at);
            out.push(Report::TcpClose {
                at: event.at,
                socket: socket.clone(),
                closing,
            });
        }
        if self.only_ends {
            return;
        }
        let newer = self
            .waiting
            .get(&event.cookie)
            .is_some_and(|found| found.as_of > event.at);
        if afterwards.is_some() && !newer {
            let since = if state == transition.old {
                transition.since
            } else {
                Some(event.at)
            };
            let waiting = Waiting {
                socket,
                as_of: event.at,
                since,
            };
            self.waiting.insert(event.cookie, waiting);
        }
    }

    /// The minisocket that a close in FIN_WAIT2 led to expect was never made.
    pub(super) fn reset_sent(&mut self, event: &Event, out: &mut Vec<Report>) {
        if let Some(waiting) = self.waiting.remove(&event.cookie) {
            out.push(waiting.gone(event.at));
        }
    }
}

fn closing(transition: &Transition, birth: Option<MonoNs>, at: MonoNs) -> Closing {
    let duration = birth.map(|birth| elapsed(birth, at));
    let Some(Figures { stats, end, .. }) = &transition.figures else {
        return Closing {
            duration,
            bytes_sent: None,
            bytes_received: None,
            rtt: None,
            retransmits: None,
            reason: Reason::Error,
            errno: None,
        };
    };
    Closing {
        duration,
        bytes_sent: Some(stats.bytes_sent),
        bytes_received: Some(
            stats
                .bytes_received
                .saturating_sub(u64::from(end.fin_received)),
        ),
        rtt: stats.rtt,
        retransmits: Some(stats.retransmits),
        reason: end.reason(transition.old),
        errno: end.error(),
    }
}
