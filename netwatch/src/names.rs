//! Names for numbers: hosts, services, users, network namespaces.

use std::{
    collections::{HashMap, HashSet},
    fs,
    net::{IpAddr, SocketAddr},
    os::unix::fs::MetadataExt as _,
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
    time::{Duration, Instant},
};

use crate::{event::Protocol, text};

/// All lookups together take no longer: what has no name by then is shown as a number.
const PATIENCE: Duration = Duration::from_millis(1_500);
/// How many hosts are looked up at a time.
const AT_ONCE: usize = 32;

/// Names, as far as they are known. All of them are clean.
#[derive(Debug, Default)]
pub struct Names {
    numeric: bool,
    hosts: HashMap<IpAddr, Option<String>>,
    services: HashMap<(u16, Protocol), String>,
    users: HashMap<u32, String>,
    netns: HashMap<u32, String>,
}

impl Names {
    /// Only names of network namespaces, and numbers for all else.
    pub fn numeric() -> Self {
        Self {
            numeric: true,
            netns: namespaces(),
            ..Self::default()
        }
    }

    /// Names wherever there are some.
    pub fn of_this_machine() -> Self {
        let services = fs::read_to_string("/etc/services").unwrap_or_default();
        Self {
            services: services.lines().filter_map(service).collect(),
            ..Self {
                numeric: false,
                ..Self::numeric()
            }
        }
    }

    /// Looks up hosts, many at a time, and gives up on the slow ones.
    pub fn look_up_hosts(&mut self, addresses: impl IntoIterator<Item = IpAddr>) {
        if self.numeric {
            return;
        }
        let new: HashSet<IpAddr> = addresses
            .into_iter()
            .filter(|addr| !addr.is_unspecified() && !self.hosts.contains_key(addr))
            .collect();
        let until = Instant::now() + PATIENCE;
        let found = look_up(new.into_iter().collect());
        while let Ok((addr, name)) =
            found.recv_timeout(until.saturating_duration_since(Instant::now()))
        {
            self.hosts.insert(addr, name);
        }
    }

    /// Looks up users.
    pub fn look_up_users(&mut self, uids: impl IntoIterator<Item = u32>) {
        if self.numeric {
            return;
        }
        for uid in uids {
            self.users.entry(uid).or_insert_with(|| {
                let user = uzers::get_user_by_uid(uid);
                user.map_or_else(
                    || uid.to_string(),
                    |user| text::clean(user.name().as_encoded_bytes()),
                )
            });
        }
    }

    /// The name of a host that was looked up.
    pub fn host(&self, addr: IpAddr) -> Option<&str> {
        self.hosts.get(&addr)?.as_deref()
    }

    /// The name that `/etc/services` has for a port.
    pub fn service(&self, port: u16, protocol: Protocol) -> Option<&str> {
        self.services.get(&(port, protocol)).map(String::as_str)
    }

    /// The name of a user that was looked up.
    pub fn user(&self, uid: u32) -> Option<&str> {
        self.users.get(&uid).map(String::as_str)
    }

    /// The name that `ip netns` has for a network namespace.
    pub fn netns(&self, inode: u32) -> Option<&str> {
        self.netns.get(&inode).map(String::as_str)
    }
}

/// Starts threads that look hosts up. They end when nothing is left, or nobody listens any more.
fn look_up(addresses: Vec<IpAddr>) -> mpsc::Receiver<(IpAddr, Option<String>)> {
    let (sender, receiver) = mpsc::channel();
    let threads = addresses.len().min(AT_ONCE);
    let left = Arc::new(Mutex::new(addresses));
    for _ in 0..threads {
        let (sender, left) = (sender.clone(), Arc::clone(&left));
        thread::spawn(move || {
            let next = || left.lock().unwrap_or_else(PoisonError::into_inner).pop();
            while let Some(addr) = next() {
                if sender.send((addr, host(addr))).is_err() {
                    break;
                }
            }
        });
    }
    receiver
}

fn host(addr: IpAddr) -> Option<String> {
    let (host, _) = dns_lookup::getnameinfo(&SocketAddr::new(addr, 0), NAME_REQUIRED).ok()?;
    Some(text::clean(host.as_bytes())).filter(|host| !host.is_empty())
}

/// `NI_NAMEREQD` of `netdb.h`: a number is no name.
const NAME_REQUIRED: i32 = 8;

/// `ssh 22/tcp # comment`.
fn service(line: &str) -> Option<((u16, Protocol), String)> {
    let line = line.split('#').next()?;
    let mut words = line.split_ascii_whitespace();
    let (name, place) = (words.next()?, words.next()?);
    let (port, protocol) = place.split_once('/')?;
    let protocols = [Protocol::Tcp, Protocol::Udp];
    let protocol = protocols
        .into_iter()
        .find(|known| known.name() == protocol)?;
    Some(((port.parse().ok()?, protocol), text::clean(name.as_bytes())))
}

fn namespaces() -> HashMap<u32, String> {
    let entries = fs::read_dir("/run/netns").into_iter().flatten().flatten();
    let named = entries.filter_map(|entry| {
        let inode = fs::metadata(entry.path()).ok()?.ino();
        let name = text::clean(entry.file_name().as_encoded_bytes());
        Some((inode.try_into().ok()?, name))
    });
    named.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_etc_services() {
        let ssh = ((22, Protocol::Tcp), "ssh".to_owned());
        assert_eq!(service("ssh\t\t22/tcp\t\t\t# SSH"), Some(ssh));
        assert_eq!(service("# comment"), None);
        assert_eq!(service("odd 22/sctp"), None);
        assert_eq!(service("odd x/tcp"), None);
    }

    #[test]
    fn the_loopback_has_a_name_and_numbers_stay_numbers() {
        let loopback = IpAddr::from([127, 0, 0, 1]);
        let mut names = Names::of_this_machine();
        names.look_up_hosts([loopback]);
        names.look_up_users([0]);
        assert_eq!(names.host(loopback), Some("localhost"));
        assert_eq!(names.user(0), Some("root"));
        let mut numbers = Names::numeric();
        numbers.look_up_hosts([loopback]);
        numbers.look_up_users([0]);
        assert_eq!((numbers.host(loopback), numbers.user(0)), (None, None));
    }
}
