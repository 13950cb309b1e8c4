//! What the kernel says of a namespace's TCP sockets, by way of `ss`.

use std::{collections::BTreeMap, process::Command};

use netwatch::{event::Protocol, table::Table};

/// Where the table of a namespace and the kernel's dump of it differ, cookie by cookie. The thread
/// must be in that namespace.
pub fn difference(table: &Table, netns: u32) -> Vec<String> {
    let kernel = dump();
    let ours: BTreeMap<u64, &str> = table
        .rows()
        .filter(|socket| socket.protocol == Protocol::Tcp && socket.netns == Some(netns))
        .map(|socket| (socket.cookie.0, socket.state.name()))
        .collect();
    let missing = kernel
        .iter()
        .filter(|(cookie, state)| ours.get(cookie) != Some(&state.as_str()));
    let missing = missing
        .map(|(cookie, state)| format!("kernel: {cookie} {state}, table: {:?}", ours.get(cookie)));
    let phantoms = ours
        .iter()
        .filter(|(cookie, _)| !kernel.contains_key(cookie));
    let phantoms = phantoms.map(|(cookie, state)| format!("kernel: none, table: {cookie} {state}"));
    missing.chain(phantoms).take(20).collect()
}

fn dump() -> BTreeMap<u64, String> {
    let output = Command::new("ss")
        .args(["-Htane"])
        .output()
        .expect("run ss");
    assert!(output.status.success(), "ss failed: {output:?}");
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(cookie_and_state)
        .collect()
}

fn cookie_and_state(line: &str) -> (u64, String) {
    let mut words = line.split_ascii_whitespace();
    let state = words.next().unwrap_or_else(|| panic!("no state: {line}"));
    let cookie = words
        .find_map(|word| word.strip_prefix("sk:"))
        .and_then(|cookie| u64::from_str_radix(cookie, 16).ok())
        .unwrap_or_else(|| panic!("no cookie: {line}"));
    let name = match state {
        "ESTAB" => "ESTABLISHED".to_owned(),
        other => other.replace('-', "_"),
    };
    (cookie, name.replace("FIN_WAIT_", "FIN_WAIT"))
}
