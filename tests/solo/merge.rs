//! The start: no gap between what was open already and what happens from then on.

use std::collections::HashSet;

use netwatch::{
    Options, Tracer,
    event::{Report, Rung},
};

use crate::{alone, block_on, churn::Churn, harness::netns::NetNs, until_true};

const STARTS: u32 = 20;
const CONNECTIONS_PER_SECOND: u32 = 2_000;

/// So many more are awaited once netwatch has started.
const CONNECTIONS_AFTER: usize = 200;

#[test]
fn started_in_a_churn_the_table_is_true_and_no_connection_is_missing() {
    true_from_the_start(STARTS, &Options::default());
}

/// A dump has one time for all its rows, in place of one for each.
#[test]
fn the_same_where_what_is_open_is_read_by_sock_diag() {
    let options = Options {
        rungs: vec![Rung {
            capability: "snapshot",
            rung: "sock_diag",
        }],
        ..Options::default()
    };
    true_from_the_start(STARTS / 4, &options);
}

fn true_from_the_start(starts: u32, options: &Options) {
    let _turn = alone();
    for start in 1..=starts {
        let netns = NetNs::new();
        let _inside = netns.enter();
        let churn = Churn::start(CONNECTIONS_PER_SECOND);
        let (mut reports, attached, made) = block_on(async {
            let mut tracer = Tracer::start(options.clone()).await.expect("start");
            let Report::Start { at, .. } = tracer.start_report() else {
                unreachable!()
            };
            let mut reports = tracer.next().await.expect("take reports").to_vec();
            let enough = churn.count() + CONNECTIONS_AFTER;
            while churn.count() < enough {
                reports.extend_from_slice(tracer.next().await.expect("take reports"));
            }
            let made = churn.stop();
            reports.extend(until_true(&mut tracer, netns.inode).await);
            (reports, at, made)
        });
        reports.retain(|report| report.socket().is_some());
        let told: HashSet<u64> = reports
            .iter()
            .filter_map(Report::socket)
            .map(|socket| socket.cookie.0)
            .collect();
        let after: Vec<_> = made.iter().filter(|made| made.began > attached).collect();
        assert!(
            !after.is_empty(),
            "start {start}: nothing happened after attaching"
        );
        let missed: Vec<_> = after
            .iter()
            .filter(|made| !told.contains(&made.cookie))
            .collect();
        assert!(
            missed.is_empty(),
            "start {start}: {} missed: {missed:?}",
            missed.len()
        );
    }
}
