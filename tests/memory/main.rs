//! How much memory events and sockets take.

mod counting;
#[path = "../records/mod.rs"]
mod records;

use netwatch::{
    cli::trace::View,
    clock::Clock,
    decode::{self, Record},
    enrich::Processes,
    event::Report,
    output::{Format, json::Json, text::Text},
    table::Table,
};

/// All that an event goes through, but the kernel and the file.
struct Pipeline {
    processes: Processes,
    table: Table,
    formats: Vec<Box<dyn Format>>,
    reports: Vec<Report>,
    text: String,
}

impl Pipeline {
    fn new() -> Self {
        Self {
            processes: records::processes(),
            table: Table::default(),
            formats: vec![
                Box::new(Json::new(Clock::now())),
                Box::new(Text::new(Clock::now(), View::Trace, false)),
            ],
            reports: Vec::new(),
            text: String::new(),
        }
    }

    fn take(&mut self, record: &[u8]) {
        self.reports.clear();
        self.text.clear();
        let owner = |claim| self.processes.owner(claim);
        let Ok(Record::Event(event)) = decode::record_of(record, owner) else {
            panic!("no event: {record:?}");
        };
        let applied = self.table.apply(&event, &mut self.reports);
        applied.expect("a known socket");
        for format in &mut self.formats {
            format.begin();
            for report in &self.reports {
                format.report(report, &mut self.text);
            }
        }
        assert!(!self.text.is_empty());
    }
}

/// The same record, of another socket.
fn of(cookie: u64, record: &[u8]) -> Vec<u8> {
    let mut record = record.to_vec();
    record[8..16].copy_from_slice(&cookie.to_ne_bytes());
    record
}

#[test]
fn an_event_allocates_nothing() {
    let mut pipeline = Pipeline::new();
    let records = records::records();
    let connection = |pipeline: &mut Pipeline| {
        for record in &records {
            pipeline.take(record);
        }
    };
    // What is remembered and used again is made now.
    connection(&mut pipeline);
    let before = counting::allocations();
    for _ in 0..100 {
        connection(&mut pipeline);
    }
    assert_eq!(counting::allocations() - before, 0);
}

#[test]
fn a_socket_takes_300_bytes_at_most() {
    let mut pipeline = Pipeline::new();
    let open = &records::records()[0];
    // Just after a growth of the table, and just before the next.
    for sockets in [1_000, 28_700, 57_000, 115_000, 200_000] {
        pipeline.table = Table::default();
        let before = counting::live();
        for cookie in 0..sockets {
            pipeline.take(&of(cookie, open));
        }
        let each = (counting::live() - before) / sockets as i64;
        assert_eq!(pipeline.table.len() as u64, sockets);
        assert!(each > 0 && each <= 300, "{each} bytes at {sockets} sockets");
    }
}

#[test]
fn sockets_that_came_and_went_take_nothing() {
    const SOCKETS: u64 = 1_000_000;
    let mut pipeline = Pipeline::new();
    let records = records::records();
    // Client and server in turns: up to 64 connections are open at a time.
    let mut cookie = 0;
    let mut connections = |pipeline: &mut Pipeline, count: u64| {
        for _ in 0..count / 64 / 2 {
            let sockets: Vec<u64> = (0..64).map(|socket| cookie + 2 * socket).collect();
            cookie += 128;
            for record in &records {
                let side = u64::from(record[8]) & 1;
                for socket in &sockets {
                    pipeline.take(&of(socket + side, record));
                }
            }
        }
    };
    connections(&mut pipeline, 10_000);
    let before = counting::live();
    connections(&mut pipeline, SOCKETS);
    assert!(pipeline.table.is_empty());
    let grown = counting::live() - before;
    assert!(grown <= 0, "{grown} bytes more after {SOCKETS} sockets");
}
