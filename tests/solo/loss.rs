//! A ring too small: what is lost is counted to the last transition, and the table is put right.

use netwatch::{Options, Tracer, event::Report};

use crate::{alone, block_on, churn::Churn, harness::netns::NetNs, until_true};

#[test]
fn the_ledger_is_the_truth_less_what_was_seen_and_the_table_is_put_right() {
    let _turn = alone();
    let netns = NetNs::new();
    let _inside = netns.enter();
    let (mut tiny_reports, tiny_end, roomy_end) = block_on(async {
        let mut roomy = Tracer::start(Options::default()).await.expect("start");
        let small = Options {
            ring_bytes: 4096,
            ..Options::default()
        };
        let mut tiny = Tracer::start(small).await.expect("start with a tiny ring");
        // Nobody reads meanwhile, so the tiny ring overflows.
        let churn = Churn::start(5_000);
        std::thread::sleep(std::time::Duration::from_millis(400));
        churn.stop();
        let mut reports = tiny.next().await.expect("take reports").to_vec();
        reports.extend(until_true(&mut tiny, netns.inode).await);
        roomy.next().await.expect("take reports");
        (
            reports,
            tiny.finish().expect("finish"),
            roomy.finish().expect("finish"),
        )
    });
    tiny_reports.extend_from_slice(&tiny_end);
    let lost: u64 = tiny_reports
        .iter()
        .map(|report| match report {
            Report::Lost {
                count,
                place: "tcp_ring",
                ..
            } => *count,
            _ => 0,
        })
        .sum();
    let (seen, _) = totals(&tiny_end);
    let (truth, roomy_lost) = totals(&roomy_end);
    assert_eq!(roomy_lost, 0, "the reference lost something itself");
    assert!(lost > 0, "nothing was lost: the test has tested nothing");
    assert_eq!(seen + lost, truth, "seen {seen}, lost {lost}");
    let resynced = tiny_reports
        .iter()
        .any(|report| matches!(report, Report::Resync { .. }));
    assert!(resynced, "no resync after a loss");
}

fn totals(reports: &[Report]) -> (u64, u64) {
    match reports.last() {
        Some(Report::End { events, lost, .. }) => (*events, *lost),
        other => panic!("no end: {other:?}"),
    }
}
