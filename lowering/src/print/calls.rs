//! Lets the printer lay out the runtime's macros as the calls that they look like.
//!
//! prettyplease knows nothing of the arguments of a macro and prints them as bare tokens. So each becomes a call for the time of the
//! printing, under a name that ends in a letter which looks like `!`.

use quote::ToTokens;
use syn::punctuated::Punctuated;
use syn::visit::{self, Visit};
use syn::visit_mut::{self, VisitMut};
use syn::{Expr, Stmt, Token};

/// A letter, and so a part of names.
pub(crate) const BANG: char = '\u{1c3}';

/// Makes the macros calls.
pub(super) fn hide(file: &mut syn::File) {
    Hider.visit_file_mut(file);
}

/// Makes the calls macros again.
pub(super) fn show(text: &str) -> String {
    text.replace(&format!("{BANG}("), "!(")
}

struct Hider;

impl VisitMut for Hider {
    fn visit_expr_mut(&mut self, expr: &mut Expr) {
        if let Expr::Macro(mac) = expr
            && let Some(call) = call(&mac.mac)
        {
            *expr = call;
        }
        visit_mut::visit_expr_mut(self, expr);
    }

    fn visit_stmt_mut(&mut self, stmt: &mut Stmt) {
        if let Stmt::Macro(mac) = stmt
            && let Some(call) = call(&mac.mac)
        {
            *stmt = Stmt::Expr(call, mac.semi_token);
        }
        visit_mut::visit_stmt_mut(self, stmt);
    }
}

/// `rt::fill!(frame.buf, [0; 16])` as a call, if it is one of the runtime's and its arguments are expressions.
fn call(mac: &syn::Macro) -> Option<Expr> {
    let segments: Vec<String> = mac
        .path
        .segments
        .iter()
        .map(|s| s.ident.to_string())
        .collect();
    let [module, name] = segments.as_slice() else {
        return None;
    };
    // The alias of the runtime may be longer, where the function has an `rt` of its own.
    if !(module.starts_with("rt") || module == "handroll_rt") {
        return None;
    }
    let syn::MacroDelimiter::Paren(_) = mac.delimiter else {
        return None;
    };
    let args = mac
        .parse_body_with(Punctuated::<Expr, Token![,]>::parse_terminated)
        .ok()?;
    // The printer drops the dots of a pattern that is written as an expression.
    let mut dots = Dots(false);
    args.iter().for_each(|arg| dots.visit_expr(arg));
    if dots.0 {
        return None;
    }
    let mut func = mac.path.clone();
    let last = func.segments.last_mut()?;
    last.ident = syn::Ident::new(&format!("{name}{BANG}"), last.ident.span());
    let func = func.to_token_stream();
    Some(syn::parse_quote!(#func(#args)))
}

/// Whether there is a `Struct { .. }` without a value for the rest.
struct Dots(bool);

impl<'ast> Visit<'ast> for Dots {
    fn visit_expr_struct(&mut self, expr: &'ast syn::ExprStruct) {
        self.0 |= expr.dot2_token.is_some() && expr.rest.is_none();
        visit::visit_expr_struct(self, expr);
    }
}
