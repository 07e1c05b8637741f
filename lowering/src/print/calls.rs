//! Lets the printer lay out the runtime's macros as the calls that they look like.
//!
//! prettyplease knows nothing of the arguments of a macro and prints them as bare tokens. So each becomes a call for the time of the
//! printing, under a name that ends in a letter which looks like `!`.

use crate::names;
use proc_macro2::{Ident, TokenStream, TokenTree};
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::visit::{self, Visit};
use syn::visit_mut::{self, VisitMut};
use syn::{Expr, Stmt, Token};

/// A letter, and so a part of names.
pub(crate) const BANG: char = '\u{1c3}';

/// A letter that stands for the blank behind a keyword of a macro, as in `rt::at!(brief name)`.
const BLANK: char = '\u{1c0}';

/// Both: a source that has one of them is refused.
pub(crate) const LETTERS: [char; 2] = [BANG, BLANK];

/// The keywords of the runtime's macros.
const KEYWORDS: [&str; 5] = ["brief", "put", "inside", "fill", "flag"];

/// Makes the macros calls.
pub(super) fn hide(file: &mut syn::File) {
    Hider.visit_file_mut(file);
}

/// Makes the calls macros again.
pub(super) fn show(text: &str) -> String {
    text.replace(&format!("{BANG}("), "!(").replace(BLANK, " ")
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
    if mac.path.segments.len() != 2 {
        return None;
    }
    // The alias of the runtime may be longer, where the function has an `rt` of its own.
    let module = &mac.path.segments[0].ident;
    if !names::with_text(module, |module| module.starts_with("rt")) && module != "handroll_rt" {
        return None;
    }
    let syn::MacroDelimiter::Paren(paren_token) = mac.delimiter else {
        return None;
    };
    let args = Punctuated::<Expr, Token![,]>::parse_terminated
        .parse2(joined(mac.tokens.clone()))
        .ok()?;
    // The printer drops the dots of a pattern that is written as an expression.
    let mut dots = Dots(false);
    args.iter().for_each(|arg| dots.visit_expr(arg));
    if dots.0 {
        return None;
    }
    let mut path = mac.path.clone();
    let last = path.segments.last_mut()?;
    last.ident = Ident::new(&format!("{}{BANG}", last.ident), last.ident.span());
    Some(Expr::Call(syn::ExprCall {
        attrs: Vec::new(),
        func: Box::new(Expr::Path(syn::ExprPath {
            attrs: Vec::new(),
            qself: None,
            path,
        })),
        paren_token,
        args,
    }))
}

/// The keywords of arguments, joined with the names behind them.
fn joined(tokens: TokenStream) -> TokenStream {
    let mut trees = tokens.into_iter().peekable();
    let mut out = TokenStream::new();
    while let Some(tree) = trees.next() {
        match (&tree, trees.peek()) {
            (TokenTree::Ident(keyword), Some(TokenTree::Ident(name)))
                if KEYWORDS.iter().any(|known| keyword == known) =>
            {
                let name = Ident::new(&format!("{keyword}{BLANK}{name}"), name.span());
                trees.next();
                out.extend([TokenTree::from(name)]);
            }
            _ => out.extend([tree]),
        }
    }
    out
}

/// Whether a call is such a macro.
pub(super) fn is_hidden(call: &syn::ExprCall) -> bool {
    let Expr::Path(path) = &*call.func else {
        return false;
    };
    let last = path.path.segments.last();
    last.is_some_and(|last| names::with_text(&last.ident, |name| name.ends_with(BANG)))
}

/// Whether there is a `Struct { .. }` without a value for the rest.
struct Dots(bool);

impl<'ast> Visit<'ast> for Dots {
    fn visit_expr_struct(&mut self, expr: &'ast syn::ExprStruct) {
        self.0 |= expr.dot2_token.is_some() && expr.rest.is_none();
        visit::visit_expr_struct(self, expr);
    }
}
