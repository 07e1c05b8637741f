//! Expressions on one line.

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};

/// An expression on one line, spaced as people do.
pub(crate) fn spelled(tokens: &TokenStream) -> String {
    let mut out = String::new();
    let mut last = Last::Open;
    for tree in tokens.clone() {
        match tree {
            TokenTree::Ident(ident) => {
                if last == Last::Word {
                    out.push(' ');
                }
                out.push_str(&ident.to_string());
                last = Last::Word;
            }
            TokenTree::Literal(literal) => {
                if last == Last::Word {
                    out.push(' ');
                }
                out.push_str(&literal.to_string());
                last = Last::Value;
            }
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Brace => (" { ", " }"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::None => ("", ""),
                };
                out.push_str(open);
                let inside = spelled(&group.stream());
                out.push_str(inside.trim_end_matches(", "));
                out.push_str(close);
                last = Last::Value;
            }
            TokenTree::Punct(punct) => {
                let c = punct.as_char();
                let binary = "=+-*/%|^".contains(c) && matches!(last, Last::Word | Last::Value);
                if binary {
                    out.push(' ');
                }
                out.push(c);
                let colon = c == ':' && !out.ends_with("::") && punct.spacing() == Spacing::Alone;
                if binary && punct.spacing() == Spacing::Alone || colon || matches!(c, ',' | ';') {
                    out.push(' ');
                }
                last = if c == '?' { Last::Value } else { Last::Open };
            }
        }
    }
    out
}

/// What was spelled last.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Last {
    /// A name or keyword.
    Word,
    /// The end of an operand.
    Value,
    /// An operator, or nothing.
    Open,
}

#[cfg(test)]
mod tests {
    use super::spelled;

    #[test]
    fn expressions_are_spaced_as_people_do() {
        for text in [
            "uart.read(&mut buf)",
            "pending::<()>()",
            "self.conn.send(&data[..n], n + 1, -1, \"a b\")",
            "Client { name: x }.get(!a)?",
        ] {
            let tokens = text.parse().expect("it is Rust");
            assert_eq!(spelled(&tokens), text);
        }
    }
}
