//! Closures and async blocks in the step function, which capture pinned locals.
//!
//! ```text
//! // What is borrowed is captured as a pointer to its slot:
//! spawn(async { buf.len() })   =>   spawn({ let buf = rt::pointer!(buf); async move { rt::at!(buf).len() } })
//!
//! // A shared reference is copied where something inside captures it again: what that gives out borrows from what it refers to.
//! map(|n| async { it.take(n) })   =>   map({ let it = rt::at!(it); move |n| async { it.take(n) } })
//! ```

use super::rewrite::Rewrite;
use crate::names::{self, LocalId};
use crate::syntax::as_ident;
use proc_macro2::{Ident, Span};
use std::collections::HashSet;
use syn::visit::{self, Visit};
use syn::visit_mut::{self, VisitMut};
use syn::{Expr, Stmt};

/// Every marked identifier, in order.
pub(super) struct Captured(pub(super) Vec<Ident>);

impl<'ast> Visit<'ast> for Captured {
    fn visit_ident(&mut self, ident: &'ast Ident) {
        if names::local(ident).is_some() {
            self.0.push(ident.clone());
        }
    }
    fn visit_local(&mut self, local: &'ast syn::Local) {
        if !crate::syntax::touches_nothing(local) {
            visit::visit_local(self, local);
        }
    }
    fn visit_expr_assign(&mut self, assign: &'ast syn::ExprAssign) {
        if !crate::syntax::assigns_nothing(assign) {
            visit::visit_expr_assign(self, assign);
        }
    }
    fn visit_macro(&mut self, mac: &'ast syn::Macro) {
        let found = std::cell::RefCell::new(&mut self.0);
        names::map_tokens(
            mac.tokens.clone(),
            &mut |ident, _| {
                if names::local(ident).is_some() {
                    found.borrow_mut().push(ident.clone());
                }
                None
            },
            &mut |literal| {
                names::map_captures(literal, &mut |name| {
                    if names::unmark(name).is_some() {
                        found.borrow_mut().push(Ident::new(name, Span::call_site()));
                    }
                    None
                })
            },
        );
    }
}

/// What is declared inside of an expression.
pub(super) struct Declared(pub(super) HashSet<LocalId>);

impl<'ast> Visit<'ast> for Declared {
    fn visit_pat_ident(&mut self, pat: &'ast syn::PatIdent) {
        self.0.extend(names::local(&pat.ident));
        visit::visit_pat_ident(self, pat);
    }
    fn visit_macro(&mut self, mac: &'ast syn::Macro) {
        if crate::syntax::has_acting_args(mac) {
            // The arguments are of no tree that lives on.
            let args = crate::syntax::macro_args(mac).unwrap_or_default();
            let mut inside = Declared(HashSet::new());
            args.iter().for_each(|arg| inside.visit_expr(arg));
            self.0.extend(inside.0);
        }
    }
}

/// What closures and async blocks inside of a closure or async block capture by reference.
#[derive(Default)]
struct CapturedAgain {
    /// Whether the one around them was seen.
    inside: bool,
    locals: HashSet<LocalId>,
}

impl<'ast> Visit<'ast> for CapturedAgain {
    fn visit_expr(&mut self, expr: &'ast Expr) {
        if self.inside && capture(expr) == Some(false) {
            let mut captured = Captured(Vec::new());
            captured.visit_expr(expr);
            self.locals
                .extend(captured.0.iter().filter_map(names::local));
        } else {
            self.inside = true;
            visit::visit_expr(self, expr);
        }
    }
}

/// Whether a closure or async block captures by value; none for another expression.
fn capture(expr: &Expr) -> Option<bool> {
    match expr {
        Expr::Closure(closure) => Some(closure.capture.is_some()),
        Expr::Async(block) => Some(block.capture.is_some()),
        _ => None,
    }
}

fn set_move(expr: &mut Expr) {
    match expr {
        Expr::Closure(closure) => closure.capture = Some(Default::default()),
        Expr::Async(block) => block.capture = Some(Default::default()),
        _ => {}
    }
}

/// The parts of an expression that are used by value.
fn operands(expr: &mut Expr) -> Vec<&mut Expr> {
    match expr {
        Expr::Call(call) => call.args.iter_mut().collect(),
        Expr::MethodCall(call) => call.args.iter_mut().collect(),
        Expr::Tuple(tuple) => tuple.elems.iter_mut().collect(),
        Expr::Array(array) => array.elems.iter_mut().collect(),
        Expr::Struct(value) => value
            .fields
            .iter_mut()
            .map(|field| &mut field.expr)
            .collect(),
        Expr::Closure(closure) => vec![&mut closure.body],
        _ => Vec::new(),
    }
}

impl Rewrite<'_> {
    /// A closure or async block.
    pub(super) fn capturing(&mut self, expr: &mut Expr) {
        let by_move = capture(expr) == Some(true);
        let Some(Bindings { stmts, copied }) = self.captures(by_move, expr) else {
            Nested {
                rewrite: self,
                pointers: false,
            }
            .inside(expr);
            return;
        };
        set_move(expr);
        if !by_move {
            let outer = self.plain.clone();
            self.plain.extend(copied);
            Nested {
                rewrite: self,
                pointers: true,
            }
            .inside(expr);
            self.plain = outer;
        }
        *expr = syn::parse_quote!({ #(#stmts)* #expr });
    }

    /// What a closure or async block captures of the pinned locals: bound just before it, by value where it moves, else as a pointer to
    /// the slot. None if it needs nothing of the kind: a closure that also borrows a local without a slot does not outlive the step.
    fn captures(&self, by_move: bool, expr: &Expr) -> Option<Bindings> {
        let mut captured = Captured(Vec::new());
        captured.visit_expr(expr);
        let mut seen = HashSet::new();
        captured.0.retain(|ident| {
            names::local(ident).is_some_and(|local| !self.foreign(local) && seen.insert(local))
        });
        let (pinned, others): (Vec<&Ident>, Vec<&Ident>) = captured
            .0
            .iter()
            .partition(|ident| self.pinned(ident).is_some());
        // What ends where the value of its block begins can only be moved there.
        let moved =
            |ident: &&Ident| names::local(ident).is_some_and(|local| self.ending.contains(&local));
        if pinned.is_empty() || !by_move && !others.iter().all(moved) {
            return None;
        }
        let mut again = CapturedAgain::default();
        if !by_move {
            again.visit_expr(expr);
        }
        let copied: HashSet<LocalId> = pinned
            .iter()
            .filter_map(|ident| names::local(ident))
            .filter(|local| {
                again.locals.contains(local)
                    && self.shared.contains(local)
                    && !self.mutable.contains(local)
            })
            .collect();
        let rt = &self.layout.fresh.rt;
        let stmts = pinned.into_iter().map(|ident| {
            if by_move {
                let value = self.mention(ident);
                syn::parse_quote!(let mut #ident = #value;)
            } else if names::local(ident).is_some_and(|local| copied.contains(&local)) {
                syn::parse_quote!(let #ident = #rt::at!(#ident);)
            } else {
                syn::parse_quote!(let #ident = #rt::pointer!(#ident);)
            }
        });
        Some(Bindings {
            stmts: stmts.collect(),
            copied,
        })
    }
}

/// What is bound in front of a closure or async block.
struct Bindings {
    stmts: Vec<Stmt>,
    /// Which of them are the locals themselves though it does not move.
    copied: HashSet<LocalId>,
}

/// Inside closures and async blocks only the pinned locals change: `return` and `?` are their own.
struct Nested<'a, 'b> {
    rewrite: &'a Rewrite<'b>,
    /// Whether the pinned locals are bound as pointers around it.
    pointers: bool,
}

impl Nested<'_, '_> {
    fn inside(&mut self, expr: &mut Expr) {
        match expr {
            Expr::Closure(closure) => {
                self.reborrow(&mut closure.body);
                self.visit_expr_closure_mut(closure);
            }
            Expr::Async(block) => self.visit_expr_async_mut(block),
            _ => {}
        }
    }

    /// A pinned `&mut` as an operand: the closure would have captured it by value if need be, and a reborrow does either.
    fn reborrow(&self, operand: &mut Expr) {
        if let Some(ident) = as_ident(operand)
            && let Some(local) = self.rewrite.pinned(ident)
            && self.rewrite.unique.contains(&local)
        {
            *operand = syn::parse_quote!(&mut *#operand);
        }
    }

    /// Whether all that it captures are pointers, which it may as well own.
    fn captures_pointers(&self, expr: &Expr) -> bool {
        let mut captured = Captured(Vec::new());
        captured.visit_expr(expr);
        let mut declared = Declared(HashSet::new());
        declared.visit_expr(expr);
        captured.0.iter().all(|ident| {
            self.rewrite.pinned(ident).is_some()
                || names::local(ident).is_some_and(|local| declared.0.contains(&local))
        }) && captured
            .0
            .iter()
            .any(|ident| self.rewrite.pinned(ident).is_some())
    }
}

impl VisitMut for Nested<'_, '_> {
    fn visit_item_mut(&mut self, _: &mut syn::Item) {}

    fn visit_local_mut(&mut self, local: &mut syn::Local) {
        if !crate::syntax::touches_nothing(local) {
            visit_mut::visit_local_mut(self, local);
        }
    }

    fn visit_expr_assign_mut(&mut self, assign: &mut syn::ExprAssign) {
        if !crate::syntax::assigns_nothing(assign) {
            visit_mut::visit_expr_assign_mut(self, assign);
        }
    }

    fn visit_expr_mut(&mut self, expr: &mut Expr) {
        if let Some(ident) = as_ident(expr)
            && let Some(new) = self.rewrite.mention(&ident.clone())
        {
            *expr = new;
            return;
        }
        for operand in operands(expr) {
            self.reborrow(operand);
        }
        if self.pointers && capture(expr) == Some(false) && self.captures_pointers(expr) {
            set_move(expr);
        }
        visit_mut::visit_expr_mut(self, expr);
    }

    fn visit_macro_mut(&mut self, mac: &mut syn::Macro) {
        self.rewrite.macro_tokens(mac);
    }
}
