//! What the syntax of a piece shows: what it declares, and whether control goes on after it.

use super::Out;
use crate::ir::{Block, Stmt};
use crate::names::{self, LocalId};
use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::visit::Visit;

/// The locals that a statement declares in its block.
pub(super) fn declared(stmt: &Stmt, locals: &mut Vec<LocalId>) {
    match stmt {
        Stmt::Plain(syn::Stmt::Local(local)) => locals_of(&local.pat, locals),
        Stmt::Let { pat, .. } => locals_of(pat, locals),
        _ => {}
    }
}

/// Whether a block declares something of its own, or may do so by a macro that is not known.
pub(super) fn declares(block: &Block) -> bool {
    block
        .stmts
        .iter()
        .any(|stmt| is_local(stmt) || is_item(stmt))
}

/// Whether a statement declares locals, or may do so.
pub(super) fn is_local(stmt: &Stmt) -> bool {
    match stmt {
        Stmt::Plain(syn::Stmt::Macro(mac)) => crate::syntax::may_declare(&mac.mac),
        stmt => matches!(stmt, Stmt::Plain(syn::Stmt::Local(_)) | Stmt::Let { .. }),
    }
}

/// Code of a block in which these items hold.
pub(super) fn within_items(items: &[Stmt], code: Out) -> Out {
    let items = items.iter().filter_map(|stmt| match stmt {
        Stmt::Plain(item @ syn::Stmt::Item(_)) => Some(item),
        _ => None,
    });
    let items: TokenStream = items.map(ToTokens::to_token_stream).collect();
    if items.is_empty() {
        return code;
    }
    let tokens = code.tokens;
    Out {
        tokens: quote::quote!({ #items #tokens }),
        completes: code.completes,
    }
}

/// Whether it is an item, which holds in all of its block.
pub(super) fn is_item(stmt: &Stmt) -> bool {
    matches!(stmt, Stmt::Plain(syn::Stmt::Item(_)))
}

pub(super) fn locals_of(pat: &syn::Pat, locals: &mut Vec<LocalId>) {
    struct Locals<'a>(&'a mut Vec<LocalId>);
    impl<'ast> Visit<'ast> for Locals<'_> {
        fn visit_pat_ident(&mut self, pat: &'ast syn::PatIdent) {
            self.0.extend(names::local(&pat.ident));
            syn::visit::visit_pat_ident(self, pat);
        }
        fn visit_expr(&mut self, _: &'ast syn::Expr) {}
    }
    Locals(locals).visit_pat(pat);
}

pub(super) fn pattern_locals(cond: &syn::Expr, locals: &mut Vec<LocalId>) {
    match cond {
        syn::Expr::Let(expr) => locals_of(&expr.pat, locals),
        syn::Expr::Binary(binary) => {
            pattern_locals(&binary.left, locals);
            pattern_locals(&binary.right, locals);
        }
        syn::Expr::Paren(paren) => pattern_locals(&paren.expr, locals),
        _ => {}
    }
}

/// Whether control cannot go on after an expression, as its syntax shows.
pub(super) fn diverges(expr: &syn::Expr) -> bool {
    if crate::conditional::is_conditional(crate::conditional::attributes_of(expr)) {
        return false;
    }
    match expr {
        syn::Expr::Return(_) | syn::Expr::Break(_) | syn::Expr::Continue(_) => true,
        syn::Expr::Macro(mac) => diverging_macro(&mac.mac),
        syn::Expr::Call(call) => diverging_call(call),
        syn::Expr::Block(block) if block.label.is_none() => {
            block.block.stmts.iter().any(stmt_diverges)
        }
        syn::Expr::Unsafe(block) => block.block.stmts.iter().any(stmt_diverges),
        syn::Expr::If(expr) => {
            expr.then_branch.stmts.iter().any(stmt_diverges)
                && expr
                    .else_branch
                    .as_ref()
                    .is_some_and(|(_, els)| diverges(els))
        }
        // Without arms it is of a type that has no values.
        syn::Expr::Match(expr) => expr.arms.iter().all(|arm| diverges(&arm.body)),
        syn::Expr::Paren(paren) => diverges(&paren.expr),
        syn::Expr::Loop(expr) => {
            struct Breaks(bool);
            impl<'ast> Visit<'ast> for Breaks {
                fn visit_expr_break(&mut self, _: &'ast syn::ExprBreak) {
                    self.0 = true;
                }
                fn visit_macro(&mut self, mac: &'ast syn::Macro) {
                    self.0 |=
                        crate::syntax::tokens_have(&mac.tokens, &mut |ident| ident == "break");
                }
            }
            let mut breaks = Breaks(false);
            breaks.visit_block(&expr.body);
            !breaks.0
        }
        _ => false,
    }
}

pub(super) fn stmt_diverges(stmt: &syn::Stmt) -> bool {
    if crate::conditional::is_conditional_stmt(stmt) {
        return false;
    }
    match stmt {
        syn::Stmt::Expr(expr, _) => diverges(expr),
        syn::Stmt::Macro(mac) => diverging_macro(&mac.mac),
        _ => false,
    }
}

/// `std::process::exit(1)`, by its whole path: a module of the user's may be called `process`.
fn diverging_call(call: &syn::ExprCall) -> bool {
    let syn::Expr::Path(path) = &*call.func else {
        return false;
    };
    let names: Vec<String> = path
        .path
        .segments
        .iter()
        .map(|one| one.ident.to_string())
        .collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    matches!(
        names[..],
        ["std", "process", "exit" | "abort"] | ["std", "panic", "resume_unwind" | "panic_any"]
    )
}

fn diverging_macro(mac: &syn::Macro) -> bool {
    matches!(
        crate::syntax::macro_name(mac).as_str(),
        "panic" | "unreachable" | "todo" | "unimplemented" | "bail"
    )
}

pub(super) fn block_like(expr: &syn::Expr) -> bool {
    matches!(
        expr,
        syn::Expr::If(_)
            | syn::Expr::Match(_)
            | syn::Expr::Block(_)
            | syn::Expr::Loop(_)
            | syn::Expr::While(_)
            | syn::Expr::ForLoop(_)
            | syn::Expr::Unsafe(_)
    )
}

/// Whether it is an `unsafe` block with a value, which needs a semicolon where nobody takes that.
pub(super) fn has_value(expr: &syn::Expr) -> bool {
    let syn::Expr::Unsafe(block) = expr else {
        return false;
    };
    matches!(block.block.stmts.last(), Some(syn::Stmt::Expr(value, None)) if !block_like(value))
}
