use super::*;
use crate::{event::Socket, output::samples};

fn written(command: Command, color: bool, reports: &[Report]) -> Vec<String> {
    let mut text = Text::new(Vec::new(), samples::clock(), command, color);
    for report in reports {
        text.report(report).unwrap();
    }
    String::from_utf8(text.out)
        .unwrap()
        .lines()
        .map(str::to_owned)
        .collect()
}

#[test]
fn the_longest_ipv4_lines_fit_120_columns() {
    let reports = [
        samples::state(samples::socket()),
        samples::close(),
        samples::flow(),
    ];
    let [head, state, close, flow] = &written(Command::Trace, false, &reports)[..] else {
        panic!("a header and three lines");
    };
    let ends = "255.255.255.254:65535 255.255.255.255:65535 4194304 fifteen-letters~";
    assert_eq!(
        head,
        "TIME         PROTO LOCAL                 REMOTE                    PID PROCESS          EVENT"
    );
    assert_eq!(
        *state,
        format!("00:00:01.002 tcp   {ends} ESTABLISHED → CLOSE_WAIT")
    );
    assert_eq!(
        *close,
        format!("00:00:02.000 tcp   {ends} rst_received ↑9.9k ↓1.2M 59.9s")
    );
    assert_eq!(
        *flow,
        format!("00:00:03.000 udp   {ends} update ↑9.9k/9.9k ↓1/9.9k")
    );
    let life = written(Command::Life, false, &reports);
    for line in [head, state, close, flow].into_iter().chain(&life) {
        assert!(line.chars().count() <= 120, "{line}");
    }
}

#[test]
fn what_is_unknown_is_a_sign_not_a_zero() {
    let lines = written(Command::Trace, false, &[samples::state(samples::unknown())]);
    assert_eq!(
        lines[1],
        "00:00:01.002 tcp   *:*                   *:*                         - -                ESTABLISHED → CLOSE_WAIT"
    );
}

#[test]
fn a_long_address_is_made_up_for_by_what_follows() {
    let mut socket: Socket = samples::socket();
    socket.local.addr = "2001:db8:1234:5678:9abc:def0:1234:5678".parse().ok();
    socket.remote.addr = "::1".parse().ok();
    let lines = written(Command::Trace, false, &[samples::state(socket)]);
    assert_eq!(
        lines[1],
        "00:00:01.002 tcp   [2001:db8:1234:5678:9abc:def0:1234:5678]:65535 [::1]:65535 4194304 fifteen-letters~ ESTABLISHED → CLOSE_WAIT"
    );
}

#[test]
fn losses_stand_among_the_data_and_the_rest_does_not() {
    let lines = written(Command::Trace, false, &samples::about());
    assert_eq!(
        lines[1..],
        [
            "00:00:04.000 *** LOST 12 events (tcp_ring) ***",
            "00:00:05.000 *** table put right: 1 added, 2 removed, 3 changed ***"
        ]
    );
}

#[test]
fn colour_only_where_it_is_asked_for() {
    let reports = [samples::close()];
    assert!(
        !written(Command::Trace, false, &reports)
            .concat()
            .contains('\x1b')
    );
    assert!(written(Command::Trace, true, &reports)[1].contains("\x1b[31mrst_received"));
}
