//! Columns that line up.

use std::io::{self, Write};

/// Rows of cells. Each column is as wide as its widest cell.
#[derive(Debug, Default)]
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn push(&mut self, row: Vec<String>) {
        self.rows.push(row);
    }

    /// The rows with their columns lined up, two spaces between them.
    pub(crate) fn lines(&self) -> Vec<String> {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<_> = (0..columns).map(width).collect();
        let line = |row: &Vec<String>| {
            let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
            cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
        };
        self.rows.iter().map(line).collect()
    }

    /// How wide its widest row is, in characters.
    pub(crate) fn width(&self) -> usize {
        self.lines().iter().map(|line| line.chars().count()).max().unwrap_or(0)
    }

    /// Writes the rows, two spaces between columns, `indent` before each row.
    pub(crate) fn write(&self, out: &mut impl Write, indent: &str) -> io::Result<()> {
        let mut lines = self.lines().into_iter();
        lines.try_for_each(|line| writeln!(out, "{}", format!("{indent}{line}").trim_end()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: rows of different lengths, with letters beyond ASCII.
    /// Guarantees: columns line up; no line ends in spaces.
    #[test]
    fn columns_line_up() {
        let mut table = Table::default();
        for row in [["Ärger", "1", ""], ["b", "22", "x"]] {
            table.push(row.map(str::to_owned).to_vec());
        }
        let mut out = Vec::new();
        table.write(&mut out, "> ").unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "> Ärger  1\n> b      22  x\n");
    }
}
