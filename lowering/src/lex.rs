//! A small lexer that keeps everything: comments, blanks and broken input too.
//!
//! proc-macro2 drops comments (so it cannot serve highlighting) and fails on what is not Rust (so it cannot look at the nesting of
//! a text before it is parsed). This one never fails: its tokens cover the text without a gap.

use std::ops::Range;

/// What a token is, as far as its first look tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// White space, as much as stands together.
    Blank,
    /// A comment that documents nothing.
    Comment,
    /// `///`, `//!`, `/** */` or `/*! */`.
    Doc,
    /// A string, byte string, C string or character.
    Text,
    /// With its suffix.
    Number,
    /// `'a`, or a label.
    Lifetime,
    /// An identifier or keyword.
    Word,
    /// `(`, `[` or `{`.
    Open,
    /// `)`, `]` or `}`.
    Close,
    /// One character of punctuation.
    Punct,
}

/// A token and its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: Kind,
    /// Where it stands in the text.
    pub bytes: Range<usize>,
}

/// The tokens of a text, in order and without a gap.
pub fn lex(text: &str) -> impl Iterator<Item = Token> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let (kind, length) = token(text.get(at..)?)?;
        let start = at;
        at += length;
        Some(Token {
            kind,
            bytes: start..at,
        })
    })
}

/// The first token of `rest` and its length; none at the end.
fn token(rest: &str) -> Option<(Kind, usize)> {
    let first = rest.chars().next()?;
    Some(match first {
        _ if first.is_whitespace() => (Kind::Blank, run(rest, char::is_whitespace)),
        '/' if rest.starts_with("//") => line_comment(rest),
        '/' if rest.starts_with("/*") => block_comment(rest),
        '"' => (Kind::Text, quoted(rest, 0, '"')),
        '\'' => quote(rest),
        '0'..='9' => (Kind::Number, number(rest)),
        '(' | '[' | '{' => (Kind::Open, 1),
        ')' | ']' | '}' => (Kind::Close, 1),
        _ if starts_word(first) => word(rest),
        _ => (Kind::Punct, first.len_utf8()),
    })
}

fn starts_word(c: char) -> bool {
    c == '_' || c.is_alphabetic()
}

fn in_word(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

/// The length of the longest prefix whose characters all fit.
fn run(text: &str, fits: impl Fn(char) -> bool) -> usize {
    // Most characters are one byte.
    let mut bytes = text.bytes();
    match bytes.position(|byte| !byte.is_ascii() || !fits(char::from(byte))) {
        Some(at) if !text.as_bytes()[at].is_ascii() => {
            let rest = &text[at..];
            at + rest.find(|c| !fits(c)).unwrap_or(rest.len())
        }
        Some(at) => at,
        None => text.len(),
    }
}

fn line_comment(rest: &str) -> (Kind, usize) {
    let doc = rest.starts_with("//!") || (rest.starts_with("///") && !rest.starts_with("////"));
    (
        if doc { Kind::Doc } else { Kind::Comment },
        rest.find('\n').unwrap_or(rest.len()),
    )
}

fn block_comment(rest: &str) -> (Kind, usize) {
    let doc = rest.starts_with("/*!")
        || (rest.starts_with("/**") && !rest.starts_with("/***") && !rest.starts_with("/**/"));
    let (mut depth, mut at) = (0_usize, 0);
    while let Some(mark) = rest.as_bytes().get(at..at + 2) {
        match mark {
            b"/*" => (depth, at) = (depth + 1, at + 2),
            b"*/" => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return (if doc { Kind::Doc } else { Kind::Comment }, at);
        }
    }
    (Kind::Comment, rest.len())
}

/// The length of a literal whose opening quote stands at byte `open`.
fn quoted(rest: &str, open: usize, close: char) -> usize {
    let mut at = open + 1;
    while let Some(found) = rest[at..].find(['\\', close]) {
        at += found + 1;
        if !rest[..at].ends_with('\\') {
            return at;
        }
        at += rest[at..].chars().next().map_or(0, char::len_utf8);
    }
    rest.len()
}

/// A character or a lifetime: `'a'` or `'a`.
fn quote(rest: &str) -> (Kind, usize) {
    let mut after = rest[1..].chars();
    match (after.next(), after.next()) {
        (Some('\\'), _) => (Kind::Text, quoted(rest, 0, '\'')),
        (Some(c), Some('\'')) => (Kind::Text, 2 + c.len_utf8()),
        (Some(c), _) if starts_word(c) => (Kind::Lifetime, 1 + run(&rest[1..], in_word)),
        _ => (Kind::Punct, 1),
    }
}

fn number(rest: &str) -> usize {
    let mut end = run(rest, in_word);
    // `1.5`, but neither `1..2` nor `1.max(2)`.
    if rest[end..].starts_with('.') && rest[end + 1..].starts_with(|c: char| c.is_ascii_digit()) {
        end += 1 + run(&rest[end + 1..], in_word);
    }
    let exponent = rest[..end].ends_with(['e', 'E']) && !rest.starts_with("0x");
    if exponent && rest[end..].starts_with(['+', '-']) {
        end += 1 + run(&rest[end + 1..], in_word);
    }
    end
}

/// A word, or the literal it is the prefix of: `r#"raw"#`, `b'x'`, `c"text"`.
fn word(rest: &str) -> (Kind, usize) {
    let end = run(rest, in_word);
    let after = &rest[end..];
    match &rest[..end] {
        "b" | "c" if after.starts_with('"') => (Kind::Text, quoted(rest, end, '"')),
        "b" if after.starts_with('\'') => (Kind::Text, quoted(rest, end, '\'')),
        "r" | "br" | "cr" => {
            let hashes = run(after, |c| c == '#');
            if after[hashes..].starts_with('"') {
                let close = format!("\"{}", "#".repeat(hashes));
                let body = end + hashes + 1;
                let length = rest[body..]
                    .find(&close)
                    .map_or(rest.len(), |at| body + at + close.len());
                (Kind::Text, length)
            } else if &rest[..end] == "r" && hashes == 1 && after[1..].starts_with(starts_word) {
                (Kind::Word, end + 1 + run(&after[1..], in_word))
            } else {
                (Kind::Word, end)
            }
        }
        _ => (Kind::Word, end),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<(Kind, &str)> {
        let tokens: Vec<_> = lex(text).collect();
        let covered: String = tokens
            .iter()
            .map(|token| &text[token.bytes.clone()])
            .collect();
        assert_eq!(covered, text, "the tokens cover the text");
        tokens
            .into_iter()
            .filter(|token| token.kind != Kind::Blank)
            .map(|token| (token.kind, &text[token.bytes]))
            .collect()
    }

    #[test]
    fn tells_literals_from_lifetimes_and_words() {
        let found = kinds(r##"'a 'b' '\'' b'\\' r#"x"y"# r#fn "a\"b" 1.5e-3 0x1e+1 1..2 é"##);
        let expect = [
            (Kind::Lifetime, "'a"),
            (Kind::Text, "'b'"),
            (Kind::Text, r"'\''"),
            (Kind::Text, r"b'\\'"),
            (Kind::Text, r##"r#"x"y"#"##),
            (Kind::Word, "r#fn"),
            (Kind::Text, r#""a\"b""#),
            (Kind::Number, "1.5e-3"),
            (Kind::Number, "0x1e"),
            (Kind::Punct, "+"),
            (Kind::Number, "1"),
            (Kind::Number, "1"),
            (Kind::Punct, "."),
            (Kind::Punct, "."),
            (Kind::Number, "2"),
            (Kind::Word, "é"),
        ];
        assert_eq!(found, expect);
    }

    #[test]
    fn tells_comments_from_documentation() {
        let found = kinds("/// a\n//// b\n/* /* c */ */ /** d */ /**/ x");
        let expect = [
            Kind::Doc,
            Kind::Comment,
            Kind::Comment,
            Kind::Doc,
            Kind::Comment,
            Kind::Word,
        ];
        assert_eq!(
            found.iter().map(|(kind, _)| *kind).collect::<Vec<_>>(),
            expect
        );
    }

    #[test]
    fn never_fails_on_broken_text() {
        for text in [
            "\"open",
            "/* open",
            "r#\"open\"",
            "'",
            "b'",
            "'\\",
            "r#",
            "1.",
            "\u{feff}fn",
            "\0",
            "/*/",
            "/* é",
        ] {
            kinds(text);
        }
    }
}
