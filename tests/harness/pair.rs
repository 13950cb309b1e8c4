//! The usual two: a client and a server, connected.

use super::{
    actor::{ANY4, Actor, Sock},
    life::Life,
    schema::{How, State},
    stage::Stage,
};

pub struct Pair {
    pub client: Actor,
    pub server: Actor,
    pub listener: Sock,
    /// The client's end.
    pub near: Sock,
    /// The server's end.
    pub far: Sock,
}

impl Pair {
    /// They connect, over IPv4, and the server accepts.
    pub fn meet(stage: &Stage) -> Self {
        let (mut client, mut server) = (stage.actor("client"), stage.actor("server"));
        let listener = server.listen(ANY4);
        let near = client.connect(listener.local);
        let far = server.accept(&listener);
        Self {
            client,
            server,
            listener,
            near,
            far,
        }
    }

    /// The client closes first, and the server when it has seen that.
    pub fn part(&mut self) {
        self.client.close(&self.near);
        self.server.drain(&self.far);
        self.server.close(&self.far);
    }

    /// The client's socket, up to this moment and on.
    pub fn near_life(&self) -> Life {
        Life::of(&self.near)
            .by(&self.client.who, &[How::Connect])
            .to(&[State::SynSent, State::Established])
    }

    /// The server's connection, up to this moment and on.
    pub fn far_life(&self) -> Life {
        arrived(&self.far, &self.server).by(&self.server.who, &[How::Accept])
    }
}

/// A connection as it arrives at a listener and waits for accept.
pub fn arrived(socket: &Sock, listening: &Actor) -> Life {
    Life::of(socket)
        .from(State::Listen)
        .by(&listening.who, &[How::Inherited])
        .to(&[State::SynRecv, State::Established])
}
