//! Macros of the standard library with awaits among their arguments: their expansions are known, and evaluate their arguments in order.

use super::lift::temporary;
use super::{Desugar, Prefix, Root};
use crate::ir;
use crate::syntax::{HasAwait, bare, macro_args, macro_name};
use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::spanned::Spanned;
use syn::{Expr, ExprMacro};

impl Desugar<'_> {
    /// The macro without the awaits among its arguments, where its expansion says when they are evaluated.
    pub(super) fn awaiting_macro(&mut self, found: ExprMacro, prefix: &mut Prefix) -> Expr {
        let name = macro_name(&found.mac);
        let known = is_standard(&found.mac.path) && !self.table.defines_macro(&name);
        let lifted = if self.makes_error(&found.mac) {
            self.error_macro(&found, prefix)
        } else if known {
            match name.as_str() {
                "vec" => self.vec_macro(&found, prefix),
                "assert" => self.assert_macro(&found, prefix),
                // Both sides stay to the end of the statement.
                "assert_eq" | "assert_ne" => self.borrowing_macro(&found, 0..2, prefix),
                "format" | "print" | "println" | "eprint" | "eprintln" | "panic"
                | "unreachable" | "todo" | "unimplemented" => {
                    let mut inner = Prefix::default();
                    let lifted = self.alone(|this| this.borrowing_macro(&found, 1.., &mut inner));
                    lifted.map(|lifted| self.ended(lifted, inner, prefix))
                }
                "write" | "writeln" if self.is_plain_writer(&found.mac) => {
                    self.borrowing_macro(&found, 2.., prefix)
                }
                _ => None,
            }
        } else {
            None
        };
        lifted.unwrap_or_else(|| {
            self.hidden_await(&found.mac);
            Expr::Macro(found)
        })
    }

    /// `anyhow!` and its like, of their crates.
    fn makes_error(&self, mac: &syn::Macro) -> bool {
        let name = macro_name(mac);
        let package = match mac.path.segments.len() {
            1 => self.table.imported_from(&name).map(str::to_owned),
            _ => Some(mac.path.segments[0].ident.to_string()),
        };
        let known = |package: &str| matches!(package, "anyhow" | "eyre" | "color_eyre" | "miette");
        matches!(name.as_str(), "anyhow" | "eyre" | "miette")
            && !self.table.defines_macro(&name)
            && package.is_some_and(|package| known(&package))
    }

    /// An error of a format string and its arguments, or of a value.
    fn error_macro(&mut self, found: &ExprMacro, prefix: &mut Prefix) -> Option<Expr> {
        let args = macro_args(&found.mac)?;
        if let [value] = &args[..]
            && !matches!(value, Expr::Lit(_))
        {
            let mut inner = Prefix::default();
            let value = self.alone(|this| this.lift(value.clone(), &mut inner));
            return Some(self.ended(with_tokens(found, quote!(#value)), inner, prefix));
        }
        let mut inner = Prefix::default();
        let lifted = self.alone(|this| this.borrowing_macro(found, 1.., &mut inner))?;
        Some(self.ended(lifted, inner, prefix))
    }

    /// Something that ends its temporaries itself.
    fn alone<T>(&mut self, inside: impl FnOnce(&mut Self) -> T) -> T {
        let tail = self.tail.take();
        let root = std::mem::replace(&mut self.root, Root::Here);
        let result = inside(self);
        self.root = root;
        self.tail = tail;
        result
    }

    /// The value of an expression whose temporaries end with it.
    fn ended(&mut self, value: Expr, inner: Prefix, prefix: &mut Prefix) -> Expr {
        if inner.scoped {
            let span = value.span();
            let node = self.enclose(inner, ir::Expr::Plain(value), false);
            self.ready(node, span, prefix)
        } else {
            prefix.stmts.extend(inner.stmts);
            value
        }
    }

    /// `vec![a, b]` evaluates like `[a, b]`.
    fn vec_macro(&mut self, found: &ExprMacro, prefix: &mut Prefix) -> Option<Expr> {
        let tokens = &found.mac.tokens;
        let list: Expr = syn::parse2(quote!([#tokens])).ok()?;
        let Expr::Array(_) = list else { return None };
        let Expr::Array(lifted) = self.lift(list, prefix) else {
            return None;
        };
        Some(with_tokens(found, lifted.elems.to_token_stream()))
    }

    /// `assert!(condition, message)` ends the temporaries of its condition itself.
    fn assert_macro(&mut self, found: &ExprMacro, prefix: &mut Prefix) -> Option<Expr> {
        let mut args = macro_args(&found.mac)?.into_iter();
        let condition = args.next()?;
        let message: Vec<Expr> = args.collect();
        if message.iter().any(HasAwait::has_await) {
            return None;
        }
        // Without one, only the compiler knows what it says.
        if message.is_empty() {
            return None;
        }
        let mut inner = Prefix::default();
        let value = self.alone(|this| this.lift(condition, &mut inner));
        let value = self.ended(value, inner, prefix);
        Some(with_tokens(found, quote!(#value, #(#message),*)))
    }

    /// Arguments that the expansion borrows, in order.
    fn borrowing_macro(
        &mut self,
        found: &ExprMacro,
        which: impl std::ops::RangeBounds<usize>,
        prefix: &mut Prefix,
    ) -> Option<Expr> {
        let mut args = macro_args(&found.mac)?;
        let mut places = Vec::new();
        let mut operands: Vec<Expr> = Vec::new();
        for (i, arg) in args.iter().enumerate() {
            if which.contains(&i) {
                let value = match arg {
                    Expr::Assign(named) => &*named.right,
                    arg => arg,
                };
                places.push(i);
                operands.push(syn::parse_quote!(&(#value)));
            } else if arg.has_await() {
                return None;
            }
        }
        self.operands(&mut operands, false, prefix);
        for (i, operand) in places.into_iter().zip(operands) {
            let value = match operand {
                Expr::Reference(reference) => bare(&reference.expr).clone(),
                operand => syn::parse_quote!(*#operand),
            };
            match &mut args[i] {
                Expr::Assign(named) => *named.right = value,
                arg => *arg = value,
            }
        }
        Some(with_tokens(found, quote!(#(#args),*)))
    }

    /// Whether the target of a `write!` is a variable, so that evaluating it does nothing.
    fn is_plain_writer(&self, mac: &syn::Macro) -> bool {
        macro_args(mac).is_some_and(|args| {
            args.first().is_some_and(|writer| match bare(writer) {
                Expr::Reference(reference) => crate::syntax::as_ident(&reference.expr).is_some(),
                writer => crate::syntax::as_ident(writer).is_some(),
            })
        })
    }
}

fn with_tokens(found: &ExprMacro, tokens: TokenStream) -> Expr {
    let mut found = found.clone();
    found.mac.tokens = tokens;
    temporary(Expr::Macro(found))
}

/// `println`, `std::println`, `core::assert`
fn is_standard(path: &syn::Path) -> bool {
    let segments: Vec<String> = path
        .segments
        .iter()
        .map(|segment| segment.ident.to_string())
        .collect();
    match segments.as_slice() {
        [_] => true,
        [package, _] => matches!(package.as_str(), "std" | "core" | "alloc"),
        _ => false,
    }
}
