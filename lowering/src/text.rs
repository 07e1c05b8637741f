//! A text and where its lines begin.

use proc_macro2::LineColumn;

/// A text, with the positions of spans in it as bytes.
pub(crate) struct Text<'a> {
    pub(crate) text: &'a str,
    /// The byte at which each line begins.
    lines: Vec<usize>,
    ascii: bool,
}

impl<'a> Text<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        let newlines = text.match_indices('\n').map(|(at, _)| at + 1);
        Text {
            text,
            lines: std::iter::once(0).chain(newlines).collect(),
            ascii: text.is_ascii(),
        }
    }

    /// The byte at a span's position; columns count characters.
    pub(crate) fn byte(&self, at: LineColumn) -> Option<usize> {
        let line = *self.lines.get(at.line.checked_sub(1)?)?;
        if self.ascii {
            return Some(line + at.column);
        }
        let rest = self.text.get(line..)?;
        let column = rest.char_indices().map(|(at, _)| at).nth(at.column);
        Some(line + column.unwrap_or(rest.len()))
    }

    /// The line of a byte, counted from 0.
    pub(crate) fn line(&self, byte: usize) -> usize {
        self.lines.partition_point(|&start| start <= byte) - 1
    }

    /// The byte at which a line begins.
    pub(crate) fn start(&self, line: usize) -> usize {
        self.lines[line]
    }

    /// The blanks at the beginning of the line of this byte.
    pub(crate) fn indent(&self, byte: usize) -> &'a str {
        let line = &self.text[self.start(self.line(byte))..];
        &line[..line.len() - line.trim_start_matches([' ', '\t']).len()]
    }

    /// Whether only blanks stand before this byte on its line.
    pub(crate) fn begins_line(&self, byte: usize) -> bool {
        self.text[self.start(self.line(byte))..byte]
            .trim_start()
            .is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_lines_and_columns() {
        let text = Text::new("a é b\n  c\n");
        let at = |line, column| text.byte(LineColumn { line, column });
        assert_eq!(at(1, 4), Some(5));
        assert_eq!(at(2, 2), Some(9));
        assert_eq!(at(9, 0), None);
        assert_eq!(text.line(9), 1);
        assert_eq!(text.indent(9), "  ");
        assert!(text.begins_line(9));
        assert!(!text.begins_line(5));
    }
}
