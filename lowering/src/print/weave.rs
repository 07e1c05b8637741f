//! Puts comments into printed text: whole lines, ends of lines, and places before a token.

use super::printed::Printed;
use crate::text::Text;

/// What is to be put into a printed text.
#[derive(Default)]
pub(super) struct Edits {
    /// Lines that go above a line.
    above: Vec<Line>,
    /// What goes to the end of a line.
    behind: Vec<(usize, String)>,
    /// What goes in at a byte.
    at: Vec<(usize, String)>,
    /// How many comments there have been.
    comments: usize,
}

/// A comment above a line.
struct Line {
    at: usize,
    rank: Rank,
    /// Which comment it is.
    comment: usize,
    text: String,
}

/// What comes first above a line.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    /// What ends there.
    Ends,
    Note,
    /// What begins there.
    Begins,
}

impl Edits {
    /// Another comment begins; what was put in before is of others.
    pub(super) fn next_comment(&mut self) {
        self.comments += 1;
    }

    /// A comment above the line that this token begins.
    pub(super) fn above(
        &mut self,
        printed: &Printed<'_>,
        token: usize,
        comment: &Text<'_>,
        column: usize,
    ) {
        let byte = printed.tokens[token].bytes.start;
        let indent = printed.text.indent(byte);
        let line = printed.text.line(byte);
        self.line(line, Rank::Begins, indented(comment, indent, column));
    }

    fn line(&mut self, at: usize, rank: Rank, text: String) {
        // Two tokens of a line may call for the same comment.
        let of_this = self.above.iter().rev();
        let mut of_this = of_this.take_while(|line| line.comment == self.comments);
        if !of_this.any(|line| line.at == at) {
            self.above.push(Line {
                at,
                rank,
                comment: self.comments,
                text,
            });
        }
    }

    /// A comment on what ends above the line that this token begins.
    pub(super) fn ending(
        &mut self,
        printed: &Printed<'_>,
        token: usize,
        comment: &Text<'_>,
        column: usize,
    ) {
        let byte = printed.tokens[token].bytes.start;
        let text = indented(comment, printed.text.indent(byte), column);
        self.line(printed.text.line(byte), Rank::Ends, text);
    }

    /// A line of our own above the line of this token.
    pub(super) fn note(&mut self, printed: &Printed<'_>, token: usize, text: &str) {
        let byte = printed.tokens[token].bytes.start;
        let indent = printed.text.indent(byte);
        self.next_comment();
        let text = format!("{indent}// {text}\n");
        self.line(printed.text.line(byte), Rank::Note, text);
    }

    /// A comment below the line on which this token ends.
    pub(super) fn below(
        &mut self,
        printed: &Printed<'_>,
        token: usize,
        comment: &Text<'_>,
        column: usize,
    ) {
        let end = printed.tokens[token].bytes.end - 1;
        let first = printed.statement(token).map_or(token, |(_, start)| start);
        let indent = printed.text.indent(printed.tokens[first].bytes.start);
        let line = printed.text.line(end) + 1;
        self.line(line, Rank::Ends, indented(comment, indent, column));
    }

    /// A comment above a closing delimiter, indented as what the delimiters hold.
    pub(super) fn at_end(
        &mut self,
        printed: &Printed<'_>,
        close: usize,
        comment: &Text<'_>,
        column: usize,
    ) {
        let byte = printed.tokens[close].bytes.start;
        let indent = format!("{}    ", printed.text.indent(byte));
        let text = indented(comment, &indent, column);
        self.line(printed.text.line(byte), Rank::Ends, text);
    }

    /// A comment at the end of the line of this token, or above it where there is one already.
    pub(super) fn behind(
        &mut self,
        printed: &Printed<'_>,
        token: usize,
        comment: &Text<'_>,
        column: usize,
    ) {
        let line = printed.text.line(printed.tokens[token].bytes.end - 1);
        let taken = self.behind.iter().rev().any(|(other, _)| *other == line);
        if taken || comment.text.contains('\n') {
            let mut first = token;
            while !printed.begins_line(first) {
                first -= 1;
            }
            self.above(printed, first, comment, column);
        } else {
            self.behind
                .push((line, format!(" {}", comment.text.trim_end())));
        }
    }

    /// A block comment before a token, on its line.
    pub(super) fn before(&mut self, printed: &Printed<'_>, token: usize, comment: &Text<'_>) {
        let byte = printed.tokens[token].bytes.start;
        self.at.push((byte, format!("{} ", comment.text)));
    }

    /// A block comment after a token, on its line.
    pub(super) fn after(&mut self, printed: &Printed<'_>, token: usize, comment: &Text<'_>) {
        let byte = printed.tokens[token].bytes.end;
        self.at.push((byte, format!(" {}", comment.text)));
    }

    /// The text with all of it.
    pub(super) fn apply(mut self, text: &Text<'_>) -> String {
        self.above.sort_by_key(|line| (line.at, line.rank));
        self.behind.sort_by_key(|(line, _)| *line);
        self.at.sort_by_key(|(byte, _)| *byte);
        let (mut above, mut behind, mut inside) = (
            self.above.into_iter().peekable(),
            self.behind.into_iter().peekable(),
            self.at.into_iter().peekable(),
        );
        let mut out = String::with_capacity(text.text.len() * 5 / 4);
        let mut start = 0;
        for (line, content) in text.text.split_inclusive('\n').enumerate() {
            while let Some(comment) = above.next_if(|comment| comment.at <= line) {
                out.push_str(&comment.text);
            }
            let end = start + content.len();
            let (content, newline) = content
                .strip_suffix('\n')
                .map_or((content, ""), |content| (content, "\n"));
            let mut copied = start;
            while let Some((byte, comment)) = inside.next_if(|(byte, _)| *byte < end) {
                out.push_str(&text.text[copied..byte]);
                out.push_str(&comment);
                copied = byte;
            }
            out.push_str(&content[copied - start..]);
            while let Some((_, comment)) = behind.next_if(|(at, _)| *at == line) {
                out.push_str(&comment);
            }
            out.push_str(newline);
            start = end;
        }
        out
    }
}

/// A comment as lines of its own with another indentation.
fn indented(comment: &Text<'_>, indent: &str, column: usize) -> String {
    let mut out = String::new();
    for (i, line) in comment.text.trim_end().lines().enumerate() {
        // The lines of a block comment keep their places below its first.
        let blanks = line.len() - line.trim_start_matches([' ', '\t']).len();
        let rest = if i == 0 {
            line
        } else {
            &line[blanks.min(column)..]
        };
        let line = format!("{indent}{rest}");
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}
