//! The command lines that the README puts beside those of netstat, ss and lsof.

use std::{
    io::{BufRead as _, BufReader},
    process::Stdio,
};

use rustix::process::{Pid, Signal, kill_process};

use crate::harness::{Pair, Stage, netstat::no_name_servers, netwatch::command};

const README: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md"));

/// The rows of the table, each cut into its cells.
fn rows() -> Vec<Vec<String>> {
    let table = README
        .lines()
        .skip_while(|line| !line.starts_with("| netstat | ss | lsof | netwatch |"));
    let rows = table.skip(2).take_while(|line| line.starts_with('|'));
    rows.map(|row| {
        let row = row.replace("\\|", "\u{1}");
        let cells = row
            .trim_matches('|')
            .split('|')
            .map(|cell| cell.trim().replace('\u{1}', "|"));
        cells.collect()
    })
    .collect()
}

/// What stands between backticks, as words.
fn words(cell: &str) -> Vec<String> {
    let code = cell.split('`').nth(1).expect("a command between backticks");
    code.split(' ')
        .map(|word| word.trim_matches('\'').to_owned())
        .collect()
}

#[test]
fn no_cell_of_the_table_is_empty() {
    let rows = rows();
    assert!(rows.len() > 30, "the table was not found");
    for row in rows {
        assert_eq!(row.len(), 4, "{row:?}");
        assert!(row.iter().all(|cell| cell.contains('`')), "{row:?}");
    }
}

#[test]
fn every_line_of_the_table_works() {
    let stage = Stage::new();
    let _pair = Pair::meet(&stage);
    no_name_servers();
    for row in rows() {
        let words = words(&row[3]);
        let arguments: Vec<&str> = words[1..].iter().map(String::as_str).collect();
        let goes_on = arguments.iter().any(|word| matches!(*word, "-c" | "trace"));
        if goes_on {
            begins(&arguments);
        } else {
            let output = command(&arguments).output().expect("run netwatch");
            assert!(output.status.success(), "{words:?}: {output:?}");
        }
    }
}

/// What goes on until it is ended says something first, and ends well.
fn begins(arguments: &[&str]) {
    let mut process = command(arguments)
        .stdout(Stdio::piped())
        .spawn()
        .expect("run netwatch");
    let output = process.stdout.take().expect("its output");
    let first = BufReader::new(output).lines().next();
    assert!(first.is_some_and(|line| line.is_ok()), "{arguments:?}");
    kill_process(Pid::from_child(&process), Signal::INT).expect("end netwatch");
    let status = process.wait().expect("wait for netwatch");
    assert!(status.success(), "{arguments:?}: {status}");
}
