//! Refuses source that nests deeper than the stack has room for, before any recursive pass sees it.

use crate::failure::Failure;
use crate::input::Source;
use crate::stack;
use handroll_lowering::lex::{Kind, lex};
use std::ops::Range;

/// Stack that one level of nesting may take. In debug builds syn alone takes up to 60 KiB (generic arguments); the library walks what
/// syn made in smaller steps. With the usual stack this allows about 5,000 levels.
const BYTES_PER_LEVEL: usize = 200 << 10;

/// What code by people may need, allowed even where no large stack can be had: only generated code comes near the bound above.
const LEAST: usize = 128;

/// A failure when `source` nests deeper than the running thread's stack has room for.
pub(crate) fn check(source: &Source) -> Result<(), Failure> {
    let limit = (stack::size() / BYTES_PER_LEVEL).max(LEAST);
    match first_deeper_than(&source.text, limit) {
        None => Ok(()),
        Some(bytes) => Err(Failure::unusable(format!("`{}` nests too deep", source.name))
            .at(source, bytes, format!("more than {limit} levels deep here"))
            .help("split the expression or the function, or leave this file out: it looks generated")),
    }
}

/// The token at which the text is nested deeper than `limit`.
///
/// An upper bound of the depth of the syntax tree: each open delimiter counts one, and so does each operator or keyword since the
/// last separator in each of them (`!!!!x`, `a + b + c`, `else if`, `&&&T` and `fn() -> fn()` nest without any delimiter). Counting
/// what does not nest (or-patterns, paths) costs nothing: real code stays far below any limit.
fn first_deeper_than(text: &str, limit: usize) -> Option<Range<usize>> {
    // What the enclosing delimiters counted when they were opened; `depth` includes them and the present run.
    let mut enclosing: Vec<usize> = Vec::new();
    let (mut depth, mut base, mut after_brace) = (0_usize, 0_usize, false);
    for token in lex(text) {
        let word = &text[token.bytes.clone()];
        // `} else` goes on nesting, and so do `}.method()` and `} + 1`; anything else after a block starts afresh.
        let starts = matches!(
            token.kind,
            Kind::Word | Kind::Lifetime | Kind::Open | Kind::Number | Kind::Text
        ) || word == "#";
        let fresh = after_brace && starts && word != "else";
        if fresh {
            depth = base;
        }
        match token.kind {
            Kind::Blank | Kind::Comment | Kind::Doc => continue,
            Kind::Open => {
                enclosing.push(base);
                enclosing.push(depth);
                depth += 1;
                base = depth;
            }
            Kind::Close => {
                depth = enclosing.pop().unwrap_or(0);
                base = enclosing.pop().unwrap_or(0);
                // What follows a group may be nested around it: `f(a)(b)(c)`, `a[0][1]`.
                depth += 1;
            }
            Kind::Punct if matches!(word, ";" | ",") => depth = base,
            Kind::Punct => depth += 1,
            Kind::Word if nests(word) => depth += 1,
            _ => {}
        }
        after_brace = word == "}";
        if depth > limit {
            return Some(token.bytes);
        }
    }
    None
}

/// Keywords that may stand before an expression, a type or a pattern and make it nest.
fn nests(word: &str) -> bool {
    const KEYWORDS: [&str; 18] = [
        "as", "async", "box", "break", "const", "dyn", "else", "for", "if", "impl", "let", "move",
        "mut", "ref", "return", "static", "unsafe", "yield",
    ];
    KEYWORDS.contains(&word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn depth(text: &str) -> usize {
        (0..)
            .find(|limit| first_deeper_than(text, *limit).is_none())
            .unwrap()
    }

    #[test]
    fn counts_delimiters_and_what_nests_without_them() {
        assert_eq!(depth(&format!("{}x{}", "(".repeat(50), ")".repeat(50))), 50);
        assert_eq!(depth(&format!("{}x", "!".repeat(50))), 50);
        assert!(depth(&format!("if a {{}} {}", "else if a {} ".repeat(50))) >= 50);
        assert!(depth(&format!("a{}", ".b()".repeat(50))) >= 50);
        assert!(depth(&format!("a{}", "()".repeat(50))) >= 50);
        assert!(depth(&format!("let x: {};", "fn() -> ".repeat(50))) >= 50);
    }

    #[test]
    fn does_not_count_what_stands_side_by_side() {
        assert!(depth(&"fn f() { if a { b(); } g(1, -2); }\n".repeat(50)) < 8);
        assert!(depth(&format!("[{}]", "-1, ".repeat(50))) < 4);
        assert!(depth(&"match x { _ => {} } \"}\" /* { */".repeat(50)) < 8);
        assert!(depth(&"if a {} ".repeat(50)) < 4);
        assert!(depth(&"#[attribute] fn f() {} ".repeat(50)) < 6);
    }

    #[test]
    fn stray_delimiters_are_no_panic() {
        assert_eq!(depth(")))"), 1);
        assert_eq!(depth("((("), 3);
    }
}
