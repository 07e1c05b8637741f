//! `select!`: futures that are polled together, and a handler for the first whose result matches.

use super::{Flavour, Opening, biased, leaf};
use crate::syntax::as_ident;
use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote};
use syn::parse::{Parse, ParseStream};
use syn::spanned::Spanned;
use syn::visit_mut::VisitMut;
use syn::{Expr, Pat};

/// What stands between the braces.
struct Select {
    biased: Option<TokenStream>,
    branches: Vec<Branch>,
    /// `else`, `complete` and `default`: the word, and its handler.
    others: Vec<(TokenStream, Expr)>,
}

/// `pattern = future, if condition => handler`
struct Branch {
    pat: Pat,
    future: Expr,
    condition: Option<Expr>,
    handler: Expr,
}

impl Parse for Select {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut select = Select {
            biased: biased(input)?,
            branches: Vec::new(),
            others: Vec::new(),
        };
        while !input.is_empty() {
            if let Some(word) = other(input)? {
                input.parse::<syn::Token![=>]>()?;
                select.others.push((word, handler(input)?));
                continue;
            }
            let pat = Pat::parse_multi_with_leading_vert(input)?;
            input.parse::<syn::Token![=]>()?;
            let future = input.parse()?;
            let condition = if input.peek(syn::Token![,]) {
                input.parse::<syn::Token![,]>()?;
                input.parse::<syn::Token![if]>()?;
                Some(input.parse()?)
            } else {
                None
            };
            input.parse::<syn::Token![=>]>()?;
            let handler = handler(input)?;
            select.branches.push(Branch {
                pat,
                future,
                condition,
                handler,
            });
        }
        Ok(select)
    }
}

/// The word of a branch without a future.
fn other(input: ParseStream<'_>) -> syn::Result<Option<TokenStream>> {
    if input.peek(syn::Token![else]) {
        return Ok(Some(
            input.parse::<syn::Token![else]>()?.into_token_stream(),
        ));
    }
    let ahead = input.fork();
    let is = ahead
        .parse::<Ident>()
        .is_ok_and(|word| word == "complete" || word == "default")
        && ahead.peek(syn::Token![=>]);
    if !is {
        return Ok(None);
    }
    Ok(Some(input.parse::<Ident>()?.into_token_stream()))
}

/// A handler: a block, or an expression that a comma ends.
fn handler(input: ParseStream<'_>) -> syn::Result<Expr> {
    let handler = if input.peek(syn::token::Brace) {
        Expr::Block(syn::ExprBlock {
            attrs: Vec::new(),
            label: None,
            block: input.parse()?,
        })
    } else {
        input.parse()?
    };
    input.parse::<Option<syn::Token![,]>>()?;
    Ok(handler)
}

impl Opening<'_> {
    pub(super) fn select(&mut self, mac: &syn::Macro, flavour: Flavour) -> Option<Expr> {
        let Select {
            biased,
            branches,
            mut others,
        } = syn::parse2(mac.tokens.clone()).ok()?;
        if branches.is_empty() || branches.iter().any(|branch| has_macro(&branch.pat)) {
            return None;
        }
        let span = mac.path.segments.first()?.ident.span();
        let mut patterns = Vec::new();
        let mut futures = Vec::new();
        let mut conditions = Vec::new();
        let mut handlers = Vec::new();
        for branch in branches {
            patterns.push(branch.pat);
            conditions.push(branch.condition);
            handlers.push(branch.handler);
            futures.push(match (flavour, as_ident(&branch.future)) {
                // It polls a variable where that stands.
                (Flavour::Futures, Some(name)) => syn::parse_quote!(&mut #name),
                _ => branch.future,
            });
        }
        // Conditions first, in order; then the futures are made, those of branches without their condition as well.
        let mut looked = TokenStream::new();
        for (i, condition) in conditions.iter_mut().enumerate() {
            if let Some(condition) = condition {
                self.visit_expr_mut(condition);
                let name = self.fresh(&format!("{}_may", super::ordinal(i)), condition.span());
                looked.extend(quote!(let #name = #condition;));
                *condition = syn::parse_quote!(#name);
            }
        }
        let (made, names) = self.make(futures);
        let selected = self.fresh("Selected", Span::call_site());
        let out = self.fresh("out", Span::call_site());
        let mut inner = TokenStream::new();
        let mut arms = TokenStream::new();
        let mut variants: Vec<Ident> = Vec::new();
        let mut refutable = false;
        for (i, (pat, name)) in patterns.into_iter().zip(names).enumerate() {
            let variant = variant(i);
            let condition = conditions[i]
                .as_ref()
                .map(|condition| quote!(, if #condition));
            let bound = if irrefutable(&pat) {
                quote!(#out)
            } else {
                refutable = true;
                match crate::syntax::unbound(&pat, &crate::resolve::binds) {
                    looks @ Pat::Or(_) => quote!(#out @ (#looks)),
                    looks => quote!(#out @ #looks),
                }
            };
            let name = match flavour {
                Flavour::Futures => quote!({ #name }),
                _ => name.to_token_stream(),
            };
            inner.extend(quote!(#bound = #name #condition => #selected::#variant(#out),));
            let mut handler = handlers[i].clone();
            self.visit_expr_mut(&mut handler);
            arms.extend(quote!(#selected::#variant(#pat) => #handler,));
            variants.push(variant);
        }
        let mut units = Vec::new();
        for (word, handler) in &mut others {
            let variant = format_ident!("{}", capitalised(&word.to_string()));
            inner.extend(quote!(#word => #selected::#variant,));
            self.visit_expr_mut(handler);
            arms.extend(quote!(#selected::#variant => #handler,));
            units.push(variant);
        }
        if refutable {
            // A pattern may still match everything.
            arms.extend(quote!(#[allow(unreachable_patterns)] _ => ::core::unreachable!(),));
        }
        let params: Vec<Ident> = (0..variants.len())
            .map(|i| format_ident!("T{}", i + 1))
            .collect();
        self.items.push(syn::parse_quote! {
            enum #selected<#(#params),*> {
                #(#variants(#params),)*
                #(#units,)*
            }
        });
        let path = &mac.path;
        let leaf = leaf(mac, quote!(#path! { #biased #inner }));
        let output = self.fresh("output", span);
        let value: Expr = if looked.is_empty() && made.is_empty() {
            leaf
        } else {
            syn::parse_quote!({ #looked #made #leaf })
        };
        Some(syn::parse_quote!({
            let #output = #value;
            match #output { #arms }
        }))
    }
}

fn variant(i: usize) -> Ident {
    format_ident!("{}", capitalised(&super::ordinal(i)))
}

fn capitalised(word: &str) -> String {
    let (first, rest) = word.split_at(1);
    first.to_uppercase() + rest
}

/// Whether a pattern matches every value, by its syntax.
fn irrefutable(pat: &Pat) -> bool {
    match pat {
        Pat::Wild(_) => true,
        Pat::Ident(pat) => pat.subpat.is_none() && crate::resolve::binds(pat),
        Pat::Tuple(pat) => pat
            .elems
            .iter()
            .all(|pat| matches!(pat, Pat::Rest(_)) || irrefutable(pat)),
        Pat::Paren(pat) => irrefutable(&pat.pat),
        _ => false,
    }
}

fn has_macro(pat: &Pat) -> bool {
    struct Macros(bool);
    impl<'ast> syn::visit::Visit<'ast> for Macros {
        fn visit_pat(&mut self, pat: &'ast Pat) {
            self.0 |= matches!(pat, Pat::Macro(_));
            syn::visit::visit_pat(self, pat);
        }
    }
    let mut macros = Macros(false);
    syn::visit::Visit::visit_pat(&mut macros, pat);
    macros.0
}
