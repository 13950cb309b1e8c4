//! What benchmarks found: printed as it comes, and written to `BENCHMARKS.md` and as JSON at the end.

use std::{fmt::Write as _, fs, thread::available_parallelism};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::cargo;

/// One question, and its answer: a table with a header, and what there is to say about it.
pub struct Section {
    title: String,
    rows: Vec<Vec<String>>,
    notes: Vec<String>,
}

impl Section {
    /// A table of these columns.
    pub fn new(title: impl Into<String>, headers: &[&str]) -> Self {
        Self {
            title: title.into(),
            rows: vec![headers.iter().map(|header| (*header).to_owned()).collect()],
            notes: Vec::new(),
        }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// Adds a sentence below the table.
    pub fn note(&mut self, text: impl Into<String>) {
        self.notes.push(text.into());
    }

    /// Says whether a figure is no more than it may be.
    pub fn judge(&mut self, what: &str, figure: f64, most: f64) {
        let verdict = if figure <= most { "met" } else { "NOT MET" };
        self.note(format!(
            "{what}: at most {}, is {}, {verdict}.",
            short(most),
            short(figure)
        ));
    }

    /// Says whether a figure is no less than it has to be.
    pub fn judge_least(&mut self, what: &str, figure: f64, least: f64) {
        let verdict = if figure >= least { "met" } else { "NOT MET" };
        self.note(format!(
            "{what}: at least {}, is {}, {verdict}.",
            short(least),
            short(figure)
        ));
    }

    /// Aligned, the first column to the left and all others to the right.
    pub fn text(&self) -> String {
        let mut text = format!("\n{}\n", self.title);
        for row in &self.rows {
            let cells = row.iter().enumerate().map(|(column, cell)| {
                let width = self.width(column);
                if column == 0 {
                    format!("{cell:<width$}")
                } else {
                    format!("{cell:>width$}")
                }
            });
            text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
            text.push('\n');
        }
        for note in &self.notes {
            text.push_str(note);
            text.push('\n');
        }
        text
    }

    fn width(&self, column: usize) -> usize {
        let cells = self.rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    }

    fn markdown(&self) -> String {
        let mut text = format!("## {}\n\n", self.title);
        for (index, row) in self.rows.iter().enumerate() {
            // Writing to a String can't fail.
            let _ = writeln!(text, "| {} |", row.join(" | "));
            if index == 0 {
                let rule = (0..row.len()).map(|column| if column == 0 { "---" } else { "---:" });
                let _ = writeln!(text, "|{}|", rule.collect::<Vec<_>>().join("|"));
            }
        }
        for note in &self.notes {
            let _ = write!(text, "\n{note}\n");
        }
        text.push('\n');
        text
    }

    fn json(&self) -> Value {
        let (header, rows) = self.rows.split_first().unwrap_or((EMPTY, &[]));
        let rows: Vec<Value> = rows
            .iter()
            .map(|row| {
                header
                    .iter()
                    .cloned()
                    .zip(row.iter().map(|cell| json!(cell)))
                    .collect()
            })
            .collect();
        json!({"question": self.title, "rows": rows, "notes": self.notes})
    }
}

/// A number in about three digits.
fn short(number: f64) -> String {
    let digits = if number >= 100.0 {
        0
    } else if number >= 10.0 {
        1
    } else {
        3
    };
    format!("{number:.digits$}")
}

const EMPTY: &Vec<String> = &Vec::new();

/// All that was asked in one run.
#[derive(Default)]
pub struct Report(Vec<Section>);

impl Report {
    /// Adds an answer, and prints it.
    pub fn add(&mut self, section: Section) {
        print!("{}", section.text());
        self.0.push(section);
    }

    /// Writes `BENCHMARKS.md`, and the same as JSON.
    ///
    /// # Errors
    ///
    /// The files can't be written.
    pub fn write(&self) -> Result<()> {
        let machine = machine()?;
        let mut page = format!(
            "# Benchmarks\n\nWritten by `cargo xtask bench`: all of it in one run, each figure a median, contenders in turns, on\n{machine}.\n\n"
        );
        for section in &self.0 {
            page.push_str(&section.markdown());
        }
        let root = cargo::workspace();
        let path = root.join("BENCHMARKS.md");
        fs::write(&path, page.trim_end().to_owned() + "\n")
            .with_context(|| format!("write {}", path.display()))?;
        let sections: Vec<Value> = self.0.iter().map(Section::json).collect();
        let report = json!({"machine": machine, "questions": sections});
        let path = root.join("target/bench/report.json");
        fs::write(&path, format!("{report:#}\n"))
            .with_context(|| format!("write {}", path.display()))
    }
}

/// The machine in a sentence.
fn machine() -> Result<String> {
    let read = |path: &str| fs::read_to_string(path).with_context(|| format!("read {path}"));
    let find = |text: &str, key: &str| {
        let mut lines = text.lines().filter_map(|line| line.split_once(':'));
        let value = lines.find(|(name, _)| name.trim() == key);
        value.map_or_else(
            || "unknown".to_owned(),
            |(_, value)| value.trim().to_owned(),
        )
    };
    let cpus = available_parallelism().context("count the CPUs")?;
    let model = find(&read("/proc/cpuinfo")?, "model name");
    let memory = find(&read("/proc/meminfo")?, "MemTotal");
    let kernel = read("/proc/sys/kernel/osrelease")?;
    Ok(format!(
        "{cpus} CPUs ({model}), {memory} of memory, Linux {}",
        kernel.trim()
    ))
}
