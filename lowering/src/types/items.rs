//! What the items of a `for` loop are, as far as its head shows: `(usize, &T)` of `list.iter().enumerate()` where `list: Vec<T>`.

use super::{Table, args, type_name};
use crate::syntax::bare;
use syn::{Expr, Pat, Type};

/// Methods of iterators that give the same items.
const SAME: [&str; 9] = [
    "rev",
    "skip",
    "take",
    "step_by",
    "skip_while",
    "take_while",
    "filter",
    "fuse",
    "into_iter",
];

impl Table {
    /// The type of the items of what a `for` loop runs over; `_` stands for what is not known of it. `place`: the type of a place, or of
    /// what it refers to.
    pub(crate) fn item(&self, head: &Expr, place: &dyn Fn(&Expr) -> Option<Type>) -> Option<Type> {
        match bare(head) {
            // The types that a range may run over are numbers, characters and addresses: all of them are `Copy`.
            Expr::Range(_) => Some(syn::parse_quote!(usize)),
            Expr::Reference(reference) => {
                let ty = place(bare(&reference.expr))?;
                self.borrowed_item(&ty, reference.mutability.is_some())
            }
            Expr::MethodCall(call) => {
                let (method, receiver) = (call.method.to_string(), &*call.receiver);
                let inner = || self.item(receiver, place);
                match method.as_str() {
                    "iter" => self.borrowed_item(&place(receiver)?, false),
                    "iter_mut" => self.borrowed_item(&place(receiver)?, true),
                    "keys" | "values" => {
                        let item = self.borrowed_item(&place(receiver)?, false)?;
                        let Type::Tuple(pair) = item else { return None };
                        pair.elems.into_iter().nth(usize::from(method == "values"))
                    }
                    "enumerate" if iterates(receiver) => {
                        let item = inner().unwrap_or(syn::parse_quote!(_));
                        Some(syn::parse_quote!((usize, #item)))
                    }
                    "copied" | "cloned" => match inner()? {
                        Type::Reference(reference) => Some(*reference.elem),
                        _ => None,
                    },
                    method if SAME.contains(&method) => inner(),
                    _ => None,
                }
            }
            head => self.owned_item(&place(head)?),
        }
    }

    /// The parts of a standard collection's type.
    fn elements<'t>(&self, ty: &'t Type) -> Option<Vec<&'t Type>> {
        let path = match ty {
            Type::Reference(reference) => return self.elements(&reference.elem),
            Type::Paren(ty) => return self.elements(&ty.elem),
            Type::Slice(slice) => return Some(vec![&slice.elem]),
            Type::Array(array) => return Some(vec![&array.elem]),
            Type::Path(path) => path,
            _ => return None,
        };
        let name = type_name(ty)?;
        let args = args(&path.path.segments.last()?.arguments);
        let count = match name.as_str() {
            "Vec" | "VecDeque" | "HashSet" | "BTreeSet" | "BinaryHeap" => 1,
            "HashMap" | "BTreeMap" => 2,
            _ => return None,
        };
        (args.len() >= count && self.is_of_prelude(&name)).then(|| args[..count].to_vec())
    }

    fn borrowed_item(&self, ty: &Type, mutable: bool) -> Option<Type> {
        let unique = mutable.then(|| quote::quote!(mut));
        match self.elements(ty)?[..] {
            [elem] => Some(syn::parse_quote!(&#unique #elem)),
            [key, value] => Some(syn::parse_quote!((&#key, &#unique #value))),
            _ => None,
        }
    }

    /// Of a collection by value, or of a reference to one: then these are references.
    fn owned_item(&self, ty: &Type) -> Option<Type> {
        if let Type::Reference(reference) = ty {
            return self.borrowed_item(&reference.elem, reference.mutability.is_some());
        }
        match self.elements(ty)?[..] {
            [elem] => Some(elem.clone()),
            [key, value] => Some(syn::parse_quote!((#key, #value))),
            _ => None,
        }
    }

    /// Whether a pattern takes a value apart of which nothing with a drop can be left: each part is bound, or known to have none.
    pub(crate) fn leaves_nothing(&self, pat: &Pat, ty: Option<&Type>) -> bool {
        if let Some(ty) = ty
            && (matches!(ty, Type::Reference(_)) || self.facts(ty).no_drop)
        {
            return true;
        }
        match pat {
            Pat::Ident(pat) => pat.by_ref.is_none() && pat.subpat.is_none(),
            // What is behind a reference stays there.
            Pat::Reference(_) => true,
            Pat::Paren(pat) => self.leaves_nothing(&pat.pat, ty),
            Pat::Type(pat) => self.leaves_nothing(&pat.pat, Some(&pat.ty)),
            Pat::Tuple(tuple) => {
                let parts = tuple_parts(ty, tuple.elems.len());
                let mut elems = tuple.elems.iter().enumerate();
                elems.all(|(i, pat)| self.leaves_nothing(pat, parts.map(|parts| &parts[i])))
            }
            _ => false,
        }
    }
}

/// The types of a tuple's parts, if there are as many as the pattern has.
pub(crate) fn tuple_parts(
    ty: Option<&Type>,
    count: usize,
) -> Option<&syn::punctuated::Punctuated<Type, syn::Token![,]>> {
    match ty? {
        Type::Tuple(tuple) if tuple.elems.len() == count => Some(&tuple.elems),
        _ => None,
    }
}

/// Whether a method's receiver is an iterator by its own method.
fn iterates(receiver: &Expr) -> bool {
    let Expr::MethodCall(call) = bare(receiver) else {
        return matches!(bare(receiver), Expr::Range(_));
    };
    let name = call.method.to_string();
    SAME.contains(&name.as_str())
        || matches!(
            name.as_str(),
            "iter"
                | "iter_mut"
                | "keys"
                | "values"
                | "values_mut"
                | "chars"
                | "bytes"
                | "lines"
                | "split"
                | "split_whitespace"
                | "windows"
                | "chunks"
                | "chunks_exact"
                | "drain"
                | "map"
                | "zip"
                | "chain"
                | "copied"
                | "cloned"
        )
}
