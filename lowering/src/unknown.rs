//! Syntax that the parser passes on as bare tokens, or where the language has none: nobody can say what it means, and the printer stops
//! at it.

use crate::diagnostics::{Code, Diagnostic, Sink};
use crate::names;
use crate::parse::Found;
use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;

/// Refuses a function that holds such syntax.
pub(crate) fn refuse(found: &Found, sink: &mut Sink) {
    struct Bare<'a>(&'a mut Sink);
    impl Bare<'_> {
        fn refuse(&mut self, tokens: &TokenStream) {
            let span = tokens.clone().into_iter().next();
            let span = span.map_or_else(proc_macro2::Span::call_site, |tree| tree.span());
            self.0.push(Diagnostic::new(
                Code::Unsupported,
                span,
                "handroll does not know this syntax",
                "this",
                Some("move it into a function of its own, and call that here".into()),
            ));
        }

        /// Where a `let` may stand.
        fn condition(&mut self, cond: &syn::Expr) {
            match cond {
                syn::Expr::Let(found) => syn::visit::visit_expr_let(self, found),
                syn::Expr::Binary(binary) if matches!(binary.op, syn::BinOp::And(_)) => {
                    self.condition(&binary.left);
                    self.condition(&binary.right);
                }
                cond => syn::visit::Visit::visit_expr(self, cond),
            }
        }
    }
    impl<'ast> syn::visit::Visit<'ast> for Bare<'_> {
        fn visit_expr(&mut self, expr: &'ast syn::Expr) {
            match expr {
                syn::Expr::Verbatim(tokens) => self.refuse(tokens),
                // The parser lets it stand anywhere.
                syn::Expr::Let(found) => self.refuse(&found.to_token_stream()),
                syn::Expr::If(found) => {
                    self.condition(&found.cond);
                    self.visit_block(&found.then_branch);
                    if let Some((_, els)) = &found.else_branch {
                        self.visit_expr(els);
                    }
                }
                syn::Expr::While(found) => {
                    self.condition(&found.cond);
                    self.visit_block(&found.body);
                }
                expr => syn::visit::visit_expr(self, expr),
            }
        }
        fn visit_pat(&mut self, pat: &'ast syn::Pat) {
            match pat {
                syn::Pat::Verbatim(tokens) => self.refuse(tokens),
                syn::Pat::Macro(found)
                    if crate::syntax::tokens_have(&found.mac.tokens, &mut |name| {
                        name == "await"
                    }) =>
                {
                    self.refuse(&found.to_token_stream());
                }
                syn::Pat::Guard(found) => {
                    self.visit_pat(&found.pat);
                    self.condition(&found.guard);
                }
                pat => syn::visit::visit_pat(self, pat),
            }
        }
        fn visit_pat_ident(&mut self, pat: &'ast syn::PatIdent) {
            // The parser takes them for names.
            let keyword = |name: &str| matches!(name, "self" | "Self" | "super" | "crate" | "_");
            if names::with_text(&pat.ident, keyword) {
                self.refuse(&pat.ident.to_token_stream());
            }
            syn::visit::visit_pat_ident(self, pat);
        }
        fn visit_generic_param(&mut self, param: &'ast syn::GenericParam) {
            match param {
                syn::GenericParam::Type(syn::TypeParam { ident, .. })
                | syn::GenericParam::Const(syn::ConstParam { ident, .. })
                    if ident == "_" =>
                {
                    self.refuse(&ident.to_token_stream());
                }
                param => syn::visit::visit_generic_param(self, param),
            }
        }
        fn visit_type(&mut self, ty: &'ast syn::Type) {
            match ty {
                syn::Type::Verbatim(tokens) => self.refuse(tokens),
                ty => syn::visit::visit_type(self, ty),
            }
        }
        fn visit_item(&mut self, item: &'ast syn::Item) {
            match item {
                syn::Item::Verbatim(tokens) => self.refuse(tokens),
                item => syn::visit::visit_item(self, item),
            }
        }
        fn visit_impl_item(&mut self, item: &'ast syn::ImplItem) {
            match item {
                syn::ImplItem::Verbatim(tokens) => self.refuse(tokens),
                item => syn::visit::visit_impl_item(self, item),
            }
        }
        fn visit_trait_item(&mut self, item: &'ast syn::TraitItem) {
            match item {
                syn::TraitItem::Verbatim(tokens) => self.refuse(tokens),
                item => syn::visit::visit_trait_item(self, item),
            }
        }
        fn visit_foreign_item(&mut self, item: &'ast syn::ForeignItem) {
            match item {
                syn::ForeignItem::Verbatim(tokens) => self.refuse(tokens),
                item => syn::visit::visit_foreign_item(self, item),
            }
        }
        fn visit_type_param_bound(&mut self, bound: &'ast syn::TypeParamBound) {
            match bound {
                syn::TypeParamBound::Verbatim(tokens) => self.refuse(tokens),
                bound => syn::visit::visit_type_param_bound(self, bound),
            }
        }
        fn visit_lit(&mut self, lit: &'ast syn::Lit) {
            if let syn::Lit::Verbatim(literal) = lit {
                self.refuse(&literal.to_token_stream());
            }
        }
    }
    let mut bare = Bare(sink);
    syn::visit::Visit::visit_signature(&mut bare, &found.sig);
    syn::visit::Visit::visit_block(&mut bare, &found.block);
    refuse_marks(found.sig.to_token_stream(), sink);
    refuse_marks(found.block.to_token_stream(), sink);
}

/// Refuses the names and letters that handroll uses itself.
fn refuse_marks(tokens: TokenStream, sink: &mut Sink) {
    let lettered = |text: &str| text.contains(crate::print::LETTERS);
    for tree in tokens {
        match tree {
            TokenTree::Group(group) => refuse_marks(group.stream(), sink),
            TokenTree::Ident(ident) => {
                if names::with_text(&ident, |name| names::is_reserved(name) || lettered(name)) {
                    sink.push(Diagnostic::new(
                        Code::Unsupported,
                        ident.span(),
                        format!("the name `{ident}` is reserved"),
                        "it holds handroll's own mark",
                        Some("rename it".into()),
                    ));
                }
            }
            TokenTree::Literal(literal) => {
                if lettered(&literal.to_string()) {
                    sink.push(Diagnostic::new(
                        Code::Unsupported,
                        literal.span(),
                        "this text has a letter that handroll uses itself, U+01C0 or U+01C3",
                        "this",
                        Some("write the letter as an escape: `\\u{1c0}`".into()),
                    ));
                }
            }
            TokenTree::Punct(_) => {}
        }
    }
}
