//! An assignment drops the old value, or what is left of it in a holder.
//!
//! ```text
//! text.finish();           =>   text_held = held(text.finish());
//! text = other();               text = other();
//!                               release(text_held);
//! ```
//!
//! The new value is in its place first: should the old one panic when it drops, the new one drops with its scope, as everywhere. The old
//! one drops before the temporaries of the statement: where there are some, that is `match text = other() { () => release(text_held) }`.

use crate::desugar::{Body, Temporaries};
use crate::ir::{Block, Expr as Node, Loop, Stmt as NodeStmt};
use crate::names::{self, LocalId};
use crate::report::Edition;
use crate::resolve::Resolved;
use crate::syntax::as_ident;
use crate::types::Table;
use syn::visit_mut::{self, VisitMut};
use syn::{Expr, Stmt};

/// Whether some assignment releases a holder.
pub(super) fn is_released(body: &mut Body, holder: LocalId) -> bool {
    let mut released = Released(holder, false);
    super::each_plain(&mut body.block, &mut released);
    released.1
}

/// Releases a holder behind each assignment to the value that it owns.
pub(super) fn release(
    resolved: &mut Resolved,
    body: &mut Body,
    (table, edition): (&Table, Edition),
    local: LocalId,
    holder: LocalId,
) {
    Releasing {
        resolved,
        table,
        edition,
        local,
        holder,
    }
    .block(&mut body.block);
}

/// Takes away what releases a holder.
pub(super) fn unrelease(body: &mut Body, holder: LocalId) {
    struct Unreleasing(LocalId);
    impl Unreleasing {
        fn releases(&self, expr: &Expr) -> bool {
            matches!(expr, Expr::Call(call) if crate::syntax::released(call).and_then(names::local) == Some(self.0))
        }

        fn is(&self, stmt: &Stmt) -> bool {
            matches!(stmt, Stmt::Expr(expr, _) if self.releases(expr))
        }
    }
    impl VisitMut for Unreleasing {
        fn visit_block_mut(&mut self, block: &mut syn::Block) {
            block.stmts.retain(|stmt| !self.is(stmt));
            visit_mut::visit_block_mut(self, block);
        }
        fn visit_expr_mut(&mut self, expr: &mut Expr) {
            if let Expr::Match(found) = expr
                && let [only] = &found.arms[..]
                && self.releases(&only.body)
            {
                *expr = crate::syntax::bare(&found.expr).clone();
            }
            visit_mut::visit_expr_mut(self, expr);
        }
        fn visit_macro_mut(&mut self, mac: &mut syn::Macro) {
            if crate::syntax::has_acting_args(mac) {
                crate::syntax::each_macro_arg(mac, &mut |arg| self.visit_expr_mut(arg));
            }
        }
    }
    let mut unreleasing = Unreleasing(holder);
    each_block(&mut body.block, &mut |block| {
        block.retain(|stmt| !matches!(stmt, NodeStmt::Plain(stmt) if unreleasing.is(stmt)));
    });
    super::each_plain(&mut body.block, &mut unreleasing);
}

fn each_block(block: &mut Block, each: &mut dyn FnMut(&mut Block)) {
    each(block);
    for stmt in &mut block.stmts {
        match stmt {
            NodeStmt::Plain(_) => {}
            NodeStmt::Let { init, els, .. } => {
                each_block_in(init, each);
                els.iter_mut().for_each(|els| each_block(els, each));
            }
            NodeStmt::Expr { expr, .. } => each_block_in(expr, each),
        }
    }
}

fn each_block_in(node: &mut Node, each: &mut dyn FnMut(&mut Block)) {
    match node {
        Node::Plain(_) | Node::Await(_) => {}
        Node::Block { block, .. } => each_block(block, each),
        Node::If { then, els, .. } => {
            each_block(then, each);
            els.iter_mut().for_each(|els| each_block_in(els, each));
        }
        Node::Match { arms, .. } => arms
            .iter_mut()
            .for_each(|arm| each_block_in(&mut arm.body, each)),
        Node::Loop(Loop { body, .. }) => each_block(body, each),
    }
}

struct Released(LocalId, bool);

impl VisitMut for Released {
    fn visit_expr_call_mut(&mut self, call: &mut syn::ExprCall) {
        self.1 |= crate::syntax::released(call).and_then(names::local) == Some(self.0);
        visit_mut::visit_expr_call_mut(self, call);
    }
    fn visit_macro_mut(&mut self, mac: &mut syn::Macro) {
        if crate::syntax::has_acting_args(mac) {
            crate::syntax::each_macro_arg(mac, &mut |arg| self.visit_expr_mut(arg));
        }
    }
}

fn is_of(assign: &syn::ExprAssign, local: LocalId) -> bool {
    as_ident(&assign.left).and_then(names::local) == Some(local)
}

struct Releasing<'a> {
    resolved: &'a mut Resolved,
    table: &'a Table,
    edition: Edition,
    local: LocalId,
    holder: LocalId,
}

impl Releasing<'_> {
    fn statement(&mut self) -> Stmt {
        let holder = self.resolved.mention(self.holder);
        syn::parse_quote!(rt__hr::release(#holder);)
    }

    fn assigns(&self, expr: &Expr) -> bool {
        matches!(expr, Expr::Assign(assign) if is_of(assign, self.local))
    }

    /// Whether an assignment leaves no temporaries, so that a statement behind it can release the holder.
    fn ends(&self, expr: &Expr) -> bool {
        let temporaries = Temporaries {
            resolved: self.resolved,
            table: self.table,
            edition: self.edition,
        };
        matches!(expr, Expr::Assign(assign) if is_of(assign, self.local) && !temporaries.of_value(&assign.right))
    }

    fn block(&mut self, block: &mut Block) {
        let mut behind = Vec::new();
        for (at, stmt) in block.stmts.iter_mut().enumerate() {
            match stmt {
                NodeStmt::Plain(Stmt::Expr(expr, Some(_)))
                | NodeStmt::Expr {
                    expr: Node::Plain(expr),
                    semi: true,
                } if self.ends(expr) => {
                    visit_mut::visit_expr_mut(self, expr);
                    behind.push(at);
                }
                NodeStmt::Plain(stmt) => self.visit_stmt_mut(stmt),
                NodeStmt::Let { init, els, .. } => {
                    self.node(init);
                    els.iter_mut().for_each(|els| self.block(els));
                }
                NodeStmt::Expr { expr, .. } => self.node(expr),
            }
        }
        for at in behind.into_iter().rev() {
            let statement = NodeStmt::Plain(self.statement());
            block.insert_behind(at, vec![statement]);
        }
    }

    fn node(&mut self, node: &mut Node) {
        match node {
            Node::Plain(expr) => self.visit_expr_mut(expr),
            Node::Await(found) => {
                if let Some(operand) = &mut found.operand {
                    self.visit_expr_mut(operand);
                }
            }
            Node::Block { block, .. } => self.block(block),
            Node::If { cond, then, els } => {
                self.visit_expr_mut(cond);
                self.block(then);
                els.iter_mut().for_each(|els| self.node(els));
            }
            Node::Match { head, arms } => {
                self.visit_expr_mut(head);
                arms.iter_mut().for_each(|arm| self.node(&mut arm.body));
            }
            Node::Loop(Loop { cond, body, .. }) => {
                cond.iter_mut().for_each(|cond| self.visit_expr_mut(cond));
                self.block(body);
            }
        }
    }
}

impl VisitMut for Releasing<'_> {
    fn visit_block_mut(&mut self, block: &mut syn::Block) {
        let stmts = std::mem::take(&mut block.stmts);
        for mut stmt in stmts {
            match &mut stmt {
                Stmt::Expr(expr, Some(_)) if self.ends(expr) => {
                    visit_mut::visit_expr_mut(self, expr);
                    block.stmts.push(stmt);
                    block.stmts.push(self.statement());
                }
                other => {
                    self.visit_stmt_mut(other);
                    block.stmts.push(stmt);
                }
            }
        }
    }
    fn visit_expr_mut(&mut self, expr: &mut Expr) {
        visit_mut::visit_expr_mut(self, expr);
        if self.assigns(expr) {
            let holder = self.resolved.mention(self.holder);
            let arm = quote::quote!({ () => rt__hr::release(#holder) });
            // Where it ends with the braces of a struct, it needs parentheses.
            let bare = syn::parse2(quote::quote!(match #expr #arm));
            *expr = bare.unwrap_or_else(|_| syn::parse_quote!(match (#expr) #arm));
        }
    }
    fn visit_macro_mut(&mut self, mac: &mut syn::Macro) {
        if crate::syntax::has_acting_args(mac) {
            crate::syntax::each_macro_arg(mac, &mut |arg| self.visit_expr_mut(arg));
        }
    }
    fn visit_expr_closure_mut(&mut self, _: &mut syn::ExprClosure) {}
    fn visit_expr_async_mut(&mut self, _: &mut syn::ExprAsync) {}
}
