//! Aligned columns.

use crate::output::style::{HEAD, Style};
use unicode_width::UnicodeWidthStr;

const GAP: &str = "  ";

/// A table whose last column may be of any width.
#[derive(Debug)]
pub(crate) struct Table {
    head: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new(head: impl IntoIterator<Item = &'static str>) -> Table {
        Table {
            head: head.into_iter().collect(),
            rows: Vec::new(),
        }
    }

    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// The lines of the table, each ended.
    pub(crate) fn print(&self, style: Style) -> String {
        let head: Vec<String> = self.head.iter().map(|title| (*title).to_owned()).collect();
        let columns = self.head.len();
        let width = |column: usize| {
            self.rows
                .iter()
                .chain([&head])
                .filter_map(|row| row.get(column))
                .map(|cell| cell.width())
                .max()
        };
        let widths: Vec<usize> = (0..columns)
            .map(|column| width(column).unwrap_or(0))
            .collect();
        let line = |row: &Vec<String>| {
            let cells = row.iter().zip(&widths).map(|(cell, width)| {
                format!("{cell}{}", " ".repeat(width.saturating_sub(cell.width())))
            });
            cells.collect::<Vec<_>>().join(GAP).trim_end().to_owned()
        };
        let mut text = format!("{}\n", style.paint(HEAD, &line(&head)));
        for row in &self.rows {
            text.push_str(&line(row));
            text.push('\n');
        }
        text
    }
}

/// The text on one line, cut to `width` columns.
pub(crate) fn brief(text: &str, width: usize) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.width() <= width {
        return line;
    }
    let mut cut = String::new();
    for c in line.chars() {
        cut.push(c);
        if cut.width() >= width.saturating_sub(2) {
            break;
        }
    }
    cut + ".."
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_by_their_width_on_screen() {
        let mut table = Table::new(["name", "what"]);
        table.row(["é漢".to_owned(), "x".to_owned()]);
        table.row(["longer".to_owned(), String::new()]);
        assert_eq!(
            table.print(Style::PLAIN),
            "name    what\né漢     x\nlonger\n"
        );
    }

    #[test]
    fn long_text_is_cut() {
        assert_eq!(brief("a\n   b", 10), "a b");
        assert_eq!(brief("abcdefghij", 6), "abcd..");
    }
}
