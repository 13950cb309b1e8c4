//! What waits without a socket.

use super::*;

#[test]
fn an_end_that_no_event_told_is_noticed() {
    let mut table = Table::default();
    tell(
        &mut table,
        &[step(200, SynSent, Established, detail(EndFacts::default()))],
    );
    let rest = || vec![found(510, TimeWait, FoundKind::TimeWait)];
    let mut out = Vec::new();
    let mut look = |table: &mut Table| table.look_again(&snapshot(500, rest()), &mut out);
    assert_eq!(look(&mut table), 0, "the event may be on its way");
    assert!(table.has_waiting(), "it must be looked for again");
    assert_eq!(look(&mut table), 1, "no event came");
    assert_eq!(look(&mut table), 0, "once");
    put_right(&mut table, &snapshot(600, rest()), 1);
    assert_eq!(table.get(COOKIE).map(|socket| socket.state), Some(TimeWait));
}

#[test]
fn the_rest_of_a_connection_may_be_seen_before_the_event_of_its_end() {
    let mut table = Table::default();
    tell(
        &mut table,
        &[step(200, FinWait1, FinWait2, detail(EndFacts::default()))],
    );
    let rest = || vec![found(510, TimeWait, FoundKind::TimeWait)];
    let mut out = Vec::new();
    table.look_again(&snapshot(500, rest()), &mut out);
    let end = tell(
        &mut table,
        &[step(505, FinWait2, Close, detail(LOCAL_FIRST))],
    );
    assert_eq!(states(&end), []);
    assert_eq!(reason(&end), Some(Reason::LocalFin));
    assert_eq!(table.look_again(&snapshot(600, rest()), &mut out), 0);
    assert_eq!(states(&out), [(FinWait2, TimeWait)], "told once");
}

#[test]
fn what_a_resync_has_put_right_is_no_unseen_end_too() {
    let mut table = Table::default();
    let open = [step(200, SynSent, Established, detail(EndFacts::default()))];
    tell(&mut table, &open);
    let rest = || vec![found(510, TimeWait, FoundKind::TimeWait)];
    let mut out = Vec::new();
    table.look_again(&snapshot(500, rest()), &mut out);
    table.merge(&snapshot(600, rest()));
    assert_eq!(table.look_again(&snapshot(700, rest()), &mut out), 0);
}

#[test]
fn a_late_look_does_not_lengthen_time_wait() {
    let entered = 400;
    let lasted_until = |look: MonoNs| {
        let mut table = Table::default();
        tell(
            &mut table,
            &[
                step(300, SynSent, Established, detail(EndFacts::default())),
                step(entered - 1, Established, FinWait2, None),
                step(entered, FinWait2, Close, detail(LOCAL_FIRST)),
            ],
        );
        let mut out = Vec::new();
        let rest = found(entered + 1, TimeWait, FoundKind::TimeWait);
        table.look_again(&snapshot(entered + 1, vec![rest]), &mut out);
        out.clear();
        table.look_again(&snapshot(look, vec![]), &mut out);
        let [Report::TcpState { at, in_state, .. }] = &out[..] else {
            panic!("one end: {out:?}");
        };
        assert_eq!(*at, look);
        in_state.expect("its beginning was seen")
    };
    assert!(lasted_until(entered + 61 * SECOND) == Duration::from_secs(60));
    assert!(lasted_until(entered + 5 * SECOND) < Duration::from_secs(6));
}
