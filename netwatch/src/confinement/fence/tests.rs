use std::collections::HashSet;

use super::{calls::Argument, *};

#[test]
fn the_table_makes_a_filter_that_the_kernel_takes_whole() {
    // As many instructions as a filter may have: BPF_MAXINSNS.
    let instructions = program().unwrap().len();
    assert!(instructions < 4_096, "{instructions}");
}

/// A row without conditions beside one with them would be the whole call.
#[test]
fn a_call_is_let_through_whole_or_in_some_ways() {
    let whole = CALLS.iter().filter(|call| call.only.is_empty());
    let whole: Vec<i64> = whole.map(|call| call.number).collect();
    let once: HashSet<&i64> = whole.iter().collect();
    assert_eq!(once.len(), whole.len(), "one is there twice");
    for call in CALLS.iter().filter(|call| !call.only.is_empty()) {
        assert!(!whole.contains(&call.number), "{}", call.number);
        let fits = |argument: &Argument| argument.value & !argument.mask == 0;
        assert!(call.only.iter().all(fits), "{} never holds", call.number);
    }
}

/// On a thread of its own, as nothing takes a fence away again.
#[test]
fn what_is_fenced_off_is_not_there_and_the_rest_is() {
    std::thread::spawn(|| {
        seccompiler::apply_filter(&program().unwrap()).unwrap();
        let refused = |result: std::io::Result<()>| {
            let error = result.unwrap_err();
            assert_eq!(error.raw_os_error(), Some(libc::ENOSYS), "{error}");
        };
        refused(std::fs::write("/proc/self/comm", "other"));
        refused(std::process::Command::new("/bin/true").status().map(drop));
        refused(std::net::UdpSocket::bind("127.0.0.1:0").map(drop));
        refused(std::fs::remove_file("/no/such/file"));
        std::fs::read("/proc/self/status").unwrap();
        std::thread::spawn(|| ()).join().unwrap();
    })
    .join()
    .unwrap();
}
