//! A ring too small: what is lost is counted to the last transition, and the table is put right.

use std::{
    fs::File,
    net::{TcpListener, TcpStream},
    os::fd::OwnedFd,
    process::{Child, Command, Stdio},
};

use netwatch::{Options, Tracer, event::Report};
use rustix::{
    io::dup,
    net::sockopt::socket_cookie,
    process::{Resource, Rlimit, getrlimit, setrlimit},
};

use crate::{alone, block_on, churn::Churn, harness::netns::NetNs, until_true};

/// Transitions of one connection of the churn, both sockets together, and of its listener.
const CONNECTION: u64 = 10;
const LISTENER: u64 = 2;

#[test]
fn the_ledger_is_the_truth_less_what_was_seen_and_the_table_is_put_right() {
    let _turn = alone();
    let netns = NetNs::new();
    let _inside = netns.enter();
    let (made, mut tiny_reports, tiny_end, roomy_end) = block_on(async {
        let mut roomy = Tracer::start(Options::default()).await.expect("start");
        let small = Options {
            ring_bytes: 4096,
            ..Options::default()
        };
        let mut tiny = Tracer::start(small).await.expect("start with a tiny ring");
        // Nobody reads meanwhile, so the tiny ring overflows.
        let churn = Churn::start(5_000);
        std::thread::sleep(std::time::Duration::from_millis(400));
        let made = churn.stop().len() as u64;
        let mut reports = tiny.next().await.expect("take reports").to_vec();
        reports.extend(until_true(&mut tiny, netns.inode).await);
        roomy.next().await.expect("take reports");
        (
            made,
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
    let (seen, total, given_up) = totals(&tiny_end);
    let (truth, roomy_lost, roomy_given_up) = totals(&roomy_end);
    assert_eq!(
        (roomy_lost, roomy_given_up),
        (0, 0),
        "the reference lost something itself"
    );
    assert!(lost > 0, "nothing was lost: the test has tested nothing");
    assert!(given_up > 0, "nothing was left out before that");
    // The reference is there before the other and longer: of somebody else's sockets it may have seen more.
    let of_churn = made * CONNECTION + LISTENER;
    assert!(
        (of_churn..=truth).contains(&(seen + lost + given_up)),
        "seen {seen}, lost {lost}, left out {given_up}: not from {of_churn} to {truth}"
    );
    let announced: u64 = tiny_reports.iter().map(left_out).sum();
    assert_eq!(given_up, announced, "the sum of what was told");
    let by_place: u64 = tiny_reports.iter().map(lost_anywhere).sum();
    assert_eq!(total, by_place, "the sum of what was told");
    let twice = |report: &&Report| {
        matches!(
            report,
            Report::Lost {
                place: "unseen_end" | "unknown_socket",
                ..
            }
        )
    };
    let twice: Vec<_> = tiny_reports.iter().filter(twice).collect();
    assert!(twice.is_empty(), "a loss is counted twice: {twice:?}");
    let resynced = tiny_reports
        .iter()
        .any(|report| matches!(report, Report::Resync { .. }));
    assert!(resynced, "no resync after a loss");
}

/// The end comes while the table is still being put right: what came meanwhile is told.
#[test]
fn the_end_waits_for_a_resync() {
    let _turn = alone();
    let netns = NetNs::new();
    let _inside = netns.enter();
    let _holders = Holders::new();
    let (cookie, end) = block_on(async {
        let small = Options {
            ring_bytes: 4096,
            ..Options::default()
        };
        let mut tracer = Tracer::start(small).await.expect("start with a tiny ring");
        let churn = Churn::start(5_000);
        // Nobody reads meanwhile.
        while churn.count() < 100 {
            std::thread::yield_now();
        }
        churn.stop();
        let is_lost = |report: &Report| matches!(report, Report::Lost { .. });
        while !tracer
            .next()
            .await
            .expect("take reports")
            .iter()
            .any(is_lost)
        {}
        let listener = TcpListener::bind("127.0.0.1:0").expect("listen");
        let address = listener.local_addr().expect("its address");
        let client = TcpStream::connect(address).expect("connect");
        let cookie = socket_cookie(&client).expect("the cookie");
        (cookie, tracer.finish().expect("finish"))
    });
    let resync = end
        .iter()
        .position(|report| matches!(report, Report::Resync { .. }));
    let told = |report: &Report| report.socket().is_some_and(|one| one.cookie.0 == cookie);
    assert!(resync.is_some(), "no resync after a loss: {end:?}");
    assert!(
        end.iter().any(told),
        "what came meanwhile is not told: {end:?}"
    );
}

/// Processes with descriptors that take a while to read.
struct Holders(Vec<Child>);

impl Holders {
    fn new() -> Self {
        const PROCESSES: usize = 12;
        const DESCRIPTORS: usize = 10_000;
        let limit = Rlimit {
            current: getrlimit(Resource::Nofile).maximum,
            ..getrlimit(Resource::Nofile)
        };
        setrlimit(Resource::Nofile, limit).expect("allow many descriptors");
        let null = File::open("/dev/null").expect("open /dev/null");
        // Each process inherits all of them.
        let _inherited: Vec<OwnedFd> = (0..DESCRIPTORS)
            .map(|_| dup(&null).expect("one more descriptor"))
            .collect();
        let run = |_| {
            let mut cat = Command::new("cat");
            cat.stdin(Stdio::piped()).stdout(Stdio::null());
            cat.spawn().expect("run cat")
        };
        Self((0..PROCESSES).map(run).collect())
    }
}

impl Drop for Holders {
    fn drop(&mut self) {
        for process in &mut self.0 {
            process.kill().ok();
            process.wait().ok();
        }
    }
}

fn lost_anywhere(report: &Report) -> u64 {
    match report {
        Report::Lost { count, .. } => *count,
        _ => 0,
    }
}

fn left_out(report: &Report) -> u64 {
    match report {
        Report::Pressure { given_up, .. } => *given_up,
        _ => 0,
    }
}

/// Events, losses, and what was left out, by the end's account.
fn totals(reports: &[Report]) -> (u64, u64, u64) {
    match reports.last() {
        Some(Report::End {
            events,
            lost,
            given_up,
            ..
        }) => (*events, *lost, *given_up),
        other => panic!("no end: {other:?}"),
    }
}
