//! What calls of the file's functions give.
//!
//! Only calls whose functions can be told without types, and results that every caller can spell: nothing generic, nothing borrowed.

use super::{Said, Table, type_name};
use crate::parse::plain;
use crate::syntax::{as_ident, bare};
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use syn::visit::{self, Visit};
use syn::{Expr, Type};

/// What a function gives.
#[derive(Clone, Debug)]
pub(super) struct Gives {
    /// The modules around it.
    module: String,
    /// The type, where it is spelled without generics.
    ty: Option<Said>,
    /// It does so when it is awaited.
    awaited: bool,
    /// None where its calls may have different types.
    takes: Option<Takes>,
}

/// What a function takes that is generic over no more than the lifetimes of references.
#[derive(Clone, Debug)]
struct Takes {
    /// What it takes, or refers to.
    types: Vec<Said>,
    references: bool,
}

impl Takes {
    fn of(sig: &syn::Signature) -> Option<Self> {
        let mut takes = Takes {
            types: Vec::new(),
            references: false,
        };
        for input in &sig.inputs {
            let ty = match input {
                syn::FnArg::Receiver(receiver) => {
                    takes.references |= matches!(receiver.kind, syn::ReceiverKind::Reference(..));
                    continue;
                }
                syn::FnArg::Typed(typed) => match &*typed.ty {
                    Type::Reference(reference) if reference.lifetime.is_none() => {
                        takes.references = true;
                        &reference.elem
                    }
                    _ => &typed.ty,
                },
            };
            takes.types.push(Said::Type(ty.clone()));
        }
        Some(takes)
    }
}

/// Attributes that leave a function's type as it is.
const LEAVE: [&str; 13] = [
    "allow",
    "cfg",
    "cold",
    "deny",
    "deprecated",
    "doc",
    "expect",
    "forbid",
    "inline",
    "instrument",
    "must_use",
    "track_caller",
    "warn",
];

/// By `function`, `Type::function` or `Type.method`.
pub(super) type Results = HashMap<String, Gives>;

/// What the functions of a file give that are defined once.
pub(super) fn of(file: &syn::File) -> Results {
    let mut finder = Finder::default();
    finder.visit_file(file);
    let Finder {
        mut results, twice, ..
    } = finder;
    results.retain(|name, _| !twice.contains(name));
    results
}

/// Keeps them as text.
pub(super) fn forget_tokens(results: &mut Results) {
    for gives in results.values_mut() {
        let taken = gives.takes.iter_mut().flat_map(|takes| &mut takes.types);
        gives
            .ty
            .iter_mut()
            .chain(taken)
            .for_each(Said::forget_tokens);
    }
}

#[derive(Default)]
struct Finder {
    module: Vec<String>,
    /// The type of the `impl` around it, and its generics.
    owner: Option<(Type, HashSet<String>)>,
    results: Results,
    twice: HashSet<String>,
}

impl Finder {
    fn add(&mut self, attrs: &[syn::Attribute], sig: &syn::Signature) {
        let function = plain(&sig.ident);
        let name = match &self.owner {
            Some((owner, _)) => match type_name(owner) {
                Some(owner) if sig.receiver().is_some() => format!("{owner}.{function}"),
                Some(owner) => format!("{owner}::{function}"),
                None => return,
            },
            None => function,
        };
        let ty = match &sig.output {
            syn::ReturnType::Default => Some(syn::parse_quote!(())),
            syn::ReturnType::Type(_, ty) => match (&**ty, &self.owner) {
                (Type::Path(path), Some((owner, _))) if path.path.is_ident("Self") => {
                    Some(owner.clone())
                }
                (ty, _) => Some(ty.clone()),
            },
        };
        let generic = |ident: &proc_macro2::Ident| {
            let mut own = sig.generics.params.iter();
            let named = |param: &syn::GenericParam| matches!(param, syn::GenericParam::Type(ty) if ty.ident == *ident);
            let outer = self.owner.as_ref();
            own.any(named) || outer.is_some_and(|(_, outer)| outer.contains(&ident.to_string()))
        };
        // Another attribute may have it give something else.
        let stays = attrs.iter().map(syn::Attribute::path).all(|path| {
            crate::lower::is_lower(path) || LEAVE.iter().any(|name| path.is_ident(name))
        });
        let ty = ty.filter(|_| stays).filter(|ty| {
            let tokens = quote::ToTokens::to_token_stream(ty);
            !crate::syntax::tokens_have(&tokens, &mut |ident| ident == "impl" || generic(ident))
        });
        let takes = (stays && sig.generics.params.is_empty())
            .then(|| Takes::of(sig))
            .flatten();
        let gives = Gives {
            takes,
            module: self.module.join("::"),
            ty: ty.map(|ty| Said::Type(Box::new(ty))),
            awaited: sig.asyncness.is_some(),
        };
        if self.results.insert(name.clone(), gives).is_some() {
            self.twice.insert(name);
        }
    }
}

impl<'ast> Visit<'ast> for Finder {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        self.module.push(plain(&item.ident));
        visit::visit_item_mod(self, item);
        self.module.pop();
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        let generics = item.generics.type_params();
        let generics = generics.map(|param| param.ident.to_string()).collect();
        self.owner = Some(((*item.self_ty).clone(), generics));
        for inner in &item.items {
            if let syn::ImplItem::Fn(inner) = inner {
                self.add(&inner.attrs, &inner.sig);
            }
        }
        self.owner = None;
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.add(&item.attrs, &item.sig);
    }

    // What stands inside of a body, and what a trait only declares, is not looked at.
    fn visit_item_trait(&mut self, _: &'ast syn::ItemTrait) {}
    fn visit_item_const(&mut self, _: &'ast syn::ItemConst) {}
    fn visit_item_static(&mut self, _: &'ast syn::ItemStatic) {}
}

/// Where a call stands.
#[derive(Clone, Copy)]
pub(crate) struct Site<'a> {
    /// The modules around it, where these are known.
    pub(crate) module: Option<&'a str>,
    /// What `Self` is.
    pub(crate) self_ty: Option<&'a Type>,
    /// It is awaited.
    pub(crate) awaited: bool,
}

impl Table {
    /// Whether a name is that of the prelude, as far as it can be seen.
    pub(crate) fn is_of_prelude(&self, name: &str) -> bool {
        let std =
            |path: &Vec<String>| matches!(path.first().map(String::as_str), Some("std" | "core"));
        !self.defined.contains(name) && self.imports.get(name).is_none_or(std)
    }

    /// What a call of a function of this file gives; `receiver` is the type of the value that a method is called on.
    pub(crate) fn result(
        &self,
        call: &Expr,
        receiver: Option<&Type>,
        site: Site<'_>,
    ) -> Option<Cow<'_, Type>> {
        let gives = self.callee(call, receiver, site)?.1;
        (gives.awaited == site.awaited)
            .then(|| gives.ty.as_ref()?.ty())
            .flatten()
    }

    /// The function of this file that an awaited call calls, if all its calls have one type.
    pub(crate) fn uniform(
        &self,
        call: &Expr,
        receiver: Option<&Type>,
        site: Site<'_>,
    ) -> Option<String> {
        let (name, gives) = self.callee(call, receiver, site)?;
        let closed = |ty: &Said| ty.ty().is_some_and(|ty| self.closed(&ty, &HashSet::new()));
        let takes = gives.takes.as_ref()?;
        let owner = match bare(call) {
            Expr::MethodCall(_) => type_name(receiver?),
            _ => name.split_once("::").map(|(owner, _)| owner.to_owned()),
        };
        // A lifetime that it gives back would have to be the same everywhere.
        let gives_none = !takes.references || gives.ty.as_ref().is_some_and(closed);
        let alike = takes.types.iter().all(closed)
            && gives_none
            && owner.is_none_or(|owner| self.plain.contains(&owner));
        alike.then_some(name)
    }

    /// The function of this file that a call calls.
    fn callee(
        &self,
        call: &Expr,
        receiver: Option<&Type>,
        site: Site<'_>,
    ) -> Option<(String, &Gives)> {
        let name = match bare(call) {
            Expr::Call(call) => {
                let Expr::Path(path) = bare(&call.func) else {
                    return None;
                };
                let segments: Vec<String> = path
                    .path
                    .segments
                    .iter()
                    .map(|segment| plain(&segment.ident))
                    .collect();
                match (&segments[..], as_ident(&call.func)) {
                    // A function in a body, or one from elsewhere, would come before it.
                    ([name], Some(ident))
                        if crate::names::local(ident).is_none()
                            && !self.imports.contains_key(name)
                            && self.once.contains(name) =>
                    {
                        name.clone()
                    }
                    ([owner, name], _) if path.qself.is_none() && owner == "Self" => {
                        format!("{}::{name}", type_name(site.self_ty?)?)
                    }
                    ([owner, name], _) if path.qself.is_none() && self.plain.contains(owner) => {
                        format!("{owner}::{name}")
                    }
                    _ => return None,
                }
            }
            Expr::MethodCall(call) => {
                let owner = type_name(receiver?)?;
                if !self.defined.contains(&owner) {
                    return None;
                }
                format!("{owner}.{}", plain(&call.method))
            }
            _ => return None,
        };
        let gives = self.results.get(&name)?;
        let seen = site.module == Some(&gives.module) || !self.has_modules;
        seen.then_some((name, gives))
    }
}
