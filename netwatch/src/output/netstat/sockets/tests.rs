use super::*;
use crate::netstat::sockets::KINDS;

fn kind(name: &str) -> &'static Kind {
    KINDS.iter().find(|kind| kind.name == name).unwrap()
}

fn socket() -> Socket {
    Socket {
        local: "127.0.0.1:22".parse().unwrap(),
        remote: "0.0.0.0:0".parse().unwrap(),
        state: 10,
        send_queue: 128,
        receive_queue: 3,
        timer: 0,
        timer_left: 0,
        retransmits: 0,
        uid: 0,
        probes: 0,
        inode: 1076,
    }
}

fn printed(request: &Request, name: &str, socket: Socket) -> String {
    let mut out = Vec::new();
    let context = Context {
        request,
        owners: None,
    };
    let rows = vec![socket];
    let kind = kind(name);
    let tables = [Table { kind, rows }];
    print(&mut out, &context, &tables, &mut Names::new(request)).unwrap();
    String::from_utf8(out)
        .unwrap()
        .lines()
        .last()
        .unwrap()
        .to_owned()
}

fn numeric() -> Request {
    Request {
        numeric_hosts: true,
        numeric_ports: true,
        numeric_users: true,
        ..Request::default()
    }
}

#[test]
fn a_row_has_netstats_columns() {
    assert_eq!(
        printed(&numeric(), "tcp", socket()),
        "tcp        3    128 127.0.0.1:22            0.0.0.0:*               LISTEN     "
    );
    let request = Request {
        extended: 1,
        timers: true,
        ..numeric()
    };
    assert_eq!(
        printed(&request, "tcp", socket()),
        "tcp        3    128 127.0.0.1:22            0.0.0.0:*               LISTEN      \
         0          1076       off (0.00/0/0)"
    );
}

#[test]
fn a_long_address_is_cut_before_its_port() {
    let long = Socket {
        local: "[fe80::1234:5678:9abc:def0]:65535".parse().unwrap(),
        remote: "[2001:db8::1]:443".parse().unwrap(),
        ..socket()
    };
    let row = printed(&numeric(), "tcp6", long.clone());
    assert!(
        row.contains(" fe80::1234:5678:9:65535 2001:db8::1:443         LISTEN"),
        "{row}"
    );
    let request = Request {
        wide: true,
        ..numeric()
    };
    let row = printed(&request, "tcp6", long);
    assert!(
        row.contains(" fe80::1234:5678:9abc:def0:65535 2001:db8::1:443 "),
        "{row}"
    );
}

#[test]
fn states_and_timers_depend_on_the_protocol() {
    for (name, state_number, expected) in [
        ("tcp", 6, "TIME_WAIT"),
        ("tcp", 12, "UNKNOWN"),
        ("udp", 1, "ESTABLISHED"),
        ("udp", 7, ""),
        ("raw", 7, "7"),
    ] {
        assert_eq!(state(kind(name), state_number), expected, "{name}");
    }
    for (name, number, expected) in [
        ("tcp", 0, "off (0.00/2/1)"),
        ("tcp", 1, "on (123.45/2/1)"),
        ("tcp", 4, "probe (123.45/2/1)"),
        ("udp", 1, "on1 (123.45/0/1)"),
        ("raw", 3, "unkn-3 (123.45/2/1)"),
    ] {
        let socket = Socket {
            timer: number,
            timer_left: 12345,
            retransmits: 2,
            probes: 1,
            ..socket()
        };
        assert_eq!(timer(kind(name), &socket), expected);
    }
}
