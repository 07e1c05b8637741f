//! Parameters: held from the start; a pattern takes one apart when the function first runs, and what the pattern leaves drops with the
//! parameters, behind what it binds. So does what a `let` pattern with a `ref` leaves of a value without a name.

use super::Desugar;
use crate::ir;
use crate::names::{self, LocalId};
use quote::quote;
use std::borrow::Cow;
use syn::{Pat, Stmt, Type};

/// A pattern that leaves nothing.
#[derive(Default)]
struct Apart {
    /// What the pattern leaves, in the order in which it drops.
    left: Vec<LocalId>,
    /// What it binds, in its order: the declaration, and the value.
    bound: Vec<(Pat, syn::Expr)>,
    /// It binds something by value.
    takes: bool,
}

impl Desugar<'_> {
    pub(super) fn param(
        &mut self,
        pat: Pat,
        ty: &Type,
        starts: &mut Vec<LocalId>,
        stmts: &mut Vec<ir::Stmt>,
    ) {
        if let Pat::Ident(ident) = &pat
            && ident.by_ref.is_none()
            && ident.subpat.is_none()
            && stmts.is_empty()
            && let Some(local) = crate::names::local(&ident.ident)
        {
            starts.push(local);
            return;
        }
        let span = syn::spanned::Spanned::span(&pat);
        let whole = self.resolved.hidden("param", span);
        self.resolved.locals[whole.0].ty = Some(ty.clone());
        starts.push(whole);
        let value = self.resolved.mention(whole);
        let mut value: syn::Expr = syn::parse_quote!(#value);
        if let Pat::Wild(_) = &pat
            && stmts.is_empty()
        {
            return;
        }
        // What nothing names is kept, in its place behind what the patterns before it bind.
        if !stmts.is_empty() && !matches!(pat, Pat::Ident(_)) {
            let kept = self.resolved.hidden("param", span);
            let declared = self.resolved.mention(kept);
            stmts.push(plain(syn::parse_quote!(let #declared = #value;)));
            let kept = self.resolved.mention(kept);
            value = syn::parse_quote!(#kept);
        }
        if matches!(pat, Pat::Wild(_)) || self.bind_apart(&pat, ty, &value, false, stmts) {
            return;
        }
        stmts.push(plain(syn::parse_quote!(let #pat = #value;)));
    }

    /// Binds what a pattern binds of a value, and behind that what it leaves, each in a local of its own. `false`, with nothing done, where
    /// the types of the parts are not known, or nothing is left, or nothing is taken away and the value can stay whole.
    pub(super) fn bind_apart(
        &mut self,
        pat: &Pat,
        ty: &Type,
        value: &syn::Expr,
        always: bool,
        stmts: &mut Vec<ir::Stmt>,
    ) -> bool {
        let locals = self.resolved.locals.len();
        let mut apart = Apart::default();
        let full = self.apart(pat, ty, &mut apart);
        let wanted = (apart.takes || always) && !apart.left.is_empty();
        let Some(full) = full.filter(|_| wanted) else {
            self.resolved.locals.truncate(locals);
            return false;
        };
        stmts.push(plain(syn::parse_quote!(let #full = #value;)));
        // Locals drop against the order of their declaration.
        for left in apart.left.iter().rev().skip(1) {
            let name = self.resolved.mention(*left);
            let value = self.resolved.mention(*left);
            let mutability = self.resolved.locals[left.0].mutable.then(|| quote!(mut));
            stmts.push(plain(syn::parse_quote!(let #mutability #name = #value;)));
        }
        for (name, value) in apart.bound {
            stmts.push(plain(syn::parse_quote!(let #name = #value;)));
        }
        true
    }

    /// The same pattern, with a hidden local for each part of the value; none where the types of the parts are not known.
    fn apart(&mut self, pat: &Pat, ty: &Type, apart: &mut Apart) -> Option<Pat> {
        match (pat, ty) {
            (Pat::Paren(pat), ty) => self.apart(&pat.pat, ty, apart),
            (Pat::Wild(_), ty) => {
                let left = self.part(pat, ty);
                apart.left.push(left);
                let declared = self.resolved.mention(left);
                Some(syn::parse_quote!(#declared))
            }
            (Pat::Ident(ident), ty) if ident.subpat.is_none() => {
                let name = &ident.ident;
                if ident.by_ref.is_none() {
                    apart.takes = true;
                    let part = self.part(pat, ty);
                    let value = self.resolved.mention(part);
                    apart.bound.push((pat.clone(), syn::parse_quote!(#value)));
                    let declared = self.resolved.mention(part);
                    return Some(syn::parse_quote!(#declared));
                }
                let left = self.part(pat, ty);
                apart.left.push(left);
                self.resolved.locals[left.0].mutable = ident.mutability.is_some();
                let (mutability, value) = (&ident.mutability, self.resolved.mention(left));
                let bound = syn::parse_quote!(& #mutability #value);
                apart.bound.push((syn::parse_quote!(#name), bound));
                let declared = self.resolved.mention(left);
                Some(syn::parse_quote!(#mutability #declared))
            }
            (Pat::Tuple(tuple), Type::Tuple(types)) => {
                let pats = spread(&tuple.elems, types.elems.len())?;
                let parts = pats.iter().zip(&types.elems);
                let parts: Option<Vec<Pat>> =
                    parts.map(|(pat, ty)| self.apart(pat, ty, apart)).collect();
                let parts = parts?;
                Some(syn::parse_quote!((#(#parts,)*)))
            }
            (Pat::Struct(found), Type::Path(ty)) => {
                let members = self.table.members(&ty.path)?.to_vec();
                let before = apart.bound.len();
                let field = |member: &String| {
                    let mut fields = found.fields.iter();
                    let field = fields.find(|field| name_of(&field.member) == *member);
                    field.map_or_else(|| syn::parse_quote!(_), |field| (*field.pat).clone())
                };
                let pats: Vec<Pat> = members.iter().map(field).collect();
                let parts = self.fields_apart(ty, &members, &pats, apart)?;
                let members = members.iter().map(|member| syn::parse_str(member).ok());
                let members: Vec<syn::Member> = members.collect::<Option<_>>()?;
                // Bound in the order of the pattern, not in that of the fields.
                let position = |pat: &Pat| {
                    let declared = pattern_name(pat)?;
                    let mut fields = found.fields.iter();
                    fields.position(|field| pattern_name(&field.pat) == Some(declared))
                };
                let bound = &mut apart.bound[before..];
                if bound.iter().any(|(pat, _)| position(pat).is_none()) {
                    return None;
                }
                bound.sort_by_key(|(pat, _)| position(pat));
                let path = &found.path;
                Some(syn::parse_quote!(#path { #(#members: #parts),* }))
            }
            (Pat::TupleStruct(found), Type::Path(ty)) => {
                let members = self.table.members(&ty.path)?.to_vec();
                let pats = spread(&found.elems, members.len())?;
                let parts = self.fields_apart(ty, &members, &pats, apart)?;
                let path = &found.path;
                Some(syn::parse_quote!(#path(#(#parts),*)))
            }
            _ => None,
        }
    }

    /// The same for the fields of a struct, in their order.
    fn fields_apart(
        &mut self,
        owner: &syn::TypePath,
        members: &[String],
        pats: &[Pat],
        apart: &mut Apart,
    ) -> Option<Vec<Pat>> {
        let owner = Type::Path(owner.clone());
        let parts = members.iter().zip(pats).map(|(member, pat)| {
            let ty = self.table.field(&owner, member);
            let ty = ty.map_or_else(|| syn::parse_quote!(_), Cow::into_owned);
            self.apart(pat, &ty, apart)
        });
        parts.collect()
    }

    /// A local for a part of it.
    fn part(&mut self, pat: &Pat, ty: &Type) -> LocalId {
        self.named_temporaries += 1;
        let name = format!("part_{}", self.named_temporaries);
        let part = self
            .resolved
            .hidden(&name, syn::spanned::Spanned::span(pat));
        if !matches!(ty, Type::Infer(_)) {
            self.resolved.locals[part.0].ty = Some(ty.clone());
        }
        part
    }
}

fn plain(stmt: Stmt) -> ir::Stmt {
    ir::Stmt::Plain(stmt)
}

/// The patterns of so many parts, with a `_` for each that `..` leaves out.
fn spread(
    pats: &syn::punctuated::Punctuated<Pat, syn::Token![,]>,
    parts: usize,
) -> Option<Vec<Pat>> {
    let rest = pats.iter().position(|pat| matches!(pat, Pat::Rest(_)));
    let mut all: Vec<Pat> = pats.iter().cloned().collect();
    if let Some(at) = rest {
        let missing = (parts + 1).checked_sub(all.len())?;
        let wild = |_| syn::parse_quote!(_);
        all.splice(at..=at, (0..missing).map(wild));
    }
    (all.len() == parts).then_some(all)
}

fn name_of(member: &syn::Member) -> String {
    match member {
        syn::Member::Named(name) => name.to_string(),
        syn::Member::Unnamed(index) => index.index.to_string(),
    }
}

fn pattern_name(pat: &Pat) -> Option<LocalId> {
    match pat {
        Pat::Ident(ident) => names::local(&ident.ident),
        _ => None,
    }
}
