//! `netwatch netstat` prints routes, interfaces, groups and counters as netstat does, byte by byte.

use crate::harness::{
    Pair, Stage,
    host::ip,
    netstat::{Mask::Nothing, Runner, no_name_servers},
};

/// Links, addresses with labels, and routes of every kind that netstat tells apart.
const SET_UP: &[&str] = &[
    "link add v0 type veth peer name v1",
    "link add v10 type veth peer name v2",
    "link set v0 addrgenmode none mtu 1400 up",
    "link set v1 addrgenmode none arp off up",
    "link set v10 addrgenmode none promisc on",
    "link set v2 addrgenmode none allmulticast on up",
    "link add bridge7 type bridge",
    "link set v2 master bridge7",
    "address add 10.0.0.1/24 brd + dev v0",
    "address add 10.0.0.2/24 dev v0",
    "address add 10.8.0.1/32 dev v0 label v0:1",
    "address add 10.9.0.1/16 dev v0 label v0:10",
    "address add 10.7.0.1/16 dev v0 label v0:web",
    "address add 10.1.1.1 peer 10.1.1.2/32 dev v1",
    "address add fd00::1/64 dev v0 nodad",
    "address add fe80::7/64 dev v0 nodad",
    "address add ::ffff:10.0.0.7/128 dev v1 nodad",
    "tuntap add t0 mode tun",
    "address add 10.6.0.1 peer 10.6.0.2/32 dev t0",
    "link set t0 up",
    "route add default via 10.0.0.254 metric 100",
    "route add 172.16.0.0/12 via 10.0.0.3 mtu 1400 window 5000 rtt 20ms advmss 1200",
    "route add 10.77.0.0/16 nexthop via 10.0.0.5 weight 2 nexthop via 10.0.0.7",
    "route add 10.88.0.5 via 10.0.0.4",
    "route add 169.254.0.0/16 dev v0",
    "route add 127.0.0.0/16 dev v0",
    "route add 127.0.0.1/32 dev v0",
    "route add blackhole 192.0.2.0/24",
    "route add unreachable 198.51.100.0/24",
    "route add prohibit 203.0.113.1 metric 7",
    "route add throw 203.0.114.0/24",
    "route add fd99::1 via fd00::5 metric 5",
    "route add fd9a::/64 dev v0 expires 4000",
    "route add default via fd00::fe",
    "route add unreachable fd88::/32",
    "route add 2001:db8:1111:2222:3333:4444:5555:6666 via fe80::1234:5678:9abc:def0 dev v0",
];

const LINES: &[&str] = &[
    "-r",
    "-rn",
    "-re",
    "-rne",
    "-rnee",
    "-rneee",
    "-rv",
    "-rW",
    "-rF",
    "-rC",
    "-rCe",
    "-rCee",
    "-rCF",
    "-r4n",
    "-r6",
    "-r6n",
    "-rn46",
    "-rn64",
    "-r6C",
    "-r6nCF",
    "-rA inet6",
    "-rx",
    "--route --numeric",
    "--route --numeric-hosts -A inet,inet6",
    "-i",
    "-ia",
    "-in",
    "-ie",
    "-iea",
    "-iee",
    "-iW",
    "-iv",
    "--interfaces",
    "--interfaces --all --extend",
    "-g",
    "-gn",
    "-g6",
    "-s",
    "-st",
    "-su",
    "-sU",
    "-sw",
    "-stu",
    "-sS",
    "-s4",
    "-s6",
    "-st6",
    "-su6",
    "-sU6",
    "-sw6",
    "-s46",
    "-sx",
    "--statistics --tcp",
];

#[test]
fn equal_netstat_s() {
    let stage = Stage::new();
    ip(SET_UP);
    no_name_servers();
    let _traffic = Pair::meet(&stage);
    for line in LINES {
        Runner::root().compare(line, Nothing);
    }
}

/// A namespace without any route is something else than one with an empty table.
#[test]
fn a_bare_namespace_is_printed_as_netstat_prints_it() {
    let _stage = Stage::new();
    ip(&["link set lo down"]);
    for line in ["-r", "-rn46", "-i", "-ia", "-iea", "-s", "-s6", "-g"] {
        Runner::root().compare(line, Nothing);
    }
}
