//! `unsafe` blocks that await: each piece of plain code in one gets a block of its own, and what is generated between them stays outside.
//!
//! ```text
//! // Input:
//! unsafe {
//!     let n = read(port).await;
//!     write(port, n);
//! }
//! // Output:
//! let n = unsafe { read(port) }.await;
//! unsafe { write(port, n); }
//! ```

use super::Desugar;
use crate::diagnostics::Code;
use crate::ir::{self, Block};
use crate::syntax::{bare, is_place};
use syn::visit::{self, Visit};
use syn::{Expr, Pat, Stmt};

impl Desugar<'_> {
    /// Gives the plain code of a block the context that the `unsafe` around it gave.
    pub(super) fn unsafely(&mut self, block: &mut Block) {
        for stmt in &mut block.stmts {
            match stmt {
                ir::Stmt::Plain(stmt) => self.unsafe_stmt(stmt),
                ir::Stmt::Let { pat, init, els, .. } => {
                    if let ir::Expr::Plain(value) = init {
                        self.unsafe_value(value, Some(pat));
                    } else {
                        self.unsafe_expr(init);
                    }
                    els.iter_mut().for_each(|els| self.unsafely(els));
                }
                ir::Stmt::Expr { expr, .. } => self.unsafe_expr(expr),
            }
        }
    }

    fn unsafe_expr(&mut self, expr: &mut ir::Expr) {
        match expr {
            ir::Expr::Plain(value) => self.unsafe_value(value, None),
            ir::Expr::Await(found) => {
                if let Some(operand) = &mut found.operand {
                    self.unsafe_value(operand, None);
                }
            }
            ir::Expr::Block { block, .. } => self.unsafely(block),
            ir::Expr::If { cond, then, els } => {
                self.unsafe_condition(cond);
                self.unsafely(then);
                els.iter_mut().for_each(|els| self.unsafe_expr(els));
            }
            ir::Expr::Match { head, arms } => {
                self.unsafe_head(head);
                for arm in arms {
                    if let Pat::Guard(guard) = &mut arm.pat {
                        self.unsafe_condition(&mut guard.guard);
                    }
                    self.unsafe_expr(&mut arm.body);
                }
            }
            ir::Expr::Loop(found) => {
                found
                    .cond
                    .iter_mut()
                    .for_each(|cond| self.unsafe_condition(cond));
                self.unsafely(&mut found.body);
            }
        }
    }

    fn unsafe_stmt(&mut self, stmt: &mut Stmt) {
        match stmt {
            Stmt::Local(local) => {
                let Some(init) = &mut local.init else { return };
                self.unsafe_value(&mut init.expr, Some(&local.pat));
                if let Some((_, els)) = &mut init.diverge
                    && needs(els)
                {
                    let inner = (**els).clone();
                    **els = syn::parse_quote!({ unsafe { #inner } });
                }
            }
            Stmt::Expr(expr, Some(semi)) if needs(expr) => {
                let (inner, semi) = (expr.clone(), *semi);
                *stmt = syn::parse_quote!(unsafe { #inner #semi });
            }
            Stmt::Expr(expr, None) => self.unsafe_value(expr, None),
            Stmt::Macro(mac) => *stmt = syn::parse_quote!(unsafe { #mac }),
            Stmt::Expr(..) | Stmt::Item(_) => {}
        }
    }

    /// A value, bound by a pattern or used at once.
    fn unsafe_value(&mut self, value: &mut Expr, pat: Option<&Pat>) {
        if !needs(value) {
            return;
        }
        let whole = |pat: &Pat| match pat {
            Pat::Ident(pat) => pat.by_ref.is_none(),
            Pat::Type(typed) => matches!(&*typed.pat, Pat::Ident(pat) if pat.by_ref.is_none()),
            _ => false,
        };
        // A block gives a value, and would move the place.
        if is_place(value) && pat.is_some_and(|pat| !whole(pat)) {
            return self.unsafe_place(value);
        }
        *value = block(value);
    }

    /// What a `match` or `if let` looks at.
    fn unsafe_head(&mut self, head: &mut Expr) {
        if !needs(head) {
            return;
        }
        if is_place(head) || self.leaves_temporaries(head) {
            return self.unsafe_place(head);
        }
        *head = block(head);
    }

    fn unsafe_condition(&mut self, cond: &mut Expr) {
        match cond {
            Expr::Let(link) => self.unsafe_head(&mut link.expr),
            Expr::Binary(binary) if matches!(binary.op, syn::BinOp::And(_)) => {
                self.unsafe_condition(&mut binary.left);
                self.unsafe_condition(&mut binary.right);
            }
            Expr::Paren(inner) => self.unsafe_condition(&mut inner.expr),
            cond if needs(cond) => *cond = block(cond),
            _ => {}
        }
    }

    fn unsafe_place(&mut self, place: &Expr) {
        self.refuse(
            Code::AwaitPosition,
            syn::spanned::Spanned::span(place),
            "an `unsafe` block awaits, and takes apart what only its own context may look at",
            "this in a pattern's place",
            "give it a name in a `let` before",
        );
    }
}

/// `unsafe { value }`
fn block(value: &Expr) -> Expr {
    let value = match value {
        Expr::Unsafe(_) => return value.clone(),
        Expr::Paren(inner) => &inner.expr,
        value => value,
    };
    syn::parse_quote!(unsafe { #value })
}

/// Whether something in plain code may ask for an `unsafe` context.
fn needs(expr: &Expr) -> bool {
    #[derive(Default)]
    struct Needs(bool);
    impl<'ast> Visit<'ast> for Needs {
        fn visit_expr(&mut self, expr: &'ast Expr) {
            match expr {
                Expr::Call(call) => {
                    // `Some(x)` and what `desugar` makes itself.
                    let safe = match bare(&call.func) {
                        Expr::Path(path) => {
                            let segments = &path.path.segments;
                            let last = segments.last().map(|last| last.ident.to_string());
                            segments[0].ident == "rt__hr"
                                || last.is_some_and(|last| last.starts_with(char::is_uppercase))
                        }
                        _ => false,
                    };
                    self.0 |= !safe;
                    call.args.iter().for_each(|arg| self.visit_expr(arg));
                }
                // A static may be `mut` or foreign, a field may be a union's.
                Expr::Path(path) => {
                    let segments = &path.path.segments;
                    let last = segments.last().map(|last| last.ident.to_string());
                    let constant = last
                        .is_some_and(|last| last.len() > 1 && !last.contains(char::is_lowercase));
                    self.0 |= constant || path.path.segments.len() > 1;
                }
                Expr::MethodCall(_) | Expr::Macro(_) | Expr::Field(_) | Expr::Unary(_) => {
                    self.0 = true;
                }
                Expr::Unsafe(_) => {}
                expr => visit::visit_expr(self, expr),
            }
        }
        fn visit_item(&mut self, _: &'ast syn::Item) {}
    }
    let mut needs = Needs::default();
    needs.visit_expr(expr);
    needs.0
}
