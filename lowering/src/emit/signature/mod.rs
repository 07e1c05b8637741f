//! The signature of the lowered function: the same parameters, and `impl Future` with the captures of an `async fn`.
//!
//! A function whose future holds itself, or whose signature has no place for the lifetime of the machine, stays an `async fn` and awaits
//! the machine: inside a body the compiler picks lifetimes that no signature can spell, and knows a future before its type.

mod elision;
mod plan;
mod scope;
#[cfg(test)]
mod tests;

use super::Item;
use crate::layout::Layout;
use crate::names::LocalId;
use crate::report::Edition;
use elision::Elision;
pub(super) use elision::lifetimes;
use plan::Plan;
use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote};
use scope::{Outer, Scope, Thing};
use std::collections::BTreeSet;
use syn::visit::Visit;
use syn::visit_mut::{self, VisitMut};
use syn::{FnArg, GenericParam, Lifetime, Type};

pub(crate) struct Signature {
    pub(crate) sig: syn::Signature,
    /// What goes before the machine is built.
    pub(crate) prologue: TokenStream,
    /// The local of `self`, when the prologue does not bind it.
    this: Option<LocalId>,
    /// Of a block: what it captures.
    captures: Vec<LocalId>,
}

impl Signature {
    /// The signature of a lowered function. `block` is its body, whose lifetimes' names are not used for others.
    pub(crate) fn new(
        item: &Item<'_>,
        block: &syn::Block,
        layout: &Layout,
        params: &[LocalId],
    ) -> Self {
        let mut sig = plain(item.sig, layout, params);
        let mut output: Type = match &sig.output {
            syn::ReturnType::Default => syn::parse_quote!(()),
            syn::ReturnType::Type(_, ty) => (**ty).clone(),
        };
        let outer = outer(item, &sig);
        let mut elision = Elision::name(&mut sig, &mut output);
        let scope = Scope::of(&sig, &output, outer);
        let spellable = |i: usize, from: &[Thing]| way(&sig.inputs[i], from).is_some();
        let plan = plan::plan(
            &scope,
            item.awaits_generic || unspelled_slots(layout),
            !layout.states.is_empty(),
            spellable,
        );

        let mut taken = BTreeSet::new();
        elision::lifetimes(item.sig.to_token_stream(), &mut taken);
        elision::lifetimes_in(block, &mut taken);
        if let Outer::Known(generics, self_ty) = outer {
            elision::lifetimes(generics.to_token_stream(), &mut taken);
            elision::lifetimes(self_ty.to_token_stream(), &mut taken);
        }
        let framed = matches!(plan, Plan::Frame { .. });
        if item.stays_async || framed && (item.in_trait || item.handed_on) {
            // Another lifetime parameter would not be that of the trait, nor known to who hands the future on.
            return Signature::awaited(item, layout, params);
        }
        let frame = elision::fresh("f", matches!(outer, Outer::Unseen), &mut taken);

        let prologue = match &plan {
            Plan::Lengthen {
                to,
                from,
                params: which,
            } => {
                elision.keep(to);
                which
                    .iter()
                    .map(|&i| lengthen(&sig.inputs[i], layout, params[i], to, from, &mut elision))
                    .collect()
            }
            _ => TokenStream::new(),
        };
        let this = matches!((sig.inputs.first(), &plan), (Some(FnArg::Receiver(_)), plan) if !matches!(plan, Plan::Lengthen { params, .. } if params.contains(&0)));
        // In traits all is captured in every edition.
        let captures = if item.edition < Edition::E2024 && !item.in_trait {
            captures(&sig, outer, &scope, &plan, &frame, &mut elision)
        } else {
            TokenStream::new()
        };
        if let Plan::Frame { bounds } = &plan {
            bound(&mut sig, bounds, &frame, &mut elision);
        }
        if matches!(output, Type::Never(_)) {
            output = syn::parse_quote!(::handroll_rt::Never);
        }
        sig.output = syn::parse_quote!(-> impl ::core::future::Future<Output = #output> #captures);
        let prologue = elision.finish(
            &mut sig,
            prologue,
            matches!(outer, Outer::Unseen),
            &mut taken,
        );
        Signature {
            sig,
            prologue,
            this: this.then(|| params[0]),
            captures: Vec::new(),
        }
    }

    /// The signature of a function that stays `async`.
    fn awaited(item: &Item<'_>, layout: &Layout, params: &[LocalId]) -> Self {
        let mut sig = plain(item.sig, layout, params);
        sig.asyncness = item.sig.asyncness;
        let this = matches!(sig.inputs.first(), Some(FnArg::Receiver(_)));
        Signature {
            sig,
            prologue: TokenStream::new(),
            this: this.then(|| params[0]),
            captures: Vec::new(),
        }
    }

    /// What the future gives, with the lifetimes' names; nothing where the signature does not say it.
    pub(crate) fn returned(&self) -> Option<&Type> {
        let syn::ReturnType::Type(_, ty) = &self.sig.output else {
            return None;
        };
        let Type::ImplTrait(future) = &**ty else {
            return None;
        };
        future.bounds.iter().find_map(|bound| {
            let syn::TypeParamBound::Trait(bound) = bound else {
                return None;
            };
            let syn::PathArguments::AngleBracketed(args) = &bound.path.segments.last()?.arguments
            else {
                return None;
            };
            args.args.iter().find_map(|arg| match arg {
                syn::GenericArgument::AssocType(output) if output.ident == "Output" => {
                    Some(&output.ty)
                }
                _ => None,
            })
        })
    }

    /// Whether the function awaits its machine.
    pub(crate) fn awaits(&self) -> bool {
        self.sig.asyncness.is_some()
    }

    /// The signature in the named form: no generics, and the future by its name.
    pub(crate) fn named(
        item: &Item<'_>,
        layout: &Layout,
        params: &[LocalId],
        name: &proc_macro2::Ident,
    ) -> Self {
        let mut sig = plain(item.sig, layout, params);
        sig.output = syn::parse_quote!(-> #name);
        Signature {
            sig,
            prologue: TokenStream::new(),
            this: None,
            captures: Vec::new(),
        }
    }

    /// Of a block: it has none, and its machine is made of what it captures.
    pub(crate) fn captured(item: &Item<'_>, layout: &Layout, params: &[LocalId]) -> Self {
        Signature {
            sig: plain(item.sig, layout, params),
            prologue: TokenStream::new(),
            this: None,
            captures: params.to_vec(),
        }
    }

    /// Whether `self` has become a local under another name.
    pub(crate) fn renames_self(&self) -> bool {
        self.this.is_none()
    }

    /// What `Start` is built from.
    pub(crate) fn argument(&self, layout: &Layout, local: LocalId) -> TokenStream {
        let name = layout.name(local);
        if let Some(index) = self.captures.iter().position(|capture| *capture == local) {
            let value = crate::nested::argument(index);
            quote!(#name: #value)
        } else if self.this == Some(local) {
            quote!(#name: self)
        } else {
            quote!(#name)
        }
    }
}

/// Whether something that the function's type parameters may occur in stays in place, to be borrowed.
fn unspelled_slots(layout: &Layout) -> bool {
    !layout.with_slots(&[]).is_empty()
}

/// The signature without `async`, and with a plain name for each parameter.
fn plain(sig: &syn::Signature, layout: &Layout, params: &[LocalId]) -> syn::Signature {
    let mut sig = sig.clone();
    sig.asyncness = None;
    for (input, local) in sig.inputs.iter_mut().zip(params) {
        match input {
            FnArg::Receiver(receiver) => receiver.mutability = None,
            FnArg::Typed(typed) => {
                let name = layout.name(*local);
                *typed.pat = syn::parse_quote!(#name);
                typed.attrs.clear();
            }
        }
    }
    sig
}

fn outer<'a>(item: &Item<'a>, sig: &syn::Signature) -> Outer<'a> {
    if let (Some(generics), Some(self_ty)) = (item.outer, item.self_ty) {
        return Outer::Known(generics, self_ty);
    }
    let says_self = sig.receiver().is_some()
        || super::has_ident(&sig.to_token_stream(), &format_ident!("Self"));
    if says_self {
        Outer::Unseen
    } else {
        Outer::Free
    }
}

/// How a parameter is given another lifetime.
enum Way {
    /// It is a reference, and only the reference itself is concerned.
    Reference { exclusive: bool },
    /// Its type is spelled anew.
    Spelled(Box<Type>),
}

/// How a parameter is given another lifetime than `from`, if there is a way.
fn way(input: &FnArg, from: &[Thing]) -> Option<Way> {
    let ty = match input {
        FnArg::Typed(typed) => typed.ty.clone(),
        FnArg::Receiver(receiver) => match &receiver.kind {
            syn::ReceiverKind::Typed(_, ty) => ty.clone(),
            syn::ReceiverKind::Reference(and, lifetime, mutability) => {
                syn::parse_quote!(#and #lifetime #mutability Self)
            }
            _ => return None,
        },
    };
    let parts = |ty: &Type| {
        let mut parts = Parts {
            from,
            mentions: false,
            objects: false,
            impls: false,
        };
        parts.visit_type(ty);
        parts
    };
    if let Type::Reference(reference) = &*ty {
        let inside = parts(&reference.elem);
        // An object behind a reference has the reference's lifetime inside of its own type.
        if !inside.mentions && !inside.objects {
            return Some(Way::Reference {
                exclusive: reference.mutability.is_some(),
            });
        }
    }
    (!parts(&ty).impls).then_some(Way::Spelled(ty))
}

/// What a type has inside.
struct Parts<'a> {
    from: &'a [Thing],
    mentions: bool,
    objects: bool,
    impls: bool,
}

impl<'ast> Visit<'ast> for Parts<'_> {
    fn visit_lifetime(&mut self, lifetime: &'ast Lifetime) {
        self.mentions |= self.from.contains(&Thing::lifetime(lifetime));
    }

    fn visit_type_trait_object(&mut self, object: &'ast syn::TypeTraitObject) {
        self.objects = true;
        syn::visit::visit_type_trait_object(self, object);
    }

    fn visit_type_impl_trait(&mut self, ty: &'ast syn::TypeImplTrait) {
        self.impls = true;
        syn::visit::visit_type_impl_trait(self, ty);
    }
}

/// `let it: &'a _ = rt::lengthen!(it);`
fn lengthen(
    input: &FnArg,
    layout: &Layout,
    local: LocalId,
    to: &Thing,
    from: &[Thing],
    elision: &mut Elision,
) -> TokenStream {
    let (rt, name) = (&layout.fresh.rt, layout.name(local));
    let given = if matches!(input, FnArg::Receiver(_)) {
        quote!(self)
    } else {
        quote!(#name)
    };
    let lifetime = lifetime(to);
    match way(input, from) {
        Some(Way::Reference { exclusive: true }) => {
            quote!(let #name: &#lifetime mut _ = #rt::lengthen_mut!(#given);)
        }
        Some(Way::Reference { exclusive: false }) => {
            quote!(let #name: &#lifetime _ = #rt::lengthen!(#given);)
        }
        Some(Way::Spelled(mut ty)) => {
            Renamed {
                from,
                to: &lifetime,
            }
            .visit_type_mut(&mut ty);
            elision.keep_all(&ty);
            quote!(let #name: #ty = #rt::relabel!(#given);)
        }
        None => unreachable!("the plan asked"),
    }
}

struct Renamed<'a> {
    from: &'a [Thing],
    to: &'a Lifetime,
}

impl VisitMut for Renamed<'_> {
    fn visit_lifetime_mut(&mut self, lifetime: &mut Lifetime) {
        if self.from.contains(&Thing::lifetime(lifetime)) {
            *lifetime = self.to.clone();
        }
    }
}

fn lifetime(thing: &Thing) -> Lifetime {
    match thing {
        Thing::Lifetime(name) => Lifetime::new(&format!("'{name}"), proc_macro2::Span::call_site()),
        _ => unreachable!("only lifetimes are asked for"),
    }
}

/// Adds the machine's own lifetime.
fn bound(sig: &mut syn::Signature, bounds: &[Thing], frame: &Lifetime, elision: &mut Elision) {
    sig.generics.params.insert(0, syn::parse_quote!(#frame));
    let mut predicates: Vec<syn::WherePredicate> = Vec::new();
    for thing in bounds {
        match thing {
            Thing::Lifetime(_) => {
                elision.keep(thing);
                let lifetime = lifetime(thing);
                predicates.push(syn::parse_quote!(#lifetime: #frame));
            }
            Thing::Type(name) => {
                let name = format_ident!("{name}");
                predicates.push(syn::parse_quote!(#name: #frame));
            }
            Thing::Me => predicates.push(syn::parse_quote!(Self: #frame)),
            Thing::Impl(_) => {}
        }
    }
    if !predicates.is_empty() {
        sig.generics
            .make_where_clause()
            .predicates
            .extend(predicates);
    }
    let mut impls = BoundImpls {
        bounds,
        frame,
        next: 0,
    };
    for input in &mut sig.inputs {
        impls.visit_fn_arg_mut(input);
    }
}

/// Parameters `impl Trait` have no name for a `where` clause.
struct BoundImpls<'a> {
    bounds: &'a [Thing],
    frame: &'a Lifetime,
    next: usize,
}

impl VisitMut for BoundImpls<'_> {
    fn visit_type_impl_trait_mut(&mut self, ty: &mut syn::TypeImplTrait) {
        let this = Thing::Impl(self.next);
        self.next += 1;
        visit_mut::visit_type_impl_trait_mut(self, ty);
        if self.bounds.contains(&this) {
            let frame = self.frame;
            ty.bounds.push(syn::parse_quote!(#frame));
        }
    }

    fn visit_type_ptr_mut(&mut self, ty: &mut syn::TypePtr) {
        visit_mut::visit_type_ptr_mut(self, ty);
        if let Type::ImplTrait(inner) = &*ty.elem {
            let inner = inner.clone();
            *ty.elem = syn::parse_quote!((#inner));
        }
    }
}

/// Before edition 2024, `impl Future` captures types only: what it captures besides.
fn captures(
    sig: &syn::Signature,
    outer: Outer<'_>,
    scope: &Scope,
    plan: &Plan,
    frame: &Lifetime,
    elision: &mut Elision,
) -> TokenStream {
    let framed = matches!(plan, Plan::Frame { .. });
    let lifetimes: Vec<&Thing> = scope.lifetimes().collect();
    let unnamed = scope.all.contains(&Thing::Me);
    if lifetimes.is_empty() && !unnamed && !framed {
        return TokenStream::new();
    }
    if let ([only], false, false) = (&lifetimes[..], unnamed, framed)
        && scope.types().all(|ty| scope.outlives(ty, only))
    {
        // All that the future holds outlives the only lifetime, which says the same and reads better.
        if !elision.is_output(only) {
            elision.keep(only);
        }
        let only = lifetime(only);
        return quote!(+ #only);
    }
    lifetimes.iter().for_each(|thing| elision.keep(thing));
    let mut lifetimes: Vec<Lifetime> = lifetimes.into_iter().map(lifetime).collect();
    if framed {
        lifetimes.insert(0, frame.clone());
    }
    if !unnamed
        && !scope
            .all
            .iter()
            .any(|thing| matches!(thing, Thing::Impl(_)))
    {
        let block = if let Outer::Known(generics, _) = outer {
            Some(generics)
        } else {
            None
        };
        let params = block
            .into_iter()
            .chain([&sig.generics])
            .flat_map(|generics| &generics.params)
            .filter_map(|param| match param {
                GenericParam::Type(ty) => Some(&ty.ident),
                GenericParam::Const(constant) => Some(&constant.ident),
                GenericParam::Lifetime(_) => None,
            });
        return quote!(+ use<#(#lifetimes,)* #(#params),*>);
    }
    let named = match &lifetimes[..] {
        [] => None,
        [one] => Some(quote!(+ ::handroll_rt::Captures<&#one ()>)),
        all => Some(quote!(+ ::handroll_rt::Captures<(#(&#all ()),*)>)),
    };
    let of_self = unnamed.then(|| quote!(+ ::handroll_rt::Captures<Self>));
    quote!(#named #of_self)
}
