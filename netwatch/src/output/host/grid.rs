//! Aligned columns.

use std::io::{self, Write};

use crate::columns::Align;

/// A column of a table: what stands above it, where its cells stand in it, and how wide it is at
/// least.
pub struct Column(pub &'static str, pub Align, pub usize);

/// Writes headers and rows; a column is as wide as its widest cell.
///
/// # Errors
///
/// It can't be written.
pub fn write(out: &mut impl Write, columns: &[Column], rows: &[Vec<String>]) -> io::Result<()> {
    let widths: Vec<usize> = columns
        .iter()
        .enumerate()
        .map(|(index, Column(header, _, least))| {
            let cells = rows.iter().map(|row| row[index].chars().count());
            cells.chain([header.len(), *least]).max().unwrap_or(*least)
        })
        .collect();
    let headers = columns
        .iter()
        .map(|Column(header, ..)| (*header).to_owned());
    for row in std::iter::once(&headers.collect()).chain(rows) {
        let mut line = String::new();
        for ((cell, Column(_, align, _)), width) in row.iter().zip(columns).zip(&widths) {
            let padding = " ".repeat(width - cell.chars().count());
            match align {
                Align::Left => line.extend([cell, &padding, " "]),
                Align::Right => line.extend([&padding, cell, " "]),
            }
        }
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_what_is_in_them() {
        let columns = [
            Column("Iface", Align::Left, 8),
            Column("MTU", Align::Right, 0),
            Column("Flg", Align::Left, 0),
        ];
        let row = |cells: [&str; 3]| cells.map(str::to_owned).to_vec();
        let rows = [row(["lo", "65536", "LRU"]), row(["größe", "9", ""])];
        let mut out = Vec::new();
        write(&mut out, &columns, &rows).unwrap();
        let expected = "Iface      MTU Flg\nlo       65536 LRU\ngröße        9\n";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
}
