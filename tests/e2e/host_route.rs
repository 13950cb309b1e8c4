//! Routes are those of netstat and ip, field by field.

use std::{
    net::IpAddr,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::harness::{
    Stage,
    host::{NextHop, Route, at_one_moment, ip, parse, printed, refused, rows, told},
    netns::NetNs,
};

/// Two pairs of interfaces, and a route of each kind.
fn lay_routes() {
    ip(&[
        "link add v0 type veth peer name v1",
        "link add v2 type veth peer name v3",
        "link set v0 addrgenmode none up",
        "link set v1 addrgenmode none up",
        "link set v2 addrgenmode none up",
        "address add 10.0.0.1/24 brd + dev v0",
        "address add 10.9.0.1/24 brd + dev v1",
        "address add 10.1.1.1 peer 10.1.1.2/32 dev v1",
        "address add fd00::1/64 dev v0 nodad",
        "route add default via 10.0.0.254 metric 100",
        "route add 172.16.0.0/12 via 10.0.0.3 mtu 1400 window 5000 rtt 20ms advmss 1200",
        "route add 10.77.0.0/16 nexthop via 10.0.0.5 weight 2 nexthop via 10.9.0.7",
        "route add 10.88.0.5 via 10.0.0.4 src 10.9.0.1 protocol static",
        "route add 10.89.0.0/16 dev v2 scope link tos 0x10",
        "route add 169.254.0.0/16 dev v0",
        "route add 127.0.0.1/32 dev v0",
        "route add blackhole 192.0.2.0/24",
        "route add unreachable 198.51.100.0/24",
        "route add prohibit 203.0.113.1",
        "route add throw 203.0.114.0/24",
        "route add 10.99.0.0/24 dev v0 table 77",
        "route add default via 10.0.0.9 onlink dev v1 table 1000",
        "route add fd77::/64 nexthop via fd00::5 nexthop via fd00::6",
        "route add fd99::1 via fd00::5 metric 5",
        "route add fd9a::/64 dev v0 mtu 1300 expires 4000",
        "route add fd9b::/64 from fd00::/64 dev v0",
        "route add default via fd00::fe",
        "route add unreachable fd88::/32",
        "route add blackhole fd89::/32 table 77",
        "route add prohibit fd8a::/32",
        "route add throw fd8b::/32",
    ]);
}

/// Rows of further ways of a route, for which netstat has none.
fn is_further_way(row: &[String]) -> bool {
    row[0] == "10.77.0.0" && row[1] == "10.9.0.7"
}

#[test]
fn equal_netstat_s() {
    let _stage = Stage::new();
    lay_routes();
    for (theirs, ours) in [
        (&["-rn4"][..], &["route", "-n4"][..]),
        (&["-rn4"], &["-rn4"]),
    ] {
        let (theirs, mut ours) = at_one_moment(
            || rows(&printed("netstat", theirs), 1),
            || rows(&told(ours), 1),
        );
        let all = ours.len();
        ours.retain(|row| !is_further_way(row));
        assert_eq!(all - ours.len(), 1, "rows of further ways");
        assert_eq!(ours, theirs);
    }
}

#[test]
fn equal_netstat_s_of_ipv6() {
    let _stage = Stage::new();
    lay_routes();
    let (mut theirs, ours) = at_one_moment(
        || rows(&printed("netstat", &["-rn6"]), 1),
        || rows(&told(&["-rn6"]), 1),
    );
    // What stands for no route in the kernel's tables has all bits set in its metric.
    theirs.retain(|row| row[3] != "-1");
    assert_eq!(ours, theirs);
    let expiring = ours.iter().find(|row| row[0] == "fd9a::/64");
    assert_eq!(expiring.expect("the route is there")[2], "Ue");
}

#[test]
fn names_are_netstat_s() {
    let _stage = Stage::new();
    // No way to a name server, so that both know only what files tell.
    ip(&[
        "link add v0 type veth peer name v1",
        "link set v0 addrgenmode none up",
        "address add 10.0.0.1/24 dev v0",
        "route add 127.0.0.1/32 via 10.0.0.7",
        "route add 169.254.0.0/16 via 10.0.0.7",
        "route add default dev v0 table 77",
    ]);
    let (theirs, ours) = at_one_moment(
        || rows(&printed("netstat", &["-r4"]), 1),
        || rows(&told(&["route", "-4"]), 1),
    );
    assert_eq!(ours, theirs);
    let names: Vec<&str> = ours.iter().skip(1).map(|row| row[0].as_str()).collect();
    assert_eq!(names, ["10.0.0.0", "localhost", "link-local"]);
    let other = rows(&told(&["-r4", "--table", "77"]), 2);
    assert_eq!(other[0][0], "default");
}

#[test]
fn nobody_waits_for_names() {
    let _stage = Stage::new();
    lay_routes();
    let begin = Instant::now();
    let text = told(&["-r4"]);
    assert!(text.contains("10.0.0.254"), "{text}");
    let limit = Duration::from_secs(10);
    assert!(begin.elapsed() < limit, "took {:?}", begin.elapsed());
}

#[test]
fn a_gateway_of_the_other_family_is_shown() {
    let _stage = Stage::new();
    lay_routes();
    ip(&["route add 10.55.0.0/16 via inet6 fd00::9 dev v0"]);
    let ours = rows(&told(&["-rn4"]), 2);
    let row = ours.iter().find(|row| row[0] == "10.55.0.0");
    assert_eq!(row.expect("the route is there")[1], "fd00::9");
    assert!(compared("-4").iter().any(|route| route.contains("fd00::9")));
}

/// All routes of a family, as ip and netwatch tell them; they must be equal.
fn compared(family: &str) -> Vec<String> {
    let (theirs, ours) = at_one_moment(
        || printed("ip", &["-j", "-d", family, "route", "show", "table", "all"]),
        || told(&["route", family, "--table", "all", "--json"]),
    );
    let theirs: Vec<Value> = serde_json::from_str(&theirs).expect("JSON of ip");
    let mut theirs: Vec<String> = theirs.iter().map(by_ip).collect();
    let mut ours: Vec<String> = ours.lines().map(|line| by_us(&parse(line))).collect();
    theirs.sort_unstable();
    ours.sort_unstable();
    assert_eq!(ours, theirs);
    ours
}

#[test]
fn equal_ip_s() {
    let _stage = Stage::new();
    lay_routes();
    assert!(compared("-4").len() > 20);
    assert!(compared("-6").len() > 10);
}

/// Everything that ip says of a route, in one text.
fn by_ip(route: &Value) -> String {
    let text = |name: &str| route[name].as_str().map(str::to_owned);
    let network = |name: &str| {
        let text = text(name)?;
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, length.parse().expect("a length")),
            None if text == "default" => ("default", 0),
            None => (&*text, if text.contains(':') { 128 } else { 32 }),
        };
        Some((address.to_owned(), length))
    };
    let metrics = route["metrics"].as_array().into_iter().flatten();
    let metrics = metrics.flat_map(|metrics| metrics.as_object().expect("an object"));
    let hop = |hop: &Value| {
        let gateway = hop["gateway"].as_str().or(hop["via"]["host"].as_str());
        let flags = hop["flags"].as_array().into_iter().flatten();
        let flags: Vec<&str> = flags.filter_map(Value::as_str).collect();
        let weight = hop["weight"].as_u64().unwrap_or(1);
        format!("{gateway:?} {:?} {weight} {flags:?}", hop["dev"].as_str())
    };
    let hops: Vec<String> = match route["nexthops"].as_array() {
        Some(hops) => hops.iter().map(hop).collect(),
        None if route["dev"].is_null() => Vec::new(),
        None => vec![hop(route)],
    };
    format!(
        "{:?} from {:?} {:?} table {:?} {:?} {:?} metric {} tos {} source {:?} {:?} {hops:?}",
        network("dst").expect("a destination"),
        network("from"),
        text("type"),
        text("table").unwrap_or_else(|| "main".to_owned()),
        text("protocol"),
        text("scope"),
        route["metric"].as_u64().unwrap_or(0),
        text("tos").unwrap_or_else(|| "0".to_owned()),
        text("prefsrc"),
        metrics
            .map(|(name, value)| format!("{name} {value}"))
            .collect::<std::collections::BTreeSet<_>>(),
    )
}

/// The same of what netwatch says.
fn by_us(route: &Route) -> String {
    let network = |address: &str, length: u8| {
        let is_default = address
            .parse::<IpAddr>()
            .expect("an address")
            .is_unspecified();
        let address = if is_default && length == 0 {
            "default"
        } else {
            address
        };
        (address.to_owned(), length)
    };
    let from = route.from.as_deref().zip(route.from_length);
    let hop = |hop: &NextHop| {
        let (gateway, interface) = (hop.gateway.as_deref(), hop.interface.as_deref());
        format!("{gateway:?} {interface:?} {} {:?}", hop.weight, hop.flags)
    };
    let tos = match route.tos {
        0 => "0".to_owned(),
        tos => format!("{tos:#x}"),
    };
    format!(
        "{:?} from {:?} {:?} table {:?} {:?} {:?} metric {} tos {tos} source {:?} {:?} {:?}",
        network(&route.destination, route.prefix_length),
        from.map(|(address, length)| network(address, length)),
        Some(&route.kind),
        route
            .table
            .clone()
            .unwrap_or_else(|| route.table_id.to_string()),
        Some(&route.protocol),
        Some(&route.scope),
        route.metric,
        route.source,
        route
            .metrics
            .iter()
            .map(|(name, value)| format!("{name} {value}"))
            .collect::<std::collections::BTreeSet<_>>(),
        route.nexthops.iter().map(hop).collect::<Vec<_>>(),
    )
}

#[test]
fn of_one_table() {
    let _stage = Stage::new();
    lay_routes();
    let destinations = |arguments: &[&str]| -> Vec<String> {
        let all = [&["route", "--json"], arguments].concat();
        let text = told(&all);
        let routes = text.lines().map(parse::<Route>);
        routes.map(|route| route.destination).collect()
    };
    assert_eq!(destinations(&["--table", "77"]), ["10.99.0.0", "fd89::"]);
    assert_eq!(destinations(&["--table", "0x3e8"]), ["0.0.0.0"]);
    assert_eq!(
        destinations(&["-4", "--table", "main"]),
        destinations(&["-4"])
    );
    let message = refused(&["route", "--table", "mian"]);
    assert!(message.contains("did you mean main?"), "{message}");
    let message = refused(&["route", "--table", "4711"]);
    let expected = "routing table 4711 has no route here; there are 77, main, local, 1000";
    assert!(message.contains(expected), "{message}");
}

#[test]
fn of_another_namespace() {
    let other = NetNs::new();
    let mut inhabitant = {
        let _there = other.enter();
        lay_routes();
        let mut cat = Command::new("cat");
        cat.stdin(Stdio::piped()).spawn().expect("run cat")
    };
    let _stage = Stage::new();
    let text = told(&["-rn4", "--netns", &other.inode.to_string()]);
    assert!(text.contains("172.16.0.0"), "{text}");
    assert_eq!(
        told(&["-rn4"]).lines().count(),
        2,
        "only headers of this one"
    );
    let message = refused(&["-r", "--netns", "nowhere"]);
    assert!(
        message.contains("\"nowhere\" is no network namespace"),
        "{message}"
    );
    let message = refused(&["-r", "--netns", "7"]);
    assert!(
        message.contains("no process is in network namespace 7"),
        "{message}"
    );
    drop(inhabitant.stdin.take());
    inhabitant.wait().expect("wait for cat");
}
