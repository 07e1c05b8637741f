//! Expressions that begin before an await and go on behind it: only types say what is evaluated before the awaited operands.
//!
//! ```text
//! // Input:
//! list.push(read().await);
//! // Output:
//! let receiver = rt::begin(|given| list.push(rt::first!(given.0)));
//! let ready = read().await;
//! rt::finish(&receiver, (ready,));
//! ```
//!
//! To the analyses it is a closure, which borrows what it mentions until it is called. What is emitted is a holder that evaluates as much
//! as comes before its operands, and then waits for them.

use super::{Desugar, Prefix, lift::path, value_of};
use crate::names::LocalId;
use crate::syntax::{HasAwait, as_ident, bare};
use proc_macro2::{Ident, Span};
use quote::format_ident;
use syn::spanned::Spanned;
use syn::{Expr, Pat, Stmt};

impl Desugar<'_> {
    /// Whether a receiver is a variable, or a field of one, whose type is known to be borrowed by its methods without running code.
    pub(super) fn plain_receiver(&self, receiver: &Expr) -> bool {
        let known = |local: LocalId| self.resolved.locals[local.0].ty.as_ref();
        match bare(receiver) {
            Expr::Field(field) => {
                let owner = as_ident(&field.base)
                    .and_then(crate::names::local)
                    .and_then(known);
                let member = match &field.member {
                    syn::Member::Named(ident) => ident.to_string(),
                    syn::Member::Unnamed(index) => index.index.to_string(),
                };
                owner
                    .filter(|_| self.plain_field(receiver))
                    .and_then(|owner| self.table.field(owner, &member))
                    .is_some_and(|ty| crate::types::derefs_plainly(&ty))
            }
            receiver => as_ident(receiver)
                .and_then(crate::names::local)
                .is_some_and(|local| {
                    known(local).is_some_and(crate::types::derefs_plainly)
                        || self.collections.contains(&local)
                }),
        }
    }

    /// Notes a variable that begins as a collection of the standard library.
    pub(super) fn note(&mut self, stmt: &Stmt) {
        let Stmt::Local(syn::Local {
            pat: Pat::Ident(pat),
            init: Some(init),
            ..
        }) = stmt
        else {
            return;
        };
        let owner = match bare(&init.expr) {
            Expr::Macro(mac) if crate::syntax::macro_name(&mac.mac) == "vec" => {
                Some(format_ident!("Vec"))
            }
            Expr::Call(call) => match &*call.func {
                Expr::Path(path) => match path.path.segments.iter().collect::<Vec<_>>()[..] {
                    [owner, last] if last.ident == "new" || last.ident == "with_capacity" => {
                        Some(owner.ident.clone())
                    }
                    _ => None,
                },
                _ => None,
            },
            _ => None,
        };
        if owner.is_some_and(|owner| crate::types::derefs_plainly(&syn::parse_quote!(#owner))) {
            self.collections.extend(crate::names::local(&pat.ident));
        }
    }

    /// What stands for the operands inside.
    pub(super) fn holes(&self, operands: usize) -> Vec<Expr> {
        let given = self.given();
        (0..operands)
            .map(|i| {
                let field = syn::Index::from(i);
                match i {
                    0 => syn::parse_quote!(rt__hr::first!(#given.#field)),
                    _ => syn::parse_quote!(rt__hr::given!(#given.#field)),
                }
            })
            .collect()
    }

    fn given(&self) -> Ident {
        let taken = self.resolved.mentioned.contains("given");
        format_ident!("given{}", if taken { "_operands" } else { "" })
    }

    /// Begins an expression with holes; gives what stands for it until it goes on. None if it cannot stand in a holder.
    pub(super) fn begin(
        &mut self,
        base: &str,
        expr: &Expr,
        operands: usize,
        prefix: &mut Prefix,
    ) -> Option<Ident> {
        let place = match expr {
            Expr::MethodCall(call) => &call.receiver,
            Expr::Binary(binary) => &binary.left,
            Expr::Call(call) => &call.func,
            _ => return None,
        };
        if operands == 0
            || place.has_await()
            || self.place_leaves_temporaries(place)
            || crate::hold::within::may_jump(place)
        {
            return None;
        }
        let begun = self.resolved.hidden(base, Span::call_site());
        self.resolved.locals[begun.0].span = place.span();
        self.holders.push(begun);
        let declared = self.resolved.mention(begun);
        let given = self.given();
        prefix.plain(syn::parse_quote!(let #declared = rt__hr::begin(|#given| #expr);));
        Some(self.resolved.mention(begun))
    }

    /// Goes on with it. The operands go into a block that stands in a slot, and so does what they borrow: their temporaries get names.
    pub(super) fn finish(
        &mut self,
        begun: &Ident,
        operands: Vec<Expr>,
        prefix: &mut Prefix,
    ) -> Expr {
        let begun = path(begun.clone());
        let borrows = |operand: &Expr| self.leaves_temporaries(operand) && !is_taken_out(operand);
        let settles = operands.iter().any(borrows);
        let mut operands: Expr = syn::parse_quote!((#(#operands,)*));
        if settles {
            operands = self.settle(operands, prefix);
        }
        syn::parse_quote!(rt__hr::finish(&#begun, #operands))
    }
}

/// A part of what an await gave, by value: it borrows nothing of that.
fn is_taken_out(operand: &Expr) -> bool {
    match bare(operand) {
        Expr::Unary(unary) if matches!(unary.op, syn::UnOp::Deref(_)) => {
            value_of(&unary.expr).is_some()
        }
        Expr::Field(field) => value_of(&field.base).is_some(),
        _ => false,
    }
}
