//! Colors for Rust source.

use crate::output::style::{
    CALL, COMMENT, KEYWORD, LIFETIME, MACRO, NUMBER, Paint, Style, TEXT, TYPE,
};
use handroll_lowering::lex::{Kind, Token, lex};

const KEYWORDS: [&str; 43] = [
    "Self", "abstract", "as", "async", "await", "become", "break", "const", "continue", "crate",
    "dyn", "else", "enum", "extern", "false", "fn", "for", "gen", "if", "impl", "in", "let",
    "loop", "macro", "match", "mod", "move", "mut", "pub", "ref", "return", "self", "static",
    "struct", "super", "trait", "true", "type", "union", "unsafe", "use", "where", "while",
];

/// The source with colors, or as it is when colors are not wanted.
pub(crate) fn highlight(source: &str, style: Style) -> String {
    if !style.color {
        return source.to_owned();
    }
    let tokens: Vec<Token> = lex(source).collect();
    let mut text = String::with_capacity(source.len() * 2);
    for (index, token) in tokens.iter().enumerate() {
        let word = &source[token.bytes.clone()];
        match paint(word, token, source, &tokens[index + 1..]) {
            Some(paint) => text.push_str(&style.paint(paint, word)),
            None => text.push_str(word),
        }
    }
    text
}

fn paint(word: &str, token: &Token, source: &str, rest: &[Token]) -> Option<Paint> {
    Some(match token.kind {
        Kind::Comment | Kind::Doc => COMMENT,
        Kind::Text => TEXT,
        Kind::Number => NUMBER,
        Kind::Lifetime => LIFETIME,
        Kind::Word if KEYWORDS.contains(&word) => KEYWORD,
        Kind::Word => {
            let after = rest
                .iter()
                .take(2)
                .map(|token| &source[token.bytes.clone()])
                .collect::<Vec<_>>();
            match after.as_slice() {
                ["!", next] if *next != "=" => MACRO,
                _ if word.starts_with(char::is_uppercase) => TYPE,
                ["(", ..] => CALL,
                _ => return None,
            }
        }
        Kind::Blank | Kind::Open | Kind::Close | Kind::Punct => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Marks what was painted as `{code:text}`.
    fn marked(source: &str) -> String {
        let painted = highlight(
            source,
            Style {
                color: true,
                width: None,
            },
        );
        painted
            .replace("\x1b[0m", "}")
            .replace("\x1b[", "{")
            .replace('m', ":")
    }

    #[test]
    fn tells_the_words_apart() {
        assert_eq!(marked("fn go() -> X"), "{35:fn} {34:go}() -> {36:X}");
        assert_eq!(marked("o!(a != 1)"), "{33:o}!(a != {33:1})");
        assert_eq!(marked("&'a \"x\" // c"), "&{33:'a} {32:\"x\"} {2:// c}");
    }

    #[test]
    fn nothing_but_color_is_added() {
        let source = "/* a\nb */ fn f<'a>(x: &'a str) { r#\"\n\"#; é!() }";
        let mut painted = highlight(
            source,
            Style {
                color: true,
                width: None,
            },
        );
        while let Some(start) = painted.find('\x1b') {
            let end = start + painted[start..].find('m').unwrap();
            painted.replace_range(start..=end, "");
        }
        assert_eq!(painted, source);
        assert_eq!(highlight(source, Style::PLAIN), source);
    }
}
