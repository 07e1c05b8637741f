//! Macros of error-handling crates that return from the function: what they stand for is documented, so it is written out.
//!
//! ```text
//! // Input:
//! ensure!(limit > 0, "no room for {name}");
//! bail!(Full(limit))
//! // Output:
//! if !(limit > 0) {
//!     return Err(anyhow::anyhow!("no room for {name}"));
//! }
//! return Err(anyhow::anyhow!(Full(limit)))
//! ```
//!
//! A macro that was imported by name, and moves nothing, stays: its import would have no use. An `ensure!` without a message makes one of its condition, in a way of its own: it stays a macro. So does what may be of any crate.

use super::Opening;
use crate::syntax::{HasAwait, macro_args};
use crate::types::{Receiver, Table};
use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::Expr;
use syn::visit_mut::VisitMut;

/// The crates that have such macros, by the name of the macro that makes their errors.
const CRATES: [&str; 3] = ["anyhow", "eyre", "miette"];

impl Opening<'_> {
    /// `bail!` and `ensure!`, written out.
    pub(super) fn leaving(&mut self, mac: &syn::Macro) -> Option<Expr> {
        let name = mac.path.segments.last()?.ident.clone();
        let span = name.span();
        let Some(error) = error_macro(mac, self.table) else {
            return self.leaves_with_a_value(&name.to_string(), mac);
        };
        // Where it only looks it can be evaluated in a closure, and what was imported for it is still used.
        if mac.path.get_ident().is_some() && !mac.has_await() && !moves(mac, self.table) {
            return None;
        }
        let fails = |args: &TokenStream| quote_spanned!(span=> return ::core::result::Result::Err(#error!(#args)));
        let mut opened: Expr = if name == "bail" && !mac.tokens.is_empty() {
            syn::parse2(fails(&mac.tokens)).ok()?
        } else if name == "ensure" {
            let mut args = macro_args(mac)?.into_iter();
            let condition = args.next()?;
            let rest: Vec<Expr> = args.collect();
            if rest.is_empty() {
                return None;
            }
            let fails = fails(&super::tokens_of(&rest));
            let negated = negated(condition);
            syn::parse2(quote_spanned!(span=> if #negated { #fails; })).ok()?
        } else {
            return None;
        };
        self.visit_expr_mut(&mut opened);
        Some(opened)
    }

    /// The value of a `bail!(value)` of unknown origin, in a variable of its own before it.
    fn leaves_with_a_value(&mut self, name: &str, mac: &syn::Macro) -> Option<Expr> {
        let args = macro_args(mac)?;
        let [value] = &args[..] else { return None };
        if name != "bail" || !moves(mac, self.table) {
            return None;
        }
        let mut value = value.clone();
        self.visit_expr_mut(&mut value);
        let error = self.fresh("error", mac.path.segments.last()?.ident.span());
        let path = &mac.path;
        Some(syn::parse_quote!({ let #error = #value; #path!(#error) }))
    }
}

/// `!condition`
fn negated(condition: Expr) -> TokenStream {
    match condition {
        Expr::Unary(unary) if matches!(unary.op, syn::UnOp::Not(_)) && unary.attrs.is_empty() => {
            quote!(!#unary)
        }
        condition => {
            let condition = super::rules::guarded(condition);
            quote!(!#condition)
        }
    }
}

/// The macro that makes the errors of the crate that a `bail!` or `ensure!` is from: `anyhow::anyhow`.
fn error_macro(mac: &syn::Macro, table: &Table) -> Option<TokenStream> {
    let mut segments: Vec<Ident> = mac
        .path
        .segments
        .iter()
        .map(|segment| segment.ident.clone())
        .collect();
    let name = segments.pop()?;
    if segments.is_empty() {
        if table.defines_macro(&name.to_string()) {
            return None;
        }
        let path = table.imported_path(&name.to_string())?;
        segments = path
            .iter()
            .map(|segment| Ident::new(segment, name.span()))
            .collect();
    }
    let last = segments.last()?.clone();
    let known = CRATES.iter().any(|known| last == known);
    let leading = mac.path.leading_colon.to_token_stream();
    known.then(|| quote!(#leading #(#segments::)* #last))
}

/// Whether a macro that returns may move a local. It is evaluated in a closure, which owns from the start what it moves.
pub(crate) fn moves(mac: &syn::Macro, table: &Table) -> bool {
    let Some(args) = macro_args(mac) else {
        return true;
    };
    if let [Expr::Path(_)] = &args[..] {
        return mac
            .path
            .segments
            .last()
            .is_some_and(|last| last.ident == "bail");
    }
    let borrows =
        |method: &str| borrows(method) || table.receiver(None, method) == Some(Receiver::ByRef);
    args.iter().any(|arg| match arg {
        Expr::Assign(named) => !only_looks(&named.right, &borrows),
        arg => !only_looks(arg, &borrows),
    })
}

/// Whether an expression only looks at the locals that it mentions, when these methods borrow their receivers.
pub(super) fn only_looks(expr: &Expr, borrows: &dyn Fn(&str) -> bool) -> bool {
    let looks = |expr: &Expr| only_looks(expr, borrows);
    let given = |arg: &Expr| {
        let constant = matches!(arg, Expr::Path(path) if path.path.get_ident().is_none());
        constant || !matches!(arg, Expr::Path(_)) && looks(arg)
    };
    match expr {
        Expr::Path(_) | Expr::Lit(_) => true,
        Expr::Paren(inner) => looks(&inner.expr),
        Expr::Group(inner) => looks(&inner.expr),
        Expr::Cast(cast) => looks(&cast.expr),
        Expr::Reference(reference) => looks(&reference.expr),
        Expr::Field(field) => looks(&field.base),
        Expr::Index(index) => looks(&index.expr) && looks(&index.index),
        Expr::Unary(unary) => looks(&unary.expr),
        Expr::Binary(binary) => looks(&binary.left) && looks(&binary.right),
        Expr::Call(call) => looks(&call.func) && call.args.iter().all(given),
        Expr::MethodCall(call) => {
            let stays =
                !crate::syntax::is_place(&call.receiver) || borrows(&call.method.to_string());
            stays && looks(&call.receiver) && call.args.iter().all(given)
        }
        Expr::Tuple(tuple) => tuple.elems.iter().all(given),
        Expr::Await(found) => given(&found.base),
        Expr::Macro(mac) => {
            let formats = crate::syntax::is_format_macro(&crate::syntax::macro_name(&mac.mac));
            let args = macro_args(&mac.mac);
            formats && args.is_some_and(|args| args.iter().all(looks))
        }
        _ => false,
    }
}

/// Methods that borrow their receivers by convention.
fn borrows(method: &str) -> bool {
    let starts = ["is_", "as_", "get", "contains", "iter", "starts_", "ends_"];
    method == "len"
        || starts.iter().any(|start| method.starts_with(start))
            && !method.ends_with("_and")
            && !method.ends_with("_or")
}
