//! An expression selects the sockets that ss selects by it.

use std::{
    collections::BTreeSet,
    net::{TcpListener, UdpSocket},
    os::fd::{AsRawFd, OwnedFd},
};

use crate::harness::{
    ANY4, Stage,
    host::{printed, told},
    netstat::no_name_servers,
    population::Population,
    wait::slowness,
};

/// So often both are asked for one and the same moment.
const ATTEMPTS: usize = 20;

/// Expressions, in ss's words.
const EXPRESSIONS: &[&str] = &[
    // Of ss's manual page, with addresses that are here.
    "state established ( dport = :ssh or sport = :ssh )",
    "state fin-wait-1 ( sport = :http or sport = :https ) dst 193.233.7/24",
    "state established ( dport = :ssh or sport = :ssh ) dst 10.0.0.0/8",
    "dst 10.77.0.9",
    "state connected dst 10.77.0.9",
    "exclude established exclude listening",
    // States.
    "state all",
    "state connected",
    "state synchronized",
    "state bucket",
    "state big",
    "state established",
    "state syn-sent",
    "state syn-recv",
    "state fin-wait-1",
    "state fin-wait-2",
    "state time-wait",
    "state closed",
    "state unconnected",
    "state close-wait",
    "state last-ack",
    "state listening",
    "state closing",
    "state TIME-WAIT",
    "state established state listening",
    "state time-wait state close-wait state fin-wait-2",
    "state connected exclude established",
    "state synchronized exclude time-wait",
    "exclude listening",
    "excl listening",
    "exclude connected",
    "exclude bucket",
    "exclude big",
    "exclude synchronized",
    "exclude established state connected",
    "state synchronized sport > 5000",
    "state established not sport = 22",
    // Ports, by every operator and spelling.
    "sport = 22",
    "sport = :22",
    "sport == 22",
    "sport eq 22",
    "sport = ssh",
    "sport = :ssh",
    "sport :ssh",
    "dport :5003",
    "dport = 0",
    "dport != 0",
    "sport != 22",
    "sport ne 22",
    "sport neq :ssh",
    "dport > 5001",
    "dport gt :5001",
    "dport < 5003",
    "dport lt 5003",
    "dport >= 5003",
    "dport ge 5003",
    "dport geq :5003",
    "dport <= 5003",
    "dport le 5003",
    "dport leq :5003",
    "sport = *",
    "dport = :*",
    // Addresses.
    "src 127.0.0.1",
    "src = 127.0.0.1",
    "src == 127.0.0.1",
    "dst eq 127.0.0.1",
    "dst 127.0.0.0/8",
    "dst 10.0.0.0/8",
    "dst 10/8",
    "src 10.77/16",
    "src 10.77.0.1/32",
    "src 127.0.0.0/9",
    "src 127.0.0.1:22",
    "src 127.0.0.0/8:22",
    "src 127.0.0.1:ssh",
    "src 127.0.0.1:*",
    "src 0.0.0.0:53",
    "src :22",
    "src *:22",
    "src *:ssh",
    "src *",
    "dst *:*",
    "dst any",
    "dst 0.0.0.0",
    "dst 0.0.0.0/0",
    "dst ::/0",
    "src ::/0",
    "src [::1]",
    "src [::]",
    "src ::ffff:0:0/96",
    "src [::ffff:127.0.0.1]",
    "src inet:127.0.0.1",
    "src inet:*",
    "src inet:*:22",
    "src inet6:*",
    "src inet6:[::1]",
    "dst inet6:::/0",
    "src localhost:22",
    "dst 10.77.0.9:5003",
    "dst 10.77.0.9:7777",
    // Joined: both words bind alike, from left to right.
    "sport = 22 or sport = 53",
    "sport = 22 | sport = 53",
    "sport = 22 || sport = 53",
    "dst 10.77.0.9 and dport > 5001",
    "dst 10.77.0.9 & dport > 5001",
    "dst 10.77.0.9 && dport > 5001",
    "dst 10.77.0.9 dport > 5001",
    "not sport = 22",
    "! sport = 22",
    "not not sport = 22",
    "not ( sport = 22 or sport = 53 )",
    "! dst 10.77.0.9 and ! sport = 22",
    "sport = 22 or sport = 53 and dst 10.77.0.9",
    "sport = 22 or ( dst 10.77.0.9 and dport = 5003 )",
    "dst 10.77.0.9 and dport = 5003 or sport = 22",
    "dst 127.0.0.1 or dst 10.77.0.9 and dport = 5003 or sport = 22",
    "sport = 22 or dst 10.77.0.9 dport = 5003",
    "not sport = 22 and dst 127.0.0.1",
    "not sport = 22 or sport = 22",
    "( sport = 22 ) ( src 127.0.0.1 )",
    "( ( ( sport = 22 ) ) )",
    "dst 10.77.0.9 not dport = 5003 not dport = 5001",
    // Interfaces and marks.
    "dev = lo",
    "dev lo",
    "dev == lo",
    "dev eq lo",
    "dev 1",
    "dev != lo",
    "dev ne lo",
    "not dev = lo",
    "fwmark = 5",
    "fwmark 5",
    "fwmark == 0x5",
    "fwmark eq 0x05",
    "fwmark = 0x01/0x03",
    "fwmark = 1/3",
    "fwmark != 5",
    "not fwmark = 5",
    "fwmark = 5 and dev = lo",
    // Ports of the kernel's choice: none here that a program chose is in its range.
    "autobound",
    "autobound and dst 127.0.0.0/8",
    "autobound and dport = 22",
];

#[test]
fn every_expression_selects_what_ss_selects() {
    let stage = Stage::new();
    let _population = Population::new(&stage);
    let _own = bound_and_marked();
    no_name_servers();
    let netns = stage.netns.inode.to_string();
    let mut selective = 0;
    for expression in EXPRESSIONS {
        let selected = compare(expression, &netns);
        selective += usize::from(selected > 0);
    }
    assert!(EXPRESSIONS.len() >= 100);
    // On a slow machine the short-lived of the sockets are gone before the last expressions.
    let least = if slowness() == 1 { 100 } else { 80 };
    assert!(
        selective >= least,
        "only {selective} expressions select anything"
    );
}

/// Sockets with marks, and bound to an interface.
fn bound_and_marked() -> [OwnedFd; 3] {
    let listener = TcpListener::bind(ANY4).expect("listen");
    set(&listener, libc::SO_BINDTODEVICE, b"lo\0");
    set(&listener, libc::SO_MARK, &1_u32.to_ne_bytes());
    let [bound, marked] = [5, 6_u32].map(|mark| {
        let socket = UdpSocket::bind(ANY4).expect("bind");
        set(&socket, libc::SO_MARK, &mark.to_ne_bytes());
        socket
    });
    set(&bound, libc::SO_BINDTODEVICE, b"lo\0");
    [listener.into(), bound.into(), marked.into()]
}

fn set(socket: &impl AsRawFd, option: libc::c_int, value: &[u8]) {
    // SAFETY: the value lives through the call, and is as long as it is said to be.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            option,
            value.as_ptr().cast(),
            value.len() as libc::socklen_t,
        )
    };
    assert_eq!(result, 0, "{}", std::io::Error::last_os_error());
}

/// ss prints what is here; the same as one word and as several.
fn compare(expression: &str, netns: &str) -> usize {
    let words: Vec<&str> = expression.split(' ').collect();
    let theirs = || cookies_of_ss(&printed("ss", &[&["-Htuane"], &words[..]].concat()));
    let ours = |words: &[&str]| {
        let fixed = ["list", "-a", "-n", "--json", "--netns", netns];
        cookies_of_list(&told(&[&fixed[..], words].concat()))
    };
    let mut before = theirs();
    for _ in 0..ATTEMPTS {
        let (several, one) = (ours(&words), ours(&[expression]));
        let after = theirs();
        if before == after {
            assert_eq!(several, after, "{expression}");
            assert_eq!(one, after, "{expression:?} as one word");
            return after.len();
        }
        before = after;
    }
    panic!("{expression}: the sockets changed at each of {ATTEMPTS} readings");
}

fn cookies_of_ss(text: &str) -> BTreeSet<u64> {
    let words = text.split_ascii_whitespace();
    let cookies = words.filter_map(|word| word.strip_prefix("sk:"));
    cookies
        .map(|digits| u64::from_str_radix(digits, 16).expect("a cookie"))
        .collect()
}

fn cookies_of_list(text: &str) -> BTreeSet<u64> {
    let lines = text.lines().map(|line| {
        let socket: serde_json::Value = serde_json::from_str(line).expect("JSON lines");
        socket["cookie"].as_u64().expect("a cookie")
    });
    lines.collect()
}
