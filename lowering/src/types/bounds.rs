//! What the bounds of a function's type parameters say of their values' methods.
//!
//! A value of type `I`, where `I: IntoIterator`, has no methods but those of traits, and those by value come first. So `all.into_iter()`
//! moves `all`.

use std::collections::{HashMap, HashSet};
use syn::visit::{self, Visit};
use syn::{GenericParam, Generics, Type, TypeParamBound, WherePredicate};

/// The names of the traits that each type parameter is bound by.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bounds(HashMap<String, HashSet<String>>);

impl Bounds {
    /// Those of a function, and of the `impl` block around it. What the body calls otherwise is not known.
    pub(crate) fn of<'a>(
        generics: impl IntoIterator<Item = &'a Generics>,
        block: &syn::Block,
    ) -> Self {
        let mut bounds = Bounds::default();
        for generics in generics {
            bounds.add(generics);
        }
        let mut items = Items(&mut bounds);
        items.visit_block(block);
        bounds
    }

    fn add(&mut self, generics: &Generics) {
        for param in &generics.params {
            if let GenericParam::Type(param) = param {
                self.bound(param.ident.to_string(), &param.bounds);
            }
        }
        for predicate in generics.where_clause.iter().flat_map(|all| &all.predicates) {
            if let WherePredicate::Type(predicate) = predicate
                && let Type::Path(path) = &predicate.bounded_ty
                && let Some(ident) = path.path.get_ident()
                && self.0.contains_key(&ident.to_string())
            {
                self.bound(ident.to_string(), &predicate.bounds);
            }
        }
    }

    fn bound<'a>(&mut self, name: String, bounds: impl IntoIterator<Item = &'a TypeParamBound>) {
        let traits = bounds.into_iter().filter_map(trait_name);
        self.0.entry(name).or_default().extend(traits);
    }

    /// Whether the method of this name takes a value of this type by value: `name` is one that only the standard library's traits have.
    pub(crate) fn consumes(&self, ty: &Type, method: &str) -> bool {
        let has = |name: &str| match ty {
            Type::ImplTrait(ty) => ty.bounds.iter().filter_map(trait_name).any(|it| it == name),
            Type::Path(path) => path.path.get_ident().is_some_and(|ident| {
                let traits = self.0.get(&ident.to_string());
                traits.is_some_and(|traits| traits.contains(name))
            }),
            _ => false,
        };
        let iterates = ["Iterator", "DoubleEndedIterator", "ExactSizeIterator"];
        match method {
            "into_iter" => has("IntoIterator") || iterates.into_iter().any(has),
            _ => takes_iterator(method) && iterates.into_iter().any(has),
        }
    }
}

/// An item of the body may have the name of a type parameter.
struct Items<'b>(&'b mut Bounds);

impl<'ast> Visit<'ast> for Items<'_> {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        let ident = match item {
            syn::Item::Struct(item) => Some(&item.ident),
            syn::Item::Enum(item) => Some(&item.ident),
            syn::Item::Union(item) => Some(&item.ident),
            syn::Item::Type(item) => Some(&item.ident),
            _ => None,
        };
        match (ident, item) {
            (Some(ident), _) => {
                self.0.0.remove(&ident.to_string());
            }
            // It may bring in anything.
            (None, syn::Item::Use(_) | syn::Item::Macro(_)) => self.0.0.clear(),
            _ => {}
        }
        visit::visit_item(self, item);
    }
}

fn trait_name(bound: &TypeParamBound) -> Option<String> {
    match bound {
        TypeParamBound::Trait(bound) => bound
            .path
            .segments
            .last()
            .map(|last| last.ident.to_string()),
        _ => None,
    }
}

/// The methods of `Iterator` and its kin that take `self`.
fn takes_iterator(method: &str) -> bool {
    matches!(
        method,
        "chain"
            | "cloned"
            | "collect"
            | "copied"
            | "count"
            | "cycle"
            | "enumerate"
            | "filter"
            | "filter_map"
            | "flat_map"
            | "flatten"
            | "fold"
            | "for_each"
            | "fuse"
            | "inspect"
            | "last"
            | "map"
            | "map_while"
            | "max"
            | "max_by"
            | "max_by_key"
            | "min"
            | "min_by"
            | "min_by_key"
            | "partition"
            | "peekable"
            | "product"
            | "reduce"
            | "rev"
            | "rfold"
            | "scan"
            | "skip"
            | "skip_while"
            | "step_by"
            | "sum"
            | "take"
            | "take_while"
            | "unzip"
            | "zip"
    )
}

#[cfg(test)]
mod tests {
    use super::Bounds;
    use syn::parse_quote;

    #[test]
    fn only_bounds_tell() {
        let function: syn::ItemFn = parse_quote! {
            async fn f<I: IntoIterator<Item = u8>, J, K, L: IntoIterator>()
            where
                J: ::core::iter::Iterator,
                for<'a> &'a K: IntoIterator,
            {
                struct L;
            }
        };
        let bounds = Bounds::of([&function.sig.generics], &function.block);
        let consumes = |ty: syn::Type, method| bounds.consumes(&ty, method);
        assert!(consumes(parse_quote!(I), "into_iter"));
        assert!(!consumes(parse_quote!(I), "map"));
        assert!(!consumes(parse_quote!(&I), "into_iter"));
        assert!(consumes(parse_quote!(J), "map"));
        assert!(!consumes(parse_quote!(J), "next"));
        assert!(!consumes(parse_quote!(K), "into_iter"));
        assert!(!consumes(parse_quote!(L), "into_iter"));
        assert!(consumes(
            parse_quote!(impl Iterator<Item = u8> + Send),
            "rev"
        ));
    }
}
