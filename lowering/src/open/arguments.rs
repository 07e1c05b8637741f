//! Macros of the standard library that await: those that are control flow are opened, and macros among arguments with them.

use super::{Opening, tokens_of};
use crate::report::Edition;
use crate::syntax::{HasAwait, is_format_macro, macro_args};
use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::Expr;
use syn::visit_mut::VisitMut;

/// The width that the compiler's printer gives the text of an assertion.
const WIDTH: usize = 78;

/// A condition of which any syntax is printed on one line.
const SHORT: usize = 60;

impl Opening<'_> {
    pub(super) fn arguments(&mut self, name: &str, mac: &syn::Macro) -> Option<Expr> {
        if name == "matches" {
            return self.matches(mac);
        }
        if name == "dbg" {
            return self.dbg(mac);
        }
        if !is_format_macro(name) && name != "vec" {
            return None;
        }
        let mut args = macro_args(mac)?;
        if let Some(inner) = name.strip_prefix("debug_assert") {
            let name = quote::format_ident!("assert{inner}");
            let args = &mac.tokens;
            let mut opened: Expr =
                syn::parse_quote!(if cfg!(debug_assertions) { ::core::#name!(#args); });
            self.visit_expr_mut(&mut opened);
            return Some(opened);
        }
        if name == "assert" && args[1..].iter().any(HasAwait::has_await) {
            // Its message is made only when it fails.
            let condition = super::rules::guarded(args.remove(0));
            let args = tokens_of(&args);
            let mut opened: Expr = syn::parse_quote!(if !#condition { ::core::panic!(#args); });
            self.visit_expr_mut(&mut opened);
            return Some(opened);
        }
        // What the assertion says when it fails is said of the condition as it was written.
        let text = if name == "assert" && args.len() == 1 && args[0].has_await() {
            Some(assertion(&args[0])?)
        } else {
            None
        };
        let before = tokens_of(&args).to_string();
        for arg in &mut args {
            match arg {
                Expr::Assign(named) => self.visit_expr_mut(&mut named.right),
                arg => self.visit_expr_mut(arg),
            }
        }
        if text.is_none() && tokens_of(&args).to_string() == before {
            return None;
        }
        let mut opened = mac.clone();
        opened.tokens = tokens_of(&args);
        if let Some(text) = text {
            let text = literal(&text, self.edition);
            opened.tokens.extend(quote!(, #text));
        }
        Some(Expr::Macro(syn::ExprMacro {
            attrs: Vec::new(),
            mac: opened,
        }))
    }

    /// `dbg!(value)` prints the value with its text, and is the value.
    fn dbg(&mut self, mac: &syn::Macro) -> Option<Expr> {
        let given: Vec<TokenTree> = mac.tokens.clone().into_iter().collect();
        let [value] = &macro_args(mac)?[..] else {
            return None;
        };
        let text = super::spelling::tokens(&given)?;
        let value = value.clone();
        let span = mac.path.segments.first()?.ident.span();
        let tmp = self.fresh("tmp", span);
        let mut opened: Expr = syn::parse_quote!(match #value {
            #tmp => {
                ::std::eprintln!("[{}:{}:{}] {} = {:#?}", file!(), line!(), column!(), #text, &#tmp);
                #tmp
            }
        });
        self.visit_expr_mut(&mut opened);
        Some(opened)
    }

    /// `matches!(value, pattern if guard)` is a `match`.
    fn matches(&mut self, mac: &syn::Macro) -> Option<Expr> {
        let trees: Vec<_> = mac.tokens.clone().into_iter().collect();
        let is_comma =
            |tree: &TokenTree| matches!(tree, TokenTree::Punct(punct) if punct.as_char() == ',');
        let comma = trees.iter().position(is_comma)?;
        let head: TokenStream = trees[..comma].iter().cloned().collect();
        let mut rest = &trees[comma + 1..];
        if let [before @ .., last] = rest
            && is_comma(last)
        {
            rest = before;
        }
        let pattern: TokenStream = rest.iter().cloned().collect();
        if pattern.has_await() {
            return None;
        }
        let mut found: Expr =
            syn::parse2(quote!(match #head { #pattern => true, _ => false })).ok()?;
        self.visit_expr_mut(&mut found);
        Some(found)
    }
}

/// A text as the message of a macro. Before edition 2021 a message by itself is no format string.
pub(crate) fn literal(text: &str, edition: Edition) -> String {
    if edition >= Edition::E2021 {
        text.replace('{', "{{").replace('}', "}}")
    } else {
        text.to_owned()
    }
}

/// `assertion failed: ` and the condition as the compiler prints it, which is known when that takes one line.
pub(crate) fn assertion(condition: &Expr) -> Option<String> {
    if let Some(text) = super::spelling::expression(condition) {
        return Some(format!("assertion failed: {text}"));
    }
    let tokens = condition.to_token_stream();
    let text = match pattern_text(condition) {
        Some(text) => text?,
        None => crate::print::one_line(condition)?,
    };
    // A line breaks at a blank only.
    let fits = text.len() <= WIDTH || text.matches(' ').count() == blanks(&tokens);
    let known = text.len() <= SHORT || fits && !is_blocky(&tokens);
    known.then(|| format!("assertion failed: {text}"))
}

/// The text of `matches!(..)`, whose tokens are printed as they stand in the source; none when that is not known.
fn pattern_text(condition: &Expr) -> Option<Option<String>> {
    match condition {
        Expr::Unary(unary) if matches!(unary.op, syn::UnOp::Not(_)) => {
            Some(pattern_text(&unary.expr)?.map(|text| format!("!{text}")))
        }
        Expr::Macro(mac) if crate::syntax::macro_name(&mac.mac) == "matches" => {
            let path = mac.mac.path.to_token_stream().to_string().replace(' ', "");
            let arguments = mac.mac.delimiter.span().join().source_text();
            let plain = |text: &String| !text.contains("//") && !text.contains("/*");
            Some(arguments.filter(plain).map(|text| {
                let words: Vec<&str> = text.split_whitespace().collect();
                let text = words.join(" ").replace("( ", "(").replace(" )", ")");
                format!("{path}!{text}")
            }))
        }
        _ => None,
    }
}

/// Whether a block or closure may stand in it, which longer texts show on lines of their own, or a macro, whose tokens they do not lay out.
fn is_blocky(tokens: &TokenStream) -> bool {
    tokens.clone().into_iter().any(|tree| match tree {
        TokenTree::Group(group) => {
            group.delimiter() == proc_macro2::Delimiter::Brace || is_blocky(&group.stream())
        }
        TokenTree::Punct(punct) => punct.as_char() == '|',
        _ => false,
    })
}

/// How many blanks stand in literals.
fn blanks(tokens: &TokenStream) -> usize {
    tokens
        .clone()
        .into_iter()
        .map(|tree| match tree {
            TokenTree::Literal(literal) => literal.to_string().matches(' ').count(),
            TokenTree::Group(group) => blanks(&group.stream()),
            _ => 0,
        })
        .sum()
}
