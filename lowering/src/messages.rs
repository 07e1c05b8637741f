//! Macros that say their arguments as they are spelled. Where the output spells one in another way, the text is written out:
//!
//! ```text
//! // Input:
//! assert!(buf.len() > 1);
//! // Output, with `buf` in a place of its own:
//! assert!(rt::at!(buf).len() > 1, "assertion failed: buf.len() > 1");
//! ```

use crate::analysis::Analysis;
use crate::desugar::Body;
use crate::diagnostics::{Code, Diagnostic, Sink};
use crate::layout::Layout;
use crate::names;
use crate::report::Edition;
use crate::syntax::{macro_args, macro_name, tokens_have};
use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::Expr;
use syn::visit_mut::{self, VisitMut};

/// Writes the texts of a body's macros out where these would change.
pub(crate) fn write_out(
    body: &mut Body,
    analysis: &Analysis,
    layout: &Layout,
    edition: Edition,
    sink: &mut Sink,
) {
    let mut texts = Texts {
        analysis,
        layout,
        edition,
        sink,
    };
    crate::hold::each_plain(&mut body.block, &mut texts);
}

struct Texts<'a> {
    analysis: &'a Analysis,
    layout: &'a Layout,
    edition: Edition,
    sink: &'a mut Sink,
}

impl Texts<'_> {
    /// Whether an identifier of a macro's argument, or what holds it, is spelled otherwise in the output.
    fn changes(&self, ident: &Ident) -> bool {
        if ident == "held__hr" {
            return true;
        }
        names::local(ident).is_some_and(|local| {
            self.analysis.pinned.contains(&local)
                || names::plain(ident).is_some_and(|name| *self.layout.name(local) != name)
        })
    }
}

impl VisitMut for Texts<'_> {
    fn visit_macro_mut(&mut self, mac: &mut syn::Macro) {
        let name = macro_name(mac);
        if !matches!(name.as_str(), "assert" | "debug_assert" | "ensure" | "dbg") {
            return;
        }
        let tries = mac.tokens.to_string().contains('?');
        if !tries && !tokens_have(&mac.tokens, &mut |ident| self.changes(ident)) {
            return;
        }
        let args = macro_args(mac).unwrap_or_default();
        let [condition] = &args[..] else {
            if name != "dbg" {
                return;
            }
            return self.refuse(mac);
        };
        let text = matches!(name.as_str(), "assert" | "debug_assert")
            .then(|| text(condition))
            .flatten();
        match text {
            Some(text) => {
                let text = crate::open::literal(&text, self.edition);
                mac.tokens = quote!(#condition, #text);
            }
            None => self.refuse(mac),
        }
    }

    fn visit_item_mut(&mut self, _: &mut syn::Item) {}

    fn visit_stmt_mut(&mut self, stmt: &mut syn::Stmt) {
        visit_mut::visit_stmt_mut(self, stmt);
    }
}

impl Texts<'_> {
    fn refuse(&mut self, mac: &syn::Macro) {
        let name = macro_name(mac);
        let help = if name == "dbg" {
            "print it with `eprintln!`"
        } else {
            "give the macro a message"
        };
        self.sink.push(Diagnostic::new(
            Code::Macro,
            mac.path.segments[0].ident.span(),
            "a macro says its argument as it is spelled, and that is spelled otherwise in the output",
            "its text would change",
            Some(help.into()),
        ));
    }
}

/// What `assert!` says of a condition with marked names.
fn text(condition: &Expr) -> Option<String> {
    let plain = |tokens: TokenStream| {
        names::map_tokens(
            tokens,
            &mut |ident, _| {
                let plain = names::plain(ident)?;
                Some(quote!(#plain))
            },
            &mut |_| None,
        )
    };
    let condition: Expr = syn::parse2(plain(quote!(#condition))).ok()?;
    crate::open::assertion(&condition)
}
