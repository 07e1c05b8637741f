//! Structs of which only fields are used, some by value: they are taken apart where they are declared.
//!
//! Each field gets a local of its own, so that what is moved out, what is left and when it drops need no types. The pattern names the
//! fields from the last to the first: locals drop against the order of their declaration, fields along it.

use super::{Apart, declare_after, each_plain};
use crate::desugar::Body;
use crate::ir::{Block, Expr, Loop, Stmt};
use crate::names::{self, LocalId};
use crate::report::Edition;
use crate::resolve::Resolved;
use crate::syntax::{as_ident, bare, macro_args};
use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use std::collections::HashMap;
use syn::visit_mut::{self, VisitMut};

/// Takes a local apart; `false`, with nothing changed, if it is used as a whole somewhere.
pub(super) fn take(
    resolved: &mut Resolved,
    body: &mut Body,
    edition: Edition,
    local: LocalId,
    apart: &Apart,
) -> bool {
    let mut fields = Fields {
        resolved,
        edition,
        local,
        members: &apart.members,
        locals: HashMap::new(),
        other: false,
    };
    let locals = fields.resolved.locals.len();
    let mut block = body.block.clone();
    each_plain(&mut block, &mut fields);
    guards(&mut block, &mut fields);
    let (other, mut found) = (fields.other, fields.locals);
    if other {
        resolved.locals.truncate(locals);
        return false;
    }
    body.block = block;
    let mut pattern = TokenStream::new();
    for member in apart.members.iter().rev() {
        let field = found
            .remove(member)
            .unwrap_or_else(|| part(resolved, local, member, false));
        let name = resolved.mention(field);
        let mutability = resolved.locals[field.0].mutable.then(|| quote!(mut));
        let member = self::member(member, name.span());
        pattern.extend(quote!(#member: #mutability #name,));
    }
    let value = resolved.mention(local);
    let path = &apart.path;
    let taken = syn::parse_quote!(let #path { #pattern } = #value;);
    declare_after(resolved, body, local, taken);
    true
}

/// Visits the patterns of all arms, with their guards.
fn guards(block: &mut Block, fields: &mut Fields<'_>) {
    for stmt in &mut block.stmts {
        match stmt {
            Stmt::Plain(_) => {}
            Stmt::Let { init, els, .. } => {
                guards_in(init, fields);
                els.iter_mut().for_each(|els| guards(els, fields));
            }
            Stmt::Expr { expr, .. } => guards_in(expr, fields),
        }
    }
}

fn guards_in(expr: &mut Expr, fields: &mut Fields<'_>) {
    match expr {
        Expr::Plain(_) | Expr::Await(_) => {}
        Expr::Block { block, .. } => guards(block, fields),
        Expr::If { then, els, .. } => {
            guards(then, fields);
            els.iter_mut().for_each(|els| guards_in(els, fields));
        }
        Expr::Match { arms, .. } => {
            for arm in arms {
                fields.visit_pat_mut(&mut arm.pat);
                guards_in(&mut arm.body, fields);
            }
        }
        Expr::Loop(Loop { body, .. }) => guards(body, fields),
    }
}

/// A local for a field.
fn part(resolved: &mut Resolved, local: LocalId, member: &str, used: bool) -> LocalId {
    let whole = &resolved.locals[local.0];
    let (span, mutable) = (whole.span, whole.mutable && used);
    let plain = member.trim_start_matches("r#");
    let alone = whole.base == "this" && syn::parse_str::<Ident>(plain).is_ok();
    let unused = if used { "" } else { "_" };
    let with_whole = format!("{unused}{}_{plain}", whole.base);
    let names = alone.then(|| format!("{unused}{plain}")).into_iter();
    let names = names.chain(std::iter::once(with_whole.clone()));
    let mut names = names.chain((2..).map(|n| format!("{with_whole}_{n}")));
    // The source does not say where one of its own locals of that name would hide it.
    let taken = |name: &String| resolved.locals.iter().any(|local| local.base == *name);
    let name = names.find(|name| !taken(name)).expect("numbers do not end");
    let part = resolved.hidden(&name, span);
    // The source names it.
    resolved.locals[part.0].hidden = false;
    resolved.locals[part.0].mutable = mutable;
    part
}

fn member(name: &str, span: Span) -> syn::Member {
    match name.parse::<u32>() {
        Ok(index) => syn::Member::Unnamed(syn::Index { index, span }),
        Err(_) => syn::parse_str(name).unwrap_or_else(|_| Ident::new(name, span).into()),
    }
}

/// Whether a macro is known, and what it says does not depend on how its arguments are spelled.
fn takes_any_spelling(mac: &syn::Macro, args: &[syn::Expr]) -> bool {
    let is_text = |arg: Option<&syn::Expr>| matches!(arg, Some(syn::Expr::Lit(_)));
    match crate::syntax::macro_name(mac).as_str() {
        "dbg" => false,
        "assert" | "debug_assert" | "ensure" => is_text(args.get(1)),
        // Fields may take their names from the arguments.
        "error" | "warn" | "info" | "debug" | "trace" | "log" => is_text(args.first()),
        name => crate::syntax::is_format_macro(name) || crate::syntax::takes_values(mac),
    }
}

/// Puts the fields' locals in place of the fields.
struct Fields<'a> {
    resolved: &'a mut Resolved,
    edition: Edition,
    local: LocalId,
    members: &'a [String],
    locals: HashMap<String, LocalId>,
    /// It is used in another way.
    other: bool,
}

impl Fields<'_> {
    fn mentions(&self, tokens: TokenStream) -> bool {
        let mut found = false;
        names::each_name(tokens, &mut |name| {
            found |= names::unmark(name).is_some_and(|(local, _)| local == self.local);
        });
        found
    }
}

impl VisitMut for Fields<'_> {
    fn visit_expr_mut(&mut self, expr: &mut syn::Expr) {
        if let syn::Expr::Field(field) = bare(expr)
            && let Some(ident) = as_ident(&field.base)
            && names::local(ident) == Some(self.local)
        {
            let name = match &field.member {
                syn::Member::Named(name) => name.to_string(),
                syn::Member::Unnamed(index) => index.index.to_string(),
            };
            if self.members.contains(&name) {
                let local = match self.locals.get(&name) {
                    Some(local) => *local,
                    None => {
                        let new = part(self.resolved, self.local, &name, true);
                        self.locals.insert(name, new);
                        new
                    }
                };
                let ident = self.resolved.mention(local);
                *expr = syn::parse_quote!(#ident);
                return;
            }
        }
        visit_mut::visit_expr_mut(self, expr);
    }
    fn visit_expr_closure_mut(&mut self, closure: &mut syn::ExprClosure) {
        // Before edition 2021 a closure captures all of it.
        if self.edition == Edition::E2018 && self.mentions(quote!(#closure)) {
            self.other = true;
        }
        visit_mut::visit_expr_closure_mut(self, closure);
    }
    fn visit_expr_async_mut(&mut self, block: &mut syn::ExprAsync) {
        if self.edition == Edition::E2018 && self.mentions(quote!(#block)) {
            self.other = true;
        }
        visit_mut::visit_expr_async_mut(self, block);
    }
    fn visit_pat_ident_mut(&mut self, pat: &mut syn::PatIdent) {
        if let Some((_, inner)) = &mut pat.subpat {
            self.visit_pat_mut(inner);
        }
    }
    fn visit_ident_mut(&mut self, ident: &mut Ident) {
        self.other |= names::local(ident) == Some(self.local);
    }
    fn visit_macro_mut(&mut self, mac: &mut syn::Macro) {
        if !self.mentions(mac.tokens.clone()) {
            return;
        }
        match macro_args(mac).filter(|args| takes_any_spelling(mac, args)) {
            Some(mut args) => {
                args.iter_mut().for_each(|arg| self.visit_expr_mut(arg));
                mac.tokens = quote!(#(#args),*);
            }
            None => self.other = true,
        }
    }
}
