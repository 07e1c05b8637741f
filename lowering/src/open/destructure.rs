//! Assignments to patterns, spelled out as the Reference does: their value goes into a `let` with that pattern.
//!
//! ```text
//! // Input:
//! _ = lock;
//! [first, Pair(self.last, _)] = read();
//! // Output:
//! let _ = lock;
//! {
//!     let [value, Pair(value2, _)] = read();
//!     first = value;
//!     self.last = value2;
//! }
//! ```
//!
//! A tuple of places stays as it is: every pass knows it.

use super::Opening;
use crate::seeded::{self, Bug};
use crate::syntax::{HasAwait, bare, is_place};
use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote};
use syn::spanned::Spanned;
use syn::{Expr, ExprAssign, Stmt};

impl Opening<'_> {
    /// What a statement that assigns to a pattern stands for.
    pub(super) fn destructured(&mut self, assign: &ExprAssign) -> Option<Stmt> {
        let right = &assign.right;
        let wanted = match bare(&assign.left) {
            Expr::Infer(_) => is_place(right) && !seeded::is(Bug::UnderscoreMoves),
            // What it does not assign stays in the place.
            Expr::Tuple(tuple) => tuple.elems.iter().any(|elem| {
                is_pattern(bare(elem))
                    || is_place(right) && matches!(bare(elem), Expr::Infer(_) | Expr::Range(_))
            }),
            left => is_pattern(left),
        };
        if !wanted || assign.left.has_await() {
            return None;
        }
        let mut places = Vec::new();
        let pat = self.assignee(&assign.left, &mut places)?;
        let attrs = &assign.attrs;
        let taken: Stmt = syn::parse_quote!(#(#attrs)* let #pat = #right;);
        if places.is_empty() {
            return Some(taken);
        }
        let assigned = places
            .into_iter()
            .map(|(place, value)| quote!(#place = #value;));
        let block = syn::parse_quote!(#(#attrs)* { let #pat = #right; #(#assigned)* });
        Some(Stmt::Expr(block, None))
    }

    /// The pattern of what is assigned to; its places get their parts afterwards.
    fn assignee(&mut self, left: &Expr, places: &mut Vec<(Expr, Ident)>) -> Option<TokenStream> {
        let span = left.span();
        match bare(left) {
            Expr::Infer(_) => Some(quote!(_)),
            Expr::Range(range) if range.start.is_none() && range.end.is_none() => Some(quote!(..)),
            Expr::Tuple(tuple) => {
                let parts = self.assignees(&tuple.elems, places)?;
                Some(quote!((#(#parts,)*)))
            }
            Expr::Array(array) => {
                let parts = self.assignees(&array.elems, places)?;
                Some(quote!([#(#parts),*]))
            }
            Expr::Call(call) => {
                let Expr::Path(path) = bare(&call.func) else {
                    return None;
                };
                let parts = self.assignees(&call.args, places)?;
                Some(quote!(#path(#(#parts),*)))
            }
            Expr::Struct(found) => {
                let (path, rest) = (&found.path, found.dot2_token);
                if found.qself.is_some() || found.rest.is_some() {
                    return None;
                }
                let mut fields = Vec::new();
                for field in &found.fields {
                    let (attrs, member) = (&field.attrs, &field.member);
                    let part = self.assignee(&field.expr, places)?;
                    fields.push(quote!(#(#attrs)* #member: #part));
                }
                Some(quote!(#path { #(#fields,)* #rest }))
            }
            place if is_assigned(place) => {
                let value = self.fresh("value", span);
                places.push((place.clone(), value.clone()));
                Some(value.into_token_stream())
            }
            _ => None,
        }
    }

    fn assignees(
        &mut self,
        parts: &syn::punctuated::Punctuated<Expr, syn::Token![,]>,
        places: &mut Vec<(Expr, Ident)>,
    ) -> Option<Vec<TokenStream>> {
        parts
            .iter()
            .map(|part| self.assignee(part, places))
            .collect()
    }
}

/// Whether what is assigned to is a pattern that no pass knows.
fn is_pattern(left: &Expr) -> bool {
    matches!(
        left,
        Expr::Tuple(_) | Expr::Array(_) | Expr::Call(_) | Expr::Struct(_)
    )
}

/// Whether it is a place; the name of a unit struct is none.
fn is_assigned(left: &Expr) -> bool {
    match left {
        Expr::Path(path) => path
            .path
            .get_ident()
            .is_none_or(|name| !name.to_string().starts_with(char::is_uppercase)),
        Expr::Field(_) | Expr::Index(_) => true,
        Expr::Unary(unary) => matches!(unary.op, syn::UnOp::Deref(_)),
        _ => false,
    }
}
