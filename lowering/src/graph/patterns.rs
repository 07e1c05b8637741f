//! What a pattern does to the place that it looks at.

use crate::names::{self, LocalId};
use crate::types::Table;
use syn::Pat;

/// What a pattern binds, and what it leaves.
#[derive(Debug, Default)]
pub(crate) struct Bindings {
    /// The locals that it binds, in order.
    pub(crate) locals: Vec<LocalId>,
    /// Those that it binds by value (or by reference, through a reference).
    pub(crate) values: Vec<LocalId>,
    /// Binds at least one with `ref`.
    pub(crate) by_ref: bool,
    /// Leaves something unbound that may need a drop.
    pub(crate) leaves: bool,
    /// Takes elements out of an array.
    pub(crate) elements: bool,
    /// Binds the whole value.
    pub(crate) whole: bool,
    /// Takes apart a type of the file that has its own `Drop`: so it moves nothing.
    pub(crate) guarded: bool,
}

pub(crate) fn bindings(pat: &Pat, table: &Table) -> Bindings {
    let mut found = Bindings::default();
    collect(pat, table, &mut found);
    found.whole = matches!(bare(pat), Pat::Ident(ident) if names::local(&ident.ident).is_some());
    found
}

/// What a pattern binds that surely has no drop; `ty` is the type of what it looks at.
pub(crate) fn without_drop(pat: &Pat, ty: Option<&syn::Type>, table: &Table) -> Vec<LocalId> {
    let known = ty.is_some_and(|ty| table.facts(ty).no_drop);
    match pat {
        Pat::Paren(pat) => without_drop(&pat.pat, ty, table),
        Pat::Type(pat) => without_drop(&pat.pat, Some(&pat.ty), table),
        // Out of a reference come references and copies.
        pat if known || matches!(pat, Pat::Reference(_)) => bindings(pat, table).locals,
        Pat::Tuple(tuple) => {
            let parts = crate::types::tuple_parts(ty, tuple.elems.len());
            let elems = tuple.elems.iter().enumerate();
            elems
                .flat_map(|(i, pat)| without_drop(pat, parts.map(|parts| &parts[i]), table))
                .collect()
        }
        _ => Vec::new(),
    }
}

/// How a pattern looks at an `Option`: what is left beside `Some(x)` has no drop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OfOption {
    /// `Some(..)`, binding all of it.
    Takes,
    /// `None`, or anything else that binds nothing.
    Leaves,
}

pub(crate) fn of_option(pat: &Pat, table: &Table) -> Option<OfOption> {
    let is =
        |path: &syn::Path, name: &str| path.segments.last().is_some_and(|last| last.ident == name);
    match pat {
        Pat::Paren(pat) => of_option(&pat.pat, table),
        Pat::TupleStruct(found) if is(&found.path, "Some") => {
            let bound = bindings(pat, table);
            (!bound.values.is_empty() && !bound.by_ref && !bound.leaves && !bound.guarded)
                .then_some(OfOption::Takes)
        }
        Pat::Ident(ident) if ident.ident == "None" => Some(OfOption::Leaves),
        Pat::Path(path) if is(&path.path, "None") => Some(OfOption::Leaves),
        Pat::Wild(_) => Some(OfOption::Leaves),
        _ => None,
    }
}

fn bare(pat: &Pat) -> &Pat {
    match pat {
        Pat::Paren(pat) => bare(&pat.pat),
        Pat::Type(pat) => bare(&pat.pat),
        Pat::Guard(pat) => bare(&pat.pat),
        pat => pat,
    }
}

fn collect(pat: &Pat, table: &Table, found: &mut Bindings) {
    let guarded = |path: &syn::Path| {
        let mut names = path
            .segments
            .iter()
            .rev()
            .map(|segment| segment.ident.to_string());
        names.any(|name| table.drops(&name))
    };
    match pat {
        Pat::Ident(ident) => {
            if let Some(local) = names::local(&ident.ident) {
                if !found.locals.contains(&local) {
                    found.locals.push(local);
                }
                if ident.by_ref.is_some() {
                    found.by_ref = true;
                } else {
                    found.values.push(local);
                }
            }
            if let Some((_, pat)) = &ident.subpat {
                let leaves = found.leaves;
                collect(pat, table, found);
                // All that the pattern behind the name looks at is bound to the name.
                found.leaves = leaves;
            }
        }
        Pat::Tuple(pat) => pat.elems.iter().for_each(|pat| collect(pat, table, found)),
        Pat::TupleStruct(pat) => {
            found.guarded |= guarded(&pat.path);
            pat.elems.iter().for_each(|pat| collect(pat, table, found));
        }
        Pat::Struct(pat) => {
            found.guarded |= guarded(&pat.path);
            found.leaves |= pat.rest.is_some();
            pat.fields
                .iter()
                .for_each(|field| collect(&field.pat, table, found));
        }
        Pat::Slice(pat) => {
            let before = found.values.len();
            pat.elems.iter().for_each(|pat| collect(pat, table, found));
            found.elements |= found.values.len() > before;
        }
        Pat::Or(pat) => pat.cases.iter().for_each(|pat| collect(pat, table, found)),
        Pat::Paren(pat) => collect(&pat.pat, table, found),
        Pat::Type(pat) => collect(&pat.pat, table, found),
        Pat::Guard(pat) => collect(&pat.pat, table, found),
        Pat::Reference(pat) => {
            // Behind a reference a pattern copies.
            let mut inner = Bindings::default();
            collect(&pat.pat, table, &mut inner);
            found.locals.extend(inner.locals);
            found.by_ref |= inner.by_ref;
        }
        Pat::Wild(_) | Pat::Rest(_) | Pat::Macro(_) => found.leaves = true,
        _ => {}
    }
}
