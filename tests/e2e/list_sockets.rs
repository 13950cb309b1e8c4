//! `list` names the sockets that ss, netstat and lsof name, with the same figures and owners.

use std::{
    collections::BTreeSet,
    net::{IpAddr, Ipv6Addr},
};

use serde_json::Value;

use crate::harness::{
    Stage,
    host::{printed, told},
    netstat::no_name_servers,
    population::Population,
};

/// Two programs are asked so often for one and the same moment.
const ATTEMPTS: usize = 20;

/// What others say is what netwatch says, once they are asked at one moment.
fn same(mut theirs: impl FnMut() -> BTreeSet<String>, mut ours: impl FnMut() -> BTreeSet<String>) {
    let mut before = theirs();
    assert!(!before.is_empty(), "nothing to compare");
    for _ in 0..ATTEMPTS {
        let told = ours();
        let after = theirs();
        if told == before || told == after {
            return;
        }
        if before == after {
            let missing: Vec<_> = after.difference(&told).collect();
            let more: Vec<_> = told.difference(&after).collect();
            panic!("only they say {missing:#?}\nonly netwatch says {more:#?}");
        }
        before = after;
    }
    panic!("the sockets changed at each of {ATTEMPTS} readings");
}

/// Every socket of the namespace, as netwatch tells it.
fn listed(stage: &Stage, options: &[&str]) -> Vec<Value> {
    let netns = stage.netns.inode.to_string();
    let fixed = ["list", "-a", "--json", "--netns", &netns];
    let text = told(&[&fixed[..], options].concat());
    let lines = text.lines().map(serde_json::from_str);
    lines.collect::<Result<_, _>>().expect("JSON lines")
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// `address port`, a dash for what there is none of.
fn end(socket: &Value, side: &str) -> String {
    let addr = text(&socket[format!("{side}_addr")]);
    let port = text(&socket[format!("{side}_port")]);
    format!("{addr} {port}")
}

/// The same from `address:port` of ss or netstat.
fn their_end(theirs: &str, remote: bool) -> String {
    let (addr, port) = theirs.rsplit_once(':').expect("an address and a port");
    let addr = addr
        .split('%')
        .next()
        .unwrap_or(addr)
        .trim_matches(['[', ']']);
    let addr: IpAddr = match addr {
        "*" => Ipv6Addr::UNSPECIFIED.into(),
        addr => addr.parse().expect("an address"),
    };
    let addr = addr.to_canonical();
    let port = if matches!(port, "*" | "0") { "-" } else { port };
    if remote && addr.is_unspecified() {
        return format!("- {port}");
    }
    format!("{addr} {port}")
}

/// What follows a word, up to a blank, in the rest of a line of ss.
fn after<'a>(rest: &'a str, word: &str) -> Option<&'a str> {
    let start = rest.find(word)? + word.len();
    rest[start..].split(' ').next()
}

fn of_ss(line: &str) -> String {
    let mut words = line.split_ascii_whitespace();
    let mut word = || words.next().expect("a word of ss");
    let (netid, state, receive, send) = (word(), word(), word(), word());
    let (local, remote) = (their_end(word(), false), their_end(word(), true));
    let rest = words.collect::<Vec<_>>().join(" ");
    let state = match state {
        "ESTAB" => "ESTABLISHED".to_owned(),
        "FIN-WAIT-1" => "FIN_WAIT1".to_owned(),
        "FIN-WAIT-2" => "FIN_WAIT2".to_owned(),
        other => other.replace('-', "_"),
    };
    let cookie = after(&rest, "sk:").expect("a cookie");
    let cookie = u64::from_str_radix(cookie, 16).expect("a cookie");
    let inode = after(&rest, "ino:")
        .filter(|inode| *inode != "0")
        .unwrap_or("-");
    let uid = after(&rest, "uid:").unwrap_or("0");
    let timer = after(&rest, "timer:(").map_or("-", |timer| timer.split(',').next().unwrap_or("-"));
    let pids: BTreeSet<&str> = rest
        .split("pid=")
        .skip(1)
        .filter_map(|text| text.split(',').next())
        .collect();
    format!(
        "{netid} {state} {receive} {send} {local} {remote} {inode} {uid} {timer} {cookie} {pids:?}"
    )
}

fn like_ss(socket: &Value) -> String {
    let pids: BTreeSet<String> = holders(socket).map(|holder| text(&holder["pid"])).collect();
    // ss has another word for the timer of a closed window.
    let timer = text(&socket["timer"]["kind"]).replace("probe", "persist");
    format!(
        "{} {} {} {} {} {} {} {} {timer} {} {pids:?}",
        text(&socket["proto"]),
        text(&socket["state"]),
        socket["recv_q"],
        socket["send_q"],
        end(socket, "local"),
        end(socket, "remote"),
        text(&socket["inode"]),
        socket["socket_uid"],
        socket["cookie"],
    )
}

fn holders(socket: &Value) -> impl Iterator<Item = &Value> {
    socket["holders"].as_array().into_iter().flatten()
}

#[test]
fn equal_those_of_ss_on_either_rung() {
    let stage = Stage::new();
    let _population = Population::new(&stage);
    for rung in ["holders=iterator", "holders=proc"] {
        same(
            || printed("ss", &["-Htuanepo"]).lines().map(of_ss).collect(),
            || {
                listed(&stage, &["--rung", rung])
                    .iter()
                    .map(like_ss)
                    .collect()
            },
        );
    }
}

fn of_netstat(line: &str) -> Option<String> {
    let mut words = line.split_ascii_whitespace().peekable();
    let proto = words.next().filter(|proto| proto.starts_with(['t', 'u']))?;
    let (receive, send) = (words.next()?, words.next()?);
    let (local, remote) = (
        their_end(words.next()?, false),
        their_end(words.next()?, true),
    );
    // netstat has no word for UDP without a peer.
    let is_state = words
        .peek()?
        .starts_with(|first: char| first.is_ascii_uppercase());
    let state = if is_state { words.next()? } else { "UNCONN" };
    let (uid, inode, process) = (words.next()?, words.next()?, words.next()?);
    let pid = process.split('/').next().unwrap_or(process);
    let timer =
        words.find(|word| matches!(*word, "off" | "on" | "keepalive" | "timewait" | "probe"))?;
    // Of a listener netstat shows no limit of the backlog.
    let send = if state == "LISTEN" { "-" } else { send };
    Some(format!(
        "{proto} {receive} {send} {local} {remote} {state} {uid} {inode} {pid} {timer}"
    ))
}

fn like_netstat(socket: &Value) -> String {
    let six = if socket["family"] == "ipv6" { "6" } else { "" };
    let send = if socket["state"] == "LISTEN" {
        "-".to_owned()
    } else {
        socket["send_q"].to_string()
    };
    let timer = socket["timer"]["kind"].as_str().unwrap_or("off");
    let inode = socket["inode"].as_u64().unwrap_or(0);
    format!(
        "{}{six} {} {send} {} {} {} {} {inode} {} {timer}",
        text(&socket["proto"]),
        socket["recv_q"],
        end(socket, "local"),
        end(socket, "remote"),
        text(&socket["state"]),
        socket["socket_uid"],
        text(&socket["pid"]),
    )
}

#[test]
fn equal_those_of_netstat() {
    let stage = Stage::new();
    let _population = Population::new(&stage);
    same(
        || {
            printed("netstat", &["-tuanpeo"])
                .lines()
                .filter_map(of_netstat)
                .collect()
        },
        || listed(&stage, &[]).iter().map(like_netstat).collect(),
    );
}

#[test]
fn owners_are_those_of_lsof() {
    let stage = Stage::new();
    let _population = Population::new(&stage);
    let of_lsof = || {
        let text = printed("lsof", &["-nP", "-i", "-F", "pf"]);
        let mut pid = "";
        let mut owners = BTreeSet::new();
        for line in text.lines() {
            match line.split_at_checked(1) {
                Some(("p", number)) => pid = number,
                Some(("f", fd)) => drop(owners.insert(format!("{pid} {fd}"))),
                _ => {}
            }
        }
        owners
    };
    same(of_lsof, || {
        let sockets = listed(&stage, &[]);
        let holders = sockets.iter().flat_map(holders);
        holders
            .map(|holder| format!("{} {}", holder["pid"], holder["fd"]))
            .collect()
    });
}

/// Rows of text: each line's first words, without the header.
fn rows(arguments: &[&str], words: usize) -> BTreeSet<String> {
    let text = told(arguments);
    let rows = text.lines().skip(1);
    rows.map(|row| {
        row.split_ascii_whitespace()
            .take(words)
            .collect::<Vec<_>>()
            .join(" ")
    })
    .collect()
}

/// The rows of netstat that have a protocol, with our way to write addresses.
fn their_rows(arguments: &str) -> BTreeSet<String> {
    let arguments: Vec<&str> = arguments.split(' ').collect();
    let text = printed("netstat", &arguments);
    let sockets = text.lines().filter(|line| line.starts_with(['t', 'u']));
    let places = sockets.map(|line| {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        format!(
            "{} {} {}",
            words[0],
            their_end(words[3], false),
            their_end(words[4], true)
        )
    });
    places.collect()
}

#[test]
fn flags_choose_what_netstat_s_choose() {
    let stage = Stage::new();
    let _population = Population::new(&stage);
    no_name_servers();
    let netns = stage.netns.inode.to_string();
    for flags in [
        "-tn", "-un", "-tun", "-tln", "-uln", "-tuln", "-tan", "-uan", "-tuan", "-tan4", "-tan6",
        "-uan4", "-tuln6", "-ntl", "-plnt", "-tulnp", "-antp", "-tuneo", "-tanW", "-t -a -n",
        "-4tan",
    ] {
        let ours = || {
            let mut all: Vec<&str> = flags.split(' ').collect();
            all.extend(["--netns", &netns, "--columns", "proto,local,remote"]);
            let sockets = rows(&all, 3);
            let places = sockets.iter().map(|row| {
                let words: Vec<&str> = row.split(' ').collect();
                format!(
                    "{} {} {}",
                    words[0],
                    their_end(words[1], false),
                    their_end(words[2], true)
                )
            });
            places.collect()
        };
        same(|| their_rows(flags), ours);
    }
}
