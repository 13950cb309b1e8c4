use super::*;
use crate::{
    event::{Phase, Socket},
    output::samples,
};

fn written(view: View, color: bool, reports: &[Report]) -> Vec<String> {
    let mut text = Text::new(samples::clock(), view, color);
    let mut written = String::new();
    for report in reports {
        text.report(report, &mut written);
    }
    written.lines().map(str::to_owned).collect()
}

/// Both ends and the owner, as long as they get on IPv4.
const ENDS: &str = "255.255.255.254:65535 255.255.255.255:65535 4194304 fifteen-letters~";

fn assert_lines(lines: &[String], expected: &[String]) {
    assert_eq!(lines, expected);
    for line in lines {
        assert!(line.chars().count() <= 120, "{line}");
    }
}

#[test]
fn the_longest_ipv4_lines_of_trace() {
    let reports = [
        samples::state(samples::socket()),
        samples::close(),
        samples::flow(Phase::Open),
        samples::flow(Phase::Update),
        samples::flow(Phase::Close),
    ];
    let expected = [
        "TIME         PROTO LOCAL                 REMOTE                    PID PROCESS          EVENT"
            .to_owned(),
        format!("00:00:01.002 tcp   {ENDS} ESTABLISHED → CLOSE_WAIT"),
        format!("00:00:02.000 tcp   {ENDS} rst_received ↑999k ↓123M 99d23h"),
        format!("00:00:03.000 udp   {ENDS} open ↑999k/999k ↓999k/999k"),
        format!("00:00:03.000 udp   {ENDS} update ↑999k/999k ↓999k/999k"),
        format!("00:00:03.000 udp   {ENDS} close ↑999k/999k ↓999k/999k"),
    ];
    assert_lines(&written(View::Trace, false, &reports), &expected);
}

#[test]
fn the_longest_ipv4_lines_of_life() {
    let reports = [samples::close(), samples::flow(Phase::Close)];
    let expected = [
        "ENDED    PROTO LOCAL                 REMOTE                    PID PROCESS          SENT RECV LASTED    RTT ENDED BY"
            .to_owned(),
        format!("00:00:02 tcp   {ENDS} 999k 123M 99d23h 99.9ms rst_received"),
        format!("00:00:03 udp   {ENDS} 999k 999k  59.9s      - closed"),
    ];
    assert_lines(&written(View::Life, false, &reports), &expected);
}

#[test]
fn figures_that_were_not_seen_are_no_zeroes() {
    let reports = [samples::close_unseen()];
    let trace = written(View::Trace, false, &reports);
    assert_eq!(trace[1], format!("00:00:02.000 tcp   {ENDS} error ↑? ↓? ?"));
    let life = written(View::Life, false, &reports);
    assert_eq!(
        life[1],
        format!("00:00:02 tcp   {ENDS}    ?    ?      ?      ? error")
    );
}

#[test]
fn the_kernel_s_own_socket() {
    let reports = [samples::state(samples::kernel_s())];
    let lines = written(View::Trace, false, &reports);
    assert!(
        lines[1].ends_with("      - [kernel]         ESTABLISHED → CLOSE_WAIT"),
        "{}",
        lines[1]
    );
}

#[test]
fn what_is_unknown_is_a_sign_not_a_zero() {
    let lines = written(View::Trace, false, &[samples::state(samples::unknown())]);
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
    let lines = written(View::Trace, false, &[samples::state(socket)]);
    assert_eq!(
        lines[1],
        "00:00:01.002 tcp   [2001:db8:1234:5678:9abc:def0:1234:5678]:65535 [::1]:65535 4194304 fifteen-letters~ ESTABLISHED → CLOSE_WAIT"
    );
}

#[test]
fn losses_stand_among_the_data_and_the_rest_does_not() {
    let lines = written(View::Trace, false, &samples::about());
    assert_eq!(
        lines[1..],
        [
            "00:00:04.000 *** LOST 12 events (tcp_ring) ***",
            "00:00:04.000 *** output: only beginnings, ends and listeners are told; 34 left out up to here ***",
            "00:00:05.000 *** table put right: 1 added, 2 removed, 3 changed ***"
        ]
    );
}

#[test]
fn colour_only_where_it_is_asked_for() {
    let reports = [samples::close()];
    assert!(
        !written(View::Trace, false, &reports)
            .concat()
            .contains('\x1b')
    );
    assert!(written(View::Trace, true, &reports)[1].contains("\x1b[31mrst_received"));
}
