//! Aligned columns, each as wide as its widest cell.

use std::io::{self, Write};

use anstyle::Style;

use super::{BOLD, CAME, WENT};
use crate::{
    columns::{
        Align,
        list::{ListColumn, ListLine},
    },
    list::Mark,
};

/// A table being made: the text of all cells one after another, and where each ends.
pub struct Grid<'a> {
    columns: &'a [&'static ListColumn],
    widths: Vec<usize>,
    text: String,
    ends: Vec<u32>,
    marks: Vec<Mark>,
}

const PAD: &str = "                                                                ";

impl<'a> Grid<'a> {
    /// A table with these columns' headers.
    pub fn new(columns: &'a [&'static ListColumn]) -> Self {
        let headers = columns.iter().map(|column| column.header);
        let mut grid = Self {
            columns,
            widths: headers.clone().map(str::len).collect(),
            text: String::new(),
            ends: Vec::new(),
            marks: Vec::new(),
        };
        for header in headers {
            grid.text.push_str(header);
            grid.ends.push(grid.text.len() as u32);
        }
        grid
    }

    /// Adds a row, and how it stands to the frame before.
    pub fn row(&mut self, line: &ListLine<'_>, mark: Mark) {
        for (width, column) in self.widths.iter_mut().zip(self.columns) {
            let start = self.text.len();
            (column.value)(line).write(line, &mut self.text);
            *width = (*width).max(columns_of(&self.text[start..]));
            self.ends.push(self.text.len() as u32);
        }
        self.marks.push(mark);
    }

    /// Writes headers and rows.
    ///
    /// # Errors
    ///
    /// It can't be written.
    pub fn write(&self, out: &mut impl Write, marked: bool, color: bool) -> io::Result<()> {
        let styles = std::iter::once((" ", BOLD)).chain(self.marks.iter().map(|mark| match mark {
            Mark::Stayed => (" ", Style::new()),
            Mark::Came => ("+", CAME),
            Mark::Went => ("-", WENT),
        }));
        let mut start = 0;
        let mut line = String::new();
        for (ends, (mark, style)) in self.ends.chunks(self.widths.len()).zip(styles) {
            line.clear();
            if marked {
                line.push_str(mark);
                line.push(' ');
            }
            for (index, end) in ends.iter().enumerate() {
                let end = *end as usize;
                self.cell(&mut line, index, &self.text[start..end]);
                start = end;
            }
            let text = line.trim_end();
            if color && style != Style::new() {
                writeln!(out, "{style}{text}{style:#}")?;
            } else {
                writeln!(out, "{text}")?;
            }
        }
        Ok(())
    }

    fn cell(&self, line: &mut String, index: usize, text: &str) {
        if index > 0 {
            line.push(' ');
        }
        let missing = self.widths[index] - columns_of(text);
        match self.columns[index].align {
            Align::Left => {
                line.push_str(text);
                pad(line, missing);
            }
            Align::Right => {
                pad(line, missing);
                line.push_str(text);
            }
        }
    }
}

fn pad(line: &mut String, mut count: usize) {
    while count > 0 {
        let some = count.min(PAD.len());
        line.push_str(&PAD[..some]);
        count -= some;
    }
}

/// How many columns a text takes on a terminal.
fn columns_of(text: &str) -> usize {
    if text.is_ascii() {
        text.len()
    } else {
        text.chars().count()
    }
}
