//! Where the statements and the control flow of a function stand in its source.

use crate::syntax::HasAwait;
use crate::text::Text;
use proc_macro2::Span;
use std::ops::Range;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};

/// A statement or match arm.
pub(super) struct Unit {
    pub(super) bytes: Range<usize>,
    pub(super) is_arm: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Loop,
    While,
    For,
    If,
    Match,
}

pub(super) struct Construct {
    pub(super) kind: Kind,
    /// From its keyword (or label) up to its block.
    pub(super) head: Range<usize>,
    /// Up to its last brace.
    pub(super) end: usize,
    /// Where the statements of a loop's block begin.
    pub(super) stmts: Vec<usize>,
}

impl Construct {
    pub(super) fn is_loop(&self) -> bool {
        matches!(self.kind, Kind::Loop | Kind::While | Kind::For)
    }

    /// What follows the head.
    pub(super) fn body(&self) -> Range<usize> {
        self.head.end..self.end
    }

    /// Which statement of a loop's block a byte is in.
    pub(super) fn statement(&self, byte: usize) -> usize {
        self.stmts.partition_point(|start| *start <= byte)
    }
}

/// The statements and arms of a block, and of all in it.
pub(super) fn units(block: &syn::Block, source: &Text<'_>) -> Vec<Unit> {
    let mut finder = Units {
        source,
        found: Vec::new(),
    };
    finder.visit_block(block);
    finder.found
}

/// The control flow of a block that awaits inside; of closures and items in it, none.
pub(super) fn constructs(block: &syn::Block, source: &Text<'_>) -> Vec<Construct> {
    let mut finder = Constructs {
        source,
        found: Vec::new(),
    };
    finder.visit_block(block);
    finder.found
}

fn bytes(source: &Text<'_>, from: Span, to: Span) -> Range<usize> {
    source.byte(from.start()).unwrap_or(0)..source.byte(to.end()).unwrap_or(0)
}

struct Units<'a, 'b> {
    source: &'a Text<'b>,
    found: Vec<Unit>,
}

impl Units<'_, '_> {
    fn add(&mut self, span: Span, is_arm: bool) {
        let bytes = bytes(self.source, span, span);
        self.found.push(Unit { bytes, is_arm });
    }
}

impl<'ast> Visit<'ast> for Units<'_, '_> {
    fn visit_stmt(&mut self, stmt: &'ast syn::Stmt) {
        self.add(stmt.span(), false);
        visit::visit_stmt(self, stmt);
    }

    fn visit_arm(&mut self, arm: &'ast syn::Arm) {
        self.add(arm.span(), true);
        visit::visit_arm(self, arm);
    }
}

struct Constructs<'a, 'b> {
    source: &'a Text<'b>,
    found: Vec<Construct>,
}

impl Constructs<'_, '_> {
    fn add(&mut self, kind: Kind, keyword: Span, open: Span, close: Span) {
        let (head, body) = (
            bytes(self.source, keyword, keyword),
            bytes(self.source, open, close),
        );
        self.found.push(Construct {
            kind,
            head: head.start..body.start,
            end: body.end,
            stmts: Vec::new(),
        });
    }

    fn add_loop(
        &mut self,
        kind: Kind,
        keyword: Span,
        label: Option<&syn::Label>,
        body: &syn::Block,
    ) {
        let keyword = label.map_or(keyword, |label| label.name.apostrophe);
        let braces = body.brace_token.span;
        self.add(kind, keyword, braces.open(), braces.close());
        let starts = body.stmts.iter().map(|stmt| {
            let span = stmt.span();
            bytes(self.source, span, span).start
        });
        let starts = starts.collect();
        if let Some(construct) = self.found.last_mut() {
            construct.stmts = starts;
        }
    }
}

impl<'ast> Visit<'ast> for Constructs<'_, '_> {
    fn visit_expr(&mut self, expr: &'ast syn::Expr) {
        match expr {
            syn::Expr::Loop(found) if expr.has_await() => {
                let label = found.label.as_ref();
                self.add_loop(Kind::Loop, found.loop_token.span, label, &found.body);
            }
            syn::Expr::While(found) if expr.has_await() => {
                let label = found.label.as_ref();
                self.add_loop(Kind::While, found.while_token.span, label, &found.body);
            }
            syn::Expr::ForLoop(found) if expr.has_await() => {
                let label = found.label.as_ref();
                self.add_loop(Kind::For, found.for_token.span, label, &found.body);
            }
            syn::Expr::If(found) if expr.has_await() => {
                let open = found.then_branch.brace_token.span.open();
                let close = match &found.else_branch {
                    Some((_, els)) => els.span(),
                    None => found.then_branch.brace_token.span.close(),
                };
                self.add(Kind::If, found.if_token.span, open, close);
            }
            syn::Expr::Match(found) if expr.has_await() => {
                let braces = found.brace_token.span;
                self.add(
                    Kind::Match,
                    found.match_token.span,
                    braces.open(),
                    braces.close(),
                );
            }
            _ => {}
        }
        visit::visit_expr(self, expr);
    }

    fn visit_expr_closure(&mut self, _: &'ast syn::ExprClosure) {}
    fn visit_expr_async(&mut self, _: &'ast syn::ExprAsync) {}
    fn visit_item(&mut self, _: &'ast syn::Item) {}
}
