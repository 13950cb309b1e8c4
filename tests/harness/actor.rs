//! The test's end of an actor: a process that does what it is told, and says when it is done.

use std::{
    fmt::Debug,
    io::{BufRead, BufReader, Write},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    os::{fd::OwnedFd, unix::net::UnixListener, unix::net::UnixStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    str::FromStr,
    time::Duration,
};

use super::wait::{PATIENCE, slowness};

/// IPv4 loopback, with a port of the kernel's choice.
pub const ANY4: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
/// IPv6 loopback, with a port of the kernel's choice.
pub const ANY6: SocketAddr = SocketAddr::new(IpAddr::V6(Ipv6Addr::LOCALHOST), 0);

/// Who a process is, as netwatch should tell it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Who {
    pub pid: u32,
    pub comm: String,
    pub exe: String,
}

impl Who {
    /// A process that runs the program at a path, under its name.
    pub fn running(pid: u32, program: &Path) -> Self {
        let name = program
            .file_name()
            .expect("a program has a name")
            .to_string_lossy();
        let comm = name.chars().take(15).collect();
        Self {
            pid,
            comm,
            exe: program.to_string_lossy().into_owned(),
        }
    }
}

/// A socket of an actor.
#[derive(Clone, Copy, Debug)]
pub struct Sock {
    pub fd: i32,
    pub cookie: u64,
    pub local: SocketAddr,
    /// Unspecified where there is none.
    pub remote: SocketAddr,
}

pub struct Actor {
    channel: BufReader<UnixStream>,
    process: Option<Child>,
    pub who: Who,
}

impl Actor {
    /// Runs the actor's program, under whatever name it is found at.
    pub fn start(program: &Path) -> Self {
        let (here, there) = UnixStream::pair().expect("make a channel");
        let there = OwnedFd::from(there);
        let process = Command::new(program)
            .stdin(there.try_clone().expect("copy the channel"))
            .stdout(Stdio::from(there))
            .spawn()
            .unwrap_or_else(|error| panic!("run {}: {error}", program.display()));
        Self::over(here, Who::running(process.id(), program), Some(process))
    }

    fn over(channel: UnixStream, who: Who, process: Option<Child>) -> Self {
        let actor = Self {
            channel: BufReader::new(channel),
            process,
            who,
        };
        actor.be_patient(PATIENCE);
        actor
    }

    /// Grants its answers more time than most need.
    pub fn be_patient(&self, patience: Duration) {
        self.channel
            .get_ref()
            .set_read_timeout(Some(patience * slowness()))
            .expect("limit the time to answer");
    }

    /// Gives a command, without waiting for the answer.
    pub fn begin(&mut self, command: &str) {
        writeln!(self.channel.get_mut(), "{command}")
            .unwrap_or_else(|error| panic!("tell {} to {command}: {error}", self.who.comm));
    }

    /// Waits for the answer to what was begun.
    pub fn finish(&mut self) -> Result<Answer, i32> {
        let mut line = String::new();
        let outcome = self.channel.read_line(&mut line);
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        match words[..] {
            ["ok", ref rest @ ..] => Ok(Answer(rest.iter().map(|&word| word.into()).collect())),
            ["err", number] => Err(number.parse().expect("an error's number")),
            _ => panic!("{:?} did not answer: {outcome:?} {line:?}", self.who),
        }
    }

    pub fn attempt(&mut self, command: &str) -> Result<Answer, i32> {
        self.begin(command);
        self.finish()
    }

    pub fn run(&mut self, command: &str) -> Answer {
        self.attempt(command)
            .unwrap_or_else(|error| panic!("{}: {command}: errno {error}", self.who.comm))
    }

    /// A socket of the kind that an address asks for: `tcp` or `udp`, 4 or 6.
    pub fn socket(&mut self, protocol: &str, address: SocketAddr) -> Sock {
        let version = if address.is_ipv4() { '4' } else { '6' };
        let answer = self.run(&format!("socket {protocol}{version}"));
        let nowhere = unspecified(address);
        Sock {
            fd: answer.get(0),
            cookie: answer.get(1),
            local: nowhere,
            remote: nowhere,
        }
    }

    pub fn set(&mut self, socket: &Sock, option: &str, value: u32) {
        self.run(&format!("set {} {option} {value}", socket.fd));
    }

    pub fn bind(&mut self, socket: &mut Sock, address: SocketAddr) {
        socket.local = self.run(&format!("bind {} {address}", socket.fd)).get(0);
    }

    /// Listens, at once or after bind.
    pub fn listen_on(&mut self, socket: &mut Sock) {
        socket.local = self.run(&format!("listen {} 4096", socket.fd)).get(0);
    }

    /// A new listener.
    pub fn listen(&mut self, address: SocketAddr) -> Sock {
        let mut socket = self.socket("tcp", address);
        self.bind(&mut socket, address);
        self.listen_on(&mut socket);
        socket
    }

    pub fn connect_on(&mut self, socket: &mut Sock, to: SocketAddr) -> Result<(), i32> {
        let answer = self.attempt(&format!("connect {} {to}", socket.fd))?;
        (socket.local, socket.remote) = (answer.get(0), to);
        Ok(())
    }

    /// A new connection.
    pub fn connect(&mut self, to: SocketAddr) -> Sock {
        let mut socket = self.socket("tcp", to);
        self.connect_on(&mut socket, to)
            .unwrap_or_else(|error| panic!("connect: errno {error}"));
        socket
    }

    pub fn accept(&mut self, listener: &Sock) -> Sock {
        let answer = self.run(&format!("accept {}", listener.fd));
        let (fd, cookie) = (answer.get(0), answer.get(1));
        Sock {
            fd,
            cookie,
            local: answer.get(2),
            remote: answer.get(3),
        }
    }

    /// Accepts the connection that this client made, without asking for its name.
    pub fn accept_unnamed(&mut self, listener: &Sock, client: &Sock) -> Sock {
        let answer = self.run(&format!("accept-unnamed {}", listener.fd));
        let (fd, cookie) = (answer.get(0), answer.get(1));
        Sock {
            fd,
            cookie,
            local: answer.get(2),
            remote: client.local,
        }
    }

    pub fn send(&mut self, socket: &Sock, bytes: usize) {
        self.run(&format!("send {} {bytes}", socket.fd));
    }

    pub fn recv(&mut self, socket: &Sock, bytes: usize) {
        self.run(&format!("recv {} {bytes}", socket.fd));
    }

    /// Reads until the peer has closed.
    pub fn drain(&mut self, socket: &Sock) {
        self.run(&format!("drain {}", socket.fd));
    }

    pub fn shutdown(&mut self, socket: &Sock) {
        self.run(&format!("shutdown {}", socket.fd));
    }

    pub fn close(&mut self, socket: &Sock) {
        self.run(&format!("close {}", socket.fd));
    }

    /// A forked child, with the same sockets under the same numbers. It is reached over a unix
    /// socket that is made at `path`.
    pub fn fork(&mut self, path: &Path) -> Self {
        let listener = UnixListener::bind(path).expect("listen for the child");
        let pid = self.run(&format!("fork {}", path.display())).get(0);
        let (channel, _) = listener.accept().expect("hear from the child");
        let mut child = Self::over(
            channel,
            Who {
                pid,
                ..self.who.clone()
            },
            None,
        );
        let answered: u32 = child
            .finish()
            .expect("a child answers its process id")
            .get(0);
        assert_eq!(answered, pid, "a child's process id");
        child
    }

    /// Goes on as another program.
    pub fn exec(&mut self, program: PathBuf) {
        self.run(&format!("exec {}", program.display()));
        self.who = Who::running(self.who.pid, &program);
    }

    /// Takes another name.
    pub fn rename(&mut self, comm: &[u8]) {
        let hex: String = comm.iter().map(|byte| format!("{byte:02x}")).collect();
        self.run(&format!("comm {hex}"));
        self.who.comm = String::from_utf8_lossy(comm).into_owned();
    }

    /// Ends the process, and with it all of its sockets.
    pub fn exit(self) {}
}

/// The actor ends with its channel; one that waits for something that never comes is ended.
impl Drop for Actor {
    fn drop(&mut self) {
        if let Some(process) = &mut self.process {
            process.kill().ok();
            process.wait().ok();
        }
    }
}

/// The words of an answer.
#[derive(Debug)]
pub struct Answer(Vec<String>);

impl Answer {
    pub fn get<T: FromStr<Err: Debug>>(&self, at: usize) -> T {
        let word = self
            .0
            .get(at)
            .unwrap_or_else(|| panic!("no word {at} in {self:?}"));
        word.parse()
            .unwrap_or_else(|error| panic!("{word} in {self:?}: {error:?}"))
    }

    pub fn all<T: FromStr<Err: Debug>>(&self) -> Vec<T> {
        (0..self.0.len()).map(|at| self.get(at)).collect()
    }
}

fn unspecified(like: SocketAddr) -> SocketAddr {
    match like {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    }
}
