//! What patterns say about the types of what they bind.

use super::{Table, args, type_name};
use crate::names::{self, LocalId};
use std::borrow::Cow;
use syn::{Pat, Type};

impl Table {
    /// The types of a pattern's bindings, as far as the file's structs and enums, or the type of what it looks at, show them. A binding may
    /// also be a reference to its type: how the pattern binds depends on what it looks at.
    pub(crate) fn bound_types(&self, pat: &Pat, ty: Option<&Type>) -> Vec<(LocalId, Type)> {
        let mut found = Vec::new();
        self.bound(pat, ty, &mut found);
        found
    }

    fn bound(&self, pat: &Pat, ty: Option<&Type>, found: &mut Vec<(LocalId, Type)>) {
        let ty = match ty {
            Some(Type::Reference(reference)) => Some(&*reference.elem),
            ty => ty,
        };
        match pat {
            Pat::Ident(ident) => {
                if let (Some(local), Some(ty)) = (names::local(&ident.ident), ty) {
                    found.push((local, ty.clone()));
                }
                if let Some((_, inner)) = &ident.subpat {
                    self.bound(inner, ty, found);
                }
            }
            Pat::Paren(pat) => self.bound(&pat.pat, ty, found),
            Pat::Guard(pat) => self.bound(&pat.pat, ty, found),
            Pat::Type(pat) => self.bound(&pat.pat, Some(&pat.ty), found),
            Pat::Reference(pat) => self.bound(&pat.pat, ty, found),
            Pat::Or(pat) => pat
                .cases
                .iter()
                .for_each(|case| self.bound(case, ty, found)),
            Pat::Tuple(pat) => {
                let elems = match ty {
                    Some(Type::Tuple(tuple)) if tuple.elems.len() == pat.elems.len() => {
                        Some(&tuple.elems)
                    }
                    _ => None,
                };
                for (i, pat) in pat.elems.iter().enumerate() {
                    self.bound(pat, elems.map(|elems| &elems[i]), found);
                }
            }
            Pat::TupleStruct(pat) => {
                // Behind `..` the fields count from the end.
                let rest = pat.elems.iter().position(|pat| matches!(pat, Pat::Rest(_)));
                for (i, elem) in pat.elems.iter().enumerate() {
                    let known = rest.is_none_or(|rest| i < rest);
                    let ty = known
                        .then(|| self.part(&pat.path, &i.to_string(), ty))
                        .flatten();
                    self.bound(elem, ty.as_deref(), found);
                }
            }
            Pat::Struct(pat) => {
                for field in &pat.fields {
                    let member = match &field.member {
                        syn::Member::Named(name) => name.to_string(),
                        syn::Member::Unnamed(index) => index.index.to_string(),
                    };
                    let ty = self.part(&pat.path, &member, ty);
                    self.bound(&field.pat, ty.as_deref(), found);
                }
            }
            _ => {}
        }
    }

    /// The type of a field of the struct or variant of this path.
    fn part<'t>(
        &'t self,
        path: &syn::Path,
        member: &str,
        ty: Option<&'t Type>,
    ) -> Option<Cow<'t, Type>> {
        let mut segments = path.segments.iter().rev();
        let last = segments.next()?.ident.to_string();
        let Some(owner) = segments.next() else {
            let of_std =
                |name: &str| !self.defined.contains(name) && !self.imports.contains_key(name);
            let arg = |name: &str, i: usize| {
                let ty = ty.filter(|ty| type_name(ty).as_deref() == Some(name) && of_std(name))?;
                let Type::Path(path) = ty else { return None };
                args(&path.path.segments.last()?.arguments).get(i).copied()
            };
            return match last.as_str() {
                "Some" => arg("Option", 0).map(Cow::Borrowed),
                "Ok" => arg("Result", 0).map(Cow::Borrowed),
                "Err" => arg("Result", 1).map(Cow::Borrowed),
                _ => self.member(&last, &last, member),
            };
        };
        let owner = owner.ident.to_string();
        self.member(&owner, &format!("{owner}::{last}"), member)
            .or_else(|| self.member(&last, &last, member))
    }

    /// Of a type that is the file's own, and under this name no other's.
    fn member(&self, ty: &str, owner: &str, member: &str) -> Option<Cow<'_, Type>> {
        if self.imports_foreign(ty) || !self.defined.contains(ty) {
            return None;
        }
        self.fields
            .get(&(owner.to_owned(), member.to_owned()))?
            .ty()
    }
}
