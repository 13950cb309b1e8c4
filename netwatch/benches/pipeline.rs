//! What one transition costs on its way from the ring buffer to the output, stage by stage: each
//! figure is for one connection, which has ten of them.

use std::{ffi::OsString, hint::black_box};

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use netwatch::{
    cli::{
        Config,
        trace::{Config as Trace, View},
    },
    clock::Clock,
    decode::{self, Record},
    event::{Facts, Report},
    filter::Subject,
    output::{Format, json::Json, text::Text},
    table::Table,
};

#[path = "../../tests/records/mod.rs"]
mod records;

use records::{processes, records};

fn reports() -> Vec<Report> {
    let (mut processes, mut table, mut out) = (processes(), Table::default(), Vec::new());
    for record in records() {
        if let Ok(Record::Event(event)) = decode::record_of(&record, |claim| processes.owner(claim))
        {
            table.apply(&event, &mut out).expect("a known socket");
        }
    }
    out
}

fn decoding(criterion: &mut Criterion) {
    let records = records();
    criterion.bench_function("decode", |bencher| {
        bencher.iter(|| {
            for record in &records {
                black_box(decode::record(black_box(record)).expect("a record"));
            }
        });
    });
}

fn folding(criterion: &mut Criterion) {
    let records = records();
    let (mut processes, mut table, mut out) = (processes(), Table::default(), Vec::new());
    criterion.bench_function("decode, enrich, table", |bencher| {
        bencher.iter(|| {
            out.clear();
            for record in &records {
                let owner = |claim| processes.owner(claim);
                if let Ok(Record::Event(event)) = decode::record_of(black_box(record), owner) {
                    table.apply(&event, &mut out).expect("a known socket");
                }
            }
            black_box(&out);
        });
    });
}

fn formatting(criterion: &mut Criterion) {
    let reports = reports();
    let formats: [(&str, Box<dyn Format>); 3] = [
        ("json", Box::new(Json::new(Clock::now()))),
        (
            "text",
            Box::new(Text::new(Clock::now(), View::Trace, false)),
        ),
        (
            "text of life",
            Box::new(Text::new(Clock::now(), View::Life, false)),
        ),
    ];
    for (name, mut format) in formats {
        let reports: Vec<&Report> = reports
            .iter()
            .filter(|report| !name.ends_with("life") || matches!(report, Report::TcpClose { .. }))
            .collect();
        let mut out = String::new();
        criterion.bench_function(name, |bencher| {
            bencher.iter(|| {
                out.clear();
                for report in &reports {
                    format.report(black_box(report), &mut out);
                }
                black_box(&out);
            });
        });
    }
}

fn filtering(criterion: &mut Criterion) {
    let reports = reports();
    let words = "netwatch trace tcp and ( port 443 or host 10.0.0.0/8 ) and not comm curl";
    let Ok(Config::Trace(Trace { filter, .. })) =
        Config::parse(words.split(' ').map(OsString::from))
    else {
        panic!("no filter: {words}");
    };
    criterion.bench_function("filter", |bencher| {
        bencher.iter_batched(
            Facts::default,
            |facts| {
                let sockets = reports.iter().filter_map(Report::socket);
                sockets
                    .filter(|socket| {
                        filter.matches(&Subject {
                            socket,
                            facts: &facts,
                            interface: None,
                            holders: &[],
                        })
                    })
                    .count()
            },
            BatchSize::SmallInput,
        );
    });
}

criterion_group!(pipeline, decoding, folding, formatting, filtering);
criterion_main!(pipeline);
