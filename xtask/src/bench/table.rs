//! Aligned columns.

/// A table with a header.
pub struct Table(Vec<Vec<String>>);

impl Table {
    /// A table of these columns.
    pub fn new(headers: &[&str]) -> Self {
        Self(vec![
            headers.iter().map(|header| (*header).to_owned()).collect(),
        ])
    }

    /// Adds a row.
    pub fn row(&mut self, cells: Vec<String>) {
        self.0.push(cells);
    }

    /// Prints it, the first column to the left and all others to the right.
    pub fn print(&self) {
        let width = |column: usize| {
            let cells = self.0.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        for row in &self.0 {
            let cells = row.iter().enumerate().map(|(column, cell)| {
                let width = width(column);
                if column == 0 {
                    format!("{cell:<width$}")
                } else {
                    format!("{cell:>width$}")
                }
            });
            println!("{}", cells.collect::<Vec<_>>().join("  ").trim_end());
        }
    }
}
