//! Keeps the printer from putting braces round an expression, or taking them off, where they decide what drops first.
//!
//! prettyplease prints `pat => { value }` without braces where that fits on a line, and with them where `value` does not; the body of a
//! closure gets some too. A block ends the temporaries of its value (since edition 2024), and a closure does (before), while an arm
//! ends them behind the operands of a value that unwinds. So such a body goes as a call for the time of the printing:
//!
//! ```text
//! // Input:
//! _ => pair(make(), &make(), list().len()),
//! // Printed:
//! _ => {
//!     bareǃ(pair(make(), &make(), list().len()))
//! }
//! // Output:
//! _ => pair(make(), &make(), list().len()),
//! ```

use super::calls::BANG;
use crate::lex::{Kind, Token, lex};
use crate::syntax::{bare, inert, mixes};
use syn::visit_mut::{self, VisitMut};
use syn::{Expr, Stmt};

/// What stands for a body without braces, and for one with them.
const WORDS: [&str; 2] = ["bare", "braced"];

/// Marks the bodies whose braces count.
pub(super) fn hide(file: &mut syn::File) {
    Hider.visit_file_mut(file);
}

struct Hider;

impl VisitMut for Hider {
    fn visit_arm_mut(&mut self, arm: &mut syn::Arm) {
        visit_mut::visit_arm_mut(self, arm);
        mark(&mut arm.body);
    }

    fn visit_expr_closure_mut(&mut self, closure: &mut syn::ExprClosure) {
        visit_mut::visit_expr_closure_mut(self, closure);
        if !matches!(*closure.body, Expr::Block(_)) {
            mark(&mut closure.body);
        }
    }
}

fn mark(body: &mut Expr) {
    let mut value = &*body;
    let mut word = WORDS[0];
    while let Expr::Block(block) = value
        && block.label.is_none()
        && block.attrs.is_empty()
        && let [Stmt::Expr(inner, None)] = block.block.stmts.as_slice()
    {
        (value, word) = (inner, WORDS[1]);
    }
    if mixes(bare(value), &|operand| !inert(operand)) {
        let word = quote::format_ident!("{word}{BANG}");
        *body = syn::parse_quote!(#word(#value));
    }
}

/// Takes the marks away, and with them the braces that do not belong there.
pub(super) fn show(text: String) -> String {
    let mut text = text;
    // From the last to the first: those inside are settled before those around them.
    while let Some(found) = WORDS
        .iter()
        .filter_map(|word| Some((text.rfind(&format!("{word}{BANG}("))?, *word)))
        .max()
    {
        text = shown(&text, found.0, found.1);
    }
    text
}

/// One body as it was.
fn shown(text: &str, start: usize, word: &str) -> String {
    let open = start + word.len() + BANG.len_utf8();
    let inside = open + 1;
    let Some(close) = closing(text, open) else {
        return text.replacen(&format!("{word}{BANG}"), "", 1);
    };
    let value = text[inside..close].trim().trim_end_matches(',');
    let (before, after) = (&text[..start], &text[close + 1..]);
    // What the printer put around it.
    let around = match (before.trim_end(), after.trim_start()) {
        (head, tail) if head.ends_with("=> {") && tail.starts_with('}') => {
            Some((&head[..head.len() - 1], &tail[1..]))
        }
        _ => None,
    };
    let line = before.rfind('\n').map_or(0, |at| at + 1);
    let (head, tail) = around.unwrap_or((before, after));
    let head_line = head.rfind('\n').map_or(0, |at| at + 1);
    let indent = |at: usize| text[at..].len() - text[at..].trim_start_matches(' ').len();
    let deeper = match text[inside..close].starts_with('\n') {
        true => indent(inside + 1),
        false => indent(line),
    };
    let value = dedented(value, deeper.saturating_sub(indent(head_line)));
    let in_arm = head.trim_end().ends_with("=>");
    let tail = if in_arm {
        tail.strip_prefix(',').unwrap_or(tail)
    } else {
        tail
    };
    if word == WORDS[1] {
        return format!("{head}{{ {value} }}{tail}");
    }
    let comma = if in_arm { "," } else { "" };
    format!("{head}{value}{comma}{tail}")
}

/// The parenthesis that closes this one.
fn closing(text: &str, open: usize) -> Option<usize> {
    let mut depth = 0;
    for token in lex(&text[open..]) {
        match token.kind {
            Kind::Open => depth += 1,
            Kind::Close => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(open + token.bytes.start);
        }
    }
    None
}

/// Moves all lines but the first to the left; what stands inside of literals stays.
fn dedented(text: &str, by: usize) -> String {
    let mut out = String::with_capacity(text.len());
    for Token { kind, bytes } in lex(text) {
        let word = &text[bytes];
        match word.rsplit_once('\n') {
            Some((lines, blanks)) if kind == Kind::Blank => {
                out.push_str(lines);
                out.push('\n');
                out.push_str(&blanks[by.min(blanks.len())..]);
            }
            _ => out.push_str(word),
        }
    }
    out
}
