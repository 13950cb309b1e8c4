//! UDP flows.

use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    net::{IpAddr, Ipv6Addr, SocketAddr},
};

use rustc_hash::FxHashMap;

use super::Table;
use crate::event::{
    Cookie, Counters, Endpoint, Ends, Event, Flow, FlowId, MonoNs, Phase, Protocol, Report, Socket,
    State, Traffic, elapsed,
};

/// A flow is reported this often at most.
pub const UPDATE_NS: MonoNs = 1_000_000_000;
/// A flow without datagrams for this long has ended.
pub const IDLE_NS: MonoNs = 60_000_000_000;

#[derive(Clone, Debug)]
struct FlowRow {
    ends: Ends,
    connected: bool,
    traffic: Traffic,
    reported: Traffic,
    reported_at: MonoNs,
    first: MonoNs,
    last: MonoNs,
    /// When its counters must be read again.
    due: MonoNs,
}

/// All flows, and when each must be looked at again.
#[derive(Default)]
pub(super) struct Flows {
    rows: FxHashMap<FlowId, FlowRow>,
    of_socket: FxHashMap<Cookie, Vec<FlowId>>,
    /// May name a flow more than once: only the time that its row says counts.
    due: BinaryHeap<Reverse<(MonoNs, FlowId)>>,
}

impl Flows {
    /// The kernel side has reported a flow's counters.
    pub fn seen(&mut self, event: &Event, flow: &Flow, socket: &Socket, out: &mut Vec<Report>) {
        let Some(id) = flow_id(event.cookie, flow.ends.remote) else {
            return;
        };
        let Some(row) = self.rows.get_mut(&id) else {
            self.open(id, event.at, flow, socket, out);
            return;
        };
        row.traffic = flow.traffic;
        row.last = flow.last;
        row.connected = flow.connected;
        if event.at >= row.reported_at.saturating_add(UPDATE_NS) {
            out.push(row.report(socket, Phase::Update, event.at));
            self.look_by(id, event.at.saturating_add(UPDATE_NS));
        }
    }

    fn open(
        &mut self,
        id: FlowId,
        at: MonoNs,
        flow: &Flow,
        socket: &Socket,
        out: &mut Vec<Report>,
    ) {
        let mut row = FlowRow {
            ends: flow.ends,
            connected: flow.connected,
            traffic: flow.traffic,
            reported: Traffic::default(),
            reported_at: at,
            first: flow.first,
            last: flow.last,
            due: MonoNs::MAX,
        };
        out.push(row.report(socket, Phase::Open, at));
        self.rows.insert(id, row);
        self.of_socket.entry(id.cookie).or_default().push(id);
        self.look_by(id, at.saturating_add(UPDATE_NS));
    }

    fn look_by(&mut self, id: FlowId, due: MonoNs) {
        if let Some(row) = self.rows.get_mut(&id) {
            row.due = due;
            self.due.push(Reverse((due, id)));
        }
    }

    /// The socket is gone, and with it its flows.
    pub fn close_socket(
        &mut self,
        cookie: Cookie,
        socket: Option<&Socket>,
        at: MonoNs,
        out: &mut Vec<Report>,
    ) {
        for id in self.of_socket.remove(&cookie).unwrap_or_default() {
            if let Some(mut row) = self.rows.remove(&id) {
                let socket = socket.cloned().unwrap_or_else(|| row.unowned(cookie));
                out.push(row.report(&socket, Phase::Close, at));
            }
        }
    }
}

impl FlowRow {
    fn report(&mut self, socket: &Socket, phase: Phase, at: MonoNs) -> Report {
        self.reported = self.traffic;
        self.reported_at = at;
        let state = if self.connected {
            State::Established
        } else {
            State::Close
        };
        Report::UdpFlow {
            at,
            socket: Socket {
                local: self.ends.local,
                remote: self.ends.remote,
                state,
                ..socket.clone()
            },
            phase,
            traffic: self.traffic,
            duration: elapsed(self.first, self.last),
        }
    }

    fn unowned(&self, cookie: Cookie) -> Socket {
        Socket {
            cookie,
            protocol: Protocol::Udp,
            family: self.ends.family,
            local: self.ends.local,
            remote: self.ends.remote,
            state: State::Close,
            netns: self.ends.netns,
            owner: None,
        }
    }
}

impl Table {
    /// The flows of a socket.
    pub fn flows_of(&self, cookie: Cookie) -> &[FlowId] {
        self.flows.of_socket.get(&cookie).map_or(&[], Vec::as_slice)
    }

    /// Takes a flow's final counters, ahead of the event that closes its socket.
    pub fn count_flow(&mut self, id: FlowId, counters: Counters) {
        if let Some(row) = self.flows.rows.get_mut(&id) {
            (row.traffic, row.last) = (counters.traffic, counters.last);
        }
    }

    /// The next flow whose counters must be read by now.
    pub fn due_flow(&mut self, now: MonoNs) -> Option<FlowId> {
        while let Some(&Reverse((due, id))) = self.flows.due.peek() {
            if due > now {
                return None;
            }
            self.flows.due.pop();
            if self.flows.rows.get(&id).is_some_and(|row| row.due == due) {
                return Some(id);
            }
        }
        None
    }

    /// Takes a due flow's counters, None where the kernel has forgotten it. True where the flow has
    /// ended and the kernel should forget it.
    pub fn refresh_flow(
        &mut self,
        id: FlowId,
        counters: Option<Counters>,
        now: MonoNs,
        out: &mut Vec<Report>,
    ) -> bool {
        if let Some(counters) = counters {
            self.count_flow(id, counters);
        }
        let Some(row) = self.flows.rows.get_mut(&id) else {
            return true;
        };
        let socket = match self.sockets.get(&id.cookie) {
            Some(known) => known.socket.clone(),
            None => row.unowned(id.cookie),
        };
        if counters.is_none() || now >= row.last.saturating_add(IDLE_NS) {
            out.push(row.report(&socket, Phase::Close, now));
            self.flows.rows.remove(&id);
            if let Some(ids) = self.flows.of_socket.get_mut(&id.cookie) {
                ids.retain(|other| *other != id);
            }
            return true;
        }
        let next = if row.traffic == row.reported {
            row.last.saturating_add(IDLE_NS)
        } else {
            out.push(row.report(&socket, Phase::Update, now));
            now.saturating_add(UPDATE_NS)
        };
        self.flows.look_by(id, next);
        false
    }

    /// Puts the flows right after a loss, from all that the kernel's map has. Gives back those that
    /// were there when the snapshot began and have no socket in it; the kernel should forget them.
    pub fn reconcile_flows(
        &mut self,
        kernel: &[(FlowId, Counters)],
        began: MonoNs,
        now: MonoNs,
        out: &mut Vec<Report>,
    ) -> Vec<FlowId> {
        let mut orphans = Vec::new();
        for &(id, counters) in kernel {
            let Some(row) = self.sockets.get(&id.cookie) else {
                if counters.first >= began {
                    continue;
                }
                self.count_flow(id, counters);
                self.flows.close_socket(id.cookie, None, now, out);
                orphans.push(id);
                continue;
            };
            if self.flows.rows.contains_key(&id) {
                continue;
            }
            let socket = row.socket.clone();
            let remote = Endpoint {
                addr: Some(id.remote.ip()),
                port: Some(id.remote.port()),
            };
            let flow = Flow {
                ends: Ends {
                    family: socket.family,
                    local: socket.local,
                    remote,
                    netns: socket.netns,
                },
                bound: socket
                    .local
                    .addr
                    .unwrap_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED)),
                connected: socket.state == State::Established,
                to_peer: socket.remote == remote,
                owner: None,
                traffic: counters.traffic,
                first: counters.first,
                last: counters.last,
            };
            self.flows.open(id, now, &flow, &socket, out);
        }
        orphans
    }
}

fn flow_id(cookie: Cookie, remote: Endpoint) -> Option<FlowId> {
    let addr: IpAddr = remote.addr?;
    Some(FlowId {
        cookie,
        remote: SocketAddr::new(addr, remote.port.unwrap_or(0)),
    })
}
